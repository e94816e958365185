/*
 * The target's own part: all that has to happen in the process that becomes it. It runs on borrowed memory, since its
 * parent's is neither copied nor locked out: so only raw system calls, nothing owned, nothing allocated, and its
 * report is a store that the parent reads.
 *
 * Once the filter is loaded a single system call is sure to pass, execve with the secret. The secret is therefore
 * taken into a register, and it and the program that holds it are wiped from memory, before the call is made. And a
 * child whose exec failed cannot count on exit_group: it may be refused, or be asked of a listener that nobody holds
 * yet. An undefined instruction ends it in any case.
 */
#include "launch/child.h"

#include "kernel/call.h"
#include "kernel/futex.h"
#include "kernel/load.h"
#include "launch/descriptors.h"
#include "launch/gate.h"
#include "sandbox/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

/* The kernel's sigset: one bit a signal. */
#define KERNEL_SIGSET_SIZE 8
#define KERNEL_SIGNAL_MAX  64

/* rt_sigaction's own struct, which libc's differs from. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* Handlers are the parent's code: here they would run on its memory. Ignored signals stay ignored, as over exec. */
static long child_signals(struct child *child)
{
	for (int signal = 1; child->reset_handlers && signal <= KERNEL_SIGNAL_MAX; signal++) {
		struct kernel_sigaction action = { .handler = SIG_DFL };
		struct kernel_sigaction old = { 0 };

		if (KERNEL_CALL(SYS_rt_sigaction, signal, 0, &old, KERNEL_SIGSET_SIZE) < 0 || old.handler == SIG_IGN ||
		    old.handler == SIG_DFL)
			continue;
		KERNEL_CALL(SYS_rt_sigaction, signal, &action, 0, KERNEL_SIGSET_SIZE);
	}
	return 0;
}

static long child_session(struct child *child)
{
	long result = child->spec->new_session ? KERNEL_CALL(SYS_setsid) : 0;

	return result < 0 ? result : 0;
}

