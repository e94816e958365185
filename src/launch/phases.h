/*
 * launch/phases.h - a policy's further parts, each stacked on a process when that comes to the part's mark
 *
 * Only a process itself can load a filter. So the target is traced from call to call until it has come to all marks
 * that are calls, and stopped at its main where that is one; at each it is made to load the filter, by a seccomp(2)
 * that its own rules need not allow: it passes by the launch secret. Then it runs at full speed. Every process comes to
 * its marks by itself; a child begins with what its parent carries.
 */
#ifndef CALLGATE_LAUNCH_PHASES_H
#define CALLGATE_LAUNCH_PHASES_H

#include "kernel/tracer.h"
#include "launch/main_mark.h"
#include "policy/policy.h"

#include <callgate/filter.h>
#include <callgate/subject.h>

struct phase_process;

struct phases {
	const struct callgate_subject *subject;
	struct policy views[POLICY_PHASES_MAX];		    /* the phases as policies */
	struct callgate_filter *filters[POLICY_PHASES_MAX]; /* owned */
	size_t count;
	unsigned at_main; /* which of them, a bit each, have main as their mark */
	uint64_t secret;
	struct phase_process *processes; /* owned */
	size_t process_count;
	bool no_memory;
	struct callgate_error err; /* why a filter could not be stacked; status CALLGATE_OK where that is not known */
};

/* Compiles the phases of a subject's policy; none where it has none. Fails as callgate_filter_compile does. */
int phases_prepare(struct phases *phases, const struct callgate_subject *subject, uint64_t secret,
		   struct callgate_error *err);
void phases_fini(struct phases *phases);

/* A thread enters a call. False when it stands at a mark and its process could not be made to load the filter: it must
 * not go on. */
bool phases_called(struct phases *phases, pid_t tid, const struct tracer_call *call);

/* A thread has executed a program, and stands before its first instruction. False when its main is a mark and cannot be
 * found: it must not go on. */
bool phases_executed(struct phases *phases, pid_t tid);

/* A thread, a new process's first or not, has been made: what it carries is noted while its parent is there. */
void phases_forked(struct phases *phases, pid_t tid);

/* A thread is about to get SIGTRAP: MAIN_MARK_UNKNOWN when it must not go on. At MAIN_MARK_REACHED it has loaded all
 * that is stacked there. */
enum main_mark_step phases_trapped(struct phases *phases, pid_t tid);

/* Whether a thread that stopped must be traced on, because main is a mark that its process has not come to. */
bool phases_hold(struct phases *phases, pid_t tid);

/* Whether its process has marks before it that are calls. */
bool phases_are_pending(struct phases *phases, pid_t tid);

/* The thread ends; of a process's first, what is known of the process is forgotten. */
void phases_exit(struct phases *phases, pid_t tid);

/* Of a phase that holds for this thread's process and ends it for the call: why. False when none does. */
bool phases_why(struct phases *phases, pid_t tid, const struct tracer_call *call, struct callgate_explanation *ret_why);

#endif
