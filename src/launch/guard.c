/*
 * A filter of its own, and no part of the policy's: what a policy says is compared, learned and explained as its author
 * wrote it, and the kernel takes the stricter of the two. It is proved as any other. It goes in before the policy's, so
 * that it needs no door: it lets exec pass.
 */
#include "launch/guard.h"

#include "base/error.h"
#include "sandbox/sandbox.h"

#include <callgate/policy.h>

#include <string.h>

#define GUARD_POLICY "write-xor-execute.policy"

int guard_make(const struct callgate_sandbox *sandbox, struct callgate_filter **ret_guard, struct callgate_error *err)
{
	const char *text = sandbox_builtin(GUARD_POLICY);
	struct callgate_policy *policy = NULL;
	int status;

	*ret_guard = NULL;
	if (!sandbox || !sandbox->write_xor_execute)
		return CALLGATE_OK;
	if (!text)
		return fail(err, CALLGATE_E_UNCONFINED, "the filter of write-xor-execute is missing");
	status = callgate_policy_parse(GUARD_POLICY, text, strlen(text), NULL, &policy, err);
	if (status == CALLGATE_OK)
		status = callgate_filter_compile(policy, NULL, ret_guard, err);
	callgate_policy_free(policy);
	return status;
}
