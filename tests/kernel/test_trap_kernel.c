/*
 * A process whose SIGSYS handler asks for it: what it may do meanwhile (threads, forks, signals, closing everything),
 * what ends it, and what somebody gets who owns it.
 */
#include "unit.h"

#include "asked.h"
#include "kernel/load.h"
#include "notify/question.h"
#include "trap/handler.h"

#include <callgate/trap.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char scratch[64];

static void make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

/* A folder with a file that may be opened, one that may not, and a FIFO at which a call waits; we stand in it. */
static int make_scratch(void **state)
{
	strcpy(scratch, "/tmp/callgate-trap-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	assert_int_equal(chdir(scratch), 0);
	assert_int_equal(mkdir("www", 0755), 0);
	make_file("www/index");
	make_file("secret");
	assert_int_equal(mkfifo("www/fifo", 0644), 0);
	return 0;
}

static int remove_scratch(void **state)
{
	char command[128];

	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	assert_int_equal(system(command), 0);
	return 0;
}

static struct callgate_policy *parse(const char *text)
{
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };

	if (callgate_policy_parse("test", text, strlen(text), NULL, &policy, &err) != CALLGATE_OK)
		fail_msg("%s: %u:%u: %s", text, err.line, err.col, err.message);
	return policy;
}

/* The folder's files by a broker, and what a sanitizer reads at a long jump; all else as `others` has it, which begins
 * with the default. */
static struct callgate_trap *make_trap(const char *others, struct callgate_policy **ret_policy)
{
	struct callgate_trap *trap = NULL;
	char text[2048];

	snprintf(text, sizeof(text),
		 "kernel 6.1\n%s\nnotify openat via files { read \"%s/www/**\"; read \"/proc/self/maps\" }\n", others,
		 scratch);
	*ret_policy = parse(text);
	assert_int_equal(callgate_trap_new(*ret_policy, &trap, NULL), CALLGATE_OK);
	return trap;
}

static pid_t start(struct callgate_trap *trap, int (*act)(void))
{
	struct callgate_error err = { 0 };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (callgate_trap_enter(trap, &err) != CALLGATE_OK) {
		fprintf(stderr, "# %s\n", err.message);
		_exit(99);
	}
	_exit(act());
}

static int end_of(pid_t pid)
{
	struct asked asked = { .pid = pid, .listener = -1 };

	return asked_end(&asked);
}

