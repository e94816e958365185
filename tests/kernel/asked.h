/*
 * asked.h - a child whose call of one number is asked of us, for the tests of supervisors
 */
#ifndef CALLGATE_TESTS_ASKED_H
#define CALLGATE_TESTS_ASKED_H

#include <stdbool.h>
#include <sys/types.h>

struct asked {
	pid_t pid;
	int listener; /* the only one: the child has closed its own */
};

/* Forks a child that exits with what act returns, once its calls of nr are notified; all others are allowed. */
struct asked asked_start(unsigned nr, int (*act)(void));

/* The same, in another way. */
struct asked_way {
	unsigned flags;	      /* SECCOMP_FILTER_FLAG_*, beside that of a listener */
	void (*before)(void); /* in the child, before it has its filter; or NULL */
};

struct asked asked_start_by(const struct asked_way *way, unsigned nr, int (*act)(void));

/* Waits for it: its exit status, or 128 and the signal; closes the listener, unless that is −1. */
int asked_end(struct asked *asked);

#endif
