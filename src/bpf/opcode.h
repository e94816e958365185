/*
 * bpf/opcode.h - the instructions, one row each: what check, disassembler and assembler know of them
 */
#ifndef CALLGATE_BPF_OPCODE_H
#define CALLGATE_BPF_OPCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands behind the name. */
enum bpf_operand {
	BPF_OPERAND_NONE,   /* tax */
	BPF_OPERAND_K,	    /* add 0x5 */
	BPF_OPERAND_X,	    /* add x */
	BPF_OPERAND_A,	    /* ret a */
	BPF_OPERAND_ABS,    /* ld [16] */
	BPF_OPERAND_IND,    /* ld [x + 16] */
	BPF_OPERAND_MEM,    /* ld M[3] */
	BPF_OPERAND_LEN,    /* ld len */
	BPF_OPERAND_MSH,    /* ldxb 4*([14]&0xf) */
	BPF_OPERAND_JUMP,   /* jmp TARGET */
	BPF_OPERAND_JUMP_K, /* jeq 0x5, TRUE, FALSE */
	BPF_OPERAND_JUMP_X, /* jeq x, TRUE, FALSE */
};

struct bpf_opcode {
	uint16_t code;
	const char *name;
	enum bpf_operand operand;
	bool seccomp; /* the kernel takes it in a seccomp filter, not only in a socket's */
};

/* NULL for what is no instruction. */
const struct bpf_opcode *bpf_opcode(uint16_t code);

/* The row of this name (length bytes) and operand, or NULL. */
const struct bpf_opcode *bpf_opcode_by_name(const char *name, size_t length, enum bpf_operand operand);

#endif
