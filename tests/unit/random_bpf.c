/*
 * Random programs are made of the rows that seccomp takes, with operands that are mostly right: a generator that is
 * wrong nine times of ten would only ever test the first rule of the checker.
 */
#include "random_bpf.h"

#include "bpf/opcode.h"

#include <string.h>

uint32_t random_u32(struct random *random)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return (uint32_t)(random->state * 0x2545f4914f6cdd1dull >> 32);
}

uint32_t random_below(struct random *random, uint32_t limit)
{
	return random_u32(random) % limit;
}

uint32_t random_constant(struct random *random)
{
	switch (random_below(random, 4)) {
	case 0:
		return random_u32(random);
	case 1:
		return 1u << random_below(random, 32);
	case 2:
		return 0u - random_below(random, 4);
	default:
		return random_below(random, 8);
	}
}

static const struct bpf_opcode *random_opcode(struct random *random)
{
	const struct bpf_opcode *opcode;

	do
		opcode = bpf_opcode((uint16_t)random_below(random, 256));
	while (!opcode || (!opcode->seccomp && random_below(random, 64)));
	return opcode;
}

static struct sock_filter random_insn(struct random *random, size_t left)
{
	const struct bpf_opcode *opcode = random_opcode(random);
	struct sock_filter insn = { .code = opcode->code };
	uint32_t reach = left < 255 ? (uint32_t)left : 255;

	switch (opcode->operand) {
	case BPF_OPERAND_ABS:
		insn.k = 4 * random_below(random, 16);
		break;
	case BPF_OPERAND_MEM:
		insn.k = random_below(random, random_below(random, 64) ? 2 : 17);
		break;
	case BPF_OPERAND_JUMP:
		insn.k = random_below(random, reach);
		break;
	case BPF_OPERAND_JUMP_K:
	case BPF_OPERAND_JUMP_X:
		insn.k = random_constant(random);
		insn.jt = (uint8_t)random_below(random, reach);
		insn.jf = (uint8_t)random_below(random, reach);
		break;
	default:
		insn.k = random_constant(random);
		if (BPF_CLASS(insn.code) == BPF_ALU && random_below(random, 16))
			insn.k = insn.k % 31 + 1;
		break;
	}
	return insn;
}

void random_program(struct random *random, struct sock_filter *insns, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++)
		insns[i] = random_insn(random, length - i - 1);
	insns[length - 1] = random_below(random, 8)
				    ? (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, random_constant(random))
				    : (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
}

void random_valid_program(struct random *random, struct sock_filter *insns, size_t length)
{
	do
		random_program(random, insns, length);
	while (bpf_check(insns, length, NULL) != CALLGATE_OK);
}

void random_mutation(struct random *random, struct sock_filter *insns, size_t length)
{
	struct sock_filter *insn = &insns[random_below(random, (uint32_t)length)];

	switch (random_below(random, 4)) {
	case 0:
		insn->code = (uint16_t)random_below(random, random_below(random, 16) ? 256 : 65536);
		break;
	case 1:
		insn->jt = (uint8_t)random_below(random, 2 * (uint32_t)length);
		break;
	case 2:
		insn->jf = (uint8_t)random_below(random, 2 * (uint32_t)length);
		break;
	default:
		insn->k = random_below(random, 2) ? random_constant(random) : random_below(random, 80);
		break;
	}
}

void random_data(struct random *random, struct seccomp_data *data)
{
	uint32_t words[sizeof(*data) / 4];

	for (size_t i = 0; i < sizeof(words) / 4; i++)
		words[i] = random_constant(random);
	memcpy(data, words, sizeof(words));
}
