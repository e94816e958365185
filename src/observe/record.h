/*
 * observe/record.h - runs a program and counts every call that it and all of its descendants make
 *
 * Two recorders see the same calls. NOTIFY: the kernel asks a listener about every call, and is told to go on
 * (SECCOMP_RET_USER_NOTIF with CONTINUE). TRACE: every call stops at a tracer (SECCOMP_RET_TRACE with ptrace), which is
 * slower, occupies the one tracer that a process can have, and works where a listener cannot be had: when we have one
 * above us already, or the target wants its own.
 *
 * The recording lasts until the target has ended, and with linger until the last of its descendants has; nothing of
 * the tree outlives it. What fails a recording ends the tree, and so does the recorder's own death. Signals that the
 * caller gets meanwhile go to the target (launch/watch.h). The launcher's execve is not recorded, every later one is.
 */
#ifndef CALLGATE_OBSERVE_RECORD_H
#define CALLGATE_OBSERVE_RECORD_H

#include "launch/launch.h"
#include "observe/evidence.h"

enum record_how { RECORD_AUTO, RECORD_NOTIFY, RECORD_TRACE };

enum { RECORD_PROCESSES_MAX = 1024 }; /* alive at once, unless the caller says otherwise */

struct record_spec {
	struct launch_spec launch; /* the program and its ground; filter, secret, listener and mask are filled in here */
	enum record_how how;
	size_t processes_max; /* alive at once; more fails the recording. 0: RECORD_PROCESSES_MAX */
	bool lingers;	      /* when the target has ended, wait for what it left running instead of killing it */
};

struct record_end {
	enum record_how how;   /* the recorder that was used */
	struct launch_end end; /* of the target itself */
	uint64_t broken_off;   /* calls that a signal broke off before NOTIFY received them, where some handler was
				  installed without SA_RESTART: they are not counted, and came again or gave EINTR */
	bool cut_off;	       /* what the target left running was killed: it might have made more calls */
};

/*
 * Records into evidence, which on failure holds a part. Fails as launch_spawn does, with E_LIMIT (too many processes,
 * programs, …), E_UNSUPPORTED (no recorder works here), E_OS, E_NOMEM.
 */
int record_run(struct record_spec *spec, struct evidence *evidence, struct record_end *ret_end,
	       struct callgate_error *err);

#endif
