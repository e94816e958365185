/*
 * Programs as text for people and for the assembler: bpf_asm's names, jumps by the target's index, and behind a `;`
 * what is loaded. Text and program are each other's inverse for any array of instructions: what is no instruction, or
 * has bits set that its text would not show, is written as its four raw fields.
 */
#include "bpf/bpf.h"
#include "bpf/opcode.h"

#include <string.h>

static bool is_jump(enum bpf_operand operand)
{
	return operand == BPF_OPERAND_JUMP_K || operand == BPF_OPERAND_JUMP_X;
}

static bool has_k(enum bpf_operand operand)
{
	return operand != BPF_OPERAND_NONE && operand != BPF_OPERAND_X && operand != BPF_OPERAND_A &&
	       operand != BPF_OPERAND_LEN && operand != BPF_OPERAND_JUMP_X;
}

/* Whether the row's text shows every bit of the instruction. */
static bool text_is_whole(const struct sock_filter *insn, const struct bpf_opcode *opcode)
{
	return opcode && (is_jump(opcode->operand) || (!insn->jt && !insn->jf)) && (has_k(opcode->operand) || !insn->k);
}

/* What lies at an offset of struct seccomp_data. */
static void put_word_name(struct buf *out, uint32_t offset)
{
	static const char *const fixed[] = { "nr", "arch", "ip", "ip+4" };

	if (offset % 4 || offset >= sizeof(struct seccomp_data))
		return;
	buf_puts(out, "\t; ");
	if (offset < 16)
		buf_puts(out, fixed[offset / 4]);
	else
		buf_printf(out, "arg%u%s", (offset - 16) / 8, offset % 8 ? "+4" : "");
}

static void put_operand(struct buf *out, const struct sock_filter *insn, enum bpf_operand operand, size_t index)
{
	size_t next = index + 1;

	switch (operand) {
	case BPF_OPERAND_NONE:
		break;
	case BPF_OPERAND_K:
		buf_printf(out, " 0x%x", insn->k);
		break;
	case BPF_OPERAND_X:
		buf_puts(out, " x");
		break;
	case BPF_OPERAND_A:
		buf_puts(out, " a");
		break;
	case BPF_OPERAND_ABS:
		buf_printf(out, " [%u]", insn->k);
		put_word_name(out, insn->k);
		break;
	case BPF_OPERAND_IND:
		buf_printf(out, " [x + %u]", insn->k);
		break;
	case BPF_OPERAND_MEM:
		buf_printf(out, " M[%u]", insn->k);
		break;
	case BPF_OPERAND_LEN:
		buf_puts(out, " len");
		break;
	case BPF_OPERAND_MSH:
		buf_printf(out, " 4*([%u]&0xf)", insn->k);
		break;
	case BPF_OPERAND_JUMP:
		buf_printf(out, " %zu", next + insn->k);
		break;
	case BPF_OPERAND_JUMP_K:
		buf_printf(out, " 0x%x, %zu, %zu", insn->k, next + insn->jt, next + insn->jf);
		break;
	case BPF_OPERAND_JUMP_X:
		buf_printf(out, " x, %zu, %zu", next + insn->jt, next + insn->jf);
		break;
	}
}

void bpf_disassemble(const struct sock_filter *insns, size_t length, struct buf *ret_text)
{
	for (size_t i = 0; i < length; i++) {
		const struct sock_filter *insn = &insns[i];
		const struct bpf_opcode *opcode = bpf_opcode(insn->code);

		buf_printf(ret_text, "%4zu  ", i);
		if (text_is_whole(insn, opcode)) {
			buf_puts(ret_text, opcode->name);
			put_operand(ret_text, insn, opcode->operand, i);
		} else {
			buf_printf(ret_text, "raw 0x%x, %u, %u, 0x%x", insn->code, insn->jt, insn->jf, insn->k);
		}
		buf_putc(ret_text, '\n');
	}
}
