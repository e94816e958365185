/*
 * Landlock knows more with every kernel, and a ruleset that names what this one does not know is refused. So there is a
 * ladder: what is handled is what was asked for, cut to what the running ABI has.
 */
#include "sandbox/landlock.h"

#include "kernel/call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <unistd.h>

/* What older headers lack. */
#define ACCESS_FS_TRUNCATE     (UINT64_C(1) << 14)
#define ACCESS_FS_IOCTL_DEV    (UINT64_C(1) << 15)
#define ACCESS_NET_BIND_TCP    (UINT64_C(1) << 0)
#define ACCESS_NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX    (UINT64_C(1) << 0)
#define SCOPE_SIGNAL	       (UINT64_C(1) << 1)
#define RULE_NET_PORT	       2

/* struct landlock_ruleset_attr of ABI 6. */
struct ruleset {
	uint64_t files, net, scopes;
};

struct net_rule {
	uint64_t access, port;
};

/* What each ABI brought: the accesses to files, and how much of struct ruleset there is. */
struct landlock_abi {
	uint64_t files;
	size_t ruleset_size;
};

static const struct landlock_abi landlock_abis[] = {
	{ 0, 0 },
	{ LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1, 8 },
	{ LANDLOCK_ACCESS_FS_REFER * 2 - 1, 8 },
	{ ACCESS_FS_TRUNCATE * 2 - 1, 8 },
	{ ACCESS_FS_TRUNCATE * 2 - 1, 16 },
	{ ACCESS_FS_IOCTL_DEV * 2 - 1, 16 },
	{ ACCESS_FS_IOCTL_DEV * 2 - 1, 24 },
};
#define LANDLOCK_ABI_LAST (int)(sizeof(landlock_abis) / sizeof(*landlock_abis) - 1)

#define READ	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define EXECUTE LANDLOCK_ACCESS_FS_EXECUTE
/* Devices and sockets are made by nobody who is confined. */
#define WRITE                                                                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |             \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                   \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | ACCESS_FS_TRUNCATE | \
	 ACCESS_FS_IOCTL_DEV)
/* What of it a file can have that is no folder. */
#define OF_A_FILE                                                                                    \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
	 ACCESS_FS_TRUNCATE | ACCESS_FS_IOCTL_DEV)

static const uint64_t access_rights[] = {
	[SANDBOX_RO] = READ,
	[SANDBOX_ROX] = READ | EXECUTE,
	[SANDBOX_RW] = READ | WRITE,
	[SANDBOX_RWX] = READ | WRITE | EXECUTE,
};