/* What a process comes to that enters and acts, its supervisor beside it. */
static int outcome(const char *others, const struct callgate_notify_options *options, int (*act)(void))
{
	struct callgate_policy *policy;
	struct callgate_trap *trap = make_trap(others, &policy);
	struct callgate_notify *notify;
	pid_t pid = start(trap, act);

	assert_int_equal(callgate_notify_new(options, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_trap_answer(trap, notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_run(notify, NULL), CALLGATE_OK);
	callgate_notify_free(notify);
	callgate_trap_free(trap);
	callgate_policy_free(policy);
	return end_of(pid);
}

/* 0 and the number, or −1 and 100 with the errno. */
static int open_file(const char *name)
{
	return (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
}

static bool is_served(void)
{
	int fd = open_file("www/index");

	if (fd >= 0)
		close(fd);
	return fd >= 0 && open_file("secret") == -1 && errno == EACCES;
}

static int be_served(void)
{
	return is_served() ? 0 : 1;
}

static void what_the_rules_permit_is_had(void **state)
{
	assert_int_equal(outcome("default allow", NULL, be_served), 0);
}

static int close_everything(void)
{
	int fd = open_file("www/index");

	closefrom(3);
	for (int i = 3; i < 2048; i++)
		close(i);
	if (open_file("www/index") != 3)
		return 1;
	for (int i = 4; i < 1100; i++)
		if (i != fd && dup2(3, i) < 0 && errno != EBADF)
			return 2;
	return is_served() ? 0 : 3;
}

static void its_descriptors_cannot_be_taken_away(void **state)
{
	assert_int_equal(outcome("default allow", NULL, close_everything), 0);
}

static void open_in_handler(int number)
{
	if (!is_served())
		_exit(50);
}

static int block_everything(void)
{
	struct sigaction action = { .sa_handler = open_in_handler };
	sigset_t all, before, now;

	sigfillset(&all);
	sigfillset(&action.sa_mask);
	if (sigprocmask(SIG_SETMASK, &all, &before) < 0 || !is_served())
		return 1;
	if (sigprocmask(SIG_SETMASK, &before, &now) < 0 || sigismember(&now, SIGUSR1) != 1 || sigismember(&now, SIGSYS))
		return 2;
	if (sigaction(SIGUSR1, &action, NULL) < 0 || raise(SIGUSR1) != 0)
		return 3;
	if (signal(SIGSYS, SIG_DFL) == SIG_ERR || signal(SIGSYS, SIG_IGN) == SIG_ERR || !is_served())
		return 4;
	/* What is wrong is told as the kernel does. */
	if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, 16, NULL, 8) != -1 || errno != EFAULT)
		return 5;
	if (syscall(SYS_rt_sigprocmask, 7, &all, NULL, 8) != -1 || errno != EINVAL)
		return 6;
	return syscall(SYS_rt_sigaction, SIGUSR1, 16, NULL, 8) == -1 && errno == EFAULT ? 0 : 7;
}

static void its_signal_cannot_be_taken_away(void **state)
{
	assert_int_equal(outcome("default allow", NULL, block_everything), 0);
}

static void *ask_often(void *argument)
{
	for (int i = 0; i < 50; i++)
		if (!is_served())
			_exit(51);
	return NULL;
}

static int ask_by_threads(void)
{
	pthread_t threads[3 * QUESTION_CHANNELS];

	for (size_t i = 0; i < sizeof(threads) / sizeof(*threads); i++)
		if (pthread_create(&threads[i], NULL, ask_often, NULL))
			return 1;
	for (size_t i = 0; i < sizeof(threads) / sizeof(*threads); i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static void threads_ask_at_the_same_time(void **state)
{
	assert_int_equal(outcome("default allow", NULL, ask_by_threads), 0);
}

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int ask_by_forks(void)
{
	pid_t pids[4], pid;

	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			ask_often(NULL);
			_exit(0);
		}
	}
	ask_often(NULL);
	for (int i = 0; i < 4; i++)
		if (wait_for(pids[i]))
			return 1;
	/* One that shares its parent's memory. */
	pid = vfork();
	if (pid == 0)
		_exit(open_file("www/index") >= 0 ? 0 : 1);
	return wait_for(pid) || !is_served() ? 2 : 0;
}

static void what_is_forked_asks_too(void **state)
{
	assert_int_equal(outcome("default allow", NULL, ask_by_forks), 0);
}

/* As the kernel numbers them: programs close 0 to open it anew. */
static int open_lowest(void)
{
	pid_t pid;

	close(0);
	if (open_file("www/index") != 0)
		return 1;
	pid = fork();
	if (pid == 0) {
		close(0);
		_exit(open_file("www/index"));
	}
	return wait_for(pid) ? 2 : 0;
}

static int is_cloexec(void)
{
	int open_fd = (int)syscall(SYS_openat, AT_FDCWD, "www/index", O_RDONLY, 0), fd = open_file("www/index");

	return fcntl(open_fd, F_GETFD) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC ? 0 : 1;
}

static void descriptors_are_as_the_kernel_gives_them(void **state)
{
	assert_int_equal(outcome("default allow", NULL, open_lowest), 0);
	assert_int_equal(outcome("default allow", NULL, is_cloexec), 0);
}

static int open_without_room(void)
{
	struct rlimit none = { 3, 3 };

	closefrom(3);
	if (setrlimit(RLIMIT_NOFILE, &none) < 0)
		return 1;
	return open_file("www/index") == -1 && errno == EMFILE ? 0 : 2;
}

static void without_room_for_a_descriptor_there_is_none(void **state)
{
	assert_int_equal(outcome("default allow", NULL, open_without_room), 0);
}

static int execute(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static void what_it_executes_has_no_handler(void **state)
{
	assert_int_equal(outcome("default allow", NULL, execute), 128 + SIGSYS);
}

static sigjmp_buf again;
static volatile sig_atomic_t alarms;

static void jump_out(int number)
{
	if (!is_served())
		_exit(52);
	alarms++;
	siglongjmp(again, 1);
}

/* More often than there are channels. */
static int leave_handlers(void)
{
	const struct itimerval timer = { { 0, 0 }, { 0, 2000 } };

	signal(SIGALRM, jump_out);
	while (alarms < 2 * QUESTION_CHANNELS) {
		if (sigsetjmp(again, 1))
			continue;
		setitimer(ITIMER_REAL, &timer, NULL);
		open_file("www/fifo");
		return 1;
	}
	return is_served() ? 0 : 2;
}

static void signals_come_through_while_it_waits(void **state)
{
	assert_int_equal(outcome("default allow", NULL, leave_handlers), 0);
}

/* Each asks itself, in the midst of whatever its thread was asking, and has the next one sent. */
static void ask_in_handler(int number)
{
	const struct itimerval soon = { { 0, 0 }, { 0, 300 } };
	int kept = errno;

	if (!is_served())
		_exit(53);
	alarms++;
	setitimer(ITIMER_REAL, &soon, NULL);
	errno = kept;
}

/* Threads that ask, signals that ask, and children that do, at the same time. */
static int ask_in_a_storm(void)
{
	pthread_t threads[4];

	signal(SIGALRM, ask_in_handler);
	for (size_t i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, ask_often, NULL))
			return 1;
	ask_in_handler(SIGALRM);
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			ask_in_handler(SIGALRM);
			ask_often(NULL);
			_exit(0);
		}
		if (wait_for(pid))
			return 2;
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return alarms > 1 ? 0 : 3;
}

