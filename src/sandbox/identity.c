/*
 * Groups that are not given up are rights that no map shows: a file of theirs is open to the target still. So a target
 * that could not give them up is not started, but for one case: in a user namespace whose groups are denied (that of
 * `unshare -r`, of newgidmap(1) for whom it gave nothing, of a container without ranges of its own) nobody can, for
 * good, and everybody has the groups with which the namespace was made, as a user without rights has them.
 */
#include "sandbox/identity.h"

#include "kernel/call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <sys/prctl.h>

/* user_namespaces(7): "deny" or "allow", of the namespace that we are in. */
static bool groups_are_denied(void)
{
	char word = 0;
	long fd = KERNEL_CALL(SYS_openat, AT_FDCWD, "/proc/self/setgroups", O_RDONLY | O_CLOEXEC, 0);
	long got = fd < 0 ? fd : KERNEL_CALL(SYS_read, fd, &word, 1);

	if (fd >= 0)
		KERNEL_CALL(SYS_close, fd);
	return got == 1 && word == 'd';
}

long identity_take(const struct sandbox_plan *plan)
{
	long result = 0;

	if (plan->drop_groups)
		result = KERNEL_CALL(SYS_setgroups, plan->sandbox->groups.length, plan->sandbox->groups.items);
	if (result == -EPERM && !plan->sandbox->groups.length && groups_are_denied())
		result = 0;
	if (result == 0 && plan->set_ids)
		result = KERNEL_CALL(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
	if (result == 0 && plan->set_ids)
		result = KERNEL_CALL(SYS_setresgid, plan->gid, plan->gid, plan->gid);
	if (result == 0 && plan->set_ids)
		result = KERNEL_CALL(SYS_setresuid, plan->uid, plan->uid, plan->uid);
	return result;
}
