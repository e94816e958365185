/*
 * callgate/launch.h - a program started confined, and the ground under one that confines itself
 *
 * callgate_run prepares the ground (descriptors, environment, no_new_privs, session, death signal, core limit), loads
 * the filter last, executes the program through a door that only this one execve fits, and stays beside it until it
 * has ended.
 *
 * A program that sandboxes itself does the same by hand, once it has opened all that it needs:
 *
 *	callgate_descriptors_close(keep, count, &err);
 *	callgate_environment_clear(NULL, 0);
 *	callgate_filter_load(filter, CALLGATE_LOAD_THREADS, NULL, &err);
 */
#ifndef CALLGATE_LAUNCH_H
#define CALLGATE_LAUNCH_H

#include <callgate/backtrace.h>
#include <callgate/error.h>
#include <callgate/event.h>
#include <callgate/sandbox.h>
#include <callgate/subject.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a program says at the mark of a phase that stands `at marker` (callgate-policy(5)):
 * prctl(CALLGATE_MARKER, 0, 0, 0, 0). Under callgate_run the phase holds when it returns 0; alone it fails with EINVAL.
 */
#define CALLGATE_MARKER 0x43474d4b

/* Closes every descriptor of the process but 0, 1, 2 and those in keep. Fails with E_OS (EBADF: one to keep is not
 * open; then nothing was closed). */
CALLGATE_PUBLIC int callgate_descriptors_close(const int *keep, size_t keep_count, struct callgate_error *err);

/* Whether a variable is harmless to every program: PATH, HOME, USER, LOGNAME, SHELL, TERM, TZ, LANG, LC_*. */
CALLGATE_PUBLIC bool callgate_environment_is_safe(const char *name);

/* Takes every variable out of the process's environment but the safe ones and those whose names are in keep. Not while
 * other threads use the environment. */
CALLGATE_PUBLIC void callgate_environment_clear(const char *const *keep, size_t keep_count);

/* What stands between the target and the machine, in the order in which it is put up: bits of
 * callgate_run_report.enforced and .degraded. */
enum callgate_ground {
	CALLGATE_GROUND_ENVIRONMENT = 1 << 0,	/* only variables that are safe or were named */
	CALLGATE_GROUND_SESSION = 1 << 1,	/* a session of its own, without a controlling terminal */
	CALLGATE_GROUND_DEATH_SIGNAL = 1 << 2,	/* it is killed when the process that runs it ends */
	CALLGATE_GROUND_CORE_LIMIT = 1 << 3,	/* no core files */
	CALLGATE_GROUND_DESCRIPTORS = 1 << 4,	/* only 0, 1, 2 and those that were named */
	CALLGATE_GROUND_USER = 1 << 5,		/* namespaces of its own: users… */
	CALLGATE_GROUND_PID = 1 << 6,		/* …processes… */
	CALLGATE_GROUND_MOUNT = 1 << 7,		/* …mounts… */
	CALLGATE_GROUND_NET = 1 << 8,		/* …network… */
	CALLGATE_GROUND_IPC = 1 << 9,		/* …System V objects… */
	CALLGATE_GROUND_UTS = 1 << 10,		/* …host name… */
	CALLGATE_GROUND_CGROUP = 1 << 11,	/* …cgroups… */
	CALLGATE_GROUND_TIME = 1 << 12,		/* …clocks; degraded: only its children's (before Linux 6.3) */
	CALLGATE_GROUND_ROOT = 1 << 13,		/* a root of its own; what was there before is out of reach */
	CALLGATE_GROUND_LIMITS = 1 << 14,	/* resource limits */
	CALLGATE_GROUND_RESOURCES = 1 << 15,	/* memory, processes and CPUs by a control group; degraded: by
						   resource limits, which each process has for itself */
	CALLGATE_GROUND_CAPABILITIES = 1 << 16, /* none in any set but those that were named, for good; degraded: the
						   bounding set is full, which no_new_privs makes useless */
	CALLGATE_GROUND_KEYRING = 1 << 17,	/* a session keyring of its own */
	CALLGATE_GROUND_NO_NEW_PRIVS = 1 << 18, /* no exec gives it more rights */
	CALLGATE_GROUND_LANDLOCK = 1 << 19,	/* rules on paths, ports, abstract sockets and signals */
	CALLGATE_GROUND_WRITE_XOR_EXECUTE = 1 << 20, /* no memory is writable and executable */
	CALLGATE_GROUND_TSC = 1 << 21,		     /* no time stamp counter */
	CALLGATE_GROUND_CORE_SCHEDULING = 1 << 22,   /* no core shared with others at the same time */
	CALLGATE_GROUND_SPECULATION = 1 << 23, /* what of speculation is off stays off for good; degraded: only a part
						   of what was to be off can be */
	CALLGATE_GROUND_SECCOMP = 1 << 24,     /* the filter; degraded: what it refuses is only told */
};

/* "descriptors" of a single bit; NULL when there is no such bit. */
CALLGATE_PUBLIC const char *callgate_ground_name(unsigned ground);

/* What it gives a program, and how to get it where it is missing ("" where it cannot be); of a single bit. */
CALLGATE_PUBLIC const char *callgate_ground_meaning(unsigned ground);
CALLGATE_PUBLIC const char *callgate_ground_advice(unsigned ground);

