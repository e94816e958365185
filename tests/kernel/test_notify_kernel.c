/*
 * The edges of seccomp's notifications, each met by a forked target: what the kernel says there, and that the loop
 * does not mind.
 */
#include "unit.h"

#include "abi/abi.h"
#include "asked.h"
#include "kernel/notify.h"
#include "kernel/probe.h"

#include <callgate/notify.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR SYS_getpriority /* whose result says nothing to anybody here */

/* What the target gets: its result, or 100 and the errno. */
static int call_with(long a0, long a1)
{
	long result = syscall(NR, a0, a1);

	return result < 0 ? 100 + errno : (int)result;
}

static int call_once(void)
{
	return call_with(0, 0);
}

static int supervise(const struct asked *asked, const struct callgate_notify_options *options,
		     const struct callgate_notify_handler *handler)
{
	struct callgate_notify *notify;
	int status;

	assert_int_equal(callgate_notify_new(options, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_add(notify, asked->listener, handler, NULL), CALLGATE_OK);
	status = callgate_notify_run(notify, NULL);
	callgate_notify_free(notify);
	return status;
}

/* The exit status of a target under this handler. */
static int outcome(int (*act)(void), const struct callgate_notify_options *options,
		   const struct callgate_notify_handler *handler)
{
	struct asked asked = asked_start(NR, act);

	assert_int_equal(supervise(&asked, options, handler), CALLGATE_OK);
	return asked_end(&asked);
}

static struct callgate_notify_decision decide_as_told(const struct callgate_notify_call *call, void *context)
{
	return *(const struct callgate_notify_decision *)context;
}

static void a_call_gets_what_was_decided(void **state)
{
	const struct {
		struct callgate_notify_decision decision;
		int outcome;
	} cases[] = {
		{ { CALLGATE_NOTIFY_ANSWERED, { .kind = CALLGATE_NOTIFY_VALUE, .value = 42 } }, 42 },
		{ { CALLGATE_NOTIFY_ANSWERED, { .error = ENOTNAM } }, 100 + ENOTNAM },
		{ { CALLGATE_NOTIFY_ANSWERED, { .error = 0 } }, 100 + EPERM },
		{ { CALLGATE_NOTIFY_ANSWERED, { .kind = CALLGATE_NOTIFY_KILL } }, 128 + SIGKILL },
		{ { CALLGATE_NOTIFY_CONTINUE }, 20 }, /* the kernel's own answer: 20 less the niceness of 0 */
		{ { CALLGATE_NOTIFY_EXAMINE }, 100 + EPERM },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct callgate_notify_decision decision = cases[i].decision;
		struct callgate_notify_handler handler = { .decide = decide_as_told, .context = &decision };

		if (cases[i].outcome == 20)
			setpriority(PRIO_PROCESS, 0, 0);
		assert_int_equal(outcome(call_once, NULL, &handler), cases[i].outcome);
	}
}

static struct callgate_notify_decision observe_as_told(struct callgate_notify_target *target, void *context)
{
	char text[2] = "";

	callgate_notify_read_text(target, callgate_notify_call(target)->args[1], text, sizeof(text));
	return *(const struct callgate_notify_decision *)context;
}

static struct callgate_notify_answer never_asked(struct callgate_notify_target *target, void *context)
{
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 99 };
}

/* Who observes looks first and may let go then; nobody else is asked, and a mere wish to look says no. */
static void who_observes_may_look_and_let_go(void **state)
{
	const struct {
		struct callgate_notify_decision decision;
		int outcome;
	} cases[] = {
		{ { CALLGATE_NOTIFY_ANSWERED, { .kind = CALLGATE_NOTIFY_VALUE, .value = 42 } }, 42 },
		{ { CALLGATE_NOTIFY_CONTINUE }, 20 },
		{ { CALLGATE_NOTIFY_EXAMINE }, 100 + EPERM },
	};

	setpriority(PRIO_PROCESS, 0, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct callgate_notify_decision decision = cases[i].decision;
		const struct callgate_notify_handler handler = { .examine = never_asked,
								 .observe = observe_as_told,
								 .context = &decision };

		assert_int_equal(outcome(call_once, NULL, &handler), cases[i].outcome);
	}
}

/* What a looker saw. */
struct looked {
	int looks;
	char text[16];
};

static void look_at_text(struct callgate_notify_target *target, void *context)
{
	struct looked *looked = context;

	looked->looks++;
	callgate_notify_read_text(target, callgate_notify_call(target)->args[1], looked->text, sizeof(looked->text));
}

static int call_with_text(void)
{
	return call_with(0, (long)"a look");
}

static struct callgate_notify_decision let_go(const struct callgate_notify_call *call, void *context)
{
	return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_CONTINUE };
}

