/*
 * Instructions are drawn from a table of all that seccomp accepts. Two scratch words are written first and only they
 * are read, so that the checker rarely refuses; what it refuses is drawn again.
 */
#include "lift_program.h"

#include <stddef.h>
#include <string.h>

static const uint16_t straight_codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM,
	BPF_LDX | BPF_IMM,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_K,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_K,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_K,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_RSH | BPF_X,
	BPF_ALU | BPF_NEG,
	BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_X,
};

static const uint16_t jump_codes[] = {
	BPF_JMP | BPF_JEQ | BPF_K,  BPF_JMP | BPF_JEQ | BPF_K,	BPF_JMP | BPF_JGT | BPF_K, BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JEQ | BPF_X, BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_X,  BPF_JMP | BPF_JSET | BPF_X, BPF_JMP | BPF_JA,
};

static const uint32_t constants[] = {
	0,
	1,
	2,
	3,
	5,
	7,
	8,
	31,
	32,
	59,
	0xff,
	0x100,
	0x40000000,
	0x7fffffff,
	0x80000000,
	0xfffffffe,
	0xffffffff,
	0xc000003e,
	SECCOMP_RET_ALLOW,
	SECCOMP_RET_ERRNO | 1,
	SECCOMP_RET_TRAP,
	0x60000001,
};

uint32_t lift_word(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 32);
}

static uint32_t below(uint64_t *seed, size_t bound)
{
	return (uint32_t)(((uint64_t)lift_word(seed) * bound) >> 32);
}

static uint32_t random_constant(uint64_t *seed)
{
	if (below(seed, 8) == 0)
		return lift_word(seed) >> below(seed, 32);
	return constants[below(seed, sizeof(constants) / sizeof(*constants))];
}

static bool is_hard(uint16_t code)
{
	return BPF_CLASS(code) == BPF_ALU && (BPF_OP(code) == BPF_MUL || BPF_OP(code) == BPF_DIV);
}

static struct sock_filter random_straight(uint64_t *seed)
{
	struct sock_filter insn = { .code = straight_codes[below(seed, sizeof(straight_codes) / sizeof(uint16_t))] };

	insn.k = random_constant(seed);
	if (insn.code == (BPF_LD | BPF_W | BPF_ABS))
		insn.k = 4 * below(seed, below(seed, 2) ? 2 : 16);
	else if (insn.code == BPF_ST || insn.code == BPF_STX || BPF_MODE(insn.code) == BPF_MEM)
		insn.k = below(seed, BPF_CLASS(insn.code) <= BPF_LDX ? 2 : 3);
	else if (BPF_CLASS(insn.code) == BPF_ALU && (BPF_OP(insn.code) == BPF_LSH || BPF_OP(insn.code) == BPF_RSH))
		insn.k &= BPF_SRC(insn.code) == BPF_K ? 31 : UINT32_MAX;
	else if (insn.code == (BPF_ALU | BPF_DIV | BPF_K) && !insn.k)
		insn.k = 3;
	return insn;
}

static struct sock_filter random_jump(uint64_t *seed, size_t room)
{
	struct sock_filter insn = { .code = jump_codes[below(seed, sizeof(jump_codes) / sizeof(uint16_t))] };

	insn.k = random_constant(seed);
	if (BPF_OP(insn.code) == BPF_JA) {
		insn.k = below(seed, room < 3 ? room : 3);
	} else {
		insn.jt = (uint8_t)below(seed, room < 8 ? room : 8);
		insn.jf = (uint8_t)below(seed, room < 2 ? room : 2);
		if (insn.jt == insn.jf && insn.jt)
			insn.jf = 0;
	}
	return insn;
}

/* Each return is told apart from the others, so that the way to it counts. */
static struct sock_filter random_return(uint64_t *seed, size_t at)
{
	if (below(seed, 16) == 0)
		return (struct sock_filter){ .code = BPF_RET | BPF_A };
	if (below(seed, 8) == 0)
		return (struct sock_filter){ .code = BPF_RET | BPF_K, .k = random_constant(seed) };
	return (struct sock_filter){ .code = BPF_RET | BPF_K, .k = SECCOMP_RET_ERRNO | (uint32_t)at };
}

static void draw(struct lift_program *program, bool hard)
{
	uint64_t *seed = &program->seed;
	size_t at = 0;

	program->length = 5 + below(seed, LIFT_PROGRAM_MAX - 4);
	memset(program->insns, 0, sizeof(program->insns));
	program->insns[at++] = (struct sock_filter){ .code = BPF_LD | BPF_W | BPF_ABS, .k = 4 * below(seed, 6) };
	program->insns[at++] = (struct sock_filter){ .code = BPF_ST, .k = 0 };
	program->insns[at++] = (struct sock_filter){ .code = BPF_ST, .k = 1 };
	for (; at < program->length; at++) {
		size_t room = program->length - at - 1;
		uint32_t kind = below(seed, 12);
		struct sock_filter *insn = &program->insns[at];

		bool skipped = BPF_CLASS(insn[-1].code) == BPF_JMP && BPF_OP(insn[-1].code) != BPF_JA;

		if (room == 0 || (kind < 6 && skipped))
			*insn = random_return(seed, at);
		else if (kind < 7)
			*insn = random_jump(seed, room);
		else
			*insn = random_straight(seed);
		if (is_hard(insn->code) && !hard && below(seed, 3))
			insn->code = BPF_ALU | BPF_AND | BPF_K;
		if (is_hard(insn->code) && !hard)
			/* Small operands keep the products small. */
			insn[-1] = at ? (struct sock_filter){ .code = BPF_ALU | BPF_AND | BPF_K, .k = 0x1f } : *insn;
	}
}

void lift_program_draw(struct lift_program *program, bool hard)
{
	do
		draw(program, hard);
	while (bpf_check(program->insns, program->length, NULL) != CALLGATE_OK);
}

static uint32_t interesting_word(struct lift_program *program)
{
	uint64_t *seed = &program->seed;
	uint32_t word = program->insns[below(seed, program->length)].k;

	switch (below(seed, 8)) {
	case 0:
		return lift_word(seed);
	case 1:
		return random_constant(seed);
	case 2:
		return word ^ UINT32_C(1) << below(seed, 32);
	case 3:
		return word + 1;
	case 4:
		return word - 1;
	default:
		return word;
	}
}

struct seccomp_data lift_data(struct lift_program *program)
{
	struct seccomp_data data;
	uint32_t words[sizeof(data) / sizeof(uint32_t)];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		words[i] = interesting_word(program);
	memcpy(&data, words, sizeof(data));
	return data;
}
