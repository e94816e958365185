/*
 * A thread that leads: receive, ask, answer, again. Between two calls it owns nothing, so that it can be cancelled
 * while it sleeps in the kernel's RECV, which nothing else ends early; everywhere else it cannot.
 *
 * Where there is but one listener, that sleep is the only one: to ask poll first would be a call more each time. With
 * several, or before Linux 6.11 (where a receiver sleeps on when the last target is gone), poll comes first.
 */
#include "notify/source.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static bool loop_is_over(const struct callgate_notify *loop)
{
	return __atomic_load_n(&loop->over, __ATOMIC_SEQ_CST);
}

/* Waits until it leads; false when the loop is over. */
static bool worker_lead(struct notify_worker *worker)
{
	struct callgate_notify *loop = worker->loop;

	if (__atomic_load_n(&loop->leader, __ATOMIC_ACQUIRE) == worker)
		return !loop_is_over(loop);
	/* Another receives by then from what poll said. */
	worker->ready.count = 0;
	pthread_mutex_lock(&loop->lock);
	worker->waits = true;
	while (loop->leader != worker && !loop_is_over(loop))
		pthread_cond_wait(&loop->led, &loop->lock);
	worker->waits = false;
	pthread_mutex_unlock(&loop->lock);
	return !loop_is_over(loop);
}

static void listener_close(struct callgate_notify *loop, struct notify_listener *listener)
{
	size_t left = 0;

	pthread_mutex_lock(&loop->lock);
	close(listener->fd);
	listener->fd = -1;
	for (size_t i = 0; i < loop->listener_count; i++)
		left += loop->listeners[i].fd >= 0;
	pthread_mutex_unlock(&loop->lock);
	if (left == 0 && !loop->options.grows)
		loop_end(loop, CALLGATE_OK, NULL);
}

/* Who has something of those that were asked, in turn: a flood on one must not hide another. All of them are received
 * from before poll is asked again. Those whose targets are gone are closed. */
static void worker_collect(struct notify_worker *worker, const struct pollfd *calls, size_t count)
{
	struct callgate_notify *loop = worker->loop;
	size_t first = count ? worker->sequence / 2 % count : 0;

	for (size_t i = count; i-- > 0;) {
		size_t at = (first + i) % count;

		if (calls[at].revents & POLLIN)
			worker->ready.listeners[worker->ready.count++] = (uint8_t)at;
		else if (calls[at].revents)
			listener_close(loop, &loop->listeners[at]);
	}
}

/* The next that has something; NULL when none is known to. A call that was late was received from by the watcher. */
static struct notify_listener *worker_next(struct notify_worker *worker)
{
	struct notify_listener *listener;

	if (notify_load(&worker->given_up) != UINT64_MAX) {
		worker->ready.count = 0;
		__atomic_store_n(&worker->given_up, UINT64_MAX, __ATOMIC_SEQ_CST);
	}
	if (worker->ready.count == 0)
		return NULL;
	listener = &worker->loop->listeners[worker->ready.listeners[--worker->ready.count]];
	return listener->fd >= 0 ? listener : NULL;
}

static struct notify_listener *worker_poll(struct notify_worker *worker)
{
	struct callgate_notify *loop = worker->loop;
	struct pollfd calls[NOTIFY_LISTENERS_MAX + 2];
	size_t count = notify_count(loop);
	struct notify_listener *listener = worker_next(worker);
	uint64_t grown;

	if (listener)
		return listener;
	for (size_t i = 0; i < count; i++)
		calls[i] = (struct pollfd){ .fd = loop->listeners[i].fd, .events = POLLIN };
	calls[count] = (struct pollfd){ .fd = loop->stop_fd, .events = POLLIN };
	calls[count + 1] = (struct pollfd){ .fd = loop->grown_fd, .events = POLLIN };
	if (poll(calls, count + 2, -1) < 0)
		return NULL;
	if (calls[count + 1].revents && read(loop->grown_fd, &grown, sizeof(grown)) > 0)
		return NULL;
	worker_collect(worker, calls, count);
	return worker_next(worker);
}

static void worker_answer(const struct callgate_notify_target *target, const struct callgate_notify_answer *answer)
{
	static const struct callgate_notify_answer kill = { .kind = CALLGATE_NOTIFY_KILL };
	const struct callgate_notify_options *options = &target->loop->options;
	const struct notify_source *source = target->listener->source;
	struct callgate_error err = { 0 };
	int status = source->answer(target, answer, &err);

	if (answer && answer->kind == CALLGATE_NOTIFY_FD)
		close(answer->fd);
	/* Nobody must wait for ever for an answer that the kernel does not take. */
	if (status < 0)
		source->answer(target, &kill, NULL);
	if (options->answered)
		options->answered(&target->call, answer, status == NOTIFY_GONE, options->context);
}

static void worker_ask(struct callgate_notify_target *target, const struct callgate_notify_handler *handler)
{
	struct callgate_notify_decision decision = { .step = CALLGATE_NOTIFY_EXAMINE };

	if (handler->look)
		handler->look(target, handler->context);
	if (handler->observe)
		decision = handler->observe(target, handler->context);
	else if (handler->decide)
		decision = handler->decide(&target->call, handler->context);
	if (decision.step == CALLGATE_NOTIFY_CONTINUE) {
		worker_answer(target, NULL);
		return;
	}
	if (decision.step == CALLGATE_NOTIFY_EXAMINE && handler->examine && !handler->observe)
		decision.answer = handler->examine(target, handler->context);
	worker_answer(target, &decision.answer);
}

static void worker_forget(struct notify_worker *worker)
{
	if (__atomic_load_n(&worker->breaks, __ATOMIC_ACQUIRE) < 0)
		return;
	pthread_mutex_lock(&worker->loop->lock);
	close(worker->breaks);
	worker->breaks = -1;
	pthread_mutex_unlock(&worker->loop->lock);
}

/* What receive has filled is the call; the rest says whose it is. */
static void worker_work(struct notify_worker *worker, const struct notify_listener *listener)
{
	struct callgate_notify *loop = worker->loop;

	worker->target.loop = loop;
	worker->target.worker = worker;
	worker->target.listener = listener;
	__atomic_add_fetch(&worker->sequence, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&loop->is_dozing, __ATOMIC_SEQ_CST))
		loop_wake(loop);
	worker_ask(&worker->target, &listener->handler);
	__atomic_add_fetch(&worker->sequence, 1, __ATOMIC_SEQ_CST);
	listener->source->forget(worker);
	worker_forget(worker);
}

void *worker_main(void *argument)
{
	struct notify_worker *worker = argument;
	struct callgate_notify *loop = worker->loop;
	struct callgate_error err;
	int ignored;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
	/* NOLINTNEXTLINE(cert-pos47-c): cancelled only while it waits in a system call of its own, which holds nothing */
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &ignored);
	while (worker_lead(worker)) {
		struct notify_listener *listener = loop->receives_directly ? &loop->listeners[0] : worker_poll(worker);
		int status = listener ? listener->source->receive(worker, listener, &err) : NOTIFY_GONE;

		if (status == NOTIFY_DONE)
			worker_work(worker, listener);
		else if (listener && notify_is_over(listener->fd))
			listener_close(loop, listener);
		else if (status < 0)
			loop_end(loop, status, &err);
	}
	return NULL;
}
