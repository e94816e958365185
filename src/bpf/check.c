/*
 * The kernel's checker, so that a program which would be refused is refused here, with a reason instead of EINVAL.
 *
 * Two passes, as in net/core/filter.c: each instruction by itself, then the scratch memory, whose words may be read
 * only where every path has written them. The second pass follows the kernel's to the letter, even where that is
 * odd: behind a return it keeps what was written before it, although nothing falls through a return.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/bpf.h"
#include "bpf/opcode.h"

#include <stdlib.h>
#include <string.h>

/* The reason why the operand is refused, or NULL. */
static const char *operand_fault(const struct sock_filter *insn, enum bpf_operand operand)
{
	switch (operand) {
	case BPF_OPERAND_ABS:
		if (insn->k >= sizeof(struct seccomp_data))
			return "loads from beyond the end of struct seccomp_data";
		return insn->k % 4 ? "loads from an offset that is not a multiple of 4" : NULL;
	case BPF_OPERAND_MEM:
		return insn->k >= BPF_MEMWORDS ? "uses scratch memory beyond its 16 words" : NULL;
	case BPF_OPERAND_K:
		if ((insn->code == (BPF_ALU | BPF_DIV | BPF_K)) && insn->k == 0)
			return "divides by zero";
		if ((insn->code == (BPF_ALU | BPF_LSH | BPF_K) || insn->code == (BPF_ALU | BPF_RSH | BPF_K)) &&
		    insn->k >= 32)
			return "shifts by 32 bits or more";
		return NULL;
	default:
		return NULL;
	}
}

/* The same for where it jumps; left is the number of instructions behind this one. */
static const char *jump_fault(const struct sock_filter *insn, enum bpf_operand operand, size_t left)
{
	bool outside = false;

	if (operand == BPF_OPERAND_JUMP)
		outside = insn->k >= left;
	else if (operand == BPF_OPERAND_JUMP_K || operand == BPF_OPERAND_JUMP_X)
		outside = insn->jt >= left || insn->jf >= left;
	return outside ? "jumps beyond the end of the program" : NULL;
}

static const char *insn_fault(const struct sock_filter *insn, size_t left)
{
	const struct bpf_opcode *opcode = bpf_opcode(insn->code);
	const char *fault;

	if (!opcode)
		return "is no instruction of classic BPF";
	if (!opcode->seccomp)
		return "is not allowed in a seccomp filter";
	fault = operand_fault(insn, opcode->operand);
	return fault ? fault : jump_fault(insn, opcode->operand, left);
}

/* The first instruction that reads scratch memory which some path has not written, or length. written has a mask an
 * instruction: the words that all jumps to it have written. */
static size_t find_unwritten_read(const struct sock_filter *insns, size_t length, uint16_t *written)
{
	uint16_t valid = 0;

	memset(written, 0xff, length * sizeof(*written));
	for (size_t i = 0; i < length; i++) {
		valid &= written[i];
		switch (bpf_opcode(insns[i].code)->operand) {
		case BPF_OPERAND_MEM:
			if (insns[i].code == BPF_ST || insns[i].code == BPF_STX)
				valid |= (uint16_t)(1u << insns[i].k);
			else if (!(valid & 1u << insns[i].k))
				return i;
			break;
		case BPF_OPERAND_JUMP:
			written[i + 1 + insns[i].k] &= valid;
			valid = UINT16_MAX;
			break;
		case BPF_OPERAND_JUMP_K:
		case BPF_OPERAND_JUMP_X:
			written[i + 1 + insns[i].jt] &= valid;
			written[i + 1 + insns[i].jf] &= valid;
			valid = UINT16_MAX;
			break;
		default:
			break;
		}
	}
	return length;
}

static int check_memory(const struct sock_filter *insns, size_t length, struct callgate_error *err)
{
	cleanup_free uint16_t *written = calloc(length, sizeof(*written));
	size_t found;

	if (!written)
		return fail_nomem(err);
	found = find_unwritten_read(insns, length, written);
	if (found < length)
		return fail(err, CALLGATE_E_INVALID, "instruction %zu reads scratch memory that was not written",
			    found);
	return CALLGATE_OK;
}

int bpf_check(const struct sock_filter *insns, size_t length, struct callgate_error *err)
{
	if (length == 0)
		return fail(err, CALLGATE_E_INVALID, "the program is empty");
	if (length > BPF_MAXINSNS)
		return fail(err, CALLGATE_E_INVALID, "the program has %zu instructions, the kernel takes %d", length,
			    BPF_MAXINSNS);
	for (size_t i = 0; i < length; i++) {
		const char *fault = insn_fault(&insns[i], length - i - 1);

		if (fault)
			return fail(err, CALLGATE_E_INVALID, "instruction %zu %s", i, fault);
	}
	if (BPF_CLASS(insns[length - 1].code) != BPF_RET)
		return fail(err, CALLGATE_E_INVALID, "instruction %zu is the last and does not return", length - 1);
	return check_memory(insns, length, err);
}
