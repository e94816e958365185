/*
 * policy/terms.h - what was seen of the arguments of a call, as a condition that a person reads
 *
 * constraints.def says of which arguments a condition is worth its while, and of what kind. Everything is made in the
 * arena that is passed.
 */
#ifndef CALLGATE_POLICY_TERMS_H
#define CALLGATE_POLICY_TERMS_H

#include "policy/policy.h"

enum { TERM_VALUES_MAX = 16 /* with more, what was seen supports no list */ };

/* The values of one argument, as the kernel reads them; a negative one is two's complement of the argument's width. */
struct term_seen {
	const uint64_t *values;
	size_t count;
	bool many; /* there were others too */
};

/* How an argument is constrained; constraints.def tells what each means. */
enum term_how { TERM_EXACT, TERM_MASK, TERM_WX, TERM_STANDARD, TERM_RANGE, TERM_SPAN };

struct term_constraint {
	const char *syscall;
	unsigned position; /* of the argument */
	enum term_how how;
};

/* A row of constraints.def, NULL behind the last. */
const struct term_constraint *term_constraint_at(size_t index);

struct term_subject {
	const struct abi_arch *arch;
	const struct abi_arg *type;
	const struct term_seen *seen;
};

/* Whether one value of an argument comes before another in its own order. */
bool term_is_less(const struct abi_arg *type, uint64_t left, uint64_t right);

/* The condition for one argument. *ret_condition is NULL where what was seen supports none. Fails with E_NOMEM. */
int term_condition(struct arena *arena, const struct term_subject *subject, enum term_how how,
		   const struct policy_condition **ret_condition, struct callgate_error *err);

/* left and right, either of which may be NULL. Fails with E_NOMEM. */
int term_and(struct arena *arena, const struct policy_condition *left, const struct policy_condition *right,
	     const struct policy_condition **ret_condition, struct callgate_error *err);

/* A value in constants of its type (`SOCK_STREAM | SOCK_CLOEXEC`); what no constant tells is a number. NULL without
 * memory. */
const struct policy_value *term_value(struct arena *arena, const struct abi_arch *arch, const struct abi_arg *type,
				      uint64_t value);

/* All constraints of a call, of what was seen of it on this arch: *ret_condition is NULL where it supports none.
 * Fails with E_NOMEM. */
int term_constrain(struct arena *arena, const struct abi_syscall *syscall, const struct abi_arch *arch,
		   const struct term_seen seen[6], const struct policy_condition **ret_condition,
		   struct callgate_error *err);

#endif
