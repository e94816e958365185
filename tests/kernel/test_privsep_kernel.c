/*
 * Two halves: what the table permits is answered, what it does not ends the worker, and neither half outlives the
 * other.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "privsep/message.h"

#include <callgate/policy.h>
#include <callgate/privsep.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ECHO = 1, OPEN_ONCE, LOG_IN, AFTER_LOGIN, REFUSED, SUM_FDS };

static int echo(struct callgate_privsep_exchange *exchange, void *context)
{
	memcpy(exchange->reply, exchange->asked, exchange->asked_length);
	exchange->reply_length = exchange->asked_length;
	return 0;
}

static int open_once(struct callgate_privsep_exchange *exchange, void *context)
{
	exchange->reply_fds[0] = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	exchange->reply_fd_count = 1;
	return exchange->reply_fds[0] < 0 ? errno : 0;
}

static int log_in(struct callgate_privsep_exchange *exchange, void *context)
{
	bool is_right = exchange->asked_length == 6 && memcmp(exchange->asked, "sesame", 6) == 0;

	exchange->state = is_right ? 1 : 0;
	return is_right ? 0 : EACCES;
}

static int refuse(struct callgate_privsep_exchange *exchange, void *context)
{
	exchange->reply_length = 5;
	return ENOTNAM;
}

/* Reads a byte of each descriptor that was sent along. */
static int sum_fds(struct callgate_privsep_exchange *exchange, void *context)
{
	for (size_t i = 0; i < exchange->asked_fd_count; i++)
		if (read(exchange->asked_fds[i], exchange->reply + i, 1) != 1)
			return EIO;
	exchange->reply_length = exchange->asked_fd_count;
	return 0;
}

static const struct callgate_privsep_request table[] = {
	{ .number = ECHO, .answer = echo },
	{ .number = OPEN_ONCE, .once = true, .answer = open_once },
	{ .number = LOG_IN, .states = 1 << 0, .answer = log_in },
	{ .number = AFTER_LOGIN, .states = 1 << 1, .answer = echo },
	{ .number = REFUSED, .answer = refuse },
	{ .number = SUM_FDS, .answer = sum_fds },
};

static int ask(struct callgate_privsep *worker, uint32_t number, const char *text)
{
	return callgate_privsep_ask(worker, number, text, strlen(text), NULL, 0, NULL, NULL, NULL, NULL);
}

static struct callgate_privsep_end run_with(struct callgate_privsep_options options)
{
	struct callgate_privsep_end end = { 0 };
	struct callgate_error err;

	options.requests = table;
	options.request_count = sizeof(table) / sizeof(*table);
	if (callgate_privsep_run(&options, &end, &err) != CALLGATE_OK)
		fail_msg("%s", err.message);
	return end;
}

static struct callgate_privsep_end run(int (*work)(struct callgate_privsep *, void *))
{
	return run_with((struct callgate_privsep_options){ .work = work });
}

static void expect_status(int (*work)(struct callgate_privsep *, void *), int status)
{
	struct callgate_privsep_end end = run(work);

	assert_int_equal(end.how, CALLGATE_PRIVSEP_EXITED);
	assert_int_equal(end.status, status);
}

static void expect_violation(int (*work)(struct callgate_privsep *, void *), uint32_t number)
{
	struct callgate_privsep_end end = run(work);

	assert_int_equal(end.how, CALLGATE_PRIVSEP_VIOLATED);
	assert_int_equal(end.status, SIGKILL);
	assert_int_equal(end.number, number);
}

