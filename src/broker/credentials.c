/*
 * Users, groups and capabilities belong to a thread; libc's functions change those of all threads, so the kernel is
 * asked here. What a thread takes off it must be able to put on again: the capabilities stay permitted, and only those
 * that are effective decide.
 */
#include "broker/credentials.h"

#include "base/cleanup.h"
#include "broker/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_BYTES = 16384 };

/* What stands behind "\nNAME:\t"; NULL when the kernel does not say it. */
static const char *field_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? at + strlen(name) : NULL;
}

static void parse_groups(const char *at, struct credentials *credentials)
{
	char *end;

	for (;;) {
		unsigned long group = strtoul(at, &end, 10);

		if (end == at || memchr(at, '\n', (size_t)(end - at)))
			return;
		if (credentials->group_count < CREDENTIALS_GROUPS_MAX)
			credentials->groups[credentials->group_count] = (gid_t)group;
		credentials->group_count++;
		at = end;
	}
}

/* The four of a user or group, in the kernel's order. */
struct ids {
	unsigned long real, effective, saved, file;
};

static struct ids parse_ids(const char *at)
{
	struct ids ids;
	char *end;

	ids.real = strtoul(at, &end, 10);
	ids.effective = strtoul(end, &end, 10);
	ids.saved = strtoul(end, &end, 10);
	ids.file = strtoul(end, &end, 10);
	return ids;
}

int credentials_parse(const char *text, struct credentials *ret_credentials)
{
	const char *process = field_of(text, "\nTgid:\t"), *parent = field_of(text, "\nPPid:\t");
	const char *users = field_of(text, "\nUid:\t"), *groups = field_of(text, "\nGid:\t");
	const char *others = field_of(text, "\nGroups:\t"), *effective = field_of(text, "\nCapEff:\t");
	const char *umask = field_of(text, "\nUmask:\t");
	struct credentials credentials = { 0 };
	struct ids user_ids, group_ids;

	if (!process || !parent || !users || !groups || !others || !effective)
		return EPERM;
	user_ids = parse_ids(users);
	group_ids = parse_ids(groups);
	credentials.process = (pid_t)strtol(process, NULL, 10);
	credentials.parent = (pid_t)strtol(parent, NULL, 10);
	credentials.real_user = (uid_t)user_ids.real;
	credentials.user = (uid_t)user_ids.effective;
	credentials.saved_user = (uid_t)user_ids.saved;
	credentials.file_user = (uid_t)user_ids.file;
	credentials.group = (gid_t)group_ids.effective;
	credentials.file_group = (gid_t)group_ids.file;
	credentials.capabilities = strtoull(effective, NULL, 16);
	credentials.umask = umask ? (mode_t)strtoul(umask, NULL, 8) : 077;
	parse_groups(others, &credentials);
	if (credentials.group_count > CREDENTIALS_GROUPS_MAX)
		return EPERM;
	*ret_credentials = credentials;
	return 0;
}

int credentials_read(struct callgate_notify_target *target, struct credentials *ret_credentials)
{
	char text[STATUS_BYTES];
	cleanup_fd int fd = -1;
	int error = callgate_notify_open(target, "status", O_RDONLY, &fd);
	ssize_t got;

	if (error)
		return error;
	got = read(fd, text, sizeof(text) - 1);
	/* It is opened: what it says is of this thread, or nothing when that has ended. */
	if (got <= 0)
		return ESRCH;
	text[got] = '\0';
	return credentials_parse(text, ret_credentials);
}

static int capabilities_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)syscall(SYS_capget, &header, data);
}

static bool capabilities_set(uint64_t effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (capabilities_get(data) < 0)
		return false;
	data[0].effective = data[0].permitted & (uint32_t)effective;
	data[1].effective = data[1].permitted & (uint32_t)(effective >> 32);
	return syscall(SYS_capset, &header, data) == 0;
}

static bool groups_are(const struct credentials *theirs, const struct credentials_saved *ours)
{
	return theirs->group_count == (size_t)ours->group_count &&
	       memcmp(theirs->groups, ours->groups, theirs->group_count * sizeof(gid_t)) == 0;
}

