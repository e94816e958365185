/*
 * launch/main_mark.h - the moment at which a program comes to its main
 *
 * A traced process that has executed a program is stopped at the program's entry, behind the dynamic linker and the
 * constructors of libraries, and watched from there until it hands its main on to the C library; then at main itself,
 * before its first instruction. It knows no C library by name, and needs no symbols: a program is its file's headers
 * and what its registers hold. What starts in another way has no main that is known.
 */
#ifndef CALLGATE_LAUNCH_MAIN_MARK_H
#define CALLGATE_LAUNCH_MAIN_MARK_H

#include "kernel/steer.h"

#include <callgate/error.h>

/* One process's way there. Zeroed: it is on none. A child that has a copy of its parent's memory has a copy of this. */
struct main_mark {
	struct steer_stop entry; /* the stop in its memory: at the entry… */
	struct steer_stop main;	 /* …or at main */
};

/* Of a process that stands behind an exec (TRACER_EXEC). Fails with E_UNSUPPORTED (no program of this machine, or one
 * that cannot be read), and then sets nothing. */
int main_mark_begin(pid_t pid, struct main_mark *ret_mark, struct callgate_error *err);

enum main_mark_step {
	MAIN_MARK_NOT_HERE, /* the signal is somebody else's */
	MAIN_MARK_COMING,   /* it was at its entry, and goes on to main */
	MAIN_MARK_REACHED,  /* it stands at main's first instruction; nothing is left in its memory */
	MAIN_MARK_LEFT,	    /* it stopped on the way for something else, or ended: do not let it go on, wait for that */
	MAIN_MARK_UNKNOWN,  /* it starts in a way that is not known, as err says; nothing is left in its memory */
};

/* Of a thread that is about to get SIGTRAP. */
enum main_mark_step main_mark_trapped(pid_t tid, struct main_mark *mark, struct callgate_error *err);

/* Whether what mark says of a process, which may run, still holds in its memory. */
bool main_mark_holds(pid_t pid, const struct main_mark *mark);

#endif
