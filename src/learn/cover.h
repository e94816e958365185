/*
 * learn/cover.h - whether a policy lets a call through of which some arguments are known and some are not
 */
#ifndef CALLGATE_LEARN_COVER_H
#define CALLGATE_LEARN_COVER_H

#include "policy/policy.h"

enum cover { COVER_NO, COVER_MAYBE, COVER_YES };

struct cover_call {
	const struct abi_syscall *syscall;
	const struct abi_arch *arch;
	uint64_t args[6];
	bool known[6];
	bool carried_out; /* only what leaves it to the kernel or to somebody who may make it counts, no errno */
	bool quietly;	  /* only what is allowed without a word counts */
	bool falls_back;  /* of errnos only ENOSYS counts, to which libraries have another way */
};

/* Whether an action is what its author wants to happen: the call is carried out, handed to somebody, or answered by
 * an errno that a rule chose. */
bool cover_permits(const struct policy_action *action);

/* MAYBE: it depends on arguments that are not known. Fails as policy_bind does. */
int cover_call(const struct policy *policy, const struct cover_call *call, enum cover *ret_cover,
	       struct callgate_error *err);

#endif