static void who_looks_sees_memory_and_changes_nothing(void **state)
{
	struct looked looked = { 0 };
	const struct callgate_notify_handler looks = { .look = look_at_text, .decide = let_go, .context = &looked };
	const struct callgate_notify_handler refuses = { .look = look_at_text, .context = &looked };
	int unwatched = outcome(call_with_text, NULL, &(struct callgate_notify_handler){ .decide = let_go });

	assert_int_equal(outcome(call_with_text, NULL, &looks), unwatched);
	assert_int_equal(looked.looks, 1);
	assert_string_equal(looked.text, "a look");
	assert_int_equal(outcome(call_with_text, NULL, &refuses), 100 + EPERM);
	assert_int_equal(looked.looks, 2);
}

/* Both spellings of ID_VALID, and what answers to a call that is over give. */
static void the_kernel_tells_a_dead_id(void **state)
{
	struct asked asked = asked_start(NR, call_once);
	union notify_buffer buffer;
	uint64_t id;

	assert_int_equal(notify_receive(asked.listener, &buffer, NULL), NOTIFY_DONE);
	id = buffer.notif.id;
	assert_int_equal(buffer.notif.pid, asked.pid);
	assert_true(notify_id_is_valid(asked.listener, id));
	assert_int_equal(ioctl(asked.listener, _IOR('!', 2, uint64_t), &id), 0);
	assert_false(notify_id_is_valid(asked.listener, id + 1));
	kill(asked.pid, SIGKILL);
	assert_int_equal(waitpid(asked.pid, NULL, 0), asked.pid);
	assert_false(notify_id_is_valid(asked.listener, id));
	assert_int_equal(notify_respond(asked.listener, id, 0, 0, NULL), NOTIFY_GONE);
	assert_int_equal(notify_continue(asked.listener, id, NULL), NOTIFY_GONE);
	assert_int_equal(notify_add_fd(asked.listener, id, 0, 0, true, NULL, NULL), NOTIFY_GONE);
	assert_true(notify_is_over(asked.listener));
	close(asked.listener);
}

static void a_second_answer_is_too_late(void **state)
{
	struct asked asked = asked_start(NR, call_once);
	union notify_buffer buffer;

	assert_int_equal(notify_receive(asked.listener, &buffer, NULL), NOTIFY_DONE);
	assert_int_equal(notify_respond(asked.listener, buffer.notif.id, 7, 0, NULL), NOTIFY_DONE);
	assert_int_equal(notify_respond(asked.listener, buffer.notif.id, 8, 0, NULL), NOTIFY_GONE);
	assert_int_equal(asked_end(&asked), 7);
}

static void without_a_supervisor_the_kernel_answers(void **state)
{
	struct asked asked = asked_start(NR, call_once);
	union notify_buffer buffer;

	/* Received or not, it is all the same. */
	assert_int_equal(notify_receive(asked.listener, &buffer, NULL), NOTIFY_DONE);
	close(asked.listener);
	asked.listener = -1;
	assert_int_equal(asked_end(&asked), 100 + ENOSYS);
}

static void tick(int signal)
{
}

enum { STORM_CALLS = 300 };

/* Calls while a timer interrupts twice a millisecond: how many had another result than 5. */
static int call_in_a_storm(void)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval timer = { { 0, 500 }, { 0, 500 } };
	int wrong = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < STORM_CALLS; i++)
		wrong += call_once() != 5;
	return wrong > 99 ? 99 : wrong;
}

static struct callgate_notify_answer take_a_while(struct callgate_notify_target *target, void *context)
{
	struct timespec while_ = { .tv_nsec = 300000 };
	int *lost = context;

	nanosleep(&while_, NULL);
	/* WAIT_KILLABLE_RECV: once received, no signal breaks it off. */
	if (!callgate_notify_is_waiting(target))
		__atomic_add_fetch(lost, 1, __ATOMIC_SEQ_CST);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 5 };
}

static void signals_break_nothing_off(void **state)
{
	int lost = 0;
	struct callgate_notify_handler handler = { .examine = take_a_while, .context = &lost };

	if (probe_kernel_version() >= ABI_KERNEL(5, 19))
		assert_int_not_equal(notify_filter_flags(), 0);
	if (!notify_filter_flags()) {
		print_message("skipped: the kernel has no WAIT_KILLABLE_RECV\n");
		skip();
	}
	assert_int_equal(outcome(call_in_a_storm, NULL, &handler), 0);
	assert_int_equal(lost, 0);
}

