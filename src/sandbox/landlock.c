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

static long landlock_add_path(int ruleset, const char *path, enum sandbox_access access, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access_rights[access] & handled };
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

bool landlock_stands_in(const struct sandbox_plan *plan)
{
	return plan->landlock && plan->wanted & (plan->lost | plan->absent) & CALLGATE_GROUND_ROOT;
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

static long landlock_fill(const struct sandbox_plan *plan, int ruleset, uint64_t handled)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	long result = 0;

	for (size_t i = 0; result == 0 && i < sandbox->paths.length; i++)
		result = landlock_add_path(ruleset, sandbox->paths.items[i].path, sandbox->paths.items[i].access,
					   handled);
	for (size_t i = 0; result == 0 && landlock_stands_in(plan) && i < plan->mount_count; i++)
		result = landlock_add_mount(ruleset, &plan->mounts[i], handled);
	if (result == 0)
		result = landlock_add_ports(ruleset, &sandbox->connect_ports, ACCESS_NET_CONNECT_TCP);
	if (result == 0)
		result = landlock_add_ports(ruleset, &sandbox->bind_ports, ACCESS_NET_BIND_TCP);
	return result == 0 ? KERNEL_CALL(SYS_landlock_restrict_self, ruleset, 0) : result;
}

long landlock_enter(const struct sandbox_plan *plan)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	const struct landlock_abi *abi =
		&landlock_abis[plan->landlock < LANDLOCK_ABI_LAST ? plan->landlock : LANDLOCK_ABI_LAST];
	struct ruleset handled = {
		.files = sandbox->paths.length || landlock_stands_in(plan) ? abi->files : 0,
		.net = (sandbox->connect_ports.length ? ACCESS_NET_CONNECT_TCP : 0) |
		       (sandbox->bind_ports.length ? ACCESS_NET_BIND_TCP : 0),
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
