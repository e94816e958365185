/*
 * launch/launch.h - starts a program under limits and a filter, and tells how it ended
 *
 * The target is cloned, and prepares itself in this order: death signal, identity, session, ground, core limit, folder,
 * no_new_privs, rights, descriptors, program, filter, exec. Its own execve is let through by a random secret in the
 *sixth argument, which execve does not use (docs/launching.md tells why nothing else passes that way). A step that
 *fails fails the whole: a target never runs less confined than was asked.
 *
 *	cleanup(launch_environment_fini) struct launch_environment environment = {0};
 *	struct launch_spec spec = { .argv = argv, .envp = …, .insns = insns, .insn_count = n, .secret = secret };
 *	struct launch_target target;
 *
 *	if (launch_spawn(&spec, &target, err) == CALLGATE_OK)
 *		launch_wait(&target, &end, err);
 */
#ifndef CALLGATE_LAUNCH_LAUNCH_H
#define CALLGATE_LAUNCH_LAUNCH_H

#include <callgate/error.h>

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct launch_spec {
	const char *const *argv; /* the program as the user named it, its arguments, NULL */
	const char *const *envp; /* its whole environment; PATH in it is where the program is looked for */
	const char *folder;	 /* its working directory, NULL for ours */
	const int *keep_fds;	 /* descriptors that it gets beside 0, 1 and 2; all others are closed */
	size_t keep_fd_count;
	struct sock_filter *insns; /* the filter, its launch door included; wiped before exec. NULL: none */
	size_t insn_count;
	unsigned filter_flags; /* SECCOMP_FILTER_FLAG_*, without NEW_LISTENER */
	uint64_t secret;       /* what the filter's launch door asks for; wiped before exec */
	bool want_listener;    /* load with a listener, which launch_target then holds */
	bool new_session;      /* setsid: no terminal to push characters into, a process group of its own */
	bool die_with_parent;  /* SIGKILL when the thread that called launch_spawn ends */
	bool no_core;	       /* RLIMIT_CORE 0 */
	bool hide_launcher; /* PR_SET_DUMPABLE 0 for us, before it runs: our memory is not for our own user to write */
	const sigset_t *signal_mask; /* what it blocks, NULL: what we do */
	bool trace;		     /* ptrace it and all that it forks, so that a refusal can be told; see watch.h */
	bool trace_execs;	     /* with trace: stop it when it has executed a program */
	bool trace_calls;	     /* with trace: stop it at every call that its filter answers with trace; where
				      * tracing is refused, nothing is started and E_UNSUPPORTED returned */
	const struct callgate_sandbox *sandbox; /* what else stands around it, NULL: nothing */
	int output;				/* a descriptor that becomes its standard output; 0: it has ours */
	bool dry_run;				/* end it instead of the exec; launch_target then has no process */
	bool gated; /* between launch_begin and launch_finish it holds no descriptor of ours, and is given them then */
};

struct launch_target {
	pid_t pid;	      /* ours to wait for */
	int pidfd;	      /* close-on-exec; −1 when absent */
	int listener;	      /* close-on-exec; −1 unless asked for */
	bool traced;	      /* whether tracing was asked for and granted */
	uint64_t started_ns;  /* CLOCK_MONOTONIC just before its filter was loaded and its program executed */
	struct cgroup *group; /* that it is in, ours to free; NULL: none */
	pid_t init;	  /* the first process of its pid namespace, a child of ours too; 0: there is none. It may share
			     our memory: whoever kills by memory must not find it among the target's */
	void *init_stack; /* of CLONE_STACK_SIZE, which it runs on then; NULL */
	unsigned enforced; /* enum callgate_ground: what of the sandbox stands… */
	unsigned degraded; /* …and of that, what stands only in part */
	char weaker[512];  /* what is missing of it, "" when nothing is */
};

/* One that holds nothing, which launch_target_fini leaves alone. */
#define LAUNCH_TARGET_NONE ((struct launch_target){ .pidfd = -1, .listener = -1 })

struct launch_end {
	bool signalled; /* ended by a signal, which is status; else status is its exit status, 0 to 255 */
	int status;
	uint64_t wall_ns; /* from started_ns to the end */
	uint64_t user_us; /* CPU time of the target and of those of its children that it waited for */
	uint64_t system_us;
	uint64_t max_rss_kib; /* the most memory that one of these processes held */
};

/*
 * Starts the program. *ret_target is the caller's, for launch_wait and launch_target_fini; on failure no process is
 * left. spec->insns and spec->secret are wiped in any case.
 *
 * Fails with E_NOT_FOUND (no such program), E_NOT_EXECUTABLE (it is there and cannot be executed), E_UNCONFINED (a
 * step of its confinement failed, which the message names), as kernel_filter_load does, with E_OS and E_NOMEM.
 */
int launch_spawn(struct launch_spec *spec, struct launch_target *ret_target, struct callgate_error *err);

/*
 * The same in two parts, between which the target prepares itself and the caller does other things, for as long as it
 * likes. launch_begin needs of the spec its ground: sandbox, folder, session, death signal, core limit, hide_launcher,
 * want_listener, gated and the signal mask; without `gated` also what is kept open, and output. launch_finish takes
 * the start in any case and looks at all else.
 *
 * launch_begin fails as launch_spawn does where the ground cannot be had, and leaves the filter alone; what the target
 * itself finds missing is told by launch_finish.
 */
struct launch_start;
int launch_begin(const struct launch_spec *spec, struct launch_start **ret_start, struct callgate_error *err);
int launch_finish(struct launch_start *start_take, struct launch_spec *spec, struct launch_target *ret_target,
		  struct callgate_error *err);

/* Whether it lives and has come to where it waits for launch_finish. */
bool launch_start_waits(struct launch_start *start);

/* Whether it was killed while it waited. One that could not make its ground is not dead: launch_finish says why. */
bool launch_start_is_dead(struct launch_start *start);

/* Whether a child of ours is one of its processes; waits until all of them are there. */
bool launch_start_has(struct launch_start *start, pid_t pid);

/* Whether it has ended, of whatever. */
bool launch_start_has_ended(struct launch_start *start);

/* Kills it, and nothing is left of it. */
void launch_start_free(struct launch_start *start);

/* Waits for a target's end; only for one that is not traced. Its children, if it left any, live on. */
int launch_wait(struct launch_target *target, struct launch_end *ret_end, struct callgate_error *err);

/* Kills the target if it still runs, reaps it, closes the descriptors. It is LAUNCH_TARGET_NONE then. */
void launch_target_fini(struct launch_target *target);

/* For whoever waits himself: the end as wait4(2) told it, of a target that started at started_ns. */
void launch_end_from_status(int status, const struct rusage *usage, uint64_t started_ns, struct launch_end *ret_end);

/* What a shell would make of it: the status, or 128 and the signal. */
int launch_end_status(const struct launch_end *end);

/* A secret from the kernel's generator, in which no word is 0. Fails with E_OS. */
int launch_secret(uint64_t *ret_secret, struct callgate_error *err);

#endif
