/*
 * filter/frequency.h - how often each call is made
 */
#ifndef CALLGATE_FILTER_FREQUENCY_H
#define CALLGATE_FILTER_FREQUENCY_H

#include "abi/abi.h"
#include "base/arena.h"
#include "codegen/codegen.h"

#include <callgate/filter.h>

struct frequency_count {
	const struct abi_syscall *syscall;
	enum abi_arch_id arch; /* ABI_ARCH_NONE: on every arch */
	double count;
};

struct callgate_frequency {
	struct arena arena;
	struct {
		VEC(struct frequency_count);
	} counts;
};

/* How often this call is made on this arch; 0 when nothing was measured. */
double frequency_of(const struct callgate_frequency *frequency, enum abi_arch_id arch,
		    const struct abi_syscall *syscall);

/* The counts by number, for codegen; the array lives as long as the arena. E_NOMEM. */
int frequency_weights(const struct callgate_frequency *frequency, struct arena *arena,
		      struct codegen_weight **ret_weights, size_t *ret_count, struct callgate_error *err);

#endif
