/*
 * observe/mains.h - which processes of a recording are on their way to main, and when one gets there
 *
 * Whoever watches the target asks it at every exec, at every fork and at SIGTRAP (launch/watch.h). A process stands in
 * it from its exec until its main begins; where lets_go is set, nothing of it is traced from then on.
 */
#ifndef CALLGATE_OBSERVE_MAINS_H
#define CALLGATE_OBSERVE_MAINS_H

#include "launch/main_mark.h"

struct mains_process;

struct mains {
	struct mains_process *processes; /* owned */
	size_t count;
	bool lets_go;
	bool began; /* the target has executed its program */
	struct callgate_error
		unknown; /* why the first program whose main is not known is so; status CALLGATE_OK: none */
};

void mains_fini(struct mains *mains);

/* A process has executed a program. */
void mains_executed(struct mains *mains, pid_t pid);

/* A thread was made, or a process: that has a copy of its parent's memory. */
void mains_forked(struct mains *mains, pid_t tid);

/* A thread is about to get SIGTRAP. MAIN_MARK_REACHED: main of *ret_pid begins. It goes on as after launch/main_mark.h;
 * at MAIN_MARK_UNKNOWN too, which is no more than a mark that is missing. */
enum main_mark_step mains_trapped(struct mains *mains, pid_t tid, pid_t *ret_pid);

/* Whether a traced thread that stopped is to be traced on. */
bool mains_hold(const struct mains *mains, pid_t tid);

/* A thread ends. */
void mains_exit(struct mains *mains, pid_t tid);

#endif
