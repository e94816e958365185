/*
 * random_bpf.h - random programs and random input, reproducible from a seed
 */
#ifndef CALLGATE_TESTS_RANDOM_BPF_H
#define CALLGATE_TESTS_RANDOM_BPF_H

#include "bpf/bpf.h"

struct random {
	uint64_t state; /* the seed; not 0 */
};

uint32_t random_u32(struct random *random);
uint32_t random_below(struct random *random, uint32_t limit);

/* Numbers that programs are made of: mostly small or near a boundary. */
uint32_t random_constant(struct random *random);

/* length instructions (at least 1), nearly always what the kernel accepts; the last returns. */
void random_program(struct random *random, struct sock_filter *insns, size_t length);

/* The same, and bpf_check accepts it. */
void random_valid_program(struct random *random, struct sock_filter *insns, size_t length);

/* Changes one field of one instruction. */
void random_mutation(struct random *random, struct sock_filter *insns, size_t length);

/* An input near the constants that random programs use. */
void random_data(struct random *random, struct seccomp_data *data);

#endif
