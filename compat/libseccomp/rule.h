/*
 * compat/libseccomp/rule.h - rules as they were added, and in the order in which they decide
 */
#ifndef CALLGATE_COMPAT_RULE_H
#define CALLGATE_COMPAT_RULE_H

#include "base/arena.h"
#include "context.h"

bool rule_is_unconditional(const struct rule *rule);

struct rule_order {
	VEC(const struct rule *);
};

/*
 * The rules of a filter that can decide anything: by ascending number, and for one number the first that holds
 * decides. 0 or -ENOMEM.
 *
 * A rule without comparisons stands alone, for it takes in all the others of its call. Among those with comparisons the
 * stricter action comes first, so that the order in which they were added never lets a call through.
 */
int rule_order(const struct filter *filter, struct arena *arena, struct rule_order *ret_order);

#endif