static void a_storm_of_signals_threads_and_forks_is_served(void **state)
{
	assert_int_equal(outcome("default allow", NULL, ask_in_a_storm), 0);
}

/* On a busy machine what is answered at once may be late too, but not for ever. */
static bool is_served_at_last(void)
{
	int fd = -1;

	for (int i = 0; i < 1000 && fd < 0; i++) {
		fd = open_file("www/index");
		if (fd < 0 && errno != ETIMEDOUT)
			return false;
	}
	close(fd);
	return fd >= 0;
}

static int be_late(void)
{
	for (int i = 0; i < 3; i++)
		if (open_file("www/fifo") != -1 || errno != ETIMEDOUT || !is_served_at_last())
			return 1;
	return 0;
}

static void a_late_answer_is_the_loops(void **state)
{
	const struct callgate_notify_options options = { .deadline_ms = 30 };

	assert_int_equal(outcome("default allow", &options, be_late), 0);
}

static int look_at_descriptor(void)
{
	struct stat meaning;

	if (syscall(SYS_newfstatat, 0, "", &meaning, AT_EMPTY_PATH) != 0)
		return 1;
	if (syscall(SYS_newfstatat, AT_FDCWD, "secret", &meaning, 0) != -1 || errno != EISNAM)
		return 2;
	if (syscall(SYS_newfstatat, 0, 16, &meaning, AT_EMPTY_PATH) != -1 || errno != EISNAM)
		return 3;
	return syscall(SYS_mkdir, "made", 0777) == -1 && errno == EPERM ? 0 : 4;
}

static void what_is_trapped_otherwise_is_answered_here(void **state)
{
#ifdef SYS_newfstatat
	char others[128];

	snprintf(others, sizeof(others), "default allow\ntrap %d newfstatat\ntrap 0 mkdir", EISNAM);
	assert_int_equal(outcome(others, NULL, look_at_descriptor), 0);
#else
	skip();
#endif
}

static int said[2];

static int wait_at_fifo(void)
{
	char byte = 'r';

	if (write(said[1], &byte, 1) != 1)
		return 1;
	return open_file("www/fifo") == -1 && errno == EPERM && open_file("www/index") == -1 && errno == EPERM ? 0 : 2;
}

/* A supervisor in a process of its own, which is killed while it works on the call. */
static int outcome_of_orphan(const char *others)
{
	struct callgate_policy *policy;
	struct callgate_trap *trap = make_trap(others, &policy);
	struct callgate_notify *notify;
	pid_t supervisor, pid;
	char byte;

	assert_int_equal(pipe(said), 0);
	pid = start(trap, wait_at_fifo);
	supervisor = fork();
	if (supervisor == 0) {
		if (callgate_notify_new(NULL, &notify, NULL) == CALLGATE_OK &&
		    callgate_trap_answer(trap, notify, NULL) == CALLGATE_OK)
			callgate_notify_run(notify, NULL);
		_exit(0);
	}
	callgate_trap_free(trap);
	callgate_policy_free(policy);
	assert_int_equal(read(said[0], &byte, 1), 1);
	kill(supervisor, SIGKILL);
	wait_for(supervisor);
	close(said[0]);
	close(said[1]);
	return end_of(pid);
}

