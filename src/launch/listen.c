/*
 * What is told is what the kernel handed over and, read while the call waited, what its pointers named then; nothing of
 * it decides anything. The answer comes from the numbers alone.
 */
#include "launch/listen.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "event/event.h"
#include "kernel/waiting.h"
#include "launch/decode.h"
#include "launch/why.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What the subject says, and whether that is for us. */
struct listen_word {
	struct callgate_action action;
	enum filter_watched watched;
	bool lets_go; /* what a broker refuses is told only */
};

static struct listen_word listen_word(const struct listen *listen, const struct callgate_notify_call *call)
{
	struct seccomp_data data = { .nr = (int)call->nr, .arch = call->audit, .instruction_pointer = call->ip };
	struct callgate_action before = { SECCOMP_RET_KILL_PROCESS };
	struct listen_word word;

	memcpy(data.args, call->args, sizeof(data.args));
	word.action = subject_action(listen->subject, &data);
	if (listen->watch.since)
		before = subject_action(listen->watch.since, &data);
	word.watched = filter_watched(&listen->watch, word.action, before);
	word.lets_go = listen->watch.observe || (listen->watch.since && callgate_action_permits(before));
	return word;
}

static enum callgate_outcome listen_outcome(struct listen_word word)
{
	if (word.watched == FILTER_LET_THROUGH)
		return CALLGATE_OUTCOME_LET_THROUGH;
	return (word.action.ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_KILL_PROCESS ? CALLGATE_OUTCOME_ENDED
										       : CALLGATE_OUTCOME_FAILED;
}

/* Whether it is the first refusal of its place, of which some are told at once and then one a second: a target that
 * comes from ever other places, as one does that is started again and again, goes through the queue. */
static bool listen_is_new_site(struct listen *listen, const struct callgate_notify_call *call, uint32_t ret)
{
	const struct listen_site site = { call->ip, call->nr, ret };
	bool is_new = true;

	pthread_mutex_lock(&listen->lock);
	for (unsigned i = 0; i < listen->site_count && i < LISTEN_SITES_MAX && is_new; i++)
		is_new = memcmp(&listen->sites[i], &site, sizeof(site)) != 0;
	is_new = is_new && allowance_take(&listen->new_sites, listen->sites_max, allowance_now());
	if (is_new)
		listen->sites[listen->site_count++ % LISTEN_SITES_MAX] = site;
	pthread_mutex_unlock(&listen->lock);
	return is_new;
}

/* The process of a thread, as it was seen last: whose queue it is, and no more. */
static uint64_t listen_process(struct listen *listen, int tid)
{
	size_t place = (size_t)tid % LISTEN_THREADS_KNOWN;
	int pid;

	pthread_mutex_lock(&listen->lock);
	pid = listen->threads[place].tid == tid ? listen->threads[place].pid : tid;
	pthread_mutex_unlock(&listen->lock);
	return (uint64_t)pid;
}

static void listen_know(struct listen *listen, int tid, int pid)
{
	size_t place = (size_t)tid % LISTEN_THREADS_KNOWN;

	pthread_mutex_lock(&listen->lock);
	listen->threads[place].tid = tid;
	listen->threads[place].pid = pid;
	pthread_mutex_unlock(&listen->lock);
}

static void listen_spell(pid_t tid, const struct callgate_notify_call *call, struct callgate_refusal *refusal)
{
	struct tracer_call made = { .audit = call->audit, .nr = call->nr, .ip = call->ip };
	cleanup(buf_fini) struct buf text = { 0 };

	memcpy(made.args, call->args, sizeof(made.args));
	decode_call(&text, tid, &made);
	snprintf(refusal->call, sizeof(refusal->call), "%s", buf_text(&text));
}

/* NULL without memory. target is NULL where nobody can confirm that it is still the same. */
static struct callgate_event *listen_see(const struct callgate_notify_call *call, struct callgate_notify_target *target)
{
	struct callgate_event *event = calloc(1, sizeof(*event));
	struct callgate_refusal *refusal;

