/*
 * filter/strict.h - SECCOMP_MODE_STRICT as a filter
 */
#ifndef CALLGATE_FILTER_STRICT_H
#define CALLGATE_FILTER_STRICT_H

#include "base/arena.h"
#include "bpf/bpf.h"

/* The filter of the same meaning on this machine and its compat arch; memory comes from arena. Fails with E_NOMEM. */
int strict_program(struct arena *arena, struct bpf_program *ret_program, struct callgate_error *err);

#endif
