/*
 * bpf/bpf.h - what the kernel runs: classic BPF, as seccomp accepts it
 *
 * A program is an array of the kernel's own struct sock_filter over struct seccomp_data. The facts are those of
 * net/core/filter.c (bpf_check_classic) and kernel/seccomp.c (seccomp_check_filter, seccomp_is_const_allow).
 */
#ifndef CALLGATE_BPF_BPF_H
#define CALLGATE_BPF_BPF_H

#include "base/buf.h"

#include <callgate/error.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_program {
	struct sock_filter *insns;
	size_t length; /* in instructions; the kernel takes 1 to BPF_MAXINSNS (4096) */
};

/* Whether the kernel would load it. E_INVALID with the kernel's reason and the instruction's index. */
int bpf_check(const struct sock_filter *insns, size_t length, struct callgate_error *err);

/* What a checked program says to one call, how it came to that. */
struct bpf_answer {
	uint32_t value;	   /* what it returned */
	size_t insn;	   /* the index of the instruction at which it ended */
	unsigned executed; /* instructions */
};

struct bpf_answer bpf_answer(const struct sock_filter *insns, size_t length, const struct seccomp_data *data);

/* Runs a checked program as the kernel does. ret_executed (may be NULL) counts the instructions. */
uint32_t bpf_simulate(const struct sock_filter *insns, size_t length, const struct seccomp_data *data,
		      unsigned *ret_executed);

/*
 * The kernel's bitmap (since 5.11): whether this (audit arch, nr) is allowed whatever the arguments, by the kernel's
 * own emulation, which knows only LD of nr and arch, JA, JEQ/JGT/JGE/JSET with K, AND with K, RET K.
 * ret_lost (may be NULL) is the index of the instruction where the emulation gave up, or -1.
 */
bool bpf_is_cacheable(const struct sock_filter *insns, size_t length, uint32_t arch, uint32_t nr, int *ret_lost);

/* One instruction a line, offsets in words, jumps by target: "  12  jeq 0x3b, 20, 13". Names are bpf_asm's. */
void bpf_disassemble(const struct sock_filter *insns, size_t length, struct buf *ret_text);

/* The inverse: text as bpf_disassemble writes it (indices and comments optional, labels allowed). The caller frees
 * ret_program->insns. */
int bpf_assemble(const char *name, const char *text, size_t length, struct bpf_program *ret_program,
		 struct callgate_error *err);

#endif