/* Signals that hit the supervisor, whose threads block them. */
static void signals_to_the_supervisor_change_nothing(void **state)
{
	struct callgate_notify_decision decision = { CALLGATE_NOTIFY_ANSWERED,
						     { .kind = CALLGATE_NOTIFY_VALUE, .value = 5 } };
	struct callgate_notify_handler handler = { .decide = decide_as_told, .context = &decision };
	struct itimerval timer = { { 0, 500 }, { 0, 500 } }, off = { 0 };
	struct sigaction action = { .sa_handler = tick }, old;
	struct asked asked = asked_start(NR, call_in_a_storm);
	int status;

	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &timer, NULL);
	status = supervise(&asked, NULL, &handler);
	setitimer(ITIMER_REAL, &off, NULL);
	assert_int_equal(status, CALLGATE_OK);
	assert_int_equal(asked_end(&asked), 0);
	sigaction(SIGALRM, &old, NULL);
}

static struct callgate_notify_answer kill_it_first(struct callgate_notify_target *target, void *context)
{
	char byte;

	kill(callgate_notify_call(target)->tid, SIGKILL);
	/* Until it is gone, nothing is known of it any more. */
	while (callgate_notify_is_waiting(target))
		sched_yield();
	*(int *)context = callgate_notify_read(target, callgate_notify_call(target)->args[0], &byte, 1);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE };
}

static void a_target_may_die_in_the_middle(void **state)
{
	int error = 0;
	struct callgate_notify_handler handler = { .examine = kill_it_first, .context = &error };

	assert_int_equal(outcome(call_once, NULL, &handler), 128 + SIGKILL);
	assert_int_equal(error, ESRCH);
}

/* Two pages, of which the second is not there; the text ends with the first. */
static char *edge_page(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(pages + 4096, 4096);
	memset(pages, 'x', 4096);
	return pages;
}

static int call_with_text_at_edge(void)
{
	char *page = edge_page();

	strcpy(page + 4096 - 5, "edge");
	return call_with((long)(page + 4096 - 5), 0);
}

static int call_with_text_over_edge(void)
{
	return call_with((long)(edge_page() + 4000), 0);
}

static int call_with_endless_text(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(pages, 'x', 8192);
	return call_with((long)(pages + 1), 0);
}

static int call_with_null(void)
{
	return call_with(0, 0);
}

/* The length of the text, or the errno of reading it. */
static struct callgate_notify_answer measure_text(struct callgate_notify_target *target, void *context)
{
	char text[4096];
	int error = callgate_notify_read_text(target, callgate_notify_call(target)->args[0], text, sizeof(text));

	if (error)
		return (struct callgate_notify_answer){ .error = error };
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = (int64_t)strlen(text) };
}

static void text_is_read_within_what_is_there(void **state)
{
	struct callgate_notify_handler handler = { .examine = measure_text };

	assert_int_equal(outcome(call_with_text_at_edge, NULL, &handler), 4);
	assert_int_equal(outcome(call_with_text_over_edge, NULL, &handler), 100 + EFAULT);
	assert_int_equal(outcome(call_with_endless_text, NULL, &handler), 100 + ENAMETOOLONG);
	assert_int_equal(outcome(call_with_null, NULL, &handler), 100 + EFAULT);
}

enum { CHANGES_TRIED = 400 };

static char *changing_page;

/* The page comes and goes, is shared and is not, and its text is rewritten all the time. */
static void *change_the_page(void *stop)
{
	char *page = changing_page;

	for (unsigned i = 0; !*(volatile bool *)stop; i++) {
		int kind = i % 2 ? MAP_SHARED : MAP_PRIVATE;

		munmap(page, 4096);
		if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS | kind, -1, 0) != page)
			break;
		for (int j = 0; j < 16; j++)
			memset(page, j % 2 ? 'a' : 'b', 8 + (size_t)j);
	}
	return NULL;
}

static int call_with_changing_page(void)
{
	volatile bool stop = false;
	pthread_t thread;
	int wrong = 0;

	changing_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pthread_create(&thread, NULL, change_the_page, (void *)&stop))
		return 1;
	for (int i = 0; i < CHANGES_TRIED; i++) {
		int got = call_with((long)changing_page, 0);

		wrong += got != 5 && got != 100 + EFAULT;
	}
	stop = true;
	pthread_join(thread, NULL);
	return wrong ? 2 : 0;
}

/* What was read is text with its end, of what was ever written there, or nothing. */
static struct callgate_notify_answer read_changing_text(struct callgate_notify_target *target, void *context)
{
	char text[64];
	int error = callgate_notify_read_text(target, callgate_notify_call(target)->args[0], text, sizeof(text));

	if (error)
		return (struct callgate_notify_answer){ .error = error };
	if (!memchr(text, '\0', sizeof(text)) || strspn(text, "ab") != strlen(text))
		return (struct callgate_notify_answer){ .error = EIO };
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 5 };
}

static void memory_that_changes_is_read_whole_or_not(void **state)
{
	struct callgate_notify_handler handler = { .examine = read_changing_text };

	assert_int_equal(outcome(call_with_changing_page, NULL, &handler), 0);
}