/* Refusals that the kernel tells nobody of are asked of a supervisor beside the target, which gives the same answer. An
 * answer of ENOSYS is none: by it libc is told to take an older call. */
enum callgate_watch {
	CALLGATE_WATCH_ENDS,	/* only calls that end a process are seen, and cost nothing */
	CALLGATE_WATCH_REFUSED, /* those that fail with an errno too; and where the target cannot be traced, those that
				   end it, by SIGKILL from the supervisor */
	CALLGATE_WATCH_OBSERVE, /* whatever the policy refuses is told and carried out */
	CALLGATE_WATCH_STAGED,	/* what the policy refuses and `since` let pass is told and carried out; the rest is as
				   with WATCH_REFUSED */
};

struct callgate_run_options {
	const char *const *argv;		/* the program, its arguments, NULL */
	const char *const *environment;		/* the caller's own, ends in NULL: what the target's is chosen from */
	const struct callgate_sandbox *sandbox; /* what it gets and what stands around it, NULL: nothing was set */
	bool no_trace;				/* do not trace it: a refusal is then told as SIGSYS only */
	bool dry_run; /* prepare all of it, filter included, and end instead of executing the program */
	void (*started)(int pid, void *context); /* once it executes the program, or NULL */
	enum callgate_watch watch;
	const struct callgate_subject *since; /* STAGED: what held before */
	/*
	 * Of each refusal, or NULL; from any thread, never twice at a time. While one that SEEN_AT_EXIT is told, or
	 * that has registers, its thread is stopped or waits, and still has its memory.
	 */
	void (*refused)(const struct callgate_refusal *refusal, void *context);
	/* Refusals of a process that came faster than they could be told, and are not. NULL: they are only counted. */
	void (*suppressed)(const struct callgate_refusal *last_told, uint64_t count, void *context);
	unsigned sites_max; /* watched: of how many places in programs at once the first refusal is told with registers;
			       of one more each second */
	bool wants_edits;   /* fill .edit, which takes some milliseconds a kind of refusal */
	void *context;
};

/* What ended a target. */
enum callgate_limit {
	CALLGATE_LIMIT_NONE,
	CALLGATE_LIMIT_WALL_TIME,
	CALLGATE_LIMIT_CPU_TIME, /* that of all its processes, or RLIMIT_CPU of one */
	CALLGATE_LIMIT_MEMORY,	 /* the kernel ended a process for want of it, and the target by SIGKILL */
	CALLGATE_LIMIT_OUTPUT,	 /* standard output, or RLIMIT_FSIZE of a file */
};

/* "wall-time"; NULL for none. */
CALLGATE_PUBLIC const char *callgate_limit_name(enum callgate_limit limit);

/* Of the numbers of a control group in struct callgate_run_report: there was no group, or the kernel does not count it.
 */
#define CALLGATE_NOT_COUNTED UINT64_MAX

struct callgate_run_report {
	bool signalled; /* it was ended by the signal `status`; else `status` is its exit status */
	int status;
	int exit_status;  /* what a shell would see: the status, or 128 and the signal */
	uint64_t wall_ns; /* from exec to end */
	uint64_t user_us; /* CPU time of all its processes, whoever waited for them: the control group's count where
			     there is one; else of children whose parents ignore SIGCHLD no more than was seen of them */
	uint64_t system_us;
	uint64_t max_rss_kib; /* the most memory that the target or a child that it waited for held */
	enum callgate_limit limit;
	uint64_t group_peak_bytes; /* of all its processes at once: these are a control group's */
	uint64_t group_user_us;	   /* CPU time */
	uint64_t group_system_us;
	uint64_t throttled_us; /* it was held back for --cpus */
	uint64_t pids_peak;
	uint64_t pids_refused; /* forks that were refused for --pids */
	uint64_t oom_kills;    /* processes that were ended for --memory */
	uint64_t output_bytes; /* that it wrote to its standard output, where that is limited; else CALLGATE_NOT_COUNTED
				*/
	int output_error;      /* errno, when not all of them could be handed on (ENOSPC; EPIPE: nobody reads them any
				  more); 0 */
	unsigned enforced;     /* enum callgate_ground; what is in neither is absent */
	unsigned degraded;     /* of these only a weaker form is there */
	char weaker[512];      /* why layers that were asked for are degraded or absent, "" otherwise */
	bool traced;	       /* refusals can be told */
	char untraced[128];    /* why not, "" otherwise */
	unsigned refused;      /* how many calls ended a process; each was told to options->refused */
	uint64_t watched;      /* how many other refusals were told… */
	uint64_t suppressed;   /* …and how many came too fast for that */
};

/*
 * Runs a program under a subject's filter until it has ended, and kills what it leaves behind. The calling thread's
 * signals are held back meanwhile and handed on, and every child of the process that ends is waited for here: for a
 * process that does nothing else.
 *
 * *ret_report is filled when the program was started, however it ended. Fails with E_NOT_FOUND and E_NOT_EXECUTABLE
 * (about the program), E_UNCONFINED (a part of its confinement cannot be had: it was not started), E_UNSUPPORTED (the
 * filter asks a supervisor, and there is none), as callgate_subject_compile does, with E_OS and E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_run(const struct callgate_subject *subject, const struct callgate_run_options *options,
				 struct callgate_run_report *ret_report, struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