static long landlock_add_rights(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct statx status = { 0 };
	long fd = KERNEL_CALL(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
	long result = fd < 0 ? fd : KERNEL_CALL(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);

	if (result == 0) {
		if (!S_ISDIR(status.stx_mode))
			rule.allowed_access &= OF_A_FILE;
		rule.parent_fd = (int)fd;
		result = KERNEL_CALL(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	if (fd >= 0)
		KERNEL_CALL(SYS_close, fd);
	return result;
}

static long landlock_add_path(int ruleset, const char *path, enum sandbox_access access, uint64_t handled)
{
	return landlock_add_rights(ruleset, path, access_rights[access] & handled);
}

bool landlock_stands_in(const struct sandbox_plan *plan)
{
	return plan->landlock && plan->wanted & (plan->lost | plan->absent) & CALLGATE_GROUND_ROOT;
}

bool landlock_stands_in_for_net(const struct sandbox_plan *plan)
{
	return plan->landlock >= LANDLOCK_ABI_TCP && plan->wanted & (plan->lost | plan->absent) & CALLGATE_GROUND_NET;
}

static long landlock_add_mount(int ruleset, const struct plan_mount *mount, uint64_t handled)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom" };
	long result = 0;

	switch (mount->kind) {
	case SANDBOX_RO_BIND:
	case SANDBOX_RO_BIND_TRY:
		return landlock_add_path(ruleset, mount->source, SANDBOX_ROX, handled);
	case SANDBOX_BIND:
	case SANDBOX_BIND_TRY:
	case SANDBOX_DEV_BIND:
		return landlock_add_path(ruleset, mount->source, SANDBOX_RWX, handled);
	case SANDBOX_PROC:
		return landlock_add_path(ruleset, "/proc", SANDBOX_RO, handled);
	case SANDBOX_DEV:
		for (size_t i = 0; result == 0 && i < sizeof(devices) / sizeof(*devices); i++)
			result = landlock_add_path(ruleset, devices[i], SANDBOX_RW, handled);
		return result;
	default:
		/* What would be new is not there, and nothing may be done in its place. */
		return 0;
	}
}

static long landlock_add_ports(int ruleset, const struct sandbox_numbers *ports, uint64_t access)
{
	long result = 0;

	for (size_t i = 0; result == 0 && i < ports->length; i++) {
		struct net_rule rule = { access, (uint64_t)ports->items[i] };

		result = KERNEL_CALL(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0);
	}
	return result;
}

static long landlock_fill(struct sandbox_plan *plan, int ruleset, uint64_t handled)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	long result = 0;

	for (size_t i = 0; i < sandbox->paths.length; i++) {
		plan->index = i;
		result = landlock_add_path(ruleset, sandbox->paths.items[i].path, sandbox->paths.items[i].access,
					   handled);
		if (result < 0) {
			plan->step = PLAN_PATH;
			return result;
		}
	}
	for (size_t i = 0; result == 0 && landlock_stands_in(plan) && i < plan->mount_count; i++)
		result = landlock_add_mount(ruleset, &plan->mounts[i], handled);
	if (result == 0)
		result = landlock_add_ports(ruleset, &sandbox->connect_ports, ACCESS_NET_CONNECT_TCP);
	if (result == 0)
		result = landlock_add_ports(ruleset, &sandbox->bind_ports, ACCESS_NET_BIND_TCP);
	return result == 0 ? KERNEL_CALL(SYS_landlock_restrict_self, ruleset, 0) : result;
}

static const struct landlock_abi *landlock_abi_of(const struct sandbox_plan *plan)
{
	return &landlock_abis[plan->landlock < LANDLOCK_ABI_LAST ? plan->landlock : LANDLOCK_ABI_LAST];
}

/* What is handled and has no rule is refused. */
static uint64_t landlock_handled_net(const struct sandbox_plan *plan)
{
	bool all = landlock_stands_in_for_net(plan);

	return (all || plan->sandbox->connect_ports.length ? ACCESS_NET_CONNECT_TCP : 0) |
	       (all || plan->sandbox->bind_ports.length ? ACCESS_NET_BIND_TCP : 0);
}

long landlock_enter(struct sandbox_plan *plan)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	const struct landlock_abi *abi = landlock_abi_of(plan);
	struct ruleset handled = {
		.files = sandbox->paths.length || landlock_stands_in(plan) ? abi->files : 0,
		.net = landlock_handled_net(plan),
		.scopes = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL,
	};
	bool scopes = abi->ruleset_size == sizeof(handled);
	long ruleset, result;

	if (!handled.files && !handled.net && !scopes)
		return 0;
	ruleset = KERNEL_CALL(SYS_landlock_create_ruleset, &handled, abi->ruleset_size, 0);
	if (ruleset < 0)
		return ruleset;
	result = landlock_fill(plan, (int)ruleset, handled.files);
	KERNEL_CALL(SYS_close, ruleset);
	return result;
}

/* What is on a file system of somebody's, and could be opened for more than the descriptor is open for. */
static bool landlock_is_file(uint16_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISBLK(mode);
}

static long landlock_type(int fd, uint16_t *ret_mode)
{
	struct statx status = { 0 };
	long result = KERNEL_CALL(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);

	*ret_mode = status.stx_mode;
	return result;
}