/* The descriptor's number comes back, and reading from it what we wrote. */
static int read_from_what_is_given(void)
{
	int fd = (int)syscall(NR, 0, 0);
	char text[8] = { 0 };

	if (fd < 0)
		return 100 + errno;
	if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC) || read(fd, text, sizeof(text)) != 4 || strcmp(text, "hand") != 0)
		return 1;
	return 0;
}

static int have_no_room(void)
{
	struct rlimit none = { 3, 3 };

	setrlimit(RLIMIT_NOFILE, &none);
	syscall(SYS_close_range, 3, ~0U, 0);
	return read_from_what_is_given();
}

static struct callgate_notify_answer give_file(struct callgate_notify_target *target, void *context)
{
	int fd = memfd_create("given", MFD_CLOEXEC);

	if (write(fd, "hand", 4) != 4 || lseek(fd, 0, SEEK_SET) != 0)
		return (struct callgate_notify_answer){ .error = EIO };
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_FD, .fd = fd, .is_cloexec = true };
}

static void a_descriptor_is_the_answer(void **state)
{
	struct callgate_notify_handler handler = { .examine = give_file };

	assert_int_equal(outcome(read_from_what_is_given, NULL, &handler), 0);
	assert_int_equal(outcome(have_no_room, NULL, &handler), 100 + EMFILE);
}

static int pass_pipe(void)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], "mine", 4) != 4)
		return 1;
	return call_with(ends[0], 0);
}

static void *pass_in_thread(void *status)
{
	*(int *)status = pass_pipe();
	return NULL;
}

/* Of a thread that is not the first of its process. */
static int pass_pipe_by_thread(void)
{
	pthread_t thread;
	int status = 99;

	if (pthread_create(&thread, NULL, pass_in_thread, &status))
		return 1;
	pthread_join(thread, NULL);
	return status;
}

static int pass_nothing(void)
{
	return call_with(1000, 0);
}

static struct callgate_notify_answer fetch_pipe(struct callgate_notify_target *target, void *context)
{
	char text[4] = { 0 };
	int fd, error = callgate_notify_fetch(target, (int)callgate_notify_call(target)->args[0], &fd);

	if (error)
		return (struct callgate_notify_answer){ .error = error };
	if (read(fd, text, 4) != 4 || memcmp(text, "mine", 4) != 0)
		error = EIO;
	close(fd);
	return (struct callgate_notify_answer){ .kind = error ? CALLGATE_NOTIFY_ERRNO : CALLGATE_NOTIFY_VALUE,
						.error = error };
}

static void a_descriptor_is_fetched(void **state)
{
	struct callgate_notify_handler handler = { .examine = fetch_pipe };

	assert_int_equal(outcome(pass_pipe, NULL, &handler), 0);
	assert_int_equal(outcome(pass_pipe_by_thread, NULL, &handler), 0);
	assert_int_equal(outcome(pass_nothing, NULL, &handler), 100 + EBADF);
}

/* Blocks on a call with 1 until the one with 2 was answered. */
struct meeting {
	bool says_so;
	int ends[2];
};

static struct callgate_notify_answer wait_for_the_other(struct callgate_notify_target *target, void *context)
{
	struct meeting *meeting = context;
	char byte = 0;
	bool waits = callgate_notify_call(target)->args[0] == 1;

	if (waits && meeting->says_so)
		callgate_notify_will_block(target, -1);
	if (waits ? read(meeting->ends[0], &byte, 1) != 1 : write(meeting->ends[1], &byte, 1) != 1)
		return (struct callgate_notify_answer){ .error = EIO };
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE };
}

static void *call_with_1(void *status)
{
	*(int *)status = call_with(1, 0);
	return NULL;
}

static int call_from_two_threads(void)
{
	pthread_t thread;
	int status = 99;

	if (pthread_create(&thread, NULL, call_with_1, &status) || call_with(2, 0) != 0)
		return 1;
	pthread_join(thread, NULL);
	return status;
}

static void who_blocks_holds_up_nobody(void **state)
{
	for (int says_so = 0; says_so < 2; says_so++) {
		struct meeting meeting = { .says_so = says_so };
		struct callgate_notify_handler handler = { .examine = wait_for_the_other, .context = &meeting };

		assert_int_equal(pipe(meeting.ends), 0);
		assert_int_equal(outcome(call_from_two_threads, NULL, &handler), 0);
		close(meeting.ends[0]);
		close(meeting.ends[1]);
	}
}

static struct callgate_notify_answer never_answer(struct callgate_notify_target *target, void *context)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	while (callgate_notify_is_waiting(target))
		nanosleep(&pause, NULL);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 1 };
}

