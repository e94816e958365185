/*
 * Loads and stores. Those of one general register that leave the base alone are moves as on any machine; those of two,
 * and those that move the base, are pairs. Vectors have registers of their own: what they read is in reach, what they
 * write is unknown. An exclusive load is a load; an exclusive store may or may not be one.
 */
#include "scan/aarch64.h"

static void memory_at(struct insn *insn, uint32_t word, int64_t distance)
{
	insn->has_memory = true;
	insn->base = (uint8_t)bits(word, 9, 5);
	insn->scale = 1;
	insn->displacement = distance;
	insn->reads |= register_mask(insn->base);
}

/* One general register: what kind says, of size bytes. */
static void memory_move(struct insn *insn, uint8_t number, uint8_t size, uint32_t kind)
{
	insn->width = size;
	if (kind == 0) {
		insn->op = INSN_STORE;
		aarch64_operand(insn, number);
		insn->writes_memory = true;
		return;
	}
	insn->op = size >= 4 && kind == 1 ? INSN_MOVE : kind == 1 ? INSN_MOVE_UNSIGNED : INSN_MOVE_SIGNED;
	insn->operand = OPERAND_MEMORY;
	insn->reads_memory = true;
	insn->destination = number;
	insn->writes |= register_mask(number);
	if (insn->op != INSN_MOVE) {
		insn->source_width = size;
		insn->width = kind == 2 ? 8 : 4;
	}
}

/* A vector's: loads of 8 bytes and more may read pointers. */
static void memory_vector(struct insn *insn, uint8_t size, bool loads)
{
	insn->op = INSN_OTHER;
	insn->reads_memory = loads;
	insn->writes_memory = !loads;
	insn->width = loads && size > 8 ? 0 : size;
}

/* As a pair, what is moved first given, that its base moves too. */
static void memory_pair(struct insn *insn, uint8_t first, uint8_t second, bool loads, int64_t step)
{
	insn->op = loads ? INSN_LOAD_PAIR : INSN_STORE_PAIR;
	insn->source_width = 0;
	insn->operand = OPERAND_NONE;
	insn->reads_memory = loads;
	insn->writes_memory = !loads;
	insn->second = second;
	if (loads) {
		insn->destination = first;
		insn->writes |= register_mask(first) | register_mask(second);
	} else {
		insn->source = first;
		insn->reads |= register_mask(first) | register_mask(second);
	}
	insn->imm = step;
	if (step != 0)
		insn->writes |= register_mask(insn->base);
}

/* What a store of the zero register's field stores. */
static uint8_t stored(uint32_t number)
{
	return number == 31 ? REGISTER_ZERO : (uint8_t)number;
}

static void memory_pairs(uint32_t word, struct insn *insn)
{
	bool is_vector = bits(word, 26, 26), loads = bits(word, 22, 22);
	uint32_t mode = bits(word, 24, 23), kind = bits(word, 31, 30);
	uint8_t size = is_vector ? (uint8_t)(4u << kind) : kind & 2 ? 8 : 4;
	bool is_tagged = !is_vector && kind == 1 && !loads;
	int64_t distance = bits_signed(word, 21, 15) * (is_tagged ? 16 : size);
	uint8_t first = (uint8_t)bits(word, 4, 0), second = (uint8_t)bits(word, 14, 10);

	if (kind == 3)
		return;
	if (is_tagged)
		size = 8;
	memory_at(insn, word, mode == 1 ? 0 : distance);
	insn->width = size;
	if (is_vector) {
		first = second = REGISTER_NONE;
		insn->width = (uint8_t)(size * 2);
	} else if (loads) {
		first = register_or_zero(first);
		second = register_or_zero(second);
	} else {
		first = stored(first);
		second = stored(second);
	}
	memory_pair(insn, first, second, loads, mode == 1 || mode == 3 ? distance : 0);
	if (!is_vector && loads && kind == 1)
		insn->width = 0; /* ldpsw, whose signs are not followed */
}

static void memory_literal(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 31, 30);

	insn->has_memory = insn->is_absolute = true;
	insn->scale = 1;
	insn->displacement = (int64_t)insn->address + bits_signed(word, 23, 5) * 4;
	if (bits(word, 26, 26))
		memory_vector(insn, (uint8_t)(4u << kind), true);
	else if (kind == 3)
		insn->op = INSN_NOP; /* prefetches */
	else
		memory_move(insn, register_or_zero(bits(word, 4, 0)), kind == 1 ? 8 : 4, kind == 2 ? 2 : 1);
	if (insn->op == INSN_NOP)
		insn->has_memory = insn->is_absolute = false;
}

/* Exclusive, ordered, compare-and-swap. */
static void memory_exclusive(uint32_t word, struct insn *insn)
{
	bool loads = bits(word, 22, 22), is_pair = bits(word, 21, 21), is_ordered = bits(word, 23, 23);
	uint8_t size = (uint8_t)(1u << bits(word, 31, 30));
	uint32_t status = field_mask(word, 16), moved = field_mask(word, 0), second = field_mask(word, 10);

	memory_at(insn, word, 0);
	if (!is_pair && (loads || is_ordered)) {
		memory_move(insn, register_or_zero(bits(word, 4, 0)), size, loads);
		return;
	}
	insn->op = INSN_OTHER;
	insn->width = is_pair && size >= 4 ? 0 : size;
	insn->reads_memory = insn->writes_memory = true;
	if (is_pair && (is_ordered || size < 4)) { /* cas, casp */
		if (!is_ordered) {
			status |= status << 1;
			moved |= moved << 1;
		}
		insn->reads |= status | moved;
		insn->writes |= status;
	} else if (loads) {
		insn->writes_memory = false;
		insn->writes |= moved | second;
	} else {
		insn->reads_memory = false;
		insn->reads |= moved | second;
		insn->writes |= status;
	}
}

