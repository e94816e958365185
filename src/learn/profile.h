/*
 * learn/profile.h - what stands behind the public handle of a profile
 */
#ifndef CALLGATE_LEARN_PROFILE_H
#define CALLGATE_LEARN_PROFILE_H

#include "base/buf.h"
#include "learn/rules.h"
#include "learn/subjects.h"

#include <callgate/profile.h>

enum { PROFILE_FILES_MAX = 4096 };

struct callgate_profile {
	struct evidence *evidence;
	struct subjects subjects; /* of that evidence */
	struct learned learned;	  /* the policy that it supports, as rules and as text */
	bool phases;		  /* the policy is to have them */
	size_t unresolved;	  /* places of scanned programs that may ask for anything */
	size_t unexplained;	  /* syscalls that were seen, not found reachable, and may come from such a place */
	char *policy;
	char *text; /* the evidence as a file */
};

/* Makes the policy with these wishes, in place of the one that was there; on failure that one stays. */
int profile_make(struct callgate_profile *profile, const struct learn_wishes *wishes, struct callgate_error *err);

/* One rule as a line for one of its syscalls alone. Failure is that of the buf. */
void profile_rule_for(const struct policy_rule *rule, const struct abi_syscall *syscall, struct buf *text);

/* The first rule of the learned policy that lets this syscall through, as one line for this syscall alone; nothing
 * where there is none. Failure is that of the buf. */
void profile_rule(const struct callgate_profile *profile, const struct abi_syscall *syscall, struct buf *text);

/* The value of an argument in constants of its type, or as a number. Failure is that of the buf, or false. */
bool profile_value(struct arena *arena, const struct abi_arch *arch, const struct abi_arg *type, uint64_t value,
		   struct buf *text);

#endif