static void what_is_late_gets_the_late_answer(void **state)
{
	struct callgate_notify_options options = { .deadline_ms = 30 };
	struct callgate_notify_handler handler = { .examine = never_answer };

	assert_int_equal(outcome(call_once, &options, &handler), 100 + ETIMEDOUT);
	options.late.error = EAGAIN;
	assert_int_equal(outcome(call_once, &options, &handler), 100 + EAGAIN);
	options.late.kind = CALLGATE_NOTIFY_KILL;
	assert_int_equal(outcome(call_once, &options, &handler), 128 + SIGKILL);
}

static struct callgate_notify_answer hang_on_socket(struct callgate_notify_target *target, void *context)
{
	int *pair = context;
	char byte;

	callgate_notify_will_block(target, pair[0]);
	if (read(pair[0], &byte, 1) != 0)
		abort();
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 1 };
}

static void a_hanging_socket_is_shut_down(void **state)
{
	struct callgate_notify_options options = { .deadline_ms = 30 };
	int pair[2];
	struct callgate_notify_handler handler = { .examine = hang_on_socket, .context = pair };

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(outcome(call_once, &options, &handler), 100 + ETIMEDOUT);
	close(pair[0]);
	close(pair[1]);
}

static struct callgate_notify_answer hang_until_told(struct callgate_notify_target *target, void *context)
{
	char byte;

	if (read(((int *)context)[0], &byte, 1) != 0)
		abort();
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 1 };
}

/* 3 calls one after the other: each finds every thread hanging. */
static int call_three_times(void)
{
	for (int i = 0; i < 3; i++)
		if (call_once() != 100 + ETIMEDOUT)
			return 1;
	return 0;
}

static void *let_go_after(void *argument)
{
	void **arguments = argument;
	pid_t pid = *(pid_t *)arguments[0];
	siginfo_t info;

	/* When the target has ended, the handlers may. */
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	close(*(int *)arguments[1]);
	return NULL;
}

static void when_every_thread_hangs_calls_are_late(void **state)
{
	struct callgate_notify_options options = { .deadline_ms = 30, .threads_max = 1 };
	struct asked asked = asked_start(NR, call_three_times);
	int ends[2];
	struct callgate_notify_handler handler = { .examine = hang_until_told, .context = ends };
	void *arguments[] = { &asked.pid, &ends[1] };
	pthread_t thread;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&thread, NULL, let_go_after, arguments), 0);
	assert_int_equal(supervise(&asked, &options, &handler), CALLGATE_OK);
	pthread_join(thread, NULL);
	assert_int_equal(asked_end(&asked), 0);
	close(ends[0]);
}

enum { MANY = 20 };

static int call_some(void)
{
	for (int i = 0; i < 10; i++)
		if (call_once() != 5)
			return 1;
	return 0;
}

static void many_listeners_are_served(void **state)
{
	struct callgate_notify_decision decision = { CALLGATE_NOTIFY_ANSWERED,
						     { .kind = CALLGATE_NOTIFY_VALUE, .value = 5 } };
	struct callgate_notify_handler handler = { .decide = decide_as_told, .context = &decision };
	struct asked asked[MANY];
	struct callgate_notify *notify;

	assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
	for (int i = 0; i < MANY; i++) {
		asked[i] = asked_start(NR, call_some);
		assert_int_equal(callgate_notify_add(notify, asked[i].listener, &handler, NULL), CALLGATE_OK);
	}
	assert_int_equal(callgate_notify_run(notify, NULL), CALLGATE_OK);
	callgate_notify_free(notify);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(asked_end(&asked[i]), 0);
}

enum { FLOODERS = 16 };

static void *flood(void *argument)
{
	for (;;)
		call_once();
	return NULL;
}

static int flood_for_ever(void)
{
	pthread_t thread;

	for (int i = 0; i < FLOODERS; i++)
		if (pthread_create(&thread, NULL, flood, NULL))
			return 1;
	flood(NULL);
	return 2;
}

static void *run_loop(void *notify)
{
	assert_int_equal(callgate_notify_run(notify, NULL), CALLGATE_OK);
	return NULL;
}

static void who_floods_holds_up_nobody_else(void **state)
{
	struct callgate_notify_decision decision = { CALLGATE_NOTIFY_ANSWERED,
						     { .kind = CALLGATE_NOTIFY_VALUE, .value = 5 } };
	struct callgate_notify_handler handler = { .decide = decide_as_told, .context = &decision };
	struct asked flooder = asked_start(NR, flood_for_ever), other = asked_start(NR, call_some);
	struct callgate_notify *notify;
	pthread_t thread;

	assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_add(notify, flooder.listener, &handler, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_add(notify, other.listener, &handler, NULL), CALLGATE_OK);
	assert_int_equal(pthread_create(&thread, NULL, run_loop, notify), 0);
	assert_int_equal(asked_end(&other), 0);
	kill(flooder.pid, SIGKILL);
	assert_int_equal(asked_end(&flooder), 128 + SIGKILL);
	pthread_join(thread, NULL);
	callgate_notify_free(notify);
}

