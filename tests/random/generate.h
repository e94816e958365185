/*
 * generate.h - random policies that are well formed, and calls that are likely to fall on their edges
 */
#ifndef CALLGATE_TESTS_GENERATE_H
#define CALLGATE_TESTS_GENERATE_H

#include "abi/abi.h"
#include "base/buf.h"

#include <linux/seccomp.h>

enum { GENERATE_VALUES = 256, GENERATE_CALLS = 64 };

struct generator {
	uint64_t state;			  /* of the random numbers */
	bool arches[ABI_ARCH_COUNT];	  /* of the policy */
	uint64_t values[GENERATE_VALUES]; /* that the policy compares with */
	size_t value_count;
	const struct abi_syscall *calls[GENERATE_CALLS]; /* that it lists */
	size_t call_count;
};

void generator_init(struct generator *generator, uint64_t seed);
/* Writes a policy as text: it binds on all its arches. */
void generate_policy(struct generator *generator, struct buf *text);
/* A call, mostly one that the policy lists, with arguments near the values that it names. */
void generate_call(struct generator *generator, struct seccomp_data *ret_data);

#endif
