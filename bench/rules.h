/*
 * bench/rules.h - policies as a list of libseccomp's own rules, so that both sides compile the same one
 *
 * A line is `ACTION DATA SYSCALL [ARG:OP:VALUE:VALUE2]…`, the first `DEFAULT ACTION DATA`. Actions and operators are
 * libseccomp's names. The rules of one action are a union; a name that an arch lacks has no effect there.
 */
#ifndef CALLGATE_BENCH_RULES_H
#define CALLGATE_BENCH_RULES_H

#include "abi/abi.h"
#include "base/arena.h"
#include "base/buf.h"
#include "diagram/diagram.h"

struct rule_condition {
	unsigned arg;
	char op[24];
	uint64_t value, value2;
};

struct rule {
	uint32_t action; /* as the kernel has it: SECCOMP_RET_* with its data */
	char name[40];
	struct rule_condition conditions[6];
	unsigned condition_count;
};

struct rules {
	uint32_t otherwise; /* the default action */
	VEC(struct rule);
};

/* Reads a file. False with a message on stderr. */
bool rules_read(const char *path, struct arena *arena, struct rules *ret_rules);

/* What libseccomp's filter of these rules means on these arches; another arch is killed, and so is a number of an x32
 * that is not among them (but for -1, which it takes for a cancelled call). */
uint32_t rules_diagram(const struct rules *rules, struct diagram *diagram, const enum abi_arch_id *arches,
		       size_t arch_count);

/* The same rules as a policy in Callgate's language. Numbers that no kernel has defined take the default too, as
 * libseccomp's do. False when memory is out. */
bool rules_policy(const struct rules *rules, const enum abi_arch_id *arches, size_t arch_count, struct buf *ret_text);

#endif
