/*
 * The order is the argument: what needs rights comes before the rights are dropped, what names paths before the root
 * changes or after it, and nothing that was opened on the way outlives the exec.
 */
#include "sandbox/enter.h"

#include "kernel/call.h"
#include "kernel/futex.h"
#include "sandbox/capabilities.h"
#include "sandbox/identity.h"
#include "sandbox/landlock.h"
#include "sandbox/root.h"
#include "sandbox/speculation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <linux/stat.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KERNEL_SIGSET_SIZE 8

/* What the first process of a pid namespace is called in there, in place of the launcher's name. */
#define INIT_NAME "callgate-init"

/* What older headers lack. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static bool has(const struct sandbox_plan *plan, unsigned namespace)
{
	return plan->namespaces & namespace;
}

long sandbox_step_done(struct sandbox_plan *plan, enum callgate_ground layer, long result)
{
	if (result >= 0)
		return 0;
	if ((plan->sandbox->may_degrade & layer) != layer)
		return result;
	plan->absent |= layer;
	return 0;
}

void sandbox_await_maps(struct sandbox_plan *plan)
{
	futex_await(&plan->maps_written);
}

bool sandbox_is_orphan(const struct sandbox_plan *plan)
{
	struct pollfd launcher = { .fd = plan->launcher, .events = POLLIN };
	struct timespec now = { 0 };

	return plan->launcher >= 0 && KERNEL_CALL(SYS_ppoll, &launcher, 1, &now, 0, 0) != 0;
}

/* First, while the descriptors are those of whoever opened them; a namespace of control groups begins where we are. */
static long enter_group(struct sandbox_plan *plan)
{
	long result = 0;

	if (!plan->group)
		return 0;
	plan->step = PLAN_GROUP;
	for (size_t i = 0; result >= 0 && i < plan->group->procs_count; i++)
		result = KERNEL_CALL(SYS_write, plan->group->procs[i], "0", 1);
	if (result >= 0 && has(plan, CLONE_NEWCGROUP))
		result = KERNEL_CALL(SYS_unshare, CLONE_NEWCGROUP);
	return result < 0 ? result : 0;
}

struct own_namespace {
	unsigned flag;
	enum plan_step step;
	enum callgate_ground layer;
};

static const struct own_namespace own_namespaces[] = {
	{ CLONE_NEWTIME, PLAN_TIME, CALLGATE_GROUND_TIME },
	{ CLONE_NEWNET, PLAN_NETWORK, CALLGATE_GROUND_NET },
};

long sandbox_own_namespaces(struct sandbox_plan *plan)
{
	long result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(own_namespaces) / sizeof(*own_namespaces); i++) {
		const struct own_namespace *own = &own_namespaces[i];

		if (!has(plan, own->flag) || plan->own & own->flag)
			continue;
		if (own->flag == CLONE_NEWNET && plan->init_connects)
			continue;
		plan->step = own->step;
		result = KERNEL_CALL(SYS_unshare, own->flag);
		plan->own |= result == 0 ? own->flag : 0;
		result = sandbox_step_done(plan, own->layer, result);
	}
	return result;
}

long sandbox_identity(struct sandbox_plan *plan)
{
	long result = enter_group(plan);

	if (result == 0)
		result = sandbox_own_namespaces(plan);
	if (result < 0)
		return result;
	plan->step = PLAN_IDENTITY;
	sandbox_await_maps(plan);
	return identity_take(plan);
}

static long enter_root(struct sandbox_plan *plan)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	long result;

	if (!has(plan, CLONE_NEWNS))
		return 0;
	plan->step = PLAN_PRIVATE;
	result = KERNEL_CALL(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private));
	if (result < 0)
		return sandbox_step_done(plan, CALLGATE_GROUND_MOUNT | (plan->own_root ? CALLGATE_GROUND_ROOT : 0),
					 result);
	return plan->own_root ? sandbox_step_done(plan, CALLGATE_GROUND_ROOT, root_enter(plan)) : 0;
}

