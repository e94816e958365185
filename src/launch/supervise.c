/*
 * The loop gets a thread with all signals blocked: those of the process are for whoever watches the target.
 */
#include "launch/supervise.h"

#include "base/error.h"
#include "broker/broker.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>

/* What the policy says of a call that nobody decides about, as far as an orphan can be told it. */
static struct callgate_notify_answer supervise_last_word(const struct policy *policy)
{
	uint32_t ret = policy ? policy_action_value(&policy->default_action, abi_arch_native()->id).ret
			      : (uint32_t)SECCOMP_RET_KILL_PROCESS;

	if ((ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && ret & SECCOMP_RET_DATA)
		return (struct callgate_notify_answer){ .error = (int)(ret & SECCOMP_RET_DATA) };
	if ((ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW || (ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_LOG)
		return (struct callgate_notify_answer){ .error = EPERM };
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_KILL };
}

int supervise_prepare(struct supervise *supervise, const struct policy *policy, bool is_watched,
		      struct callgate_error *err)
{
	struct callgate_notify_options options = { .deadline_ms = SUPERVISE_DEADLINE_MS, .has_heir = true };
	bool is_asked = policy && broker_is_needed(policy);
	int status = CALLGATE_OK;

	if (!is_asked && !is_watched)
		return CALLGATE_OK;
	options.orphaned = supervise_last_word(policy);
	if (is_asked)
		status = broker_new(policy, &supervise->broker, err);
	if (status == CALLGATE_OK)
		status = callgate_notify_new(&options, &supervise->notify, err);
	return status;
}

static void *supervise_main(void *notify)
{
	callgate_notify_run(notify, NULL);
	return NULL;
}

int supervise_start(struct supervise *supervise, int listener, const struct callgate_notify_handler *handler,
		    struct callgate_error *err)
{
	struct callgate_notify_handler broker = { .decide = NULL };
	int status;
	sigset_t all, old;
	int error;

	if (!handler)
		broker = broker_handler(supervise->broker);
	status = callgate_notify_add(supervise->notify, listener, handler ? handler : &broker, err);
	if (status != CALLGATE_OK)
		return status;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&supervise->thread, NULL, supervise_main, supervise->notify);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		errno = error;
		return fail_errno(err, "cannot start a thread");
	}
	supervise->runs = true;
	return CALLGATE_OK;
}

void supervise_stop(struct supervise *supervise)
{
	if (!supervise->runs)
		return;
	callgate_notify_stop(supervise->notify);
	pthread_join(supervise->thread, NULL);
	supervise->runs = false;
}

void supervise_end(struct supervise *supervise)
{
	supervise_stop(supervise);
	callgate_notify_free(supervise->notify);
	broker_free(supervise->broker);
	*supervise = (struct supervise){ .broker = NULL };
}