	if (!event)
		return NULL;
	refusal = &event->refusal;
	event_origin(call->tid, refusal);
	listen_spell(call->tid, call, refusal);
	if (target && !callgate_notify_is_waiting(target)) {
		/* What was read may have been another's: the kernel's numbers stay. */
		memset(refusal, 0, sizeof(*refusal));
		refusal->pid = refusal->tid = call->tid;
		listen_spell(0, call, refusal);
	}
	event_name_call(call->audit, call->nr, call->args, refusal);
	refusal->time_ns = event_now();
	refusal->ip = call->ip;
	refusal->seen_by = CALLGATE_SEEN_BY_LISTENER;
	return event;
}

static void listen_tell(struct listen *listen, const struct callgate_notify_call *call,
			struct callgate_notify_target *target, const struct callgate_refusal *word)
{
	bool is_new = target && listen_is_new_site(listen, call, word->explanation.action.ret);
	uint64_t process = listen_process(listen, call->tid);
	struct callgate_event *event;

	if (!is_new && !event_queue_has_room(listen->queue, process))
		return;
	event = listen_see(call, target);
	if (event) {
		event->refusal.outcome = word->outcome;
		event->refusal.explanation = word->explanation;
		event->refusal.edit = word->edit;
		listen_know(listen, call->tid, event->refusal.pid);
		process = (uint64_t)event->refusal.pid;
	}
	if (!event || !is_new) {
		event_queue_push(listen->queue, process, event);
		return;
	}
	event->refusal.has_registers = waiting_registers(call->tid, event->refusal.registers);
	listen->tell(event, listen->context);
	callgate_event_free(event);
}

static void listen_look(struct callgate_notify_target *target, void *context)
{
	const struct callgate_notify_call *call = callgate_notify_call(target);
	struct listen_word word = listen_word(context, call);

	const struct callgate_refusal said = { .outcome = listen_outcome(word), .explanation.action = word.action };

	if (word.watched != FILTER_UNWATCHED)
		listen_tell(context, call, target, &said);
}

/* A broker's no: which clause it was, and what of it is carried out. */
static void listen_denied(struct listen *listen, const struct callgate_notify_call *call,
			  struct callgate_notify_target *target, struct listen_word word,
			  const struct broker_verdict *verdict, const struct callgate_notify_answer *answer)
{
	struct callgate_refusal said = { .outcome = CALLGATE_OUTCOME_FAILED, .explanation.action = word.action };

	if (!verdict->denies)
		return;
	if (answer->kind == CALLGATE_NOTIFY_KILL)
		said.outcome = CALLGATE_OUTCOME_ENDED;
	if (word.lets_go)
		said.outcome = CALLGATE_OUTCOME_LET_THROUGH;
	why_broker(listen->subject, verdict, &said);
	listen_tell(listen, call, target, &said);
}

/* What the subject's own broker decides by numbers. */
static struct callgate_notify_decision listen_ask_broker(struct listen *listen, const struct callgate_notify_call *call,
							 struct callgate_notify_target *target, struct listen_word word)
{
	struct callgate_notify_decision decision = { .step = CALLGATE_NOTIFY_EXAMINE };
	struct broker_verdict verdict;

	if (!listen->broker)
		return decision;
	decision = broker_decide(listen->broker, call, &verdict);
	if (decision.step == CALLGATE_NOTIFY_ANSWERED)
		listen_denied(listen, call, target, word, &verdict, &decision.answer);
	if (decision.step == CALLGATE_NOTIFY_ANSWERED && word.lets_go && verdict.denies)
		decision.step = CALLGATE_NOTIFY_CONTINUE;
	return decision;
}

static struct callgate_notify_decision listen_decide(const struct callgate_notify_call *call, void *context)
{
	struct listen *listen = context;
	struct listen_word word = listen_word(listen, call);

	if (word.watched == FILTER_UNWATCHED)
		return listen_ask_broker(listen, call, NULL, word);
	return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_EXAMINE };
}