static void who_has_lost_its_supervisor_gets_the_default(void **state)
{
	assert_int_equal(outcome_of_orphan("default allow"), 0);
	assert_int_equal(outcome_of_orphan("default kill-process\nallow write, exit_group"), 128 + SIGSYS);
}

static void send_junk(int door, const void *bytes, size_t length, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec data = { (void *)bytes, length };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	(void)!sendmsg(door, &message, MSG_NOSIGNAL);
}

/* Whoever owns the process writes what he likes to the door. */
static int talk_nonsense(void)
{
	const int fds[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };
	struct rlimit limit;
	struct question question;
	int door;

	getrlimit(RLIMIT_NOFILE, &limit);
	door = (int)(limit.rlim_cur < 1024 ? limit.rlim_cur : 1024) - 1 - QUESTION_CHANNELS;
	memset(&question, 0xff, sizeof(question));
	for (size_t length = 0; length < sizeof(question); length += 97)
		send_junk(door, &question, length, fds, length % 9);
	memset(&question.head, 0, sizeof(question.head));
	question.head.fd = -1;
	for (uint32_t channel = 0; channel < 2 * QUESTION_CHANNELS; channel++) {
		question.head.channel = channel;
		question.head.ticket = UINT64_MAX;
		send_junk(door, &question.head, sizeof(question.head), NULL, 0);
	}
	/* An answer that cannot be sent: standard input is no socket. */
	question.head.channel = QUESTION_OWN_CHANNEL;
	send_junk(door, &question.head, sizeof(question.head), fds, 1);
	return is_served() ? 0 : 1;
}

static void nonsense_is_thrown_away(void **state)
{
	assert_int_equal(outcome("default allow", NULL, talk_nonsense), 0);
}

static int use_messages(void)
{
	struct msghdr message = { .msg_iovlen = 0 };
	int ends[2];

	if (syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends) != -1 || errno != EDOM)
		return 1;
	if (syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return 2;
	if (syscall(SYS_sendmsg, ends[0], &message, 0) != -1 || errno != EDOM)
		return 3;
	return open_file("secret") == -1 && errno == EACCES ? 0 : 4;
}

/* What the handler may is everybody's in the process: it must not be more than it looks. */
static void what_the_handler_may_is_narrow(void **state)
{
	assert_int_equal(outcome("default allow\nerrno EDOM sendmsg, socketpair", NULL, use_messages), 0);
}

#ifdef __x86_64__

/* A gate as it could be: one instruction from which alone a filter lets calls pass. And somebody who jumps into it,
 * with a call of his own. */
__asm__(".text\ntrap_test_gate:\n\tmov $39, %eax\n\tsyscall\n"
	".globl trap_test_after\ntrap_test_after:\n\tret\n"
	".globl trap_test_forge\ntrap_test_forge:\n\tmov %rdi, %rax\n\tjmp trap_test_gate + 5\n");
extern char trap_test_after[];
long trap_test_forge(long nr);

static int jump_into_gate(void)
{
	uint64_t after = (uint64_t)(uintptr_t)trap_test_after;
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)after, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	if (kernel_filter_load(insns, sizeof(insns) / sizeof(*insns), 0, NULL, NULL) != CALLGATE_OK)
		return 1;
	if (syscall(SYS_getppid) != -1 || errno != EDOM)
		return 2;
	return trap_test_forge(SYS_getppid) > 0 ? 0 : 3;
}

static void an_instructions_place_is_no_proof(void **state)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(jump_into_gate());
	assert_int_equal(end_of(pid), 0);
}

#else

static void an_instructions_place_is_no_proof(void **state)
{
	skip();
}

#endif

static int enter_twice(void)
{
	struct callgate_policy *policy;
	struct callgate_trap *trap = make_trap("default allow", &policy);
	struct callgate_error err = { 0 };

	return callgate_trap_enter(trap, &err) == CALLGATE_E_LIMIT && strstr(err.message, "is taken") ? 0 : 1;
}

static void one_trap_is_entered_by_one_process_once(void **state)
{
	struct callgate_policy *policy;
	struct callgate_trap *trap = make_trap("default allow", &policy);
	struct callgate_notify *notify;
	struct callgate_error err;

	assert_int_equal(outcome("default allow", NULL, enter_twice), 0);
	assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_trap_answer(trap, notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_trap_answer(trap, notify, &err), CALLGATE_E_INVALID);
	assert_int_equal(callgate_trap_enter(trap, &err), CALLGATE_E_INVALID);
	callgate_notify_free(notify);
	callgate_trap_free(trap);
	callgate_policy_free(policy);
}

