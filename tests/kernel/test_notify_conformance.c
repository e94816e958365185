/*
 * What the kernel's own tests of notifications say (tools/testing/selftests/seccomp), as far as a supervisor builds on
 * it: when a signal breaks a call off, who is asked about, and when nobody is left.
 */
#include "unit.h"

#include "asked.h"
#include "kernel/notify.h"

#include <callgate/notify.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NR SYS_getpriority /* whose result says nothing to anybody here */

enum { RESULT = 5, UNHANDLED = 60, STORM = 50 };

static volatile sig_atomic_t handled;

static void note(int signal)
{
	handled++;
}

static void handle(int signal, void (*handler)(int), int how)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = how };

	sigaction(signal, &action, NULL);
}

static int call_once(void)
{
	long result = syscall(NR, 0, 0);

	return result < 0 ? 100 + errno : (int)result;
}

/* Its result, once a signal was handled: else UNHANDLED. */
static int call_and_handle(void)
{
	int result;

	handle(SIGUSR1, note, 0);
	result = call_once();
	return handled ? result : UNHANDLED;
}

static int call_and_begin_again(void)
{
	int result;

	handle(SIGUSR1, note, SA_RESTART);
	result = call_once();
	return handled ? result : UNHANDLED;
}

static void skip_without_killable(void)
{
	if (notify_filter_flags())
		return;
	print_message("skipped: the kernel has no WAIT_KILLABLE_RECV\n");
	skip();
}

/* Until there is a call, which nobody receives. */
static void await_call(const struct asked *asked)
{
	struct pollfd calls = { .fd = asked->listener, .events = POLLIN };

	assert_int_equal(TEMP_FAILURE_RETRY(poll(&calls, 1, -1)), 1);
	assert_true(calls.revents & POLLIN);
}

static uint64_t receive(const struct asked *asked)
{
	union notify_buffer buffer;

	await_call(asked);
	assert_int_equal(notify_receive(asked->listener, &buffer, NULL), NOTIFY_DONE);
	return buffer.notif.id;
}

static void a_signal_withdraws_what_nobody_has_received(void **state)
{
	const unsigned flags[] = { 0, notify_filter_flags() };

	for (size_t i = 0; i < 2; i++) {
		struct asked asked = asked_start_by(&(struct asked_way){ .flags = flags[i] }, NR, call_and_handle);

		await_call(&asked);
		kill(asked.pid, SIGUSR1);
		assert_int_equal(asked_end(&(struct asked){ asked.pid, -1 }), 100 + EINTR);
		assert_true(notify_is_over(asked.listener));
		close(asked.listener);
	}
}

/* Whether it waits in the kernel with this signal pending. */
static bool is_held_up(pid_t pid, int signal)
{
	char path[64], text[4096] = "", *field;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	field = strstr(text, "\nShdPnd:\t");
	return field && strtoull(field + strlen("\nShdPnd:\t"), NULL, 16) & (UINT64_C(1) << (signal - 1));
}

static void once_received_a_call_is_broken_off_by_death_only(void **state)
{
	struct asked asked;
	uint64_t id;

	skip_without_killable();
	asked = asked_start(NR, call_and_handle);
	id = receive(&asked);
	kill(asked.pid, SIGUSR1);
	for (int i = 0; i < 100; i++)
		sched_yield();
	assert_true(is_held_up(asked.pid, SIGUSR1));
	assert_true(notify_id_is_valid(asked.listener, id));
	assert_int_equal(notify_respond(asked.listener, id, RESULT, 0, NULL), NOTIFY_DONE);
	assert_int_equal(asked_end(&asked), RESULT);

	asked = asked_start(NR, call_and_handle);
	id = receive(&asked);
	kill(asked.pid, SIGKILL);
	while (notify_id_is_valid(asked.listener, id))
		sched_yield();
	assert_int_equal(notify_respond(asked.listener, id, RESULT, 0, NULL), NOTIFY_GONE);
	assert_int_equal(asked_end(&asked), 128 + SIGKILL);
}

