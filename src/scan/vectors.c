/*
 * Vector and x87 instructions. To the analysis they are all alike: registers that no address comes from, perhaps memory
 * of some width, seldom a general register. So they are rows of letters, one an opcode, rather than forms; what has no
 * letter goes to Zydis. The encodings with a VEX prefix have the same opcodes and say what REX and 66, F3, F2 say.
 */
#include "scan/forms.h"

#include <string.h>

enum { MAP_0F = 1, MAP_0F38, MAP_0F3A, MAPS };

enum { PREFIX_66 = 1, PREFIX_F3, PREFIX_F2 };

/*
 * Memory is read, of the whole vector, unless it says otherwise; "of" are the prefixes under which the letter holds:
 *   a  of all, F3 and F2 being scalars of 4 and 8 bytes         c  of F3 and F2 alone
 *   p  of none or 66                                            i  of 66: without it these are of other registers
 *   q  of 66, F3 or F2                                          h  half a vector, of none or 66
 *   u  a scalar of 4 bytes, under 66 of 8                       k  of 66, with no memory
 *   z  8 bytes, of F3
 *   s  written: half a vector, of none or 66                    m  a general register is written, from a vector only
 *   x  from a general register or memory, of F3 or F2           g  the other way
 * and only with VEX:
 *   L S  read and written as a                                  P  written, of none or 66
 *   1 2 4 8  so many bytes, of 66                               f  of 66; scalars of VEX.W where the opcode is odd
 *   e w  read and written, of 66                                t  written, 8 bytes, of 66
 *   v V  read and written, of 66 or F3                          y  from a general register or memory, of 66
 */
static const char *const letters[MAPS][16] = {
	[MAP_0F] = { "................", "LShspphs........", "........pPxPgguu", "................", "................",
		     "ma..ppppaacpaaaa", "iiiiiiiiiiiiiiyv", "qkkkiii.......zV", "................", "................",
		     "................", "................", "..a...p.........", ".iiiiitmiiiiiiii", "iiiiii.wiiiiiiii",
		     ".iiiiii.iiiiiii." },
	[MAP_0F38] = { "iiiiiiiiiiiieeee", ".......i48e.iii.", "........ii.i....", "......eiiiiiiiii",
		       "ii...eee........", "........48e.....", "................", "........12......",
		       "................", "......ffffffffff", "......ffffffffff", "......ffffffffff",
		       "................", "...........iiiii", "................", "................" },
	[MAP_0F3A] = { "eee.eee.ii..iiii", "........ew......", "................", "........ew......",
		       "iii.i.e...eee...", "................", "................", "................",
		       "................", "................", "................", "................",
		       "................", "...............i", "................", "................" },
};

/* What stands before the opcode. */
struct vector {
	struct code *code;
	uint8_t map, prefix;
	uint8_t opcode;
	uint8_t other; /* VEX.vvvv */
	bool is_vex;
};

static bool vector_has_imm(const struct vector *vector)
{
	uint8_t opcode = vector->opcode;

	if (vector->map == MAP_0F)
		return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 || opcode == 0xc6;
	return vector->map == MAP_0F3A;
}

static uint8_t scalar_width(const struct vector *vector)
{
	return vector->prefix == PREFIX_F3 ? 4 : vector->prefix == PREFIX_F2 ? 8 : 0;
}

/* 71 to 73: by ModRM.reg. */
static bool is_shift(const struct vector *vector)
{
	uint8_t kind = *vector->code->at >> 3 & 7;

	return kind == 2 || kind == 6 || (vector->opcode == 0x73 ? kind == 3 || kind == 7 : kind == 4);
}

/* Those of VEX.66 alone. */
static bool vector_fits_vex(const struct vector *vector, char letter, uint8_t *ret_width)
{
	bool is_scalar = vector->opcode & 1 && (vector->opcode & 15) != 7;

	if (letter >= '1' && letter <= '8')
		*ret_width = (uint8_t)(letter - '0');
	else if (letter == 't')
		*ret_width = 8;
	else if (letter == 'y' || (letter == 'f' && is_scalar))
		*ret_width = vector->code->rex & REX_W ? 8 : 4;
	return true;
}

