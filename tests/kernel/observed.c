/*
 * observed MODE: a program whose calls are known, for the tests of the recorders. Where a mode counts, it counts
 * getppid, which nothing else here calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long failures;

static void *call(void *times)
{
	for (long i = 0; i < *(long *)times; i++)
		if (syscall(SYS_getppid) < 0)
			failures++;
	return NULL;
}

static int threads_call(int count, long times)
{
	pthread_t thread[8];

	for (int i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, call, &times))
			return 1;
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	return 0;
}

static int threads(void)
{
	return threads_call(4, 250);
}

/* 20 children with 10 calls each. */
static int forks(void)
{
	long times = 10;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			call(&times);
			_exit(i);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	return 0;
}

static int vforks(void)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		syscall(SYS_getppid);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

static void tick(int signal)
{
}

/* 5 000 calls while a timer interrupts; the handler asks for calls to be started again, or not. */
static int signals_with(int flags)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = flags };
	struct itimerval timer = { { 0, 300 }, { 0, 300 } };
	long times = 5000;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	call(&times);
	memset(&timer, 0, sizeof(timer));
	while (setitimer(ITIMER_REAL, &timer, NULL) < 0)
		;
	printf("%ld\n", failures);
	return 0;
}

static int signals(void)
{
	return signals_with(SA_RESTART);
}

static int hard_signals(void)
{
	return signals_with(0);
}

static int chain(const char *self, const char *left)
{
	char next[16];

	syscall(SYS_getppid);
	if (atoi(left) == 0)
		return 7;
	snprintf(next, sizeof(next), "%d", atoi(left) - 1);
	execl(self, self, "chain", next, (char *)NULL);
	return 1;
}

/* An exec that fails must not look like one that succeeded. */
static int failed_exec(void)
{
	execl("/no/such/program", "x", (char *)NULL);
	syscall(SYS_getppid);
	return 0;
}

static int load(unsigned nr, unsigned action, unsigned flags)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* A filter of its own refuses one call. */
static int own_filter(void)
{
	if (load(SYS_getppid, SECCOMP_RET_ERRNO | EPERM, 0) != 0)
		return 1;
	return syscall(SYS_getppid) != -1;
}

static int own_listener(void)
{
	int listener = load(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

	return listener < 0;
}

static int bomb(void)
{
	while (fork() >= 0)
		;
	return 1;
}

/* Leaves a child behind that ends only when it is made to. */
static int leave(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		for (;;)
			pause();
	}
	printf("%d\n", (int)pid);
	return pid < 0;
}

/* Prints its own number and that of a child that sleeps, and sleeps itself. */
static int sleepers(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	printf("%d %d\n", (int)getpid(), (int)pid);
	fflush(stdout);
	while (pause() < 0)
		;
	return 1;
}

/* The same of two that call without end. */
static int callers(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			syscall(SYS_getppid);
	printf("%d %d\n", (int)getpid(), (int)pid);
	fflush(stdout);
	while (syscall(SYS_getppid) >= 0)
		;
	return 1;
}

static int affinity(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	printf("%d\n", CPU_COUNT(&set));
	return 0;
}

enum { GENERATE_THREADS = 4, GENERATE_CALLS = 200 };

static void *end_process(void *unused)
{
	syscall(SYS_exit_group, 0);
	return NULL;
}

static void *exec_self(void *unused)
{
	execl("/proc/self/exe", "observed", "chain", "0", (char *)NULL);
	return NULL;
}

static void join(void *(*work)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, argument) == 0)
		pthread_join(thread, NULL);
}

/* Ways for a process to end, or to go on as another program, which makes one call more. */
static void end_by_exit(void)
{
	exit(0);
}

static void end_by_another_thread(void)
{
	join(end_process, NULL);
}

static void end_thread_by_thread(void)
{
	static long times = GENERATE_CALLS;
	pthread_t thread;

	/* The calls of this one come when the first has ended. */
	if (pthread_create(&thread, NULL, call, &times) == 0)
		syscall(SYS_exit, 0);
}

static void end_by_kill(void)
{
	kill(getpid(), SIGKILL);
}

static void end_by_abort(void)
{
	abort();
}

static void end_by_fault(void)
{
	raise(SIGSEGV);
}

static void end_by_exec(void)
{
	exec_self(NULL);
}

static void end_by_exec_of_another_thread(void)
{
	join(exec_self, NULL);
}

/*
 * Every way to end, after as many calls of as many threads, one process beside the other. Prints how many calls that
 * makes.
 */
static int generate(void)
{
	static const struct {
		void (*end)(void);
		int more; /* calls than the threads make */
	} ways[] = {
		{ end_by_exit, 0 },
		{ end_by_another_thread, 0 },
		{ end_thread_by_thread, GENERATE_CALLS },
		{ end_by_kill, 0 },
		{ end_by_abort, 0 },
		{ end_by_fault, 0 },
		{ end_by_exec, 1 },
		{ end_by_exec_of_another_thread, 1 },
	};
	int expected = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		expected += GENERATE_THREADS * GENERATE_CALLS + ways[i].more;
		if (pid > 0)
			continue;
		threads_call(GENERATE_THREADS, GENERATE_CALLS);
		ways[i].end();
		_exit(1);
	}
	while (wait(NULL) > 0)
		;
	printf("%d\n", expected);
	return 0;
}

/* Makes as many calls as each byte of standard input says, and answers it. */
static int serve(void)
{
	unsigned char times;

	while (read(STDIN_FILENO, &times, 1) == 1) {
		long calls = times;

		call(&calls);
		if (write(STDOUT_FILENO, &times, 1) != 1)
			return 1;
	}
	return 0;
}

static int early[2];
static pthread_t early_thread;

static void *early_calls(void *unused)
{
	char byte;

	if (read(early[0], &byte, 1) == 1)
		for (int i = 0; i < 100; i++)
			getppid();
	return NULL;
}

/* What comes before main: a call of its own, and a thread that calls only afterwards. */
__attribute__((constructor)) static void before_main(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "main") != 0)
		return;
	getsid(0);
	if (pipe(early) < 0 || pthread_create(&early_thread, NULL, early_calls, NULL))
		_exit(1);
}

/* Says whether somebody traces it once main has begun and all of its threads have run. */
static int after_main(void)
{
	char status[4096], *tracer;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	getsid(0);
	getsid(0);
	if (write(early[1], "x", 1) != 1 || pthread_join(early_thread, NULL))
		return 1;
	length = read(fd, status, sizeof(status) - 1);
	status[length > 0 ? length : 0] = 0;
	tracer = strstr(status, "TracerPid:");
	printf("%d\n", tracer && atoi(tracer + strlen("TracerPid:")) > 0);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} modes[] = {
		{ "threads", threads },
		{ "forks", forks },
		{ "vforks", vforks },
		{ "signals", signals },
		{ "hard_signals", hard_signals },
		{ "failed_exec", failed_exec },
		{ "own_filter", own_filter },
		{ "bomb", bomb },
		{ "own_listener", own_listener },
		{ "leave", leave },
		{ "affinity", affinity },
		{ "sleepers", sleepers },
		{ "callers", callers },
		{ "generate", generate },
		{ "serve", serve },
		{ "main", after_main },
	};

	if (argc == 3 && strcmp(argv[1], "chain") == 0)
		return chain(argv[0], argv[2]);
	for (size_t i = 0; argc == 2 && i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(modes[i].name, argv[1]) == 0)
			return modes[i].run();
	return 2;
}
