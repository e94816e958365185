/*
 * The watcher sleeps a tick at a time while there are calls, and for good while there are none. It reads no clock and
 * takes no lock on the way of a call: that a thread is still at the same call it sees by a number that has not changed.
 */
#include "notify/source.h"

#include "base/error.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void loop_wake(struct callgate_notify *loop)
{
	__atomic_add_fetch(&loop->event, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &loop->event, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void loop_end(struct callgate_notify *loop, int status, const struct callgate_error *err)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&loop->lock);
	if (status < 0 && loop->status == CALLGATE_OK) {
		loop->status = status;
		loop->err = *err;
	}
	__atomic_store_n(&loop->over, 1, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&loop->led);
	pthread_mutex_unlock(&loop->lock);
	if (write(loop->stop_fd, &one, sizeof(one)) < 0)
		loop_wake(loop);
	loop_wake(loop);
}

/* A thread with all signals blocked, which begins as the leader. Under the lock. */
static bool loop_add_worker(struct callgate_notify *loop)
{
	struct notify_worker *worker = &loop->workers[loop->worker_count];
	sigset_t all, old;
	int error;

	if (loop->worker_count >= loop->options.threads_max)
		return false;
	*worker = (struct notify_worker){ .loop = loop,
					  .slot = &loop->heir.slots[loop->worker_count],
					  .breaks = -1,
					  .given_up = UINT64_MAX,
					  .known.pidfd = -1 };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&worker->thread, NULL, worker_main, worker);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		errno = error;
		return false;
	}
	worker->exists = true;
	loop->worker_count++;
	__atomic_store_n(&loop->leader, worker, __ATOMIC_RELEASE);
	return true;
}

bool loop_promote(struct callgate_notify *loop)
{
	bool done = false;

	pthread_mutex_lock(&loop->lock);
	for (size_t i = 0; i < loop->worker_count && !done; i++) {
		done = loop->workers[i].waits;
		if (done)
			__atomic_store_n(&loop->leader, &loop->workers[i], __ATOMIC_RELEASE);
	}
	if (!done)
		done = loop_add_worker(loop);
	pthread_cond_broadcast(&loop->led);
	pthread_mutex_unlock(&loop->lock);
	return done;
}

/* A call that is over, or has waited too long: its handler is to stop, and need not answer. */
static void watcher_give_up(struct callgate_notify *loop, struct notify_worker *worker, uint64_t sequence)
{
	__atomic_store_n(&worker->given_up, sequence, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&loop->lock);
	if (worker->breaks >= 0)
		shutdown(worker->breaks, SHUT_RDWR);
	pthread_mutex_unlock(&loop->lock);
}

/* Whether the call still waits, after it got its late answer where that is due. What was copied of a call is of this
 * one only when the number is still the same; under the lock no descriptor that the copy names is closed. */
static bool watcher_ask(struct callgate_notify *loop, struct notify_worker *worker, uint64_t sequence, bool is_late)
{
	struct callgate_notify_target target;
	bool waits = true;

	pthread_mutex_lock(&loop->lock);
	target = worker->target;
	if (notify_load(&worker->sequence) == sequence) {
		if (is_late)
			target.listener->source->answer(&target, &loop->options.late, NULL);
		waits = target.listener->source->is_waiting(&target);
	}
	pthread_mutex_unlock(&loop->lock);
	return waits;
}

/* True while it works on a call, or has since the last look. */
static bool watcher_look(struct callgate_notify *loop, struct notify_worker *worker, uint64_t now)
{
	uint64_t sequence = notify_load(&worker->sequence);
	unsigned deadline = loop->options.deadline_ms;

	if (sequence != worker->seen) {
		worker->seen = sequence;
		worker->since_ms = now;
		return true;
	}
	if (!(sequence & 1))
		return false;
	if (__atomic_load_n(&loop->leader, __ATOMIC_ACQUIRE) == worker)
		loop_promote(loop);
	if (notify_load(&worker->given_up) == sequence)
		return true;
	if (!watcher_ask(loop, worker, sequence, deadline && now - worker->since_ms >= deadline))
		watcher_give_up(loop, worker, sequence);
	return true;
}

static bool watcher_look_at_all(struct callgate_notify *loop)
{
	uint64_t now = now_ms();
	bool busy = false;

	for (size_t i = 0; i < loop->worker_count; i++)
		busy |= loop->workers[i].exists && watcher_look(loop, &loop->workers[i], now);
	return busy;
}

/* Every thread is at a call for too long: what comes meanwhile is late already. */
static void watcher_relieve(struct callgate_notify *loop)
{
	struct notify_worker *leader = __atomic_load_n(&loop->leader, __ATOMIC_ACQUIRE);

	if (loop->options.deadline_ms == 0 || loop->worker_count < loop->options.threads_max || !leader ||
	    notify_load(&leader->given_up) != notify_load(&leader->sequence))
		return;
	for (size_t i = 0; i < notify_count(loop); i++) {
		struct pollfd calls = { .fd = loop->listeners[i].fd, .events = POLLIN };
		union notify_buffer buffer;

		/* What a handler asks waits in its socket, and holds up its own process only. */
		if (loop->listeners[i].source != &notify_from_kernel)
			continue;
		while (poll(&calls, 1, 0) == 1 && calls.revents & POLLIN &&
		       notify_receive(calls.fd, &buffer, NULL) == NOTIFY_DONE)
			notify_answer(calls.fd, buffer.notif.id, (int)buffer.notif.pid, &loop->options.late, NULL);
	}
}

static void watcher_sleep(struct callgate_notify *loop, bool dozes)
{
	const struct timespec tick = { .tv_nsec = NOTIFY_TICK_MS * 1000000L };
	uint32_t event = __atomic_load_n(&loop->event, __ATOMIC_SEQ_CST);

	__atomic_store_n(&loop->is_dozing, dozes, __ATOMIC_SEQ_CST);
	/* Whoever began a call before it could see that has changed its number. */
	if (!dozes || (!watcher_look_at_all(loop) && !__atomic_load_n(&loop->over, __ATOMIC_SEQ_CST)))
		syscall(SYS_futex, &loop->event, FUTEX_WAIT_PRIVATE, event, dozes ? NULL : &tick, NULL, 0);
	__atomic_store_n(&loop->is_dozing, 0, __ATOMIC_SEQ_CST);
}

/* Joins the threads that have ended, and wakes the others from RECV; how many are left. */
static size_t watcher_collect(struct callgate_notify *loop)
{
	size_t left = 0;

	for (size_t i = 0; i < loop->worker_count; i++) {
		struct notify_worker *worker = &loop->workers[i];

		if (!worker->exists)
			continue;
		pthread_cancel(worker->thread);
		if (pthread_tryjoin_np(worker->thread, NULL) == 0)
			worker->exists = false;
		left += worker->exists;
	}
	return left;
}

void watcher_run(struct callgate_notify *loop)
{
	unsigned idle = 0;

	while (!__atomic_load_n(&loop->over, __ATOMIC_SEQ_CST)) {
		watcher_sleep(loop, idle >= NOTIFY_IDLE_TICKS);
		idle = watcher_look_at_all(loop) ? 0 : idle + 1;
		watcher_relieve(loop);
	}
	while (watcher_collect(loop)) {
		watcher_sleep(loop, false);
		watcher_look_at_all(loop);
	}
}