/* Children, grandchildren and an exec, all while calls are served. */
static int fork_and_exec(void)
{
	int status = 0, failed = 0;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0 && i % 2)
			_exit(call_once() == 5 ? 0 : 1);
		if (pid == 0) {
			execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
			_exit(1);
		}
		failed += call_once() != 5;
		failed += waitpid(pid, &status, 0) != pid || status != 0;
	}
	return failed;
}

static void targets_that_fork_and_exec_are_served(void **state)
{
	struct callgate_notify_decision decision = { CALLGATE_NOTIFY_ANSWERED,
						     { .kind = CALLGATE_NOTIFY_VALUE, .value = 5 } };
	struct callgate_notify_handler handler = { .decide = decide_as_told, .context = &decision };

	assert_int_equal(outcome(fork_and_exec, NULL, &handler), 0);
}

static int sleep_for_ever(void)
{
	while (pause() < 0)
		;
	return 0;
}

static void *stop_it(void *notify)
{
	callgate_notify_stop(notify);
	return NULL;
}

/* Asleep in RECV (one listener) and in poll (two). */
static void it_can_be_stopped_while_nothing_comes(void **state)
{
	for (int count = 1; count <= 2; count++) {
		struct callgate_notify_handler handler = { 0 };
		struct callgate_notify *notify;
		struct asked asked[2];
		pthread_t thread;

		assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
		for (int i = 0; i < count; i++) {
			asked[i] = asked_start(NR, sleep_for_ever);
			assert_int_equal(callgate_notify_add(notify, asked[i].listener, &handler, NULL), CALLGATE_OK);
		}
		assert_int_equal(pthread_create(&thread, NULL, stop_it, notify), 0);
		assert_int_equal(callgate_notify_run(notify, NULL), CALLGATE_OK);
		pthread_join(thread, NULL);
		callgate_notify_free(notify);
		for (int i = 0; i < count; i++) {
			kill(asked[i].pid, SIGKILL);
			assert_int_equal(asked_end(&asked[i]), 128 + SIGKILL);
		}
	}
}

/* At what point a supervisor is killed. */
enum death { DEATH_BEFORE, DEATH_EXAMINING, DEATH_BLOCKED, DEATH_ANSWERED };

static struct callgate_notify_answer examine_and_die(struct callgate_notify_target *target, void *context)
{
	if (*(enum death *)context == DEATH_BLOCKED)
		callgate_notify_will_block(target, -1);
	if (*(enum death *)context == DEATH_EXAMINING || *(enum death *)context == DEATH_BLOCKED)
		kill(getpid(), SIGKILL);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 5 };
}

static void die_when_answered(const struct callgate_notify_call *call, const struct callgate_notify_answer *answer,
			      bool is_over, void *context)
{
	if (*(enum death *)context == DEATH_ANSWERED)
		kill(getpid(), SIGKILL);
}

static void __attribute__((noreturn))
supervise_and_die(const struct asked *asked, enum death death, struct callgate_notify_options options)
{
	struct callgate_notify_handler handler = { .examine = examine_and_die, .context = &death };
	struct callgate_notify *notify;

	options.answered = die_when_answered;
	options.context = &death;
	if (callgate_notify_new(&options, &notify, NULL) != CALLGATE_OK ||
	    callgate_notify_add(notify, asked->listener, &handler, NULL) != CALLGATE_OK)
		_exit(1);
	if (death == DEATH_BEFORE)
		kill(getpid(), SIGKILL);
	callgate_notify_run(notify, NULL);
	_exit(1);
}

/* Two calls: the second finds a dead supervisor in any case. */
static int call_twice(void)
{
	int first = call_once(), second = call_once();

	return first == 5 ? second : first == second ? first : 99;
}

/* The target's outcome when its supervisor, another process than ours, is killed. */
static int outcome_of_death(enum death death, const struct callgate_notify_options *options)
{
	struct asked asked = asked_start(NR, call_twice);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		supervise_and_die(&asked, death, *options);
	close(asked.listener);
	asked.listener = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return asked_end(&asked);
}

static void an_heir_answers_for_a_dead_supervisor(void **state)
{
	for (enum death death = DEATH_BEFORE; death <= DEATH_ANSWERED; death++) {
		struct callgate_notify_options options = { .has_heir = true, .orphaned.error = ENOTNAM };

		assert_int_equal(outcome_of_death(death, &options), 100 + ENOTNAM);
		options.orphaned.kind = CALLGATE_NOTIFY_KILL;
		assert_int_equal(outcome_of_death(death, &options), 128 + SIGKILL);
		options.has_heir = false;
		assert_int_equal(outcome_of_death(death, &options), 100 + ENOSYS);
	}
}

