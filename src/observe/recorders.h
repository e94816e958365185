/*
 * observe/recorders.h - the three recorders of record.h, as record.c sees them
 *
 * Whoever stays beside the target is watch_target: it hands signals on and leaves nothing behind. BPF records in the
 * kernel meanwhile, NOTIFY in a thread next to it, TRACE in its callback.
 */
#ifndef CALLGATE_OBSERVE_RECORDERS_H
#define CALLGATE_OBSERVE_RECORDERS_H

#include "launch/limit.h"
#include "launch/watch.h"
#include "observe/calls.h"
#include "observe/mains.h"
#include "observe/record.h"
#include "observe/tasks.h"

#include <pthread.h>

struct recorder {
	struct record_spec *spec;
	struct launch_target target;
	struct watch watch;
	struct limit limit;
	struct tasks tasks;
	struct calls *calls; /* BPF's; else NULL */
	struct mains mains;
	enum record_how how;	    /* which of them it is */
	pthread_mutex_t turn;	    /* NOTIFY: of its thread and the watcher's, at tasks */
	int status;		    /* of the recording: CALLGATE_OK, or why it ended early */
	struct callgate_error err;  /* the same in words */
	uint64_t first_id, last_id; /* NOTIFY: of all notifications that were received; 0 before the first */
	uint64_t let_go;	    /* NOTIFY: how many of them the kernel agreed to carry out */
	/* NOTIFY's: */
	struct callgate_notify *notify;
	struct seccomp_data received; /* the call that is looked at */
	struct sighting sighting;     /* what it is */
	pthread_t thread;
};

/* Every call gets action but the launcher's execve, which is known by the secret. */
enum { RECORD_FILTER_LENGTH = 10 };
void record_filter(uint64_t secret, uint32_t action, struct sock_filter insns[RECORD_FILTER_LENGTH]);

/* The recording has failed: the tree is ended, and watch_target comes back. err is recorder->err. */
void recorder_fail(struct recorder *recorder, int status);

/* Before the launch: the target is traced until main of its program begins, or (lets_go not set) as long as it lives.
 * Where tracing is refused, main is not seen. */
void recorder_watch_main(struct recorder *recorder, enum record_how how, bool lets_go);

/* Each starts the target and what records it. Fail as launch_spawn does, and with E_UNSUPPORTED where they cannot work:
 * nothing was started then. */
int by_bpf_start(struct recorder *recorder, struct callgate_error *err);
int by_notify_start(struct recorder *recorder, struct callgate_error *err);
int by_trace_start(struct recorder *recorder, struct callgate_error *err);

/* After watch_target: until the last call is written down. */
void by_bpf_finish(struct recorder *recorder);
void by_notify_finish(struct recorder *recorder);

/* How many calls a signal broke off before they were received, where a handler is such that they may have failed. */
uint64_t by_notify_broken_off(const struct recorder *recorder);

#endif