/* With an offset that is scaled, or one that is not and may move the base, or a register. */
static void memory_offset(uint32_t word, struct insn *insn)
{
	bool is_vector = bits(word, 26, 26), is_scaled = bits(word, 24, 24);
	uint32_t kind = bits(word, 23, 22), mode = bits(word, 11, 10);
	uint8_t number = register_or_zero(bits(word, 4, 0));
	unsigned shift = bits(word, 31, 30) | (is_vector && kind & 2 ? 4 : 0);
	bool loads = is_vector ? kind & 1 : kind != 0, is_step = !is_scaled && !bits(word, 21, 21) && mode & 1;
	int64_t distance = is_scaled ? (int64_t)bits(word, 21, 10) << shift : bits_signed(word, 20, 12);

	if (shift > 4 || (!is_vector && shift == 3 && kind == 3))
		return;
	if (!is_vector && shift == 3 && kind == 2) {
		insn->op = INSN_NOP; /* prefetches */
		return;
	}
	memory_at(insn, word, is_step && mode == 1 ? 0 : distance);
	if (is_vector)
		memory_vector(insn, (uint8_t)(1u << shift), loads);
	else
		memory_move(insn, number, (uint8_t)(1u << shift), kind);
	if (is_step) {
		insn->width = loads && (kind > 1 || shift < 2) ? 0 : (uint8_t)(1u << shift);
		memory_pair(insn,
			    is_vector ? REGISTER_NONE
			    : loads   ? number
				      : stored(bits(word, 4, 0)),
			    REGISTER_NONE, loads, distance);
	}
	if (!is_scaled && bits(word, 21, 21)) { /* a register is added */
		uint32_t part = bits(word, 14, 13);

		insn->displacement = 0;
		insn->index = register_or_zero(bits(word, 20, 16));
		insn->reads |= register_mask(insn->index);
		insn->scale = (uint8_t)(1u << (bits(word, 12, 12) ? shift : 0));
		if (part < 3)
			insn->scale |= (uint8_t)((part + 1) << SCALE_PART);
		if (bits(word, 15, 15))
			insn->scale |= SCALE_SIGNED;
	}
}

/* Atomic arithmetic, swaps, loads whose pointer is signed. */
static void memory_atomic(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 15, 12);
	uint8_t size = (uint8_t)(1u << bits(word, 31, 30));

	memory_at(insn, word, 0);
	if (!bits(word, 10, 10) && kind == 12) { /* ldapr */
		memory_move(insn, register_or_zero(bits(word, 4, 0)), size, 1);
		return;
	}
	insn->op = INSN_OTHER;
	insn->width = size;
	insn->reads_memory = true;
	insn->writes_memory = !bits(word, 10, 10);
	insn->writes |= field_mask(word, 0);
	if (!bits(word, 10, 10))
		insn->reads |= field_mask(word, 16) | (kind >= 9 ? field_mask(word, 0) : 0);
	else if (bits(word, 11, 11))
		insn->writes |= register_mask(insn->base);
}

/* Whatever else: copies of memory, tags of it. The base may be moved, and what it points to is in reach. */
static void memory_other(uint32_t word, struct insn *insn)
{
	memory_at(insn, word, 0);
	insn->op = INSN_OTHER;
	insn->width = 0;
	insn->reads_memory = insn->writes_memory = true;
	insn->reads |= field_mask(word, 0) | field_mask(word, 16);
	insn->writes |= field_mask(word, 0) | field_mask(word, 16) | register_mask(insn->base);
}

/* Structures of vectors. */
static void memory_structures(uint32_t word, struct insn *insn)
{
	bool loads = bits(word, 22, 22);

	memory_at(insn, word, 0);
	memory_vector(insn, 0, loads);
	if (bits(word, 23, 23)) {
		insn->reads |= field_mask(word, 16);
		insn->writes |= register_mask(insn->base);
	}
}

/* Offsets that are not scaled, of loads and stores that are ordered. */
static void memory_unscaled(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 23, 22);

	memory_at(insn, word, bits_signed(word, 20, 12));
	memory_move(insn, register_or_zero(bits(word, 4, 0)), (uint8_t)(1u << bits(word, 31, 30)), kind);
}

void aarch64_memory(uint32_t word, struct insn *insn)
{
	bool is_vector = bits(word, 26, 26);

	switch (bits(word, 29, 28)) {
	case 0:
		if (is_vector)
			memory_structures(word, insn);
		else if (bits(word, 24, 24))
			memory_other(word, insn);
		else
			memory_exclusive(word, insn);
		break;
	case 1:
		if (!bits(word, 24, 24))
			memory_literal(word, insn);
		else if (!is_vector && !bits(word, 21, 21) && bits(word, 11, 10) == 0)
			memory_unscaled(word, insn);
		else
			memory_other(word, insn);
		break;
	case 2:
		memory_pairs(word, insn);
		break;
	default:
		if (bits(word, 24, 24) || !bits(word, 21, 21) || bits(word, 11, 10) == 2)
			memory_offset(word, insn);
		else if (is_vector)
			memory_other(word, insn);
		else
			memory_atomic(word, insn);
		break;
	}
}
