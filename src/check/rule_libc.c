/*
 * It breaks good programs: an answer that libc does not expect, or no answer to what it cannot do without.
 */
#include "check/check.h"

#include <linux/seccomp.h>

/* A call that libc tries first, and what it falls back to when the answer is ENOSYS. */
static const struct fallback {
	const char *first;
	const char *older; /* NULL: libc goes on without */
	bool always;	   /* every program with threads, or every program, tries it: a kill breaks it too */
} fallbacks[] = {
	{ "clone3", "clone", true },
	{ "openat2", "openat" },
	{ "faccessat2", "faccessat" },
	{ "statx", "newfstatat" },
	{ "close_range", "close" },
	{ "rseq", NULL, true },
	{ "fchmodat2", "fchmodat" },
	{ "epoll_pwait2", "epoll_pwait" },
	{ "pidfd_open", NULL },
	{ "membarrier", NULL },
	{ "copy_file_range", "read" },
	{ "futex_waitv", "futex" },
	{ "mseal", NULL },
	{ "cachestat", NULL },
	{ "map_shadow_stack", NULL },
	{ "clock_gettime64", "clock_gettime" },
	{ "clock_nanosleep_time64", "clock_nanosleep" },
	{ "futex_time64", "futex" },
	{ "ppoll_time64", "ppoll" },
	{ "pselect6_time64", "pselect6" },
	{ "recvmmsg_time64", "recvmmsg" },
	{ "rt_sigtimedwait_time64", "rt_sigtimedwait" },
	{ "utimensat_time64", "utimensat" },
};

void check_fallback_broken(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < sizeof(fallbacks) / sizeof(*fallbacks); i++) {
			const struct fallback *row = &fallbacks[i];
			uint32_t first = check_syscall(check, arch, row->first), wrong;
			const struct abi_syscall *syscall = abi_syscall_by_name(row->first);

			/* What is newer than the policy is newer-refused's. */
			if (first == DIAGRAM_NONE || syscall->since > check->kernel)
				continue;
			if (row->older && !check_may_pass(check, check_syscall(check, arch, row->older)))
				continue;
			wrong = row->always ? diagram_not(check->diagram, check_reaches(check, first))
					    : check_is(check, first, SECCOMP_RET_ERRNO);
			wrong = diagram_and(check->diagram, wrong,
					    diagram_not(check->diagram, check_is_enosys(check, first)));
			check_report(check, arch, syscall, 0, wrong,
				     "%s is refused, and libc goes on with %s only on ENOSYS", row->first,
				     row->older ? row->older : "nothing in its place");
		}
	}
}

/* Reports each of these calls that is not let through, at once or after asking. */
static void report_refused(struct check *check, const char *const *names, bool enosys_will_do, const char *detail)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (const char *const *name = names; *name; name++) {
			uint32_t function = check_syscall(check, arch, *name), refused;

			if (function == DIAGRAM_NONE || abi_syscall_by_name(*name)->since > check->kernel)
				continue;
			refused = diagram_not(check->diagram, check_reaches(check, function));
			if (enosys_will_do)
				refused = diagram_and(check->diagram, refused,
						      diagram_not(check->diagram, check_is_enosys(check, function)));
			check_report(check, arch, abi_syscall_by_name(*name), 0, refused, "%s %s", *name, detail);
		}
	}
}

void check_cannot_exit(struct check *check)
{
	static const char *const names[] = {
		"exit_group", "exit", "rt_sigreturn", "sigreturn", "restart_syscall", NULL
	};

	report_refused(check, names, false, "is refused");
}

/* Wholly refused calls only: a condition that is too tight shows when the program runs. */
static void report_never(struct check *check, const char *const *names, const char *detail)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (const char *const *name = names; *name; name++) {
			uint32_t function = check_syscall(check, arch, *name), some;

			if (function == DIAGRAM_NONE)
				continue;
			some = diagram_or(check->diagram, check_reaches(check, function),
					  check_is_enosys(check, function));
			if (!check_overlap(check, some, some))
				check_report(check, arch, abi_syscall_by_name(*name), 0,
					     diagram_terminal(check->diagram, DIAGRAM_TRUE), "%s %s", *name, detail);
		}
	}
}