static long loopback_start(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	long fd = KERNEL_CALL(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	/* A kernel without IPv4 has no loopback to start. */
	if (fd == -EAFNOSUPPORT)
		return 0;
	result = fd < 0 ? fd : KERNEL_CALL(SYS_ioctl, fd, SIOCSIFFLAGS, &request);
	if (fd >= 0)
		KERNEL_CALL(SYS_close, fd);
	return result;
}

/* The first process's, whom only those of its namespace know by this number. */
static long network_join(void)
{
	long fd = KERNEL_CALL(SYS_pidfd_open, 1, 0);
	long result = fd < 0 ? fd : KERNEL_CALL(SYS_setns, fd, CLONE_NEWNET);

	if (fd >= 0)
		KERNEL_CALL(SYS_close, fd);
	return result;
}

/* Where the first process may not be asked for its network, each has one of its own, and both are empty. */
static long enter_network(struct sandbox_plan *plan)
{
	long result;

	if (!plan->init_connects)
		return 0;
	plan->step = PLAN_NETWORK;
	futex_await(&plan->network_made);
	result = plan->network_error;
	if (result == 0 && network_join() < 0) {
		result = KERNEL_CALL(SYS_unshare, CLONE_NEWNET);
		plan->own |= result == 0 ? CLONE_NEWNET : 0;
	}
	return sandbox_step_done(plan, CALLGATE_GROUND_NET, result);
}

static long enter_loopback(struct sandbox_plan *plan)
{
	if (!(plan->own & CLONE_NEWNET))
		return 0;
	plan->step = PLAN_LOOPBACK;
	return sandbox_step_done(plan, CALLGATE_GROUND_NET, loopback_start());
}

static long enter_hostname(struct sandbox_plan *plan)
{
	const char *name = plan->sandbox->hostname;

	if (!name || !has(plan, CLONE_NEWUTS))
		return 0;
	plan->step = PLAN_HOSTNAME;
	return sandbox_step_done(plan, CALLGATE_GROUND_UTS, KERNEL_CALL(SYS_sethostname, name, strlen(name)));
}

static long limit_raise(const struct plan_limit *limit)
{
	struct rlimit now = { 0 };
	long result = KERNEL_CALL(SYS_prlimit64, 0, limit->resource, 0, &now);

	if (result < 0 || limit->limit.rlim_max <= now.rlim_max)
		return result;
	now.rlim_max = limit->limit.rlim_max;
	return KERNEL_CALL(SYS_prlimit64, 0, limit->resource, &now, 0);
}

static long limit_set(const struct plan_limit *limit)
{
	return KERNEL_CALL(SYS_prlimit64, 0, limit->resource, &limit->limit, 0);
}

static long enter_each_limit(struct sandbox_plan *plan, long (*change)(const struct plan_limit *limit))
{
	long result = 0;

	plan->step = PLAN_LIMIT;
	for (size_t i = 0; result == 0 && i < plan->limit_count; i++) {
		plan->index = i;
		result = sandbox_step_done(plan, CALLGATE_GROUND_LIMITS, change(&plan->limits[i]));
	}
	return result;
}

/* As far as it takes rights, while they are there. */
static long enter_limits(struct sandbox_plan *plan)
{
	return enter_each_limit(plan, limit_raise);
}

long sandbox_limit(struct sandbox_plan *plan)
{
	return enter_each_limit(plan, limit_set);
}

static long enter_keyring(struct sandbox_plan *plan)
{
	long result;

	if (!(plan->wanted & CALLGATE_GROUND_KEYRING))
		return 0;
	plan->step = PLAN_KEYRING;
	result = KERNEL_CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
	return sandbox_step_done(plan, CALLGATE_GROUND_KEYRING, result);
}

/* Each on the way that is missing, as the target's user. */
static long make_folders(const char *path)
{
	char folder[PATH_MAX];
	size_t length = 0;
	long result = 0;

	while (result == 0 && path[length]) {
		length += strspn(path + length, "/");
		length += strcspn(path + length, "/");
		if (length >= sizeof(folder))
			return -ENAMETOOLONG;
		memcpy(folder, path, length);
		folder[length] = '\0';
		result = KERNEL_CALL(SYS_mkdirat, AT_FDCWD, folder, 0755);
		/* What is there says so, or that nothing can be made beside it. */
		if (result == -EEXIST || (result == -EROFS && KERNEL_CALL(SYS_faccessat, AT_FDCWD, folder, 0) == 0))
			result = 0;
	}
	return result;
}

/* Not through /proc/self/fd, where descriptors that are still open would lead out of the new root. */
static long enter_folder(struct sandbox_plan *plan)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
	long fd, result;

	if (!plan->folder)
		return 0;
	plan->step = PLAN_FOLDER;
	fd = KERNEL_CALL(SYS_openat2, AT_FDCWD, plan->folder, &how, sizeof(how));
	if (fd == -ENOENT && plan->sandbox->make_folder) {
		result = make_folders(plan->folder);
		if (result < 0)
			return result;
		fd = KERNEL_CALL(SYS_openat2, AT_FDCWD, plan->folder, &how, sizeof(how));
	}
	result = fd < 0 ? fd : KERNEL_CALL(SYS_fchdir, fd);
	if (fd >= 0)
		KERNEL_CALL(SYS_close, fd);
	return result < 0 && !plan->folder_must_be ? KERNEL_CALL(SYS_chdir, "/") : result;
}