/* A folder that was named, or a place without any right, was handed on for what can be done with it. */
static uint64_t landlock_rights_of(int fd, uint16_t mode, long flags)
{
	uint64_t rights = ACCESS_FS_IOCTL_DEV;

	if (fd > STDERR_FILENO && (S_ISDIR(mode) || flags & O_PATH))
		return access_rights[SANDBOX_RWX];
	if ((flags & O_ACCMODE) != O_WRONLY)
		rights |= READ | EXECUTE;
	if ((flags & O_ACCMODE) != O_RDONLY)
		rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE;
	return rights;
}

/* Pipes, sockets and memory without a name are no files of anybody's: they have no rule, and need none. */
static long landlock_add_descriptor(int ruleset, int fd, uint64_t handled, bool *held)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	long flags = KERNEL_CALL(SYS_fcntl, fd, F_GETFL, 0);
	uint16_t mode;
	long result;

	/* Nothing says that the first three are open. */
	if (flags < 0 || landlock_type(fd, &mode) < 0)
		return 0;
	rule.allowed_access =
		landlock_rights_of(fd, mode, flags) & handled & (S_ISDIR(mode) ? ~UINT64_C(0) : OF_A_FILE);
	result = KERNEL_CALL(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	*held |= result == 0 && landlock_is_file(mode);
	return result == -EBADFD ? 0 : result;
}

static bool landlock_is_written(const struct plan_mount *mount)
{
	switch (mount->kind) {
	case SANDBOX_BIND:
	case SANDBOX_BIND_TRY:
	case SANDBOX_DEV_BIND:
	case SANDBOX_TMPFS:
	case SANDBOX_PROC:
	case SANDBOX_DEV:
	case SANDBOX_OVERLAY:
	case SANDBOX_TMP_OVERLAY:
		return true;
	default:
		return false;
	}
}

/* Rules are of folders, and not of mounts: where the root is one of outside, what can only be read in it is not written
 * by way of a descriptor either. */
static long landlock_add_root(const struct sandbox_plan *plan, int ruleset, uint64_t handled)
{
	const struct plan_mount *root = NULL;
	long result;

	for (size_t i = 0; i < plan->mount_count; i++)
		if (plan->mounts[i].dest[0] == '/' && !plan->mounts[i].dest[1])
			root = &plan->mounts[i];
	if (!root || landlock_is_written(root))
		return landlock_add_rights(ruleset, "/", handled);
	result = landlock_add_rights(ruleset, "/", (READ | EXECUTE | ACCESS_FS_IOCTL_DEV) & handled);
	for (size_t i = 0; result == 0 && i < plan->mount_count; i++) {
		if (landlock_is_written(&plan->mounts[i]))
			result = landlock_add_rights(ruleset, plan->mounts[i].dest, handled);
		/* A source that may be missing, or a place that its user cannot come to: one rule less. */
		if (result == -ENOENT || result == -EACCES)
			result = 0;
	}
	return result;
}

static bool landlock_has_file(const int *fds, size_t count)
{
	uint16_t mode;

	for (size_t i = 0; i < count; i++)
		if (landlock_type(fds[i], &mode) == 0 && landlock_is_file(mode))
			return true;
	return false;
}

long landlock_hold(const struct sandbox_plan *plan, const int *fds, size_t count)
{
	const struct landlock_abi *abi = landlock_abi_of(plan);
	struct ruleset handled = { .files = abi->files };
	bool held = false;
	long ruleset, result;

	if (!plan->landlock || !landlock_has_file(fds, count))
		return 0;
	ruleset = KERNEL_CALL(SYS_landlock_create_ruleset, &handled, abi->ruleset_size, 0);
	if (ruleset < 0)
		return ruleset;
	result = landlock_add_root(plan, (int)ruleset, handled.files);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = landlock_add_descriptor((int)ruleset, fds[i], handled.files, &held);
	if (result == 0 && held)
		result = KERNEL_CALL(SYS_landlock_restrict_self, ruleset, 0);
	KERNEL_CALL(SYS_close, ruleset);
	return result;
}