static long child_death_signal(struct child *child)
{
	long result;

	if (!child->spec->die_with_parent)
		return 0;
	result = KERNEL_CALL(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	/* A parent that ended before this was armed sends no signal any more; from a pid namespace it has no number. */
	if (result == 0 && child->plan && child->plan->launcher >= 0)
		return sandbox_is_orphan(child->plan) ? -ESRCH : 0;
	return result == 0 && KERNEL_CALL(SYS_getppid) != child->parent ? -ESRCH : result;
}

/* Another user's process must be armed once more. */
static long child_identity(struct child *child)
{
	long result = child->plan ? sandbox_identity(child->plan) : 0;

	return result == 0 && child->plan ? child_death_signal(child) : result;
}

static long child_enter(struct child *child)
{
	return child->plan ? sandbox_enter(child->plan) : 0;
}

static long child_confine(struct child *child)
{
	return child->plan ? sandbox_confine(child->plan) : 0;
}

static long child_core_limit(struct child *child)
{
	struct rlimit none = { 0, 0 };

	return child->spec->no_core ? KERNEL_CALL(SYS_prlimit64, 0, RLIMIT_CORE, &none, 0) : 0;
}

static long child_folder(struct child *child)
{
	return child->folder_fd >= 0 ? KERNEL_CALL(SYS_fchdir, child->folder_fd) : 0;
}

/* What came through the gate is what was to be kept. */
static long child_keep(struct child *child)
{
	if (child->gate >= 0)
		return 0;
	if (child->spec->output) {
		long result = KERNEL_CALL(SYS_dup3, child->spec->output, 1, 0);

		if (result < 0)
			return result;
	}
	for (size_t i = 0; i < child->spec->keep_fd_count; i++) {
		long result = KERNEL_CALL(SYS_fcntl, child->spec->keep_fds[i], F_SETFD, 0);

		if (result < 0)
			return result;
	}
	return 0;
}

static long child_close(struct child *child)
{
	return descriptors_close_others(child->open_fds, child->open_fd_count);
}

static long child_hold(struct child *child)
{
	return child->plan ? sandbox_hold(child->plan, child->open_fds, child->open_fd_count) : 0;
}

static long child_mask(struct child *child)
{
	return KERNEL_CALL(SYS_rt_sigprocmask, SIG_SETMASK, child->mask, 0, KERNEL_SIGSET_SIZE);
}

static long child_no_new_privs(struct child *child)
{
	return kernel_no_new_privs_set();
}

/* Nobody knows how long it waits: whatever it holds meanwhile is missed elsewhere. */
static long child_gate(struct child *child)
{
	long result;

	if (child->gate < 0)
		return 0;
	result = descriptors_close_others(&child->gate, 1);
	if (result < 0)
		return result;
	futex_set(&child->arrived);
	return gate_receive(child->gate);
}

/* What is to be executed is known then, with which filter; and the tracer, if one is wanted, is there before it can
 * kill. */
static long child_await_go(struct child *child)
{
	if (child->gate < 0)
		futex_set(&child->arrived);
	futex_await(&child->go);
	return 0;
}

static long child_program(struct child *child)
{
	return child->plan ? sandbox_find_program(child->plan) : 0;
}

/* Set where hardly anything of ours can fall over them. */
static long child_limits(struct child *child)
{
	return child->plan ? sandbox_limit(child->plan) : 0;
}

/* The flag is the memory's, which is the launcher's as long as we share it; exec gives us another. */
static long child_hide_launcher(struct child *child)
{
	return child->spec->hide_launcher ? KERNEL_CALL(SYS_prctl, PR_SET_DUMPABLE, 0) : 0;
}

static long child_guard(struct child *child)
{
	return child->guard ? kernel_filter_load_raw(child->guard, child->guard_count, 0) : 0;
}

static long child_filter(struct child *child)
{
	struct launch_spec *spec = child->spec;
	struct timespec now = { 0 };
	int result;

	KERNEL_CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	child->started_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (!spec->insns)
		return 0;
	result = kernel_filter_load_raw(spec->insns, spec->insn_count,
					spec->filter_flags |
						(spec->want_listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0));
	if (result >= 0 && spec->want_listener)
		child->listener = result;
	return result < 0 ? result : 0;
}

static long child_exec(struct child *child)
{
	struct launch_spec *spec = child->spec;
	const char *path = child->path ? child->path : child->plan->program;
	long secret = (long)spec->secret;

	explicit_bzero(&spec->secret, sizeof(spec->secret));
	if (spec->insns)
		explicit_bzero(spec->insns, spec->insn_count * sizeof(*spec->insns));
	if (spec->dry_run)
		return -ECANCELED;
	return KERNEL_CALL(SYS_execve, path, spec->argv, spec->envp, 0, 0, secret);
}

static long (*const child_steps[CHILD_STEP_COUNT])(struct child *child) = {
	[CHILD_SIGNALS] = child_signals,   [CHILD_DEATH_SIGNAL] = child_death_signal,
	[CHILD_IDENTITY] = child_identity, [CHILD_SESSION] = child_session,
	[CHILD_ENTER] = child_enter,	   [CHILD_CORE_LIMIT] = child_core_limit,
	[CHILD_FOLDER] = child_folder,	   [CHILD_NO_NEW_PRIVS] = child_no_new_privs,
	[CHILD_CONFINE] = child_confine,   [CHILD_GATE] = child_gate,
	[CHILD_KEEP] = child_keep,	   [CHILD_CLOSE] = child_close,
	[CHILD_HOLD] = child_hold,	   [CHILD_MASK] = child_mask,
	[CHILD_AWAIT_GO] = child_await_go, [CHILD_PROGRAM] = child_program,
	[CHILD_LIMITS] = child_limits,	   [CHILD_HIDE_LAUNCHER] = child_hide_launcher,
	[CHILD_GUARD] = child_guard,	   [CHILD_FILTER] = child_filter,
	[CHILD_EXEC] = child_exec,
};

void CHILD_ATTRIBUTES child_main(struct child *child)
{
	for (int step = 0; step < CHILD_STEP_COUNT; step++) {
		long result;

		child->step = step;
		result = child_steps[step](child);
		if (result < 0) {
			child->error = (int)result;
			break;
		}
	}
	if (child->step < CHILD_FILTER || !child->spec->insns)
		KERNEL_CALL(SYS_exit_group, 127);
	for (;;)
		__builtin_trap();
}
