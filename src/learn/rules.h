/*
 * learn/rules.h - from evidence to a policy
 *
 * A policy learned is one that is read: rules in groups of what belongs together, an argument constrained only where
 * constraints.def has it and the evidence is few values, with what was seen in a comment. To what was seen it adds what
 * any run may need (companions.def) and answers what libraries can do without (fallbacks.def) with ENOSYS.
 */
#ifndef CALLGATE_LEARN_RULES_H
#define CALLGATE_LEARN_RULES_H

#include "base/buf.h"
#include "observe/evidence.h"
#include "policy/policy.h"

/* Beside policy->rules.items[i]. */
struct learned_note {
	const char *section; /* a comment before the rule, NULL when it goes on in the section */
	const char *comment; /* behind the rule, or NULL */
};

struct learned {
	struct policy *policy; /* owned; its arena holds the notes too */
	const char *opening;   /* a comment before all */
	size_t one_out;	       /* runs of which the rules of all the others would have refused something */
	size_t reachable;      /* syscalls that were not seen and are in it as what the programs could do */
	size_t widened;	       /* arguments that are not constrained since too many runs had values of their own */
	struct {
		VEC(struct learned_note);
	} notes;
};

/* A call that a program could make, with what its arguments could be: nothing, where they could be anything. */
struct learn_reachable {
	const struct abi_syscall *syscall;
	struct evidence_arg args[6];
};

/* What a policy is to have beside what was seen. Zeroed: nothing. */
struct learn_wishes {
	const char *evidence_name;		 /* for the comment */
	bool phases;				 /* a second part for what comes when a program first waited for work */
	bool twins;				 /* the same calls as other C libraries make them (twins.def) */
	const struct learn_reachable *reachable; /* what the programs could do, whether it was seen or not */
	size_t reachable_count;
	struct policy_action reachable_action; /* what that gets which was not seen */
};

int learn_rules_with(const struct evidence *evidence, const struct learn_wishes *wishes, struct learned *ret_learned,
		     struct callgate_error *err);

/* The caller frees *ret_learned with learned_fini. evidence_name is for the comment. Fails with E_NOMEM, or with
 * E_INVALID when the evidence holds no call. */
int learn_rules(const struct evidence *evidence, const char *evidence_name, struct learned *ret_learned,
		struct callgate_error *err);

void learned_fini(struct learned *learned);

/* The policy's text. Failure is that of the buf. */
void learned_print(const struct learned *learned, struct buf *ret_text);

#endif