/* A supervisor in a PID namespace of its own cannot see the target: nothing may be read, nobody is killed. */
static struct callgate_notify_answer look_at_nobody(struct callgate_notify_target *target, void *context)
{
	char byte;
	int fd;

	if (callgate_notify_call(target)->tid != 0 || callgate_notify_read(target, 4096, &byte, 1) != EPERM ||
	    callgate_notify_open(target, "root", O_PATH, &fd) != EPERM ||
	    callgate_notify_fetch(target, 0, &fd) != EPERM)
		return (struct callgate_notify_answer){ .error = EIO };
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_KILL };
}

static void a_target_that_cannot_be_seen_is_refused(void **state)
{
	struct asked asked = asked_start(NR, call_once);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct callgate_notify_handler handler = { .examine = look_at_nobody };

		if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
			_exit(77);
		pid = fork();
		if (pid == 0) {
			supervise(&asked, NULL, &handler);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		kill(asked.pid, SIGKILL);
		asked_end(&asked);
		print_message("skipped: no PID namespace can be made here\n");
		skip();
	}
	assert_int_equal(asked_end(&asked), 100 + EPERM);
}

static void a_descriptor_is_no_late_answer(void **state)
{
	struct callgate_notify_options options = { .late.kind = CALLGATE_NOTIFY_FD };
	struct callgate_notify *notify = NULL;
	struct callgate_error err;

	assert_int_equal(callgate_notify_new(&options, &notify, &err), CALLGATE_E_INVALID);
	assert_null(notify);
	FOR_EACH_ALLOCATION({
		if (callgate_notify_new(NULL, &notify, &err) == CALLGATE_OK)
			callgate_notify_free(notify);
		else
			assert_int_equal(err.status, CALLGATE_E_NOMEM);
	});
}

static void listeners_are_added_while_it_runs(void **state)
{
	struct callgate_notify_decision decision = { CALLGATE_NOTIFY_ANSWERED,
						     { .kind = CALLGATE_NOTIFY_VALUE, .value = 42 } };
	const struct callgate_notify_handler handler = { .decide = decide_as_told, .context = &decision };
	const struct callgate_notify_options options = { .grows = true };
	struct callgate_notify *notify;
	pthread_t thread;

	assert_int_equal(callgate_notify_new(&options, &notify, NULL), CALLGATE_OK);
	assert_int_equal(pthread_create(&thread, NULL, run_loop, notify), 0);
	for (int i = 0; i < 5; i++) {
		struct asked first = asked_start(NR, call_once), second = asked_start(NR, call_once);

		assert_int_equal(callgate_notify_add(notify, first.listener, &handler, NULL), CALLGATE_OK);
		assert_int_equal(callgate_notify_add(notify, second.listener, &handler, NULL), CALLGATE_OK);
		assert_int_equal(asked_end(&second), 42);
		assert_int_equal(asked_end(&first), 42);
	}
	callgate_notify_stop(notify);
	pthread_join(thread, NULL);
	callgate_notify_free(notify);
}

/* From a handler: a loop that does not grow has all that it will have. */
static struct callgate_notify_answer add_too_late(struct callgate_notify_target *target, void *context)
{
	struct callgate_notify **notify = context;
	const struct callgate_notify_handler handler = { .context = NULL };

	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE,
						.value = callgate_notify_add(*notify, 0, &handler, NULL) ==
							 CALLGATE_E_INVALID };
}

static void a_loop_that_does_not_grow_says_so(void **state)
{
	struct asked asked = asked_start(NR, call_once);
	struct callgate_notify *notify = NULL;
	const struct callgate_notify_handler handler = { .examine = add_too_late, .context = &notify };

	assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_add(notify, asked.listener, &handler, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_run(notify, NULL), CALLGATE_OK);
	callgate_notify_free(notify);
	assert_int_equal(asked_end(&asked), 1);
}

/* The page comes when its owner likes, and he does not. */
static void *make_missing_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range.start = (uintptr_t)page;
	range.range.len = 4096;
	if (fd < 0 || page == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &range) < 0)
		return NULL;
	return page;
}

static void *hang_the_reader(void *page)
{
	return (void *)(uintptr_t)call_with((long)(uintptr_t)page, 0);
}

/* While one of its calls hangs in the reading, the others are answered; that one is late in the end. */
static int hand_in_no_page(void)
{
	void *page = make_missing_page(), *late;
	int answered = 0;
	pthread_t thread;

	if (!page)
		return 77;
	if (pthread_create(&thread, NULL, hang_the_reader, page))
		return 1;
	/* On a busy machine others may be late too, but not all of them. */
	for (int i = 0; i < 100 && answered < 5; i++)
		answered += call_with(0, 0) == 7;
	pthread_join(thread, &late);
	return answered == 5 && (uintptr_t)late == 100 + ENOTNAM ? 0 : 3;
}