void check_libc_start(struct check *check)
{
	static const char *const names[] = { "brk",
					     "mmap",
					     "mprotect",
					     "munmap",
					     "openat",
					     "read",
					     "pread64",
					     "newfstatat",
					     "close",
					     "access",
					     "arch_prctl",
					     "set_tid_address",
					     "set_robust_list",
					     "prlimit64",
					     "getrandom",
					     NULL };

	report_never(check, names, "is refused, and glibc makes it before main");
}

void check_vdso_fallback(struct check *check)
{
	static const char *const names[] = { "clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu", NULL };

	report_never(check, names, "is refused, and the vDSO may have to ask the kernel");
}

/* Reports the first call of each arch that may get this action. */
static void report_action(struct check *check, uint32_t (*where)(struct check *check, uint32_t function),
			  const char *detail)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			uint32_t function = check->by_syscall[arch][i], here;

			if (function == DIAGRAM_NONE)
				continue;
			here = where(check, function);
			if (!check_overlap(check, here, here))
				continue;
			check_report(check, arch, abi_syscall_at(i), 0, here, "%s %s", abi_syscall_at(i)->name, detail);
			return;
		}
	}
}

static uint32_t where_errno(struct check *check, uint32_t function)
{
	return diagram_and(check->diagram, check_is(check, function, SECCOMP_RET_ERRNO),
			   diagram_not(check->diagram, check_is_enosys(check, function)));
}

static uint32_t where_errno_zero(struct check *check, uint32_t function)
{
	return check_is_value(check, function, SECCOMP_RET_ERRNO);
}

static uint32_t where_kill_thread(struct check *check, uint32_t function)
{
	return check_is(check, function, SECCOMP_RET_KILL_THREAD);
}

static uint32_t where_trap(struct check *check, uint32_t function)
{
	return check_is(check, function, SECCOMP_RET_TRAP);
}

void check_errno_silent(struct check *check)
{
	report_action(check, where_errno, "and maybe others are refused by errno");
}

void check_errno_zero(struct check *check)
{
	report_action(check, where_errno_zero, "is refused with errno 0");
}

void check_kill_thread(struct check *check)
{
	report_action(check, where_kill_thread, "and maybe others kill one thread");
}

void check_trap_unhandled(struct check *check)
{
	report_action(check, where_trap, "and maybe others raise SIGSYS");
}

void check_notify_uninterruptible(struct check *check)
{
	static const char *const names[] = { "close", "fork",	    "vfork",	    "clone", "clone3",
					     "exit",  "exit_group", "rt_sigreturn", NULL };

	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (const char *const *name = names; *name; name++) {
			uint32_t function = check_syscall(check, arch, *name);

			if (function != DIAGRAM_NONE)
				check_report(check, arch, abi_syscall_by_name(*name), 0,
					     check_is(check, function, SECCOMP_RET_USER_NOTIF), "%s is notified",
					     *name);
		}
	}
}

void check_continue_on_pointer(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			uint32_t function = check->by_syscall[arch][i];
			struct abi_arg args[6];
			unsigned count = abi_syscall_args(abi_syscall_at(i), arch, args);
			bool pointer = false;

			for (unsigned j = 0; j < count; j++)
				pointer |= args[j].kind == ABI_ARG_POINTER;
			if (function != DIAGRAM_NONE && pointer)
				check_report(check, arch, abi_syscall_at(i), 0,
					     check_is(check, function, SECCOMP_RET_USER_NOTIF),
					     "%s is notified and takes a pointer", abi_syscall_at(i)->name);
		}
	}
}
