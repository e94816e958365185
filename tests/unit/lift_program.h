/*
 * lift_program.h - random programs with every instruction, whose arithmetic mostly stays within a budget, and inputs
 * that they tell apart
 */
#ifndef CALLGATE_TESTS_LIFT_PROGRAM_H
#define CALLGATE_TESTS_LIFT_PROGRAM_H

#include "bpf/bpf.h"

#include <stdbool.h>
#include <stdint.h>

enum { LIFT_PROGRAM_MAX = 48 };

struct lift_program {
	struct sock_filter insns[LIFT_PROGRAM_MAX];
	size_t length;
	uint64_t seed; /* of what comes next */
};

uint32_t lift_word(uint64_t *seed);
/* A program that bpf_check accepts. hard: with products and quotients of whole words, which may exceed any budget. */
void lift_program_draw(struct lift_program *program, bool hard);
/* Words near the program's own constants, or anything. */
struct seccomp_data lift_data(struct lift_program *program);

#endif
