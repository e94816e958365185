/*
 * launch/supervise.h - the supervisor beside a target whose policy asks one
 *
 * It answers by the policy's broker rules, in threads of its own. If it dies, with us, an heir gives the calls that
 * come then what the policy's `default` says, an errno or death.
 */
#ifndef CALLGATE_LAUNCH_SUPERVISE_H
#define CALLGATE_LAUNCH_SUPERVISE_H

#include "policy/policy.h"

#include <callgate/notify.h>

#include <pthread.h>

/* TCP's own patience, about: longer waits no call for its answer. */
enum { SUPERVISE_DEADLINE_MS = 120000 };

struct supervise {
	struct broker *broker; /* NULL where nobody is asked */
	struct callgate_notify *notify;
	pthread_t thread;
	bool runs;
};

/*
 * Makes what the policy (NULL: there is none) needs, which is nothing when it asks nobody and is not watched. It forks:
 * before signals are taken over. Fails as broker_new and callgate_notify_new do; supervise_end is due in any case.
 */
int supervise_prepare(struct supervise *supervise, const struct policy *policy, bool is_watched,
		      struct callgate_error *err);

/* Begins to answer, by the policy's brokers where handler is NULL. Fails with E_OS. */
int supervise_start(struct supervise *supervise, int listener, const struct callgate_notify_handler *handler,
		    struct callgate_error *err);

/* No handler runs any more, and the targets get no answers. */
void supervise_stop(struct supervise *supervise);

/* When the targets are gone. */
void supervise_end(struct supervise *supervise);

#endif
