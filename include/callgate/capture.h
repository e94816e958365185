/*
 * callgate/capture.h - the filters that a program loads, caught as it loads them
 *
 * The kernel hands out the filters of a process to the privileged only. Whoever starts a program may watch it load
 * them: it is traced, with everything that it starts, and stopped at every call, which takes its time and changes
 * nothing.
 */
#ifndef CALLGATE_CAPTURE_H
#define CALLGATE_CAPTURE_H

#include <callgate/error.h>

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_capture_options {
	const char *const *argv;	/* the program, its arguments, NULL */
	const char *const *environment; /* the program's, ends in NULL; PATH in it is where the program is looked for */
	size_t enough;			/* end the program when so many different filters were caught; 0: let it run */
	bool lingers;			/* when it has ended, wait for what it left running instead of killing it */
};

/* A filter that the kernel took. Strings and instructions live as long as what was captured. */
struct callgate_captured_filter {
	const char *program;		 /* the path of what was executed, "?" where that could not be read */
	int pid;			 /* the thread that loaded it first */
	bool strict;			 /* strict mode was switched on; there is no program */
	unsigned flags;			 /* SECCOMP_FILTER_FLAG_*, as it was loaded first */
	const struct sock_filter *insns; /* in this machine's byte order */
	size_t length;
	size_t count; /* how often this program loaded it */
};

struct callgate_captured;

struct callgate_capture_report {
	bool signalled; /* the program was ended by the signal `status`; else `status` is its exit status */
	int status;
	bool ended_by_us; /* there were enough */
	uint64_t refused; /* attempts that the kernel refused, with a program that could be read */
};

/*
 * Runs a program until it has ended, with no_new_privs (a setuid program gains nothing), and catches the filters that
 * it and everything that it starts load. It carries one filter for that, which allows every call; its standard
 * descriptors are the caller's. As callgate_run does, it hands signals on and waits for every child of the process.
 *
 * *ret_captured is the caller's, for callgate_captured_free. Fails with E_NOT_FOUND and E_NOT_EXECUTABLE (about the
 * program), E_UNSUPPORTED (it may not be traced), E_OS, E_NOMEM. Nothing of
 * the program is left running then.
 */
CALLGATE_PUBLIC int callgate_capture(const struct callgate_capture_options *options,
				     struct callgate_captured **ret_captured,
				     struct callgate_capture_report *ret_report, struct callgate_error *err);

/* In the order in which they were loaded first. */
CALLGATE_PUBLIC size_t callgate_captured_count(const struct callgate_captured *captured);
CALLGATE_PUBLIC const struct callgate_captured_filter *callgate_captured_at(const struct callgate_captured *captured,
									    size_t index);
CALLGATE_PUBLIC void callgate_captured_free(struct callgate_captured *captured);

#ifdef __cplusplus
}
#endif

#endif
