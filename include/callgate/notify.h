/*
 * callgate/notify.h - a supervisor: answers calls of programs whose filter says `notify`
 *
 * The kernel hands such a call to whoever holds the filter's listener, and its thread sleeps until it is answered. The
 * loop here receives, asks a handler, answers, and takes care of what goes wrong: targets that die in the middle,
 * signals, answers that come too late, handlers that block, and its own death.
 *
 *	callgate_notify_new(&options, &notify, &err);
 *	callgate_notify_add(notify, listener, &handler, &err);
 *	callgate_notify_run(notify, &err);
 *	callgate_notify_free(notify);
 *
 * A handler has two halves. `decide` sees numbers only, and may let the kernel carry out the call. `examine` may look
 * into the target's memory, which the target's other threads can rewrite at any moment: what it has looked at it must
 * do itself, from its copy, since the kernel would read that memory once more. So its answer has a type in which there
 * is no `continue`, and a supervisor that looks and then lets go does not compile: but for one that says that it only
 * observes.
 */
#ifndef CALLGATE_NOTIFY_H
#define CALLGATE_NOTIFY_H

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A call that waits for its answer. */
struct callgate_notify_call {
	uint64_t id;	/* the kernel's, never used twice by a listener */
	int tid;	/* the thread, 0 when it cannot be seen from our PID namespace */
	uint32_t audit; /* AUDIT_ARCH_* */
	uint32_t nr;
	uint64_t ip;
	uint64_t args[6];
};

enum callgate_notify_kind {
	CALLGATE_NOTIFY_ERRNO, /* the call fails with `error` */
	CALLGATE_NOTIFY_VALUE, /* it returns `value` */
	CALLGATE_NOTIFY_FD,    /* it returns a copy of our descriptor `fd`, which is closed here in any case */
	CALLGATE_NOTIFY_KILL,  /* its process is killed */
};

/* Zeroed it says EPERM. */
struct callgate_notify_answer {
	enum callgate_notify_kind kind;
	int error; /* ERRNO: positive, 0 is EPERM */
	int64_t value;
	int fd;		 /* FD */
	bool is_cloexec; /* FD: of the target's copy */
};

enum callgate_notify_step {
	CALLGATE_NOTIFY_EXAMINE,  /* ask `examine` */
	CALLGATE_NOTIFY_ANSWERED, /* the answer is there */
	CALLGATE_NOTIFY_CONTINUE, /* the kernel carries the call out, and reads its pointers for the first time */
};

/* Zeroed it says EXAMINE. */
struct callgate_notify_decision {
	enum callgate_notify_step step;
	struct callgate_notify_answer answer; /* ANSWERED */
};

/* The thread that waits, for as long as its handler runs. */
struct callgate_notify_target;

struct callgate_notify_handler {
	/* Before all else, or NULL: may look into the target, and decides nothing. For whoever tells of calls. */
	void (*look)(struct callgate_notify_target *target, void *context);
	/* NULL: every call is examined. */
	struct callgate_notify_decision (*decide)(const struct callgate_notify_call *call, void *context);
	/* NULL: what would be examined fails with EPERM. */
	struct callgate_notify_answer (*examine)(struct callgate_notify_target *target, void *context);
	void *context; /* of all, which several threads may call at the same time */
	/*
	 * In place of `decide` and `examine`, or NULL: may look and let go all the same. What it lets go was judged by
	 * memory that the target can change meanwhile, so that such a handler confines nobody: it is for who only tells
	 * what would have been refused. EXAMINE says EPERM here.
	 */
	struct callgate_notify_decision (*observe)(struct callgate_notify_target *target, void *context);
};

