/*
 * Five sets, two of which can only be emptied with a right of their own: in which order that is done is all there is to
 * know here. The bounding set takes a call a capability and nothing waits for it, so that it is emptied early, where
 * the target has to wait for its network anyway.
 */
#include "sandbox/capabilities.h"

#include "kernel/call.h"
#include "sandbox/enter.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#define CAPABILITY_LIMIT 64

/* The bounding set, and which capabilities exec may bring back; both take CAP_SETPCAP. */
static long bounding_drop(uint64_t keep)
{
	long result = 0;

	for (unsigned capability = 0; result == 0 && capability < CAPABILITY_LIMIT; capability++) {
		if (keep >> capability & 1)
			continue;
		result = KERNEL_CALL(SYS_prctl, PR_CAPBSET_DROP, capability);
		/* The first one that this kernel does not have is the end. */
		if (result == -EINVAL && capability > 0)
			return 0;
	}
	return result;
}

static bool may_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { 0 };

	return KERNEL_CALL(SYS_capget, &header, sets) < 0 || sets[0].effective >> CAP_SETPCAP & 1;
}

static long sets_set(uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];

	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(permitted >> (32 * i));

		sets[i] = (struct __user_cap_data_struct){ half, half, (uint32_t)(inheritable >> (32 * i)) };
	}
	return KERNEL_CALL(SYS_capset, &header, sets);
}

/* Those that stay are put where an exec leaves them, whoever the user is. */
static long ambient_raise(uint64_t keep)
{
	long result = KERNEL_CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);

	for (unsigned capability = 0; result == 0 && capability < CAPABILITY_LIMIT; capability++)
		if (keep >> capability & 1)
			result = KERNEL_CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
	return result;
}

#define SECUREBITS                                                                                       \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | \
	 SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

long capabilities_bound(struct sandbox_plan *plan)
{
	if (!(plan->wanted & CALLGATE_GROUND_CAPABILITIES))
		return 0;
	plan->may_bound = may_drop();
	plan->bounding = bounding_drop(plan->sandbox->capabilities);
	return 0;
}

long capabilities_confine(struct sandbox_plan *plan)
{
	uint64_t keep = plan->sandbox->capabilities;
	long result, bounding = plan->bounding;

	if (!(plan->wanted & CALLGATE_GROUND_CAPABILITIES))
		return 0;
	plan->step = PLAN_CAPABILITIES;
	/* The right to set securebits must last until they are set. */
	result = sets_set(keep | (bounding == 0 ? UINT64_C(1) << CAP_SETPCAP : 0), keep);
	if (result == 0)
		result = ambient_raise(keep);
	if (result == 0 && bounding == 0)
		result = KERNEL_CALL(SYS_prctl, PR_SET_SECUREBITS, SECUREBITS);
	if (result == 0)
		result = sets_set(keep, keep);
	/* Who may not take any from the bounding set needs none taken: no_new_privs keeps it from being of use. */
	if (result == 0 && bounding == -EPERM && !plan->may_bound) {
		plan->degraded |= CALLGATE_GROUND_CAPABILITIES;
		return 0;
	}
	return sandbox_step_done(plan, CALLGATE_GROUND_CAPABILITIES, result == 0 ? bounding : result);
}

long capabilities_give_up(void)
{
	return sets_set(0, 0);
}
