/*
 * launch/hold.h - a start that is held back until something can be read from a descriptor (--block-fd)
 *
 * Whoever holds it back may never come, so the wait is the launcher's, who hears signals and has a clock: the target,
 * which blocks all signals until it is executed, knows of none of it.
 */
#ifndef CALLGATE_LAUNCH_HOLD_H
#define CALLGATE_LAUNCH_HOLD_H

#include "launch/launch.h"

/* What ended the wait before its time; zeroed: nothing did. */
struct hold_end {
	int signal; /* that asked us to end; 0: none did */
	bool late;  /* the sandbox's wall-time has passed */
};

/*
 * Waits as the sandbox says (NULL: not at all), between watch_begin, which blocks the signals that it takes, and
 * launch_finish. A start that has ended meanwhile (NULL: none has begun) is not waited for either: launch_finish tells
 * why it did. Fails with E_OS.
 */
int hold_await(const struct callgate_sandbox *sandbox, struct launch_start *start, struct hold_end *ret_end,
	       struct callgate_error *err);

#endif