/* 0, or the errno of why it cannot be executed; a folder of PATH that may not be searched holds no program. */
static long program_try(const char *path, bool searched)
{
	struct statx status = { 0 };
	long result = KERNEL_CALL(SYS_statx, AT_FDCWD, path, 0, STATX_TYPE, &status);

	if (result < 0)
		return searched && result == -EACCES ? -ENOENT : result;
	if (S_ISDIR(status.stx_mode))
		return -EISDIR;
	if (!S_ISREG(status.stx_mode))
		return -EACCES;
	return KERNEL_CALL(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS);
}

long sandbox_find_program(struct sandbox_plan *plan)
{
	bool searched = plan->programs && plan->programs[0] && plan->programs[1];
	long result = -ENOENT;

	if (!plan->programs)
		return 0;
	plan->step = PLAN_PROGRAM;
	for (const char *const *path = plan->programs; *path; path++) {
		long tried = program_try(*path, searched);

		if (tried == 0) {
			plan->program = *path;
			return 0;
		}
		if (!searched || (tried != -ENOENT && tried != -ENOTDIR && tried != -EISDIR))
			result = tried;
	}
	return result;
}

/* Behind all that we make ourselves. */
static long enter_umask(struct sandbox_plan *plan)
{
	if (plan->sandbox->umask >= 0)
		KERNEL_CALL(SYS_umask, plan->sandbox->umask);
	return 0;
}

static long (*const enter_steps[])(struct sandbox_plan *plan) = {
	enter_root,   capabilities_bound, enter_network, enter_loopback, enter_hostname,
	enter_limits, enter_keyring,	  enter_folder,	 enter_umask,
};

static long run_steps(struct sandbox_plan *plan, long (*const *steps)(struct sandbox_plan *plan), size_t count)
{
	long result = 0;

	for (size_t i = 0; result == 0 && i < count; i++)
		result = steps[i](plan);
	return result;
}

long sandbox_enter(struct sandbox_plan *plan)
{
	return run_steps(plan, enter_steps, sizeof(enter_steps) / sizeof(*enter_steps));
}

static long confine_landlock(struct sandbox_plan *plan)
{
	long result;

	if (!plan->landlock || plan->lost & CALLGATE_GROUND_LANDLOCK)
		return 0;
	plan->step = PLAN_LANDLOCK;
	if (landlock_stands_in(plan))
		plan->degraded |= CALLGATE_GROUND_ROOT;
	if (landlock_stands_in_for_net(plan))
		plan->degraded |= CALLGATE_GROUND_NET;
	result = landlock_enter(plan);
	/* A path that is not there is no kernel without Landlock. */
	return plan->step == PLAN_PATH ? result : sandbox_step_done(plan, CALLGATE_GROUND_LANDLOCK, result);
}

/* /proc/self/mem writes where the process itself may not, and no filter sees which file that is; and whoever sees the
 * machine's own files finds one to write and to map. */
static bool can_write_past_protection(const struct sandbox_plan *plan)
{
	long fd = KERNEL_CALL(SYS_openat, AT_FDCWD, "/proc/self/mem", O_WRONLY | O_CLOEXEC, 0);

	if (fd >= 0)
		KERNEL_CALL(SYS_close, fd);
	return fd >= 0 || !plan->own_root;
}

static long confine_memory(struct sandbox_plan *plan)
{
	long result;

	if (!plan->sandbox->write_xor_execute)
		return 0;
	plan->step = PLAN_WRITE_XOR_EXECUTE;
	if (can_write_past_protection(plan))
		plan->degraded |= CALLGATE_GROUND_WRITE_XOR_EXECUTE;
	result = KERNEL_CALL(SYS_prctl, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN);
	return sandbox_step_done(plan, CALLGATE_GROUND_WRITE_XOR_EXECUTE, result);
}

static long confine_clock(struct sandbox_plan *plan)
{
	if (!plan->sandbox->no_tsc)
		return 0;
	plan->step = PLAN_TSC;
	return sandbox_step_done(plan, CALLGATE_GROUND_TSC, KERNEL_CALL(SYS_prctl, PR_SET_TSC, PR_TSC_SIGSEGV));
}