static void what_a_trap_cannot_do_is_refused(void **state)
{
	static const char *const texts[] = {
		"kernel 6.1\ndefault allow\nnotify execve once\n",
		"kernel 6.1\ndefault allow\nnotify openat\n",
		"kernel 6.1\ndefault allow\ntrap 51729 openat\n",
		"kernel 6.1\ndefault allow\nallow read\nphase serve at main {\n    errno EPERM openat\n}\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct callgate_policy *policy = parse(texts[i]);
		struct callgate_trap *trap = NULL;
		struct callgate_error err = { 0 };

		assert_int_equal(callgate_trap_new(policy, &trap, &err), CALLGATE_E_UNSUPPORTED);
		assert_null(trap);
		assert_true(err.line >= 3);
		callgate_policy_free(policy);
	}
}

static void nothing_is_left_when_memory_fails(void **state)
{
	struct callgate_policy *policy = parse("kernel 6.1\ndefault allow\nnotify openat via files { read \"/a\" }\n");

	FOR_EACH_ALLOCATION({
		struct callgate_trap *trap;
		struct callgate_error err;

		if (callgate_trap_new(policy, &trap, &err) == CALLGATE_OK)
			callgate_trap_free(trap);
		else
			assert_int_equal(err.status, CALLGATE_E_NOMEM);
	});
	callgate_policy_free(policy);
}

static void a_question_holds_together_or_is_none(void **state)
{
	struct question question = { .head = { .fd = -1, .parts = { { 4096, 5 }, { 0, 0 } } }, .bytes = "text" };
	const size_t whole = sizeof(question.head) + 5;
	char bytes[16];

	assert_true(question_is_whole(&question, whole));
	assert_false(question_is_whole(&question, whole - 1));
	assert_false(question_is_whole(&question, 3));
	assert_int_equal(question_copy(&question, 4096, bytes, sizeof(bytes)), 5);
	assert_int_equal(question_copy(&question, 4098, bytes, 2), 2);
	assert_int_equal(question_copy(&question, 4101, bytes, 1), -EFAULT);
	assert_int_equal(question_copy(&question, 4095, bytes, 2), -EFAULT);
	assert_int_equal(question_copy(&question, 0, bytes, 0), 0);
	question.head.fd = 3;
	assert_false(question_is_whole(&question, whole));
	question.fd_count = 1;
	assert_true(question_is_whole(&question, whole));
	question.head.channel = QUESTION_CHANNELS;
	assert_false(question_is_whole(&question, whole));
	question.head.channel = 0;
	question.head.parts[1].length = UINT64_MAX;
	assert_false(question_is_whole(&question, whole - 1));
	question.fd_count = 0;
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

UNIT_TESTS(test_trap_kernel, IN_SCRATCH(what_the_rules_permit_is_had), IN_SCRATCH(its_descriptors_cannot_be_taken_away),
	   IN_SCRATCH(its_signal_cannot_be_taken_away), IN_SCRATCH(threads_ask_at_the_same_time),
	   IN_SCRATCH(what_is_forked_asks_too), IN_SCRATCH(descriptors_are_as_the_kernel_gives_them),
	   IN_SCRATCH(without_room_for_a_descriptor_there_is_none), IN_SCRATCH(what_it_executes_has_no_handler),
	   IN_SCRATCH(signals_come_through_while_it_waits), IN_SCRATCH(a_storm_of_signals_threads_and_forks_is_served),
	   IN_SCRATCH(a_late_answer_is_the_loops), IN_SCRATCH(what_is_trapped_otherwise_is_answered_here),
	   IN_SCRATCH(who_has_lost_its_supervisor_gets_the_default), IN_SCRATCH(nonsense_is_thrown_away),
	   IN_SCRATCH(what_the_handler_may_is_narrow), cmocka_unit_test(an_instructions_place_is_no_proof),
	   IN_SCRATCH(one_trap_is_entered_by_one_process_once), cmocka_unit_test(what_a_trap_cannot_do_is_refused),
	   cmocka_unit_test(nothing_is_left_when_memory_fails),
	   cmocka_unit_test(a_question_holds_together_or_is_none), )