static void read_ours(struct credentials_saved *ours)
{
	ours->user = (uid_t)syscall(SYS_geteuid);
	ours->group = (gid_t)syscall(SYS_getegid);
	ours->file_user = (uid_t)syscall(SYS_setfsuid, -1);
	ours->file_group = (gid_t)syscall(SYS_setfsgid, -1);
	ours->group_count = (int)syscall(SYS_getgroups, CREDENTIALS_GROUPS_MAX, ours->groups);
}

/* The file system's follow the effective ones, and are set behind them. */
static bool become_group(gid_t group, gid_t file_group)
{
	if (syscall(SYS_setresgid, -1, group, -1) < 0)
		return false;
	syscall(SYS_setfsgid, file_group);
	return (gid_t)syscall(SYS_setfsgid, -1) == file_group;
}

/* Every change of user may give or take capabilities by itself: those that it takes are put on before each. */
static bool become_user(uid_t user, uid_t file_user, uint64_t capabilities)
{
	if (syscall(SYS_setresuid, -1, user, -1) < 0 || !capabilities_set(capabilities))
		return false;
	syscall(SYS_setfsuid, file_user);
	return (uid_t)syscall(SYS_setfsuid, -1) == file_user;
}

/* A supervisor that is not root, and was for a target that is, would be left without any capability. */
static bool keep_capabilities(void)
{
	static _Thread_local bool are_kept;

	are_kept = are_kept || prctl(PR_SET_KEEPCAPS, 1) == 0;
	return are_kept;
}

static int take_on(const struct credentials *theirs, uint64_t capabilities, const struct credentials_saved *ours)
{
	if (!keep_capabilities())
		return EPERM;
	if (!groups_are(theirs, ours) && syscall(SYS_setgroups, theirs->group_count, theirs->groups) < 0)
		return EPERM;
	if (!become_group(theirs->group, theirs->file_group) ||
	    !become_user(theirs->user, theirs->file_user, ours->capabilities))
		return EPERM;
	return capabilities_set(capabilities) ? 0 : EPERM;
}

static bool are_same(const struct credentials *theirs, uint64_t capabilities, const struct credentials_saved *ours)
{
	return theirs->user == ours->user && theirs->group == ours->group && theirs->file_user == ours->file_user &&
	       theirs->file_group == ours->file_group && groups_are(theirs, ours) &&
	       (ours->capabilities & ~capabilities) == 0;
}

int credentials_assume(struct callgate_notify_target *target, struct credentials_saved *ret_saved)
{
	/* One that has no capability gets none by itself. */
	static _Thread_local bool has_none;
	struct __user_cap_data_struct data[2] = { 0 };
	struct credentials theirs;
	uint64_t capabilities;
	int error;

	ret_saved->is_other = false;
	if (has_none)
		return 0;
	if (capabilities_get(data) < 0)
		return EPERM;
	ret_saved->capabilities = data[0].effective | (uint64_t)data[1].effective << 32;
	has_none = data[0].permitted == 0 && data[1].permitted == 0;
	if (has_none)
		return 0;
	error = credentials_read(target, &theirs);
	if (error)
		return error;
	/* In another user namespace they are worth nothing here. */
	capabilities = proc_shares_namespace(target, "user") ? theirs.capabilities : 0;
	read_ours(ret_saved);
	if (ret_saved->group_count < 0)
		return EPERM;
	ret_saved->is_other = !are_same(&theirs, capabilities, ret_saved);
	error = ret_saved->is_other ? take_on(&theirs, capabilities, ret_saved) : 0;
	return error ? error : callgate_notify_is_waiting(target) ? 0 : ESRCH;
}

/* A thread that cannot go back has less than it had: its next calls are refused. */
void credentials_restore(const struct credentials_saved *saved)
{
	if (!saved->is_other)
		return;
	capabilities_set(saved->capabilities);
	become_user(saved->user, saved->file_user, saved->capabilities);
	capabilities_set(saved->capabilities);
	become_group(saved->group, saved->file_group);
	syscall(SYS_setgroups, (size_t)saved->group_count, saved->groups);
}