/* Whether the letter holds under the prefix, and how wide memory is. */
static bool vector_fits(const struct vector *vector, char letter, uint8_t *ret_width)
{
	uint8_t prefix = vector->prefix;

	*ret_width = 0;
	switch (letter) {
	case 'L':
	case 'S':
	case 'a':
		*ret_width = scalar_width(vector);
		return letter == 'a' || vector->is_vex;
	case 'P':
		return prefix <= PREFIX_66 && vector->is_vex;
	case 'p':
		return prefix <= PREFIX_66;
	case 'i':
		return prefix == PREFIX_66;
	case 'k':
		return prefix == PREFIX_66 && is_shift(vector);
	case 'q':
		return prefix != 0;
	case 'h':
	case 's':
		*ret_width = 8;
		return prefix <= PREFIX_66;
	case 'u':
		*ret_width = prefix ? 8 : 4;
		return prefix <= PREFIX_66;
	case 'm':
		return prefix == PREFIX_66 || (vector->opcode == 0x50 && prefix == 0);
	case 'x':
		*ret_width = vector->code->rex & REX_W ? 8 : 4;
		return prefix >= PREFIX_F3;
	case 'c':
	case 'g':
		*ret_width = scalar_width(vector);
		return prefix >= PREFIX_F3;
	case 'z':
		*ret_width = 8;
		return prefix == PREFIX_F3;
	case 'v':
	case 'V':
		return vector->is_vex && (prefix == PREFIX_66 || prefix == PREFIX_F3);
	default:
		return letter != '.' && prefix == PREFIX_66 && vector->is_vex &&
		       vector_fits_vex(vector, letter, ret_width);
	}
}

static bool vector_read(const struct vector *vector)
{
	char letter = letters[vector->map][vector->opcode >> 4][vector->opcode & 15];
	struct code *code = vector->code;
	struct insn *insn = code->insn;
	bool stores = letter && strchr("sSPwtV", letter);

	if (!vector_fits(vector, letter, &insn->width))
		return false;
	code_modrm(code);
	if (vector_has_imm(vector))
		code->at++;
	if ((letter == 's' && !insn->has_memory) || ((letter == 'm' || letter == 'k') && insn->has_memory))
		return false;
	insn->op = INSN_OTHER;
	insn->reads_memory = insn->has_memory && !stores;
	insn->writes_memory = insn->has_memory && stores;
	if (letter == 'x' || letter == 'y')
		insn->reads |= bit(code->rm);
	if (letter == 'g' || letter == 'm')
		insn->writes |= bit(code->reg);
	if (!insn->has_memory)
		insn->width = 0;
	return true;
}

/* andn, bextr, bzhi, pdep, pext, sarx, shlx, shrx, mulx: general registers under VEX. */
static bool vector_general(const struct vector *vector)
{
	struct code *code = vector->code;
	struct insn *insn = code->insn;
	bool is_mulx = vector->opcode == 0xf6;

	if ((is_mulx && vector->prefix != PREFIX_F2) || (vector->opcode == 0xf2 && vector->prefix != 0))
		return false;
	if (vector->opcode == 0xf5 && vector->prefix == PREFIX_66)
		return false;
	code_modrm(code);
	insn->op = INSN_OTHER;
	insn->reads_memory = insn->has_memory;
	insn->width = !insn->has_memory ? 0 : code->rex & REX_W ? 8 : 4;
	insn->reads |= bit(code->rm) | (is_mulx ? bit(RDX) : bit(vector->other));
	insn->writes |= bit(code->reg) | (is_mulx ? bit(vector->other) : 0);
	return true;
}

static bool vector_rorx(const struct vector *vector)
{
	struct code *code = vector->code;
	struct insn *insn = code->insn;

	if (vector->prefix != PREFIX_F2)
		return false;
	code_modrm(code);
	code->at++;
	insn->op = INSN_OTHER;
	insn->reads_memory = insn->has_memory;
	insn->width = !insn->has_memory ? 0 : code->rex & REX_W ? 8 : 4;
	insn->reads |= bit(code->rm);
	insn->writes |= bit(code->reg);
	return true;
}

