/*
 * import/libseccomp.h - rules that are combined as libseccomp combines them
 *
 * Its rules have no order (seccomp_rule_add(3)): those of one call are a union, in which one without comparisons stands
 * for all that have some. Filters compare as many bits as a pointer of the arch has, and other arches are killed.
 */
#ifndef CALLGATE_IMPORT_LIBSECCOMP_H
#define CALLGATE_IMPORT_LIBSECCOMP_H

#include "import/import.h"

struct libseccomp_test {
	unsigned arg;	   /* 0 to 5 */
	enum policy_op op; /* one of its seven: ==, != and the orders; == with a mask */
	bool is_masked;
	uint64_t mask, value;
	struct policy_position position;
};

struct libseccomp_rule {
	struct policy_action action;
	const struct policy_name *names;
	size_t name_count;
	const struct libseccomp_test *tests; /* all must hold; no two are of one argument */
	size_t test_count;
	struct policy_position position;
};

struct libseccomp_rules {
	struct import *import;
	struct {
		VEC(struct libseccomp_rule);
	} rules;
};

/* What the rules point to lives in the policy's arena. E_LIMIT, E_NOMEM. */
int libseccomp_add(struct libseccomp_rules *rules, const struct libseccomp_rule *rule);

/*
 * Makes the policy's rules of them, its header having been set but for what libseccomp adds: numbers without a call get
 * the default, other arches are killed by the thread. Where comparisons of different actions overlap, which no
 * manual decides, the strictest action holds.
 */
int libseccomp_finish(struct libseccomp_rules *rules);

#endif
