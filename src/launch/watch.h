/*
 * launch/watch.h - stays beside a target until it has ended, and leaves nothing of it behind
 *
 * The watcher hands on the signals that it gets, sees which call was refused when the target or one of its children
 * dies of SIGSYS, and in the end kills what the target left running. It takes the whole process for itself: every
 * child that ends meanwhile is waited for here.
 */
#ifndef CALLGATE_LAUNCH_WATCH_H
#define CALLGATE_LAUNCH_WATCH_H

#include "kernel/tracer.h"
#include "launch/launch.h"

#include <signal.h>
#include <sys/resource.h>

enum watch_trap {
	WATCH_DELIVER, /* it is the target's */
	WATCH_GO_ON,   /* without it */
	WATCH_WAIT,    /* the thread has a further stop or its end to tell: it must not go on */

};

struct watch {
	struct launch_target *target;
	bool is_busy;	       /* it stops at every call. `due` is then asked in a thread of its own */
	bool dies_with_parent; /* we are killed when the thread that started this process ends */
	bool lingers;	       /* wait for what the target left behind instead of killing it */
	bool ending;	       /* set by watch_target: whatever of the rest moves is killed */
	bool doubts;	       /* a wait or a signal failed as none should: it looks again after a moment */
	bool fell_in_exec;     /* set by watch_target: the kernel ended a traced target in the middle of its execve */
	bool cut_off; /* set by watch_target: when the target had ended, something of it still ran and was killed */
	void (*refused)(struct watch *watch, pid_t pid, const struct tracer_call *call); /* at its exit event */
	/* Of one that gets SIGSYS from its filter and has a handler for it; or NULL. */
	void (*handled)(struct watch *watch, pid_t pid, const struct tracer_call *call);
	void (*called)(struct watch *watch, pid_t pid, const struct tracer_call *call); /* before a traced call */
	void (*returned)(struct watch *watch, pid_t pid, int64_t result);
	/* Before each wait: nanoseconds after which it wants to be asked again, −1 for never; it may give up. NULL:
	 * nobody is asked. */
	int64_t (*due)(void *context);
	void *due_context;
	/* Whether a child is none of the target's, though it came after watch_begin; or NULL. */
	bool (*spares)(void *context, pid_t pid);
	void *spares_context;
	bool by_step; /* `called` before every call and `returned` after it, of a target with trace_execs */
	bool (*steps)(struct watch *watch, pid_t pid);	  /* by_step: whether this thread goes on so; NULL: always */
	void (*exits)(struct watch *watch, pid_t pid);	  /* at its exit event; or NULL */
	void (*executed)(struct watch *watch, pid_t pid); /* behind an exec, with trace_execs; or NULL */
	/* In one that is about to get SIGTRAP; what is to be done of its signal. NULL: it is delivered. */
	enum watch_trap (*trapped)(struct watch *watch, pid_t pid);
	bool (*holds)(struct watch *watch, pid_t pid);	/* whether a thread is to be traced on; NULL: always */
	void (*forked)(struct watch *watch, pid_t pid); /* of a parent and of its child, before they go on; or NULL */
	void *context;					/* refused's own */
	sigset_t old_mask;				/* what the caller blocked before watch_begin */
	struct sigaction old_sigchld;
	pid_t *strangers; /* children that were there before, which are none of our business */
	size_t stranger_count;
	struct rusage before; /* of our children, when watch_target began */
	struct rusage others; /* of those that ended since and are none of the target's */
	bool was_subreaper;
	int old_death_signal;
};

/*
 * Blocks the signals that are handed on and those of children, and makes this process the one to which orphans come.
 * Before launch_spawn, whose spec gets signal_mask = &watch->old_mask.
 */
int watch_begin(struct watch *watch, struct callgate_error *err);

/* Before launch_spawn: the children that are there now are none of the target's, either. */
void watch_spare_children(struct watch *watch);

/* Until the target's end and that of all that it left behind. Fails with E_OS; watch_end is due in any case. */
int watch_target(struct watch *watch, struct launch_end *ret_end, struct callgate_error *err);

/* Within watch_target, and after it: the CPU time of the target and all that descends from it, as far as they have
 * ended and come to us or to somebody who did. In microseconds. */
struct watch_cpu {
	uint64_t user_us, system_us;
};
struct watch_cpu watch_ended_cpu(const struct watch *watch);

/* Whether a child of ours is none of the target's. */
bool watch_is_stranger(const struct watch *watch, pid_t pid);

/* What is handed on, and what tells of children. */
sigset_t watch_mask(void);

/* From a callback or another thread: kills the target, and what is left when it has ended; watch_target then returns. */
void watch_give_up(struct watch *watch);

/* Whether what moves is to be killed: the target has ended and nobody lingers, or somebody gave up. */
bool watch_is_ending(const struct watch *watch);

/* Puts the caller's signals back as they were. */
void watch_end(struct watch *watch);

#endif