/* c4 and c5 stand for REX, for the prefixes and for 0f, 0f38, 0f3a; another prefix before them is an error. */
bool code_vex(struct code *code, uint8_t opcode)
{
	struct vector vector = { .code = code, .map = MAP_0F, .is_vex = true };
	uint8_t first = *code->at++, last = first;

	if (code->rex || code->operand16 || code->repeat || code->locked)
		return false;
	code->rex = (uint8_t)(0x40 | (first & 0x80 ? 0 : REX_R));
	if (opcode == 0xc4) {
		vector.map = first & 31;
		last = *code->at++;
		code->rex |=
			(uint8_t)((first & 0x40 ? 0 : REX_X) | (first & 0x20 ? 0 : REX_B) | (last & 0x80 ? REX_W : 0));
	}
	vector.prefix = last & 3;
	vector.other = (uint8_t)(~last >> 3 & 15);
	vector.opcode = *code->at++;
	if (vector.map == 0 || vector.map >= MAPS)
		return false;
	if (vector.map == MAP_0F && vector.opcode == 0x77 && vector.prefix == 0) {
		code->insn->op = INSN_OTHER; /* vzeroupper */
		return true;
	}
	if (vector.map == MAP_0F38 && (vector.opcode == 0xf2 || vector.opcode >= 0xf5) && vector.opcode <= 0xf7)
		return !(last & 4) && vector_general(&vector);
	if (vector.map == MAP_0F3A && vector.opcode == 0xf0)
		return !(last & 4) && vector_rorx(&vector);
	return vector_read(&vector);
}

/* Behind 0f: of those that code_two_bytes does not know. */
bool code_sse(struct code *code, uint8_t opcode)
{
	struct vector vector = { .code = code, .map = MAP_0F, .opcode = opcode };

	if (code->repeat)
		vector.prefix = code->repeat == 0xf3 ? PREFIX_F3 : PREFIX_F2;
	else
		vector.prefix = code->operand16 ? PREFIX_66 : 0;
	if (opcode == 0x38 || opcode == 0x3a) {
		vector.map = opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
		vector.opcode = *code->at++;
	}
	return !code->locked && vector_read(&vector);
}

/* d8 to df with memory, by ModRM.reg: r and w are read and written, with how many bytes as a digit, 0 for another
 * number of them. */
static const char *const x87[8] = {
	"r4r4r4r4r4r4r4r4", "r4..w4w4r0r2w0w2", "r4r4r4r4r4r4r4r4", "r4w4w4w4..r0..w0",
	"r8r8r8r8r8r8r8r8", "r8w8w8w8r0..w0w2", "r2r2r2r2r2r2r2r2", "r2w2w2w2r0r8w0w8",
};

/* With registers of its own; what is rare there goes to Zydis. */
static bool is_x87_register_form(uint8_t opcode, uint8_t modrm)
{
	switch (opcode) {
	case 0xd8:
		return true;
	case 0xd9:
		return modrm < 0xd0 || modrm == 0xe0 || modrm == 0xe1 || modrm == 0xe8 || modrm == 0xee;
	case 0xda:
		return modrm < 0xe0 || modrm == 0xe9;
	case 0xdb:
		return modrm < 0xe0 || (modrm >= 0xe8 && modrm <= 0xf7);
	case 0xdc:
	case 0xde:
		return modrm < 0xd0 || modrm >= 0xe0;
	case 0xdd:
		return modrm < 0xc8 || (modrm >= 0xd0 && modrm <= 0xef);
	default:
		return modrm >= 0xe8 && modrm <= 0xf7;
	}
}

bool code_x87(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t modrm = *code->at;
	const char *row = &x87[opcode & 7][(modrm >> 3 & 7) * 2];

	if (code->operand16 || code->locked)
		return false;
	code_modrm(code);
	insn->op = INSN_OTHER;
	if (!insn->has_memory)
		return is_x87_register_form(opcode, modrm);
	insn->reads_memory = row[0] == 'r';
	insn->writes_memory = row[0] == 'w';
	insn->width = (uint8_t)(row[1] - '0');
	return row[0] != '.';
}
