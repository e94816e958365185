/*
 * learn/terms.h - what was seen of an argument, as a condition that a person reads
 *
 * Everything is made in the arena that is passed; NULL means that memory is out.
 */
#ifndef CALLGATE_LEARN_TERMS_H
#define CALLGATE_LEARN_TERMS_H

#include "observe/evidence.h"
#include "policy/policy.h"

enum term_how { TERM_EXACT, TERM_MASK, TERM_WX, TERM_STANDARD };

enum { TERM_VALUES_MAX = 16 /* with more, the evidence supports no constraint */ };

struct term_subject {
	const struct abi_arch *arch;
	const struct abi_arg *type;
	const struct evidence_arg *seen;
};

/* A value in constants of its type (`SOCK_STREAM | SOCK_CLOEXEC`); what no constant tells is a number. */
const struct policy_value *term_value(struct arena *arena, const struct abi_arch *arch, const struct abi_arg *type,
				      uint64_t value);

/*
 * The condition for an argument. *ret_condition is NULL where what was seen supports none. Fails with E_NOMEM.
 */
int term_condition(struct arena *arena, const struct term_subject *subject, enum term_how how,
		   const struct policy_condition **ret_condition, struct callgate_error *err);

/* left and right, either of which may be NULL. Fails with E_NOMEM. */
int term_and(struct arena *arena, const struct policy_condition *left, const struct policy_condition *right,
	     const struct policy_condition **ret_condition, struct callgate_error *err);

#endif
