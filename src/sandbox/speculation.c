/*
 * A filter once turned these switches off by itself, and SECCOMP_FILTER_FLAG_SPEC_ALLOW kept it from that; since
 * Linux 5.16 it leaves them as they are, for their price (some percent of everything, and more of each change of
 * processes). So they are a layer: what somebody has turned off is not lost on the way to the target.
 */
#include "sandbox/speculation.h"

#include "kernel/call.h"
#include "sandbox/enter.h"

#include <errno.h>
#include <sys/prctl.h>

static const unsigned long speculation_kinds[] = { PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH };

#define SPECULATION_KINDS (sizeof(speculation_kinds) / sizeof(*speculation_kinds))

enum speculation_wish speculation_choose(long state, bool must_be_off)
{
	/* No such kind on this machine; then a kernel that knows none of it. */
	if (state == -ENODEV || state == PR_SPEC_NOT_AFFECTED)
		return SPECULATION_LEAVE;
	if (state < 0)
		return must_be_off ? SPECULATION_LACKS : SPECULATION_LEAVE;
	if (state & PR_SPEC_FORCE_DISABLE)
		return SPECULATION_LEAVE;
	if (state & (PR_SPEC_DISABLE | PR_SPEC_DISABLE_NOEXEC))
		return state & PR_SPEC_PRCTL ? SPECULATION_FORCE : SPECULATION_LEAVE;
	if (!must_be_off)
		return SPECULATION_LEAVE;
	return state & PR_SPEC_PRCTL ? SPECULATION_FORCE : SPECULATION_LACKS;
}

/* Whether that much of the layer is there. */
static bool speculation_report(struct sandbox_plan *plan, size_t lacking, size_t unknown)
{
	if (unknown == SPECULATION_KINDS || lacking == SPECULATION_KINDS)
		plan->absent |= CALLGATE_GROUND_SPECULATION;
	else if (lacking)
		plan->degraded |= CALLGATE_GROUND_SPECULATION;
	return lacking == 0;
}

long speculation_confine(struct sandbox_plan *plan)
{
	bool must_be_off = plan->sandbox->no_speculation;
	size_t lacking = 0, unknown = 0;

	if (!(plan->wanted & CALLGATE_GROUND_SPECULATION))
		return 0;
	plan->step = PLAN_SPECULATION;
	for (size_t i = 0; i < SPECULATION_KINDS; i++) {
		long state = KERNEL_CALL(SYS_prctl, PR_GET_SPECULATION_CTRL, speculation_kinds[i]);
		enum speculation_wish wish = speculation_choose(state, must_be_off);
		long result = 0;

		if (wish == SPECULATION_FORCE)
			result = KERNEL_CALL(SYS_prctl, PR_SET_SPECULATION_CTRL, speculation_kinds[i],
					     PR_SPEC_FORCE_DISABLE);
		if (result < 0)
			return sandbox_step_done(plan, CALLGATE_GROUND_SPECULATION, result);
		lacking += wish == SPECULATION_LACKS;
		unknown += state < 0 && state != -ENODEV;
	}
	if (speculation_report(plan, lacking, unknown) || plan->sandbox->may_degrade & CALLGATE_GROUND_SPECULATION)
		return 0;
	return -ENXIO;
}
