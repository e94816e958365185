/*
 * trap/handler.h - the handler of SIGSYS, in the process that is confined
 *
 * It is one for the process: a signal's handler is given no argument of ours. Once it is armed nothing of it changes.
 */
#ifndef CALLGATE_TRAP_HANDLER_H
#define CALLGATE_TRAP_HANDLER_H

#include "notify/question.h"

#include <callgate/error.h>

/* What the filter's trap says to the handler, as SECCOMP_RET_DATA; any other number is a rule's own. */
enum {
	TRAP_ASK = 0xca11,   /* put it to the supervisor */
	TRAP_LOCAL = 0xca12, /* a call that could take the handler away */
};

/* A `how` that there is none of: with it rt_sigprocmask looks at memory and does nothing. */
#define TRAP_PROBE 99u

/* With this as its sixth argument, which it does not have, rt_sigaction is the handler's own. It keeps no secret: it
 * only tells a loop's end. */
#define TRAP_OWN_CALL 0xca11ca11u

struct trap_entry {
	int door;	/* descriptor of the supervisor's socket, in this process; the channels' follow it */
	int last_error; /* what calls get when the supervisor is gone: an errno, 0 for death */
};

/* Arms it, for the whole process, and lets SIGSYS through in this thread. Fails with E_INVALID (it is armed), E_OS. */
int trap_arm(const struct trap_entry *entry, struct callgate_error *err);

#endif
