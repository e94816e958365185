/*
 * lang/lang.h - what stands behind the public handle of a policy
 */
#ifndef CALLGATE_LANG_LANG_H
#define CALLGATE_LANG_LANG_H

#include "policy/policy.h"

#include <callgate/policy.h>

enum {
	LANG_INCLUDE_DEPTH_MAX = 16, /* files that include each other in a chain */
	LANG_FILES_MAX = 1024,	     /* files read for one policy, each time one is included */
};

/* One text that the policy was read from, in the order of reading; all of it lives in the policy's arena. */
struct lang_source {
	const char *name; /* as positions have it */
	const char *text; /* ends in NUL */
	size_t length;
};

struct callgate_policy {
	struct policy *policy; /* owned */
	struct {
		VEC(struct lang_source);
	} sources; /* in policy->arena */
	struct {
		VEC(const char *);
	} notes; /* what its reader has to say that is no error, a sentence each; in policy->arena */
};

/* A handle for a policy that a front end made, which it owns from then on. NULL without memory; the policy is freed. */
struct callgate_policy *lang_take(struct policy *policy);

#endif