static int use_the_table(struct callgate_privsep *worker, void *context)
{
	static char large[CALLGATE_PRIVSEP_BYTES_MAX], back[CALLGATE_PRIVSEP_BYTES_MAX];
	size_t length = sizeof(back), count = 1;
	int fd = -1;

	memset(large, 'x', sizeof(large));
	if (callgate_privsep_ask(worker, ECHO, large, sizeof(large), NULL, 0, back, &length, NULL, NULL) != 0 ||
	    length != sizeof(large) || memcmp(large, back, length) != 0)
		return 1;
	length = 3;
	if (callgate_privsep_ask(worker, ECHO, "four", 4, NULL, 0, back, &length, NULL, NULL) != EMSGSIZE)
		return 2;
	if (callgate_privsep_ask(worker, ECHO, large, sizeof(large) + 1, NULL, 0, NULL, NULL, NULL, NULL) != EMSGSIZE)
		return 3;
	if (callgate_privsep_ask(worker, OPEN_ONCE, "", 0, NULL, 0, NULL, NULL, &fd, &count) != 0 || count != 1 ||
	    read(fd, back, 4) != 4 || !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
		return 4;
	length = sizeof(back);
	if (callgate_privsep_ask(worker, REFUSED, "", 0, NULL, 0, back, &length, NULL, NULL) != ENOTNAM || length != 0)
		return 5;
	return ask(worker, LOG_IN, "wrong") == EACCES && ask(worker, LOG_IN, "sesame") == 0 &&
			       ask(worker, AFTER_LOGIN, "x") == 0
		       ? 42
		       : 6;
}

static void what_the_table_permits_is_answered(void **state)
{
	expect_status(use_the_table, 42);
}

static int send_descriptors(struct callgate_privsep *worker, void *context)
{
	int fds[CALLGATE_PRIVSEP_FDS_MAX + 1];
	unsigned char sum[CALLGATE_PRIVSEP_FDS_MAX];
	size_t length = sizeof(sum);

	for (size_t i = 0; i <= CALLGATE_PRIVSEP_FDS_MAX; i++) {
		int ends[2];
		unsigned char byte = (unsigned char)('a' + i);

		if (pipe(ends) < 0 || write(ends[1], &byte, 1) != 1)
			return 1;
		fds[i] = ends[0];
	}
	if (callgate_privsep_ask(worker, SUM_FDS, "", 0, fds, CALLGATE_PRIVSEP_FDS_MAX + 1, NULL, NULL, NULL, NULL) !=
	    EMSGSIZE)
		return 2;
	if (callgate_privsep_ask(worker, SUM_FDS, "", 0, fds, CALLGATE_PRIVSEP_FDS_MAX, sum, &length, NULL, NULL) != 0)
		return 3;
	return length == CALLGATE_PRIVSEP_FDS_MAX && memcmp(sum, "abcdefgh", length) == 0 ? 0 : 4;
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void descriptors_go_both_ways_and_none_is_left(void **state)
{
	int before = count_descriptors();

	expect_status(send_descriptors, 0);
	expect_status(use_the_table, 42);
	assert_int_equal(count_descriptors(), before);
}

static int ask_for_more(struct callgate_privsep *worker, void *context)
{
	ask(worker, OPEN_ONCE, "");
	ask(worker, OPEN_ONCE, "");
	return 1;
}

static int ask_too_early(struct callgate_privsep *worker, void *context)
{
	ask(worker, AFTER_LOGIN, "");
	return 1;
}

static int ask_too_late(struct callgate_privsep *worker, void *context)
{
	ask(worker, LOG_IN, "sesame");
	ask(worker, LOG_IN, "sesame");
	return 1;
}

static int ask_for_nothing_known(struct callgate_privsep *worker, void *context)
{
	ask(worker, 4711, "");
	return 1;
}

static void what_it_does_not_permit_ends_the_worker(void **state)
{
	expect_violation(ask_for_more, OPEN_ONCE);
	expect_violation(ask_too_early, AFTER_LOGIN);
	expect_violation(ask_too_late, LOG_IN);
	expect_violation(ask_for_nothing_known, 4711);
}

/* The worker's socket is the one that it has beside 0, 1 and 2: whoever owns it says whatever he likes there. */
static int worker_socket(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return fd;
	return -1;
}

static int say_too_little(struct callgate_privsep *worker, void *context)
{
	send(worker_socket(), "ab", 2, 0);
	pause();
	return 1;
}

static int say_too_much(struct callgate_privsep *worker, void *context)
{
	static char bytes[CALLGATE_PRIVSEP_BYTES_MAX + 100] = { ECHO };

	send(worker_socket(), bytes, sizeof(bytes), 0);
	pause();
	return 1;
}

/* More descriptors than anybody may send. */
static int say_with_many_fds(struct callgate_privsep *worker, void *context)
{
	enum { COUNT = 20 };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(COUNT * sizeof(int))];
	} control = { .header = { CMSG_LEN(COUNT * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	uint32_t word = ECHO;
	struct iovec data = { &word, sizeof(word) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	memset(CMSG_DATA(&control.header), 0, COUNT * sizeof(int));
	if (sendmsg(worker_socket(), &message, 0) < 0)
		return 2;
	pause();
	return 1;
}

static int say_noise(struct callgate_privsep *worker, void *context)
{
	unsigned seed = *(unsigned *)context;
	unsigned char bytes[64];
	int fd = worker_socket();

	for (int i = 0; i < 200; i++) {
		size_t length = (size_t)rand_r(&seed) % sizeof(bytes) + 1;

		for (size_t j = 0; j < length; j++)
			bytes[j] = (unsigned char)rand_r(&seed);
		/* Sometimes a question that there is. */
		if (rand_r(&seed) % 2)
			memcpy(bytes, &(uint32_t){ (uint32_t)rand_r(&seed) % 8 }, 4);
		if (send(fd, bytes, length, MSG_NOSIGNAL) < 0)
			break;
		recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	}
	return 0;
}

static void noise_from_the_worker_harms_nobody(void **state)
{
	int before = count_descriptors();

	expect_violation(say_too_little, UINT32_MAX);
	expect_violation(say_too_much, UINT32_MAX);
	expect_violation(say_with_many_fds, UINT32_MAX);
	for (unsigned seed = 1; seed <= 40; seed++)
		run_with((struct callgate_privsep_options){ .work = say_noise, .context = &seed });
	assert_int_equal(count_descriptors(), before);
}

/* Asks and asks, and never takes an answer. */
static int ask_and_never_listen(struct callgate_privsep *worker, void *context)
{
	static char bytes[4000] = { ECHO };
	int fd = worker_socket();

	for (;;)
		if (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0)
			return 1;
}

/* The same by what it leaves behind. */
static int leave_who_never_listens(struct callgate_privsep *worker, void *context)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(ask_and_never_listen(worker, context));
	pause();
	return 1;
}

static void who_takes_no_answer_is_ended(void **state)
{
	expect_violation(ask_and_never_listen, ECHO);
	expect_violation(leave_who_never_listens, ECHO);
}

/* Killed while its question is at the supervisor, whose answer has descriptors. */
static int kill_who_asks(struct callgate_privsep_exchange *exchange, void *context)
{
	pid_t pid;

	memcpy(&pid, exchange->asked, sizeof(pid));
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	exchange->reply_fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	exchange->reply_fd_count = 1;
	return 0;
}

static int ask_to_be_killed(struct callgate_privsep *worker, void *context)
{
	pid_t pid = getpid();

	callgate_privsep_ask(worker, 1, &pid, sizeof(pid), &(int){ 0 }, 1, NULL, NULL, NULL, NULL);
	return 1;
}

static void a_worker_that_dies_at_its_question_leaves_nothing(void **state)
{
	static const struct callgate_privsep_request killing[] = { { .number = 1, .answer = kill_who_asks } };
	const struct callgate_privsep_options options = { .requests = killing,
							  .request_count = 1,
							  .work = ask_to_be_killed };
	struct callgate_privsep_end end = { 0 };
	int before = count_descriptors();

	assert_int_equal(callgate_privsep_run(&options, &end, NULL), CALLGATE_OK);
	assert_int_equal(end.how, CALLGATE_PRIVSEP_SIGNALLED);
	assert_int_equal(end.status, SIGKILL);
	assert_int_equal(count_descriptors(), before);
}

static int die(struct callgate_privsep *worker, void *context)
{
	raise(SIGTERM);
	return 1;
}

static int leave_at_once(struct callgate_privsep *worker, void *context)
{
	return 3;
}

static void the_workers_end_is_told(void **state)
{
	struct callgate_privsep_end end = run(die);

	assert_int_equal(end.how, CALLGATE_PRIVSEP_SIGNALLED);
	assert_int_equal(end.status, SIGTERM);
	expect_status(leave_at_once, 3);
}

/* Says nothing more, and does not go. */
static int close_and_stay(struct callgate_privsep *worker, void *context)
{
	close(worker_socket());
	pause();
	return 1;
}

static void a_worker_that_closes_its_socket_and_stays_is_ended(void **state)
{
	struct callgate_privsep_end end = run(close_and_stay);

	assert_int_equal(end.how, CALLGATE_PRIVSEP_SIGNALLED);
	assert_int_equal(end.status, SIGKILL);
}

/* What it leaves behind holds its socket, and asks on, until the pipe at context is closed. */
static int leave_an_asker(struct callgate_privsep *worker, void *context)
{
	int *ends = context;
	pid_t pid = fork();
	char byte;

	if (pid < 0)
		return 1;
	if (pid == 0) {
		close(ends[1]);
		ask(worker, ECHO, "of nobody");
		(void)!read(ends[0], &byte, 1);
		_exit(0);
	}
	return 7;
}

static void what_a_dead_worker_leaves_behind_holds_up_nobody(void **state)
{
	struct callgate_privsep_end end;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	end = run_with((struct callgate_privsep_options){
		.work = leave_an_asker, .context = ends, .keep_fds = ends, .keep_fd_count = 2 });
	assert_int_equal(end.how, CALLGATE_PRIVSEP_EXITED);
	assert_int_equal(end.status, 7);
	close(ends[0]);
	close(ends[1]);
}

static int tell_and_wait(struct callgate_privsep *worker, void *context)
{
	pid_t pid = getpid();

	if (write(*(int *)context, &pid, sizeof(pid)) != sizeof(pid))
		return 1;
	for (;;)
		pause();
}

static void a_worker_dies_with_its_supervisor(void **state)
{
	int ends[2], status = 0;
	pid_t supervisor, worker = 0;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(ends), 0);
	supervisor = fork();
	if (supervisor == 0) {
		run_with((struct callgate_privsep_options){
			.work = tell_and_wait, .context = &ends[1], .keep_fds = &ends[1], .keep_fd_count = 1 });
		_exit(1);
	}
	assert_int_equal(read(ends[0], &worker, sizeof(worker)), sizeof(worker));
	kill(supervisor, SIGKILL);
	assert_int_equal(waitpid(supervisor, &status, 0), supervisor);
	assert_int_equal(waitpid(worker, &status, 0), worker);
	assert_true(WIFSIGNALED(status));
	close(ends[0]);
	close(ends[1]);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static int try_to_open(struct callgate_privsep *worker, void *context)
{
	if (ask(worker, ECHO, "still") != 0)
		return 1;
	open("/etc/passwd", O_RDONLY);
	return 2;
}

static void its_filter_holds(void **state)
{
	static const char text[] = "kernel 6.1\ndefault kill-process\nallow sendmsg, recvmsg, close, exit_group\n";
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_privsep_end end;

	assert_int_equal(callgate_policy_parse("worker", text, sizeof(text) - 1, NULL, &policy, NULL), CALLGATE_OK);
	assert_int_equal(callgate_filter_compile(policy, NULL, &filter, NULL), CALLGATE_OK);
	end = run_with((struct callgate_privsep_options){ .work = try_to_open, .filter = filter });
	assert_int_equal(end.how, CALLGATE_PRIVSEP_SIGNALLED);
	assert_int_equal(end.status, SIGSYS);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
}

static int look_around(struct callgate_privsep *worker, void *context)
{
	if (getuid() != 65534 || getgid() != 65534 || setuid(0) == 0)
		return 1;
	return access("/etc", F_OK) == 0 ? 2 : 0;
}

static void it_becomes_another_in_a_root_of_its_own(void **state)
{
	char root[] = "/tmp/callgate-privsep-XXXXXX";
	struct callgate_privsep_options options = {
		.work = look_around, .has_user = true, .user = 65534, .group = 65534, .root = root
	};
	struct callgate_privsep_end end;
	struct callgate_error err;

	assert_non_null(mkdtemp(root));
	if (getuid() != 0) {
		assert_int_equal(callgate_privsep_run(&options, &end, &err), CALLGATE_E_UNCONFINED);
		assert_non_null(strstr(err.message, "root"));
	} else {
		end = run_with(options);
		assert_int_equal(end.how, CALLGATE_PRIVSEP_EXITED);
		assert_int_equal(end.status, 0);
	}
	rmdir(root);
	options.root = "/no/such/folder";
	assert_int_equal(callgate_privsep_run(&options, &end, &err), CALLGATE_E_UNCONFINED);
	assert_string_equal(err.message, "the worker cannot enter its root");
}

static void a_table_is_checked(void **state)
{
	const struct callgate_privsep_request twice[] = { { .number = 1, .answer = echo },
							  { .number = 1, .answer = echo } };
	struct callgate_privsep_options options = { .requests = twice, .request_count = 2, .work = leave_at_once };
	struct callgate_privsep_end end;

	assert_int_equal(callgate_privsep_run(&options, &end, NULL), CALLGATE_E_INVALID);
	options.request_count = CALLGATE_PRIVSEP_REQUESTS_MAX + 1;
	assert_int_equal(callgate_privsep_run(&options, &end, NULL), CALLGATE_E_LIMIT);
}

static void memory_that_fails_is_an_error(void **state)
{
	struct callgate_privsep_options options = { .work = leave_at_once };

	FOR_EACH_ALLOCATION({
		struct callgate_privsep_end end;
		struct callgate_error err;
		int status = callgate_privsep_run(&options, &end, &err);

		/* In the worker, too, which is then not confined. */
		assert_true(status == CALLGATE_OK || status == CALLGATE_E_NOMEM || status == CALLGATE_E_UNCONFINED);
	});
}

UNIT_TESTS(test_privsep_kernel, cmocka_unit_test(what_the_table_permits_is_answered),
	   cmocka_unit_test(descriptors_go_both_ways_and_none_is_left),
	   cmocka_unit_test(what_it_does_not_permit_ends_the_worker),
	   cmocka_unit_test(noise_from_the_worker_harms_nobody), cmocka_unit_test(who_takes_no_answer_is_ended),
	   cmocka_unit_test(a_worker_that_dies_at_its_question_leaves_nothing),
	   cmocka_unit_test(the_workers_end_is_told),
	   cmocka_unit_test(a_worker_that_closes_its_socket_and_stays_is_ended),
	   cmocka_unit_test(what_a_dead_worker_leaves_behind_holds_up_nobody),
	   cmocka_unit_test(a_worker_dies_with_its_supervisor), cmocka_unit_test(its_filter_holds),
	   cmocka_unit_test(it_becomes_another_in_a_root_of_its_own), cmocka_unit_test(a_table_is_checked),
	   cmocka_unit_test(memory_that_fails_is_an_error), )