static struct callgate_notify_answer read_what_it_says(struct callgate_notify_target *target, void *context)
{
	uint64_t address = callgate_notify_call(target)->args[0];
	char byte;

	if (address)
		callgate_notify_read(target, address, &byte, 1);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE, .value = 7 };
}

static void memory_that_never_comes_holds_up_nobody(void **state)
{
	const struct callgate_notify_options options = { .deadline_ms = 500, .late = { .error = ENOTNAM } };
	const struct callgate_notify_handler handler = { .examine = read_what_it_says };
	int got = outcome(hand_in_no_page, &options, &handler);

	if (got == 77) {
		print_message("skipped: no userfaultfd for the kernel's own reading here\n");
		skip();
	}
	assert_int_equal(got, 0);
}

/* A process with this number, which somebody else had; −1 where one cannot choose it. It waits to be killed. */
static pid_t take_number(pid_t number)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1 };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	while (pid == 0)
		syscall(SYS_pause);
	return pid;
}

enum { NUMBER_CANNOT_BE_TAKEN = 1, NUMBER_WAS_BELIEVED };

static const char memory_text[] = "text";

/* Kills its target, and gives its number to another process, which is as readable and has the same at that address. */
static struct callgate_notify_answer let_reuse(struct callgate_notify_target *target, void *context)
{
	const struct callgate_notify_call *call = callgate_notify_call(target);
	char text[64] = "";
	int fd = -1, *found = context;
	pid_t other;

	kill(call->tid, SIGKILL);
	while (waitpid(call->tid, NULL, 0) < 0 && errno == EINTR)
		;
	other = take_number(call->tid);
	if (other < 0)
		*found = NUMBER_CANNOT_BE_TAKEN;
	else if (callgate_notify_is_waiting(target) ||
		 callgate_notify_read(target, (uint64_t)(uintptr_t)memory_text, text, 1) != ESRCH ||
		 callgate_notify_read_text(target, (uint64_t)(uintptr_t)memory_text, text, sizeof(text)) != ESRCH ||
		 text[0] || callgate_notify_open(target, "status", O_RDONLY, &fd) != ESRCH ||
		 callgate_notify_fetch(target, 0, &fd) != ESRCH || fd != -1)
		*found = NUMBER_WAS_BELIEVED;
	if (other > 0) {
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	}
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_KILL };
}

static void a_number_that_is_given_away_is_nobody(void **state)
{
	int found = 0;
	const struct callgate_notify_handler handler = { .examine = let_reuse, .context = &found };
	struct asked asked = asked_start(NR, call_once);

	assert_int_equal(supervise(&asked, NULL, &handler), CALLGATE_OK);
	close(asked.listener);
	if (found == NUMBER_CANNOT_BE_TAKEN) {
		print_message("skipped: the number of a process cannot be chosen here\n");
		skip();
	}
	assert_int_equal(found, 0);
}

UNIT_TESTS(test_notify_kernel, cmocka_unit_test(a_call_gets_what_was_decided),
	   cmocka_unit_test(who_observes_may_look_and_let_go),
	   cmocka_unit_test(who_looks_sees_memory_and_changes_nothing), cmocka_unit_test(the_kernel_tells_a_dead_id),
	   cmocka_unit_test(a_second_answer_is_too_late), cmocka_unit_test(without_a_supervisor_the_kernel_answers),
	   cmocka_unit_test(signals_break_nothing_off), cmocka_unit_test(signals_to_the_supervisor_change_nothing),
	   cmocka_unit_test(a_target_may_die_in_the_middle), cmocka_unit_test(text_is_read_within_what_is_there),
	   cmocka_unit_test(memory_that_changes_is_read_whole_or_not), cmocka_unit_test(a_descriptor_is_the_answer),
	   cmocka_unit_test(a_descriptor_is_fetched), cmocka_unit_test(who_blocks_holds_up_nobody),
	   cmocka_unit_test(what_is_late_gets_the_late_answer), cmocka_unit_test(a_hanging_socket_is_shut_down),
	   cmocka_unit_test(when_every_thread_hangs_calls_are_late), cmocka_unit_test(many_listeners_are_served),
	   cmocka_unit_test(who_floods_holds_up_nobody_else), cmocka_unit_test(targets_that_fork_and_exec_are_served),
	   cmocka_unit_test(it_can_be_stopped_while_nothing_comes),
	   cmocka_unit_test(an_heir_answers_for_a_dead_supervisor),
	   cmocka_unit_test(a_target_that_cannot_be_seen_is_refused), cmocka_unit_test(a_descriptor_is_no_late_answer),
	   cmocka_unit_test(listeners_are_added_while_it_runs), cmocka_unit_test(a_loop_that_does_not_grow_says_so),
	   cmocka_unit_test(memory_that_never_comes_holds_up_nobody),
	   cmocka_unit_test(a_number_that_is_given_away_is_nobody), )