static long confine_cores(struct sandbox_plan *plan)
{
	if (!plan->sandbox->core_scheduling)
		return 0;
	plan->step = PLAN_CORE_SCHEDULING;
	return sandbox_step_done(plan, CALLGATE_GROUND_CORE_SCHEDULING,
				 KERNEL_CALL(SYS_prctl, PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0,
					     PR_SCHED_CORE_SCOPE_THREAD_GROUP, 0));
}

/* What the first process has of ours must outlast it, and we may be gone after the exec. */
static long confine_await_init(struct sandbox_plan *plan)
{
	if (plan->init_shares)
		futex_await(&plan->init_ready);
	return 0;
}

static long (*const confine_steps[])(struct sandbox_plan *plan) = {
	confine_landlock,    confine_memory,	   confine_clock,      confine_cores,
	speculation_confine, capabilities_confine, confine_await_init,
};

long sandbox_confine(struct sandbox_plan *plan)
{
	return run_steps(plan, confine_steps, sizeof(confine_steps) / sizeof(*confine_steps));
}

long sandbox_hold(struct sandbox_plan *plan, const int *fds, size_t count)
{
	if (!plan->own_root || !plan->landlock || plan->lost & CALLGATE_GROUND_LANDLOCK)
		return 0;
	plan->step = PLAN_LANDLOCK;
	return sandbox_step_done(plan, CALLGATE_GROUND_LANDLOCK, landlock_hold(plan, fds, count));
}

/* Every other process of the namespace has ended; zombies count until their parents looked. */
static bool init_is_alone(void)
{
	return KERNEL_CALL(SYS_kill, -1, 0) == -ESRCH;
}

static void __attribute__((noreturn)) init_exit(int status)
{
	for (;;)
		KERNEL_CALL(SYS_exit_group, status);
}

/* It takes as long as all the rest, so it is made beside that. The loopback is what the target would start, too. */
static void init_connect(struct sandbox_plan *plan)
{
	long result;

	if (!plan->init_connects)
		return;
	result = KERNEL_CALL(SYS_unshare, CLONE_NEWNET);
	if (result == 0)
		result = loopback_start();
	plan->network_error = (int)result;
	futex_set(&plan->network_made);
}

static void init_reap(void)
{
	while (KERNEL_CALL(SYS_wait4, -1, 0, WNOHANG | __WALL, 0) > 0)
		;
}

/*
 * All that is left, whatever it forks meanwhile: a fork that SIGKILL comes upon does not happen. The kernel would do as
 * much when we end, but then nobody knows what they used.
 */
static void __attribute__((noreturn)) init_end(void)
{
	bool is_alone = init_is_alone();

	if (!is_alone)
		KERNEL_CALL(SYS_kill, -1, SIGKILL);
	while (KERNEL_CALL(SYS_wait4, -1, 0, __WALL, 0) > 0)
		;
	init_exit(is_alone ? 0 : 1);
}

/*
 * It holds nothing: no descriptor, no right, no memory that others may look into. All signals are blocked, and it takes
 * the three that it knows one by one; but for SIGKILL of the launcher's, none can end it.
 */
void sandbox_init_main(struct sandbox_plan *plan)
{
	uint64_t known = 1ULL << (SIGCHLD - 1) | 1ULL << (INIT_AWAIT_REST - 1) | 1ULL << (INIT_END - 1);
	bool awaits = false;
	long result;

	KERNEL_CALL(SYS_prctl, PR_SET_NAME, INIT_NAME);
	init_connect(plan);
	/* Not into the target's control group: the launcher, whose memory this may be, must not be killed for that
	 * one's. */
	result = identity_take(plan);
	if (result == 0)
		result = capabilities_give_up();
	plan->init_error = (int)result;
	if (result < 0)
		init_exit(2);
	if (KERNEL_CALL(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) < 0 || sandbox_is_orphan(plan))
		init_exit(2);
	if (KERNEL_CALL(SYS_chdir, "/") < 0 || KERNEL_CALL(SYS_close_range, 0, UINT_MAX, 0) < 0)
		init_exit(2);
	futex_set(&plan->init_ready);
	for (;;) {
		long signal = KERNEL_CALL(SYS_rt_sigtimedwait, &known, 0, 0, KERNEL_SIGSET_SIZE);

		init_reap();
		awaits = awaits || signal == INIT_AWAIT_REST;
		if (signal == INIT_END || (awaits && init_is_alone()))
			init_end();
	}
}
