/*
 * callgate/learn.h - from a run of a program to a policy that allows what it did
 *
 * callgate_learn prepares the same ground as callgate_run, with a recorder where the filter would be: every call of the
 * program and of all that it starts is counted and carried out. What was seen becomes a policy, and the evidence for
 * it a file beside that policy, to which later runs can add theirs.
 */
#ifndef CALLGATE_LEARN_H
#define CALLGATE_LEARN_H

#include <callgate/error.h>
#include <callgate/launch.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How calls are seen. BPF counts them in the kernel, and takes CAP_BPF and CAP_PERFMON; TRACE stops the program at each
 * (ptrace); NOTIFY has the kernel ask a listener. AUTO takes the first of them, in this order, that works here.
 * STRACE and AUDIT start nothing: they read what strace, or the kernel's audit log, wrote of a run.
 */
enum callgate_recorder {
	CALLGATE_RECORDER_AUTO,
	CALLGATE_RECORDER_NOTIFY,
	CALLGATE_RECORDER_TRACE,
	CALLGATE_RECORDER_BPF,
	CALLGATE_RECORDER_STRACE,
	CALLGATE_RECORDER_AUDIT,
};

struct callgate_learn_options {
	struct callgate_run_options run; /* the program and its ground; refused and no_trace say nothing here */
	enum callgate_recorder recorder;
	size_t processes_max; /* alive at once, more fails the recording; 0: 1024 */
	const char *policy;   /* the file to write; its evidence goes to the same name with ".evidence" behind it, but
				 for a device and a pipe, which have none. NULL: none is written */
	bool append;	      /* add to the evidence that is there, and write what all runs need */
	int pid;	      /* instead of starting a program: this process and all that descends from it; 0: none */
	const char *cgroup;   /* instead: all that call from within this folder of cgroup 2; NULL: none */
	uint64_t for_ms;      /* of those two: so long; 0: until a signal interrupts, or the process ends */
	const char *const *logs; /* of STRACE and AUDIT: the files that they wrote, which are one recording; "-" is
				  * standard input; NULL at the end. NULL for all other recorders */
	bool results; /* what came of each call is wanted. BPF sees that anyway; TRACE then stops twice at each
		       * call; NOTIFY never does, and is not taken */
	bool mains;   /* where main begins of programs that are executed later, too. TRACE sees that anyway; BPF and
		       * NOTIFY   then trace all of them, so that none can trace another */
	bool phases;  /* write further parts: `phase running` of what came when main had begun, and `phase serving` of
		       * what came when a program first waited for work */
};

struct callgate_learn_report {
	bool signalled; /* the program was ended by the signal `status`; else `status` is its exit status */
	int status;
	int exit_status;		 /* what a shell would see: the status, or 128 and the signal */
	uint64_t wall_ns;		 /* from exec to end */
	enum callgate_recorder recorder; /* the one that was used */
	uint64_t calls;			 /* that were recorded */
	size_t programs;		 /* that made them */
	size_t syscalls;		 /* of different names */
	unsigned runs;			 /* that the policy is made of, this one included */
	size_t rules;			 /* of the policy */
	uint64_t broken_off; /* calls that a signal broke off before they were seen: the kernel made them again or, as a
				handler without SA_RESTART asks for, gave EINTR; TRACE knows none */
	uint64_t own_filters; /* filters that the program loaded itself, whose refusals were not seen */
	bool cut_off; /* what the program left running was killed, or a log ends before its programs do: what they would
		       * have done is not known */
	struct callgate_error no_main; /* why main of some program was not seen to begin; status CALLGATE_OK: none was
					* missed. What was seen later is then not known to come behind it */
	struct callgate_error passed_over; /* why AUTO did not take BPF; its status is CALLGATE_OK when it did */
	uint64_t untold; /* calls of a log of which an argument could not be understood: its value is not known */
	struct callgate_error
		first_untold; /* the first of those, and where it stands; status CALLGATE_OK: there is none */
	bool untimed;	      /* the times of a log are words, which are not read: when its calls came is not known */
	bool was_tracer; /* TRACE, or mains, refused the program what it asked of ptrace: a process has one tracer */
};

/* What a program did in this run. */
struct callgate_learned_call {
	const char *program; /* the path of what was executed, "?" where that could not be read */
	const char *syscall; /* "openat"; "syscall_4242" for a number that no table has */
	uint64_t count;
};

struct callgate_learned;

/*
 * Runs the program, or attaches to what runs, and writes policy and evidence when it has ended, each whole or not at
 * all. As callgate_run does, it hands signals on and waits for every child of the process. What it attaches to is left
 * as it was; SIGINT, SIGTERM, SIGHUP and SIGQUIT then end the recording, which alone BPF can make.
 *
 * *ret_learned is the caller's, for callgate_learned_free. Fails as callgate_run does about the program; with E_LIMIT
 * (too many processes or programs), E_UNSUPPORTED (no recorder works, or the program wants the listener for itself),
 * E_SYNTAX and E_UNKNOWN (the evidence to add to; a log that cannot be read, or shows that calls are lost), E_INVALID
 * (a log that tells of no call, or that the evidence holds already), E_OS (a file cannot be written), E_NOMEM. Nothing
 * of the program is left running, and no file is changed then.
 */
CALLGATE_OBSERVING int callgate_learn(const struct callgate_learn_options *options,
				      struct callgate_learned **ret_learned, struct callgate_learn_report *ret_report,
				      struct callgate_error *err);

/* One a program and syscall, in no order; the strings live as long as learned. */
CALLGATE_OBSERVING size_t callgate_learned_count(const struct callgate_learned *learned);
CALLGATE_OBSERVING void callgate_learned_call(const struct callgate_learned *learned, size_t index,
					      struct callgate_learned_call *ret_call);

/* The policy's text, which ends in NUL. */
CALLGATE_OBSERVING const char *callgate_learned_policy(const struct callgate_learned *learned);

CALLGATE_OBSERVING void callgate_learned_free(struct callgate_learned *learned);

#ifdef __cplusplus
}
#endif

#endif
