/*
 * Runs a program as the kernel's interpreter does. What C leaves undefined follows what bpf_convert_filter makes of
 * it: A and X start at 0, a division by X that is 0 returns 0 at once, a shift uses the low five bits of X.
 */
#include "bpf/bpf.h"

#include <string.h>

struct machine {
	uint32_t a, x;
	uint32_t memory[BPF_MEMWORDS];
};

static uint32_t load_word(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static void run_load(struct machine *m, const struct sock_filter *insn, const struct seccomp_data *data)
{
	uint32_t *target = BPF_CLASS(insn->code) == BPF_LD ? &m->a : &m->x;

	switch (BPF_MODE(insn->code)) {
	case BPF_ABS:
		*target = load_word(data, insn->k);
		break;
	case BPF_LEN:
		*target = sizeof(*data);
		break;
	case BPF_MEM:
		*target = m->memory[insn->k];
		break;
	default:
		*target = insn->k;
		break;
	}
}

/* False when the program ends here: a division by zero. */
static bool run_alu(struct machine *m, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		m->a += operand;
		break;
	case BPF_SUB:
		m->a -= operand;
		break;
	case BPF_MUL:
		m->a *= operand;
		break;
	case BPF_DIV:
		if (operand == 0)
			return false;
		m->a /= operand;
		break;
	case BPF_AND:
		m->a &= operand;
		break;
	case BPF_OR:
		m->a |= operand;
		break;
	case BPF_XOR:
		m->a ^= operand;
		break;
	case BPF_LSH:
		m->a <<= operand & 31;
		break;
	case BPF_RSH:
		m->a >>= operand & 31;
		break;
	default:
		m->a = -m->a;
		break;
	}
	return true;
}

/* How many instructions are skipped. */
static uint32_t run_jump(const struct machine *m, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;
	bool holds;

	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		holds = m->a == operand;
		break;
	case BPF_JGT:
		holds = m->a > operand;
		break;
	case BPF_JGE:
		holds = m->a >= operand;
		break;
	case BPF_JSET:
		holds = m->a & operand;
		break;
	default:
		return insn->k;
	}
	return holds ? insn->jt : insn->jf;
}

struct bpf_answer bpf_answer(const struct sock_filter *insns, size_t length, const struct seccomp_data *data)
{
	struct machine m = { 0 };
	struct bpf_answer answer = { 0 };
	bool running = true;

	for (size_t pc = 0; running && pc < length; pc++) {
		const struct sock_filter *insn = &insns[pc];

		answer.executed++;
		answer.insn = pc;
		switch (BPF_CLASS(insn->code)) {
		case BPF_LD:
		case BPF_LDX:
			run_load(&m, insn, data);
			break;
		case BPF_ST:
			m.memory[insn->k] = m.a;
			break;
		case BPF_STX:
			m.memory[insn->k] = m.x;
			break;
		case BPF_ALU:
			running = run_alu(&m, insn);
			break;
		case BPF_JMP:
			pc += run_jump(&m, insn);
			break;
		case BPF_RET:
			answer.value = BPF_RVAL(insn->code) == BPF_A ? m.a : insn->k;
			running = false;
			break;
		default:
			if (BPF_MISCOP(insn->code) == BPF_TAX)
				m.x = m.a;
			else
				m.a = m.x;
			break;
		}
	}
	return answer;
}

uint32_t bpf_simulate(const struct sock_filter *insns, size_t length, const struct seccomp_data *data,
		      unsigned *ret_executed)
{
	struct bpf_answer answer = bpf_answer(insns, length, data);

	if (ret_executed)
		*ret_executed = answer.executed;
	return answer.value;
}
