/*
 * callgate/policy.h - a policy as its author wrote it
 *
 * A policy is text in the language of callgate-policy(5): rules tried in order, of which the first that holds
 * decides. It is parsed whole or not at all, and means nothing until it is compiled to a filter (callgate/filter.h).
 */
#ifndef CALLGATE_POLICY_H
#define CALLGATE_POLICY_H

#include <callgate/error.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_policy;

/* Where includes are looked for. Zeroed means: groups come from the installed folder. */
struct callgate_policy_options {
	const char *group_folder; /* the folder of the groups (`include "@base"` reads base.policy there), or NULL */
	const char *phase; /* take what is stacked at the mark of this phase, in place of the policy itself; or NULL */
};

/*
 * Reads the policy in a file. The caller owns *ret_policy and frees it with callgate_policy_free.
 *
 * Fails with E_OS (cannot read), E_SYNTAX or E_UNKNOWN (file, line, col, message and hint say what is wrong),
 * E_LIMIT (a line, file or nesting beyond the stated limits), E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_policy_read(const char *path, const struct callgate_policy_options *options,
					 struct callgate_policy **ret_policy, struct callgate_error *err);

/* The same for text of length bytes in memory; name stands for the file in errors, and relative includes start at
 * the current folder. */
CALLGATE_PUBLIC int callgate_policy_parse(const char *name, const char *text, size_t length,
					  const struct callgate_policy_options *options,
					  struct callgate_policy **ret_policy, struct callgate_error *err);

CALLGATE_PUBLIC void callgate_policy_free(struct callgate_policy *policy);

/*
 * Rewrites policy text in the one form that everybody's policies have: comments and the order of rules stay.
 * The caller frees *ret_text, which ends in NUL, with free(). Fails as callgate_policy_parse does, but looks into no
 * include and at no name.
 */
CALLGATE_PUBLIC int callgate_policy_format(const char *name, const char *text, size_t length, char **ret_text,
					   struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
