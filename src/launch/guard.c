/*
 * A filter of its own, and no part of the policy's: what a policy says is compared, learned and explained as its author
 * wrote it, and the kernel takes the stricter of the two. It is proved as any other. It goes in before the policy's, so
 * that it needs no door: it lets exec pass.
 */
#include "launch/guard.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "sandbox/sandbox.h"

#include <callgate/policy.h>

#define GUARD_POLICY "write-xor-execute.policy"

/* The kernel lets a program turn the clock that it was denied on again. Programs of every kind that may read it start. */
static const char guard_everything[] = "kernel 6.18\narch x86_64, i386, x32\ndefault allow\nnewer allow\n";
static const char guard_clock[] = "errno EPERM prctl if option == PR_SET_TSC\n";

static int guard_text(const struct callgate_sandbox *sandbox, struct buf *text, struct callgate_error *err)
{
	const char *start = sandbox->write_xor_execute ? sandbox_builtin(GUARD_POLICY) : guard_everything;

	if (!start)
		return fail(err, CALLGATE_E_UNCONFINED, "the filter of write-xor-execute is missing");
	buf_puts(text, start);
	if (sandbox->no_tsc)
		buf_puts(text, guard_clock);
	return text->failed ? fail_nomem(err) : CALLGATE_OK;
}

int guard_make(const struct callgate_sandbox *sandbox, struct callgate_filter **ret_guard, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_policy *policy = NULL;
	int status;

	*ret_guard = NULL;
	if (!sandbox || !(sandbox->write_xor_execute || sandbox->no_tsc))
		return CALLGATE_OK;
	status = guard_text(sandbox, &text, err);
	if (status == CALLGATE_OK)
		status = callgate_policy_parse(GUARD_POLICY, buf_text(&text), text.length, NULL, &policy, err);
	if (status == CALLGATE_OK)
		status = callgate_filter_compile(policy, NULL, ret_guard, err);
	callgate_policy_free(policy);
	return status;
}