struct callgate_notify_options {
	unsigned deadline_ms;		    /* how long a call may wait for its answer; 0: for ever */
	struct callgate_notify_answer late; /* what it gets then: ERRNO (0: ETIMEDOUT), VALUE or KILL */
	/* What calls get when the supervisor has died, from a process that is kept for this alone. Without one the
	 * kernel answers ENOSYS to whatever would have been asked, and the target runs on. */
	bool has_heir;
	struct callgate_notify_answer orphaned; /* ERRNO, VALUE or KILL */
	unsigned threads_max;			/* how many calls may be worked on at once; 0: 64 */
	/* Listeners may be added while it runs, which goes on without any until it is stopped. A call then costs one
	 * more of the supervisor's. */
	bool grows;
	/* After each answer, or NULL. answer is NULL for a call that the kernel carries out. is_over: the call was
	 * broken off or its thread was ended before, and nobody got the answer. */
	void (*answered)(const struct callgate_notify_call *call, const struct callgate_notify_answer *answer,
			 bool is_over, void *context);
	void *context;
};

struct callgate_notify;

/*
 * A loop without listeners; options may be NULL. Fails with E_INVALID, E_LIMIT, E_OS, E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_notify_new(const struct callgate_notify_options *options,
					struct callgate_notify **ret_notify, struct callgate_error *err);

/* Not while it runs. The listeners are closed, by the heir too: what still waits or calls then gets ENOSYS. */
CALLGATE_PUBLIC void callgate_notify_free(struct callgate_notify *notify);

/*
 * Before it runs, or meanwhile where it `grows`: a listener, of which a copy is kept, and who answers its calls;
 * *handler is copied. Fails with E_INVALID (it runs and does not grow), E_UNSUPPORTED (no notifications here), E_LIMIT
 * (256 of them in its life), E_OS, E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_notify_add(struct callgate_notify *notify, int listener,
					const struct callgate_notify_handler *handler, struct callgate_error *err);

/*
 * Answers until the last target of the last listener is gone (one that grows: goes on), or it is stopped. Handlers run
 * in threads of its own, with all signals blocked; one that blocks does not hold up the calls of others. Fails with
 * E_OS and E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_notify_run(struct callgate_notify *notify, struct callgate_error *err);

/* From any thread or handler: callgate_notify_run returns when the handlers that run now have. */
CALLGATE_PUBLIC void callgate_notify_stop(struct callgate_notify *notify);

CALLGATE_PUBLIC const struct callgate_notify_call *callgate_notify_call(const struct callgate_notify_target *target);

/*
 * For `examine`. Each gives 0 or the positive errno that the call may be answered with; ESRCH says that it is over,
 * and that whatever was read is not to be trusted. Nothing is given out before the kernel has confirmed that the call
 * still waits.
 */

/* Copies what lies at address: all of it, or EFAULT. */
CALLGATE_PUBLIC int callgate_notify_read(struct callgate_notify_target *target, uint64_t address, void *ret_bytes,
					 size_t length);

/* Copies a text up to its NUL, which is copied too. ENAMETOOLONG when there is none within size bytes. */
CALLGATE_PUBLIC int callgate_notify_read_text(struct callgate_notify_target *target, uint64_t address, char *ret_text,
					      size_t size);

/* A copy (close-on-exec) of the target's descriptor fd, EBADF when it has none. */
CALLGATE_PUBLIC int callgate_notify_fetch(struct callgate_notify_target *target, int fd, int *ret_fd);

/* Opens /proc/TID/name of the target, with O_PATH where flags say so. */
CALLGATE_PUBLIC int callgate_notify_open(struct callgate_notify_target *target, const char *name, int flags,
					 int *ret_fd);

/* Whether it still waits: for handlers that take their time. */
CALLGATE_PUBLIC bool callgate_notify_is_waiting(struct callgate_notify_target *target);

/*
 * Before something that may take long: another thread goes on receiving at once. socket (−1: none) is shut down when
 * the call's deadline has passed or its thread has died, which ends a connect that hangs.
 */
CALLGATE_PUBLIC void callgate_notify_will_block(struct callgate_notify_target *target, int socket);

#ifdef __cplusplus
}
#endif

#endif