static struct callgate_notify_answer listen_answer(struct listen *listen, struct callgate_notify_target *target,
						   struct callgate_action action)
{
	uint32_t kind = action.ret & SECCOMP_RET_ACTION_FULL, data = action.ret & SECCOMP_RET_DATA;
	int pid;

	/* An errno of 0 is a call that says it was made. */
	if (kind == SECCOMP_RET_ERRNO && !data)
		return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE };
	if (kind == SECCOMP_RET_ERRNO)
		return (struct callgate_notify_answer){ .error = (int)data };
	pid = (int)listen_process(listen, callgate_notify_call(target)->tid);
	pthread_mutex_lock(&listen->lock);
	listen->ended = pid;
	pthread_mutex_unlock(&listen->lock);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_KILL };
}

/* Whatever is not refused by the filter is for the subject's own broker; where there is none, doubt refuses. */
static struct callgate_notify_answer listen_judge(struct listen *listen, struct callgate_notify_target *target,
						  struct listen_word word, bool *ret_denies)
{
	struct callgate_notify_answer answer = { .error = EPERM };
	struct broker_verdict verdict = { .denies = true };

	if (listen->broker)
		answer = broker_examine(listen->broker, target, &verdict);
	listen_denied(listen, callgate_notify_call(target), target, word, &verdict, &answer);
	*ret_denies = verdict.denies;
	return answer;
}

static struct callgate_notify_answer listen_examine(struct callgate_notify_target *target, void *context)
{
	struct listen_word word = listen_word(context, callgate_notify_call(target));
	bool denies;

	return word.watched == FILTER_ANSWERED ? listen_answer(context, target, word.action)
					       : listen_judge(context, target, word, &denies);
}

/* Of a policy that is not to refuse, or not yet: what it says no to is told, and made. */
static struct callgate_notify_decision listen_observe(struct callgate_notify_target *target, void *context)
{
	struct listen *listen = context;
	const struct callgate_notify_call *call = callgate_notify_call(target);
	struct listen_word word = listen_word(listen, call);
	struct callgate_notify_decision decision = { .step = CALLGATE_NOTIFY_ANSWERED };
	bool denies = false;

	if (word.watched == FILTER_LET_THROUGH)
		return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_CONTINUE };
	if (word.watched == FILTER_ANSWERED) {
		decision.answer = listen_answer(listen, target, word.action);
		return decision;
	}
	decision = listen_ask_broker(listen, call, target, word);
	if (decision.step != CALLGATE_NOTIFY_EXAMINE)
		return decision;
	decision.step = CALLGATE_NOTIFY_ANSWERED;
	decision.answer = listen_judge(listen, target, word, &denies);
	if (denies && word.lets_go)
		decision.step = CALLGATE_NOTIFY_CONTINUE;
	return decision;
}

struct callgate_notify_handler listen_handler(struct listen *listen)
{
	bool observes = listen->watch.observe || listen->watch.since;

	return (struct callgate_notify_handler){ .look = listen_look,
						 .decide = listen_decide,
						 .examine = listen_examine,
						 .context = listen,
						 .observe = observes ? listen_observe : NULL };
}

static void *listen_main(void *argument)
{
	struct listen *listen = argument;
	struct callgate_event *event;

	while ((event = event_queue_pop(listen->queue, true))) {
		listen->tell(event, listen->context);
		callgate_event_free(event);
	}
	return NULL;
}

int listen_start(struct listen *listen, struct callgate_error *err)
{
	sigset_t all, old;
	int error;

	pthread_mutex_init(&listen->lock, NULL);
	listen->queue = event_queue_new();
	if (!listen->queue)
		return fail_nomem(err);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&listen->teller, NULL, listen_main, listen);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	listen->runs = !error;
	errno = error;
	return error ? fail_errno(err, "cannot start a thread") : CALLGATE_OK;
}

void listen_end(struct listen *listen)
{
	if (listen->runs) {
		event_queue_close(listen->queue);
		pthread_join(listen->teller, NULL);
	}
	event_queue_free(listen->queue);
	listen->queue = NULL;
	listen->runs = false;
}
