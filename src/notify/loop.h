/*
 * notify/loop.h - the threads of a supervisor, and what each is at
 *
 * One thread leads: it receives a call and works on it itself, so that a call costs no change of threads. When it is
 * at one call for longer than a tick, or says that it will block, another thread takes the lead. The thread that
 * called callgate_notify_run watches: it makes leaders, and answers what has waited too long.
 */
#ifndef CALLGATE_NOTIFY_LOOP_H
#define CALLGATE_NOTIFY_LOOP_H

#include "notify/heir.h"
#include "notify/question.h"

#include <pthread.h>
#include <signal.h>

enum {
	NOTIFY_TICK_MS = 10,
	NOTIFY_IDLE_TICKS = 20, /* without a call before the watcher sleeps until there is one */
};

struct notify_source;

struct notify_listener {
	int fd; /* −1 once its last target is gone */
	const struct notify_source *source;
	struct callgate_notify_handler handler;
	uint32_t armed;		    /* of the kernel's: the how manieth that the heir holds */
	struct question_door *door; /* of a socket: owned, with its descriptors; else NULL */
};

struct callgate_notify_target {
	struct callgate_notify_call call;
	struct callgate_notify *loop;
	struct notify_worker *worker;
	const struct notify_listener *listener;
	/* Of a question that came by a socket: */
	int reply;   /* where its answer goes; the worker's when is_own_reply, else the door's */
	int process; /* pidfd of who asks, the worker's; −1 when nobody could be made sure of */
	bool is_own_reply;
};

struct notify_worker {
	struct callgate_notify *loop;
	struct notify_slot *slot;
	pthread_t thread;
	bool exists; /* the thread, which is not joined yet */
	bool waits;  /* to lead; under the loop's lock */
	struct {
		uint8_t listeners[NOTIFY_LISTENERS_MAX];
		size_t count;
	} ready;			      /* what poll said has a call, and was not received from yet */
	uint64_t sequence;		      /* atomic: odd while it works on a call */
	struct callgate_notify_target target; /* of the call that it works on */
	struct question question;	      /* by a socket: what it was received as */
	struct {
		pid_t pid;
		int pidfd;
		const struct question_door *door;
	} known;		 /* who asked last; pidfd −1: nobody */
	uint64_t given_up;	 /* atomic: the sequence of a call that is over or was answered as late */
	int breaks;		 /* under the loop's lock: a socket to shut down when that is so, or −1 */
	uint64_t seen, since_ms; /* the watcher's: a sequence, and when it first saw it */
};

struct callgate_notify {
	struct callgate_notify_options options;
	struct notify_heir heir;
	struct notify_listener listeners[NOTIFY_LISTENERS_MAX];
	int roots[NOTIFY_LISTENERS_MAX]; /* atomic, one for each; −1: not asked for */
	size_t listener_count;		 /* atomic where it grows */
	uint32_t armed_count;		 /* of those that the heir holds */
	struct notify_worker workers[NOTIFY_THREADS_MAX];
	size_t worker_count;
	bool receives_directly; /* one listener, on which a receiver is told of the last target's end (Linux 6.11) */
	int stop_fd;		/* readable when the loop is over */
	int grown_fd;		/* readable when a listener was added while it runs; −1: it does not grow */
	bool runs;		/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t led;	      /* leader has changed, or the loop is over */
	struct notify_worker *leader; /* atomic */
	int over;		      /* atomic */
	uint32_t event;		      /* a futex that the watcher sleeps on */
	uint32_t is_dozing;	      /* atomic: the watcher sleeps without a limit */
	int status;		      /* under the lock: why the loop failed */
	struct callgate_error err;    /* the same in words */
};

static inline uint64_t notify_load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static inline size_t notify_count(const struct callgate_notify *loop)
{
	return __atomic_load_n(&loop->listener_count, __ATOMIC_ACQUIRE);
}

/* Makes the loop end; status is CALLGATE_OK or why, which is kept when it is the first. */
void loop_end(struct callgate_notify *loop, int status, const struct callgate_error *err);

/* Wakes the watcher. Async-signal-safe. */
void loop_wake(struct callgate_notify *loop);

/* Another thread leads, a new one where none is waiting. False when there are too many. */
bool loop_promote(struct callgate_notify *loop);

/* A thread of the loop, which works until the loop is over. */
void *worker_main(void *worker);

/* The watcher: until the loop is over and its threads have ended. */
void watcher_run(struct callgate_notify *loop);

#endif
