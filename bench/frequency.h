/*
 * bench/frequency.h - how often a program made each call: lines `NAME COUNT`
 */
#ifndef CALLGATE_BENCH_FREQUENCY_H
#define CALLGATE_BENCH_FREQUENCY_H

#include "base/arena.h"
#include "codegen/codegen.h"

struct frequency {
	VEC(struct codegen_weight);
	double total;
};

/* The calls of x86-64. False with a message on stderr. */
bool frequency_read(const char *path, struct arena *arena, struct frequency *ret_frequency);

#endif
