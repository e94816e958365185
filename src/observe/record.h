/*
 * observe/record.h - runs a program and counts every call that it and all of its descendants make
 *
 * Three recorders see the same calls. BPF: the kernel counts them itself (observe/calls.h); it is the fastest by far,
 * the target does not feel it, and it takes privilege. TRACE: every call stops at a tracer (SECCOMP_RET_TRACE with
 * ptrace), which occupies the one tracer that a process can have. NOTIFY: the kernel asks a listener about every call,
 * and is told to go on (SECCOMP_RET_USER_NOTIF with CONTINUE): it is no tracer, but a signal can break off a call before
 * it is received, which a target that wants EINTR feels. AUTO takes the first of them, in this order, that works here.
 *
 * The recording lasts until the target has ended, and with linger until the last of its descendants has; nothing of
 * the tree outlives it. What fails a recording ends the tree, and so does the recorder's own death, but for BPF: there
 * the target alone ends with it, and what that had started goes on, since nothing holds it. Signals that the
 * caller gets meanwhile go to the target (launch/watch.h). The launcher's execve is not recorded, every later one is.
 */
#ifndef CALLGATE_OBSERVE_RECORD_H
#define CALLGATE_OBSERVE_RECORD_H

#include "launch/launch.h"
#include "observe/evidence.h"

enum record_how { RECORD_AUTO, RECORD_BPF, RECORD_NOTIFY, RECORD_TRACE };

extern const char *const record_how_names[]; /* "auto", "bpf", … */

enum { RECORD_PROCESSES_MAX = 1024 }; /* alive at once, unless the caller says otherwise */

struct record_spec {
	struct launch_spec launch; /* the program and its ground; filter, secret, listener and mask are filled in here */
	enum record_how how;
	size_t processes_max; /* alive at once; more fails the recording. 0: RECORD_PROCESSES_MAX */
	bool results;	      /* what came of each call is wanted: TRACE has it by a second stop, NOTIFY never */
	bool mains;	      /* main of later programs is wanted, too: BPF and NOTIFY then trace all, as TRACE does */
	bool lingers;	      /* when the target has ended, wait for what it left running instead of killing it */
};

struct record_end {
	enum record_how how;		   /* the recorder that was used */
	struct callgate_error passed_over; /* why AUTO did not take BPF; status is CALLGATE_OK when it did */
	struct launch_end end;		   /* of the target itself */
	struct callgate_error
		no_main;     /* why main of some program was not seen; status is CALLGATE_OK when none was missed */
	uint64_t broken_off; /* calls that a signal broke off before NOTIFY received them, where some handler was
				installed without SA_RESTART: they are not counted, and came again or gave EINTR */
	bool was_tracer;     /* TRACE, or mains, refused the target what it asked of ptrace: a process has one tracer */
	bool cut_off;	     /* what the target left running was killed: it might have made more calls */
};

/*
 * Records into evidence, which on failure holds a part. Fails as launch_spawn does, with E_LIMIT (too many processes,
 * programs, …), E_UNSUPPORTED (no recorder works here), E_OS, E_NOMEM.
 */
int record_run(struct record_spec *spec, struct evidence *evidence, struct record_end *ret_end,
	       struct callgate_error *err);

#endif
