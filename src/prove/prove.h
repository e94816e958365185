/*
 * prove/prove.h - from BPF to its meaning, and every question about meanings
 *
 * The lifter shares no code with codegen: it reads a program as the kernel would run it, on symbols.
 */
#ifndef CALLGATE_PROVE_PROVE_H
#define CALLGATE_PROVE_PROVE_H

#include "base/buf.h"
#include "bpf/bpf.h"
#include "diagram/diagram.h"

/*
 * The diagram of a program that passed bpf_check: exact for all of classic BPF that seccomp accepts. Arithmetic on
 * symbols is done bit by bit; E_LIMIT names the instruction at which the diagram's budget was spent.
 */
int prove_lift(struct diagram *diagram, const struct sock_filter *insns, size_t length, uint32_t *ret_root,
	       struct callgate_error *err);

/* Lifts the program and compares with root. CALLGATE_OK: equal. E_UNPROVED: err holds a witness in words. */
int prove_equal(struct diagram *diagram, const struct sock_filter *insns, size_t length, uint32_t root,
		struct callgate_error *err);

/* One input on which a and b differ (the smallest in the diagram's order). False when they are equal. */
bool prove_witness(const struct diagram *diagram, uint32_t a, uint32_t b, struct diagram_input *ret_input);

void prove_input_to_data(const struct diagram_input *input, struct seccomp_data *ret_data);
void prove_data_to_input(const struct seccomp_data *data, struct diagram_input *ret_input);

/* A struct seccomp_data holds a call as it lies in memory on its arch: of an arch of the other byte order, each
 * argument's halves are exchanged for us. This exchanges them: from values to memory, and back. */
void prove_exchange_halves(struct seccomp_data *data);

/* "openat(AT_FDCWD, 0x0, O_RDONLY, 0)" with names where the tables have them, the arch before it when not native. */
void prove_format_call(const struct seccomp_data *data, struct buf *ret_text);

#endif