static void without_that_a_call_that_begins_again_is_another(void **state)
{
	struct asked asked = asked_start_by(&(struct asked_way){ 0 }, NR, call_and_begin_again);
	uint64_t first = receive(&asked), second;

	kill(asked.pid, SIGUSR1);
	while (notify_id_is_valid(asked.listener, first))
		sched_yield();
	second = receive(&asked);
	assert_true(first != second);
	assert_int_equal(notify_respond(asked.listener, first, 6, 0, NULL), NOTIFY_GONE);
	assert_int_equal(notify_respond(asked.listener, second, RESULT, 0, NULL), NOTIFY_DONE);
	assert_int_equal(asked_end(&asked), RESULT);
}

/* Sends itself the next one, as long as there is to be a storm. */
static void note_and_send(int signal)
{
	const struct itimerval soon = { { 0, 0 }, { 0, 500 } };

	if (++handled < STORM)
		setitimer(ITIMER_REAL, &soon, NULL);
}

static int call_in_a_storm(void)
{
	int wrong = 0;

	handle(SIGALRM, note_and_send, SA_RESTART);
	note_and_send(SIGALRM);
	while (handled < STORM && wrong == 0)
		wrong += call_once() != RESULT;
	return wrong;
}

static struct callgate_notify_answer take_a_while(struct callgate_notify_target *target, void *context)
{
	const struct timespec moment = { .tv_nsec = 200000 };

	nanosleep(&moment, NULL);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = RESULT };
}

/* The loop, and what comes of its target. */
static int outcome(const struct asked_way *way, int (*act)(void))
{
	const struct callgate_notify_handler handler = { .examine = take_a_while };
	struct asked asked = asked_start_by(way, NR, act);
	struct callgate_notify *notify;

	assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_add(notify, asked.listener, &handler, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_run(notify, NULL), CALLGATE_OK);
	callgate_notify_free(notify);
	return asked_end(&asked);
}

/* As before Linux 5.19, and as of whoever loads a filter without it. */
static void who_is_broken_off_again_and_again_is_served(void **state)
{
	assert_int_equal(outcome(&(struct asked_way){ 0 }, call_in_a_storm), 0);
}

static bool leader_is_gone(void)
{
	char text[256] = "";
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	char *state;

	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	state = strrchr(text, ')');
	return state && state[2] == 'Z';
}

static void *call_alone(void *argument)
{
	int wrong = 0;

	while (!leader_is_gone())
		sched_yield();
	for (int i = 0; i < 20; i++)
		wrong += call_once() != RESULT;
	_exit(wrong);
}

/* The first thread is the first to go. */
static int leave_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_alone, NULL))
		return 1;
	for (;;)
		syscall(SYS_exit, 2);
}

static void what_is_left_of_a_process_is_served(void **state)
{
	assert_int_equal(outcome(&(struct asked_way){ .flags = notify_filter_flags() }, leave_a_thread), 0);
}

static volatile bool has_filter;
static pthread_t other;

static void *call_when_filtered(void *argument)
{
	while (!has_filter)
		sched_yield();
	return (void *)(intptr_t)call_once();
}

static void start_other(void)
{
	if (pthread_create(&other, NULL, call_when_filtered, NULL))
		_exit(1);
}

static int join_other(void)
{
	void *result;

	has_filter = true;
	pthread_join(other, &result);
	return (intptr_t)result == RESULT && call_once() == RESULT ? 0 : 1;
}

/* TSYNC and a listener: the kernel has to be asked for another errno, or could not say both. */
static void who_got_the_filter_from_another_thread_is_asked_about(void **state)
{
	const struct asked_way way = { .flags = SECCOMP_FILTER_FLAG_TSYNC, .before = start_other };

	assert_int_equal(outcome(&way, join_other), 0);
}

UNIT_TESTS(test_notify_conformance, cmocka_unit_test(a_signal_withdraws_what_nobody_has_received),
	   cmocka_unit_test(once_received_a_call_is_broken_off_by_death_only),
	   cmocka_unit_test(without_that_a_call_that_begins_again_is_another),
	   cmocka_unit_test(who_is_broken_off_again_and_again_is_served),
	   cmocka_unit_test(what_is_left_of_a_process_is_served),
	   cmocka_unit_test(who_got_the_filter_from_another_thread_is_asked_about), )
