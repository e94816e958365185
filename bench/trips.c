/*
 * What it costs to ask somebody: a call that a supervisor answers, beside two processes that only wake each other (a
 * futex ping-pong), and beside a broker that a SIGSYS handler talks to over a socket, as browsers have it. Each way runs
 *in a child of its own and takes turns with the others, all on one CPU; then two of them where the scheduler likes.
 *
 *	trips FOLDER ROUNDS        prints a line for each way: its name, median and 99th percentile in microseconds
 *	trips FOLDER attack TRIES  prints, for each attack, the tries, how often the secret was had, and what is allowed
 */
#include "times.h"

#include "broker/broker.h"
#include "kernel/load.h"
#include "kernel/notify.h"
#include "lang/lang.h"
#include "launch/handover.h"

#include <callgate/trap.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { ROUNDS_MAX = 100000, TURNS = 5, LOAD_MAX = 64, LOADED_LESS = 8, PLACED_EVERY = 16 };

static char folder[64], allowed_path[128];
static double *times; /* shared with the children, which fill it */
static int rounds;
static bool is_pinned;

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (is_pinned)
		sched_setaffinity(0, sizeof(set), &set);
}

static void __attribute__((noreturn)) time_all(bool (*act)(void))
{
	for (int i = 0; i < rounds; i++) {
		double before = times_now();

		if (!act())
			_exit(2);
		times[i] = times_now() - before;
	}
	_exit(0);
}

/* A child that measures act under a filter; a listener, where one is asked for, comes back over a socket. */
static pid_t start_filtered(const struct sock_filter *insns, size_t count, bool (*act)(void), int *ret_listener)
{
	bool notifies = ret_listener != NULL;
	int ends[2], listener = -1;
	pid_t pid;

	if (handover_open(ends, NULL) != CALLGATE_OK)
		exit(1);
	pid = fork();
	if (pid == 0) {
		pin();
		if (kernel_filter_load(insns, count,
				       notifies ? SECCOMP_FILTER_FLAG_NEW_LISTENER | notify_filter_flags() : 0,
				       notifies ? &listener : NULL, NULL) != CALLGATE_OK ||
		    (notifies && handover_give(ends[1], listener) < 0))
			_exit(1);
		close(listener);
		close(ends[0]);
		close(ends[1]);
		time_all(act);
	}
	while (notifies && handover_take(ends[0], ret_listener, NULL) != CALLGATE_OK)
		sched_yield();
	close(ends[0]);
	close(ends[1]);
	return pid;
}

/* The same where calls of nr get this action, and all others pass. */
static pid_t start(unsigned nr, unsigned action, bool (*act)(void), int *ret_listener)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return start_filtered(insns, 4, act, ret_listener);
}

static void finish(pid_t pid, const char *name)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "trips: %s: status %d\n", name, status);
		exit(1);
	}
}

static struct callgate_policy *parse(const char *others, const char *rules)
{
	struct callgate_policy *policy = NULL;
	char text[1024];

	snprintf(text, sizeof(text), "kernel 6.1\n%s\n%s", others, rules);
	if (callgate_policy_parse("trips", text, strlen(text), NULL, &policy, NULL) != CALLGATE_OK)
		exit(1);
	return policy;
}

/* Answers by a policy's rules until the child ends. */
static void serve(const struct callgate_policy *policy, int listener)
{
	struct callgate_notify *notify = NULL;
	struct callgate_notify_handler handler;
	struct broker *broker = NULL;

	if (broker_new(policy->policy, &broker, NULL) != CALLGATE_OK ||
	    callgate_notify_new(NULL, &notify, NULL) != CALLGATE_OK)
		exit(1);
	handler = broker_handler(broker);
	if (callgate_notify_add(notify, listener, &handler, NULL) != CALLGATE_OK ||
	    callgate_notify_run(notify, NULL) != CALLGATE_OK)
		exit(1);
	callgate_notify_free(notify);
	broker_free(broker);
	close(listener);
}

/* A child under a policy, as `run` has it, whose rules are answered here. */
static void confine(const char *name, const char *rules, bool (*act)(void))
{
	struct callgate_policy *policy =
		parse("default kill-process\nallow close, exit_group, sendmsg, clock_gettime", rules);
	struct callgate_filter *filter = NULL;
	const struct sock_filter *insns;
	size_t count;
	int listener;
	pid_t pid;

	if (callgate_filter_compile(policy, NULL, &filter, NULL) != CALLGATE_OK)
		exit(1);
	insns = callgate_filter_program(filter, &count);
	pid = start_filtered(insns, count, act, &listener);
	serve(policy, listener);
	finish(pid, name);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
}

/* Answers as a loop does that knows nothing of the CPU. */
static void serve_plainly(int listener)
{
	union notify_buffer buffer;

	while (!notify_is_over(listener))
		if (notify_receive(listener, &buffer, NULL) == NOTIFY_DONE)
			notify_respond(listener, buffer.notif.id, 0, EACCES, NULL);
	close(listener);
}

/* On which CPU a thread last ran: field 39 of its stat, −1 when that cannot be read. */
static int cpu_of(pid_t tid)
{
	char text[1024];
	const char *field;
	int fd;
	ssize_t got;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)tid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	field = strrchr(text, ')');
	for (int i = 2; field && i < 39; i++)
		field = strchr(field + 1, ' ');
	return field ? atoi(field) : -1;
}

static void stand_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The same, but goes where its target is, every few calls. */
static void serve_placed(int listener)
{
	union notify_buffer buffer;
	int cpu = -1;

	for (unsigned calls = 0; !notify_is_over(listener);) {
		if (notify_receive(listener, &buffer, NULL) != NOTIFY_DONE)
			continue;
		if (calls++ % PLACED_EVERY == 0) {
			int theirs = cpu_of((pid_t)buffer.notif.pid);

			if (theirs >= 0 && theirs != cpu)
				stand_on(theirs);
			cpu = theirs;
		}
		notify_respond(listener, buffer.notif.id, 0, EACCES, NULL);
	}
	close(listener);
}

static bool call_bare(void)
{
	return syscall(SYS_kill, 0, 1000) == -1;
}

static bool open_bare(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, allowed_path, O_RDONLY | O_CLOEXEC, 0);

	return fd >= 0 && syscall(SYS_close, fd) == 0;
}

static void way_bare(void)
{
	finish(start(SYS_kill, SECCOMP_RET_ALLOW, call_bare, NULL), "bare");
}

static void way_open(void)
{
	finish(start(SYS_openat, SECCOMP_RET_ALLOW, open_bare, NULL), "open");
}

/* Two words that are waited on in turn. */
static uint32_t *words;

static void futex_wait(uint32_t *word, uint32_t value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
		syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void futex_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static bool ping(void)
{
	futex_set(&words[1], 0);
	futex_set(&words[0], 1);
	futex_wait(&words[1], 0);
	return true;
}

static void way_futex(void)
{
	pid_t peer, pid;

	words[0] = words[1] = 0;
	peer = fork();
	if (peer == 0) {
		pin();
		for (;;) {
			futex_wait(&words[0], 0);
			__atomic_store_n(&words[0], 0, __ATOMIC_RELEASE);
			futex_set(&words[1], 1);
		}
	}
	pid = start(SYS_kill, SECCOMP_RET_ALLOW, ping, NULL);
	finish(pid, "futex");
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
}

static void way_lookup(void)
{
	confine("lookup", "notify kill own-children\n", call_bare);
}

static void way_plain(void)
{
	int listener;
	pid_t pid = start(SYS_kill, SECCOMP_RET_USER_NOTIF, call_bare, &listener);

	serve_plainly(listener);
	finish(pid, "plain");
}

static void way_placed(void)
{
	int listener;
	pid_t pid = start(SYS_kill, SECCOMP_RET_USER_NOTIF, call_bare, &listener);

	serve_placed(listener);
	finish(pid, "placed");
}

static void say_files(char rules[256])
{
	snprintf(rules, 256, "notify openat via files { read \"%s/www/**\"; deny \"**\" }\n", folder);
}

static void way_files(void)
{
	char rules[256];

	say_files(rules);
	confine("files", rules, open_bare);
}

/* The same as browsers do it: the refused call's handler asks a broker over a socket. */
static int trap_socket;

static void trap_handler(int signal, siginfo_t *info, void *context)
{
	ucontext_t *registers = context;
	greg_t *regs = registers->uc_mcontext.gregs;
	const char *path = (const char *)regs[REG_RSI];
	int fd = -1;

	if (send(trap_socket, path, strlen(path) + 1, MSG_NOSIGNAL) < 0)
		_exit(1);
	while (handover_take(trap_socket, &fd, NULL) != CALLGATE_OK) {
		char byte;

		/* handover_take does not wait. */
		recv(trap_socket, &byte, 1, MSG_PEEK);
	}
	regs[REG_RAX] = fd;
}

static void trap_broker(int socket)
{
	char path[4096];

	for (;;) {
		ssize_t got = recv(socket, path, sizeof(path), 0);
		int fd = got > 0 && strncmp(path, folder, strlen(folder)) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;

		if (fd < 0 || handover_give(socket, fd) < 0)
			_exit(1);
		close(fd);
	}
}

static void way_trap(void)
{
	struct sigaction action = { .sa_sigaction = trap_handler, .sa_flags = SA_SIGINFO | SA_NODEFER }, old;
	int ends[2];
	pid_t broker, pid;

	if (handover_open(ends, NULL) != CALLGATE_OK)
		exit(1);
	broker = fork();
	if (broker == 0) {
		pin();
		trap_broker(ends[1]);
	}
	trap_socket = ends[0];
	sigaction(SIGSYS, &action, &old);
	pid = start(SYS_openat, SECCOMP_RET_TRAP, open_bare, NULL);
	finish(pid, "trap");
	sigaction(SIGSYS, &old, NULL);
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

/* The same with our handler and our rules. */
static void way_handler(void)
{
	struct callgate_policy *policy;
	struct callgate_notify *notify = NULL;
	struct callgate_trap *trap = NULL;
	char rules[256];
	pid_t pid;

	say_files(rules);
	policy = parse("default kill-process\nallow close, exit_group, clock_gettime", rules);
	if (callgate_trap_new(policy, &trap, NULL) != CALLGATE_OK ||
	    callgate_notify_new(NULL, &notify, NULL) != CALLGATE_OK)
		exit(1);
	pid = fork();
	if (pid == 0) {
		pin();
		if (callgate_trap_enter(trap, NULL) != CALLGATE_OK)
			_exit(1);
		time_all(open_bare);
	}
	if (callgate_trap_answer(trap, notify, NULL) != CALLGATE_OK || callgate_notify_run(notify, NULL) != CALLGATE_OK)
		exit(1);
	finish(pid, "handler");
	callgate_notify_free(notify);
	callgate_trap_free(trap);
	callgate_policy_free(policy);
}

struct way {
	const char *name;
	void (*run)(void);
	bool is_pinned, is_loaded;
	double median, high, mean;
};

static struct way ways[] = {
	{ "a call", way_bare, true },
	{ "an open and a close", way_open, true },
	{ "futex ping-pong", way_futex, true },
	{ "supervisor, policy looked up", way_lookup, true },
	{ "supervisor, path read, descriptor handed over", way_files, true },
	{ "trap and socket, the same", way_trap, true },
	{ "trap and socket, our handler and rules", way_handler, true },
	{ "anywhere: supervisor", way_lookup, false },
	{ "anywhere: a loop without SYNC_WAKE_UP", way_plain, false },
	{ "anywhere: the same, placed on the target's CPU", way_placed, false },
	{ "under load: supervisor", way_lookup, false, true },
	{ "under load: a loop without SYNC_WAKE_UP", way_plain, false, true },
	{ "under load: the same, placed on the target's CPU", way_placed, false, true },
};

/* The best of several turns: what else the machine does lengthens some. */
static void keep_best(struct way *way)
{
	double sum = 0, median;

	for (int i = 0; i < rounds; i++)
		sum += times[i];
	median = times_median(times, (size_t)rounds);
	if (way->median > 0 && median >= way->median)
		return;
	way->median = median;
	way->high = times[rounds - 1 - rounds / 100];
	way->mean = sum / rounds;
}

/* One process for each CPU that does nothing but use it. */
static size_t load_start(pid_t pids[LOAD_MAX])
{
	size_t count = (size_t)sysconf(_SC_NPROCESSORS_ONLN);

	count = count < LOAD_MAX ? count : LOAD_MAX;
	for (size_t i = 0; i < count; i++) {
		pids[i] = fork();
		while (pids[i] == 0)
			__asm__ volatile("" ::: "memory");
	}
	return count;
}

static void load_end(const pid_t pids[LOAD_MAX], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

static void run_way(struct way *way)
{
	pid_t pids[LOAD_MAX];
	size_t count = way->is_loaded ? load_start(pids) : 0;
	int all = rounds;

	/* Some wait for a turn of the others. */
	rounds = way->is_loaded ? all / LOADED_LESS + 1 : all;
	way->run();
	keep_best(way);
	rounds = all;
	load_end(pids, count);
}

static int measure(void)
{
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
			cpu_set_t all;

			sched_getaffinity(0, sizeof(all), &all);
			is_pinned = ways[i].is_pinned;
			pin();
			run_way(&ways[i]);
			sched_setaffinity(0, sizeof(all), &all);
		}
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		printf("trip\t%s\t%.2f\t%.2f\t%.2f\n", ways[i].name, ways[i].median, ways[i].mean, ways[i].high);
	return 0;
}

static char flipped[256];
static volatile bool attack_is_over;

static void *flip_text(void *argument)
{
	char names[2][128];

	snprintf(names[0], sizeof(names[0]), "%s/www/index", folder);
	snprintf(names[1], sizeof(names[1]), "%s/secret", folder);
	for (unsigned i = 0; !attack_is_over; i++)
		memcpy(flipped, names[i % 2], strlen(names[i % 2]) + 1);
	return NULL;
}

static void *flip_link(void *argument)
{
	while (!attack_is_over) {
		unlink("flip");
		(void)!symlink("secret", "flip");
		unlink("flip");
		(void)!symlink("www/index", "flip");
	}
	return NULL;
}

static void *flip_folder(void *argument)
{
	while (!attack_is_over)
		syscall(SYS_renameat2, AT_FDCWD, "www/sub", AT_FDCWD, "www/other", RENAME_EXCHANGE);
	return NULL;
}

/* A folder that a path leaves upwards is now in what may be read, now beside it. */
static void *move_folder(void *argument)
{
	while (!attack_is_over) {
		rename("www/deep/moved", "closed/deep/moved");
		rename("closed/deep/moved", "www/deep/moved");
	}
	return NULL;
}

static int folders[3]; /* what may be read, what may not, and the number that is used */

static void *flip_descriptor(void *argument)
{
	for (unsigned i = 0; !attack_is_over; i++)
		dup2(folders[i % 2], folders[2]);
	return NULL;
}

/* All ways of these to say the path. */
static void *flip_all_texts(void *argument)
{
	static const char names[][32] = { "www/deep/moved/../../target", "flip", "www/sub/secret", "secret" };

	for (unsigned i = 0; !attack_is_over; i++)
		memcpy(flipped, names[i % 4], sizeof(names[0]));
	return NULL;
}

enum { FLIPPERS_MAX = 4 };

static const struct attack {
	const char *name, *path;
	void *(*flips[FLIPPERS_MAX])(void *);
	bool by_descriptor; /* of a folder */
} attacks[] = {
	{ "the text", flipped, { flip_text } },
	{ "a link", "flip", { flip_link } },
	{ "a folder on the way", "www/sub/secret", { flip_folder } },
	{ "the place of a folder that `..` leaves", "www/deep/moved/../../target", { move_folder, move_folder } },
	{ "the descriptor of the folder", "target", { flip_descriptor }, true },
	{ "all of that", flipped, { flip_all_texts, flip_link, flip_folder, move_folder } },
};

static const struct attack *attack;
static long *won, *had; /* shared */

static bool try_it(void)
{
	char byte = 0;
	int folder_fd = attack->by_descriptor ? folders[2] : AT_FDCWD;
	int fd = (int)syscall(SYS_openat, folder_fd, attack->path, O_RDONLY | O_CLOEXEC, 0);

	if (fd >= 0 && read(fd, &byte, 1) == 1) {
		*won += byte == 's';
		*had += byte == 'a';
	}
	if (fd >= 0)
		close(fd);
	return true;
}

/* The flipping threads are of the process that tries. */
static bool attack_by(void)
{
	pthread_t threads[FLIPPERS_MAX];
	long tries = atol(getenv("TRIPS_TRIES"));
	size_t count = 0;

	for (; count < FLIPPERS_MAX && attack->flips[count]; count++)
		if (pthread_create(&threads[count], NULL, attack->flips[count], NULL))
			return false;
	for (long i = 0; i < tries; i++)
		try_it();
	attack_is_over = true;
	while (count)
		pthread_join(threads[--count], NULL);
	return true;
}

static bool open_folders(void)
{
	folders[0] = open("www", O_PATH | O_DIRECTORY | O_CLOEXEC);
	folders[1] = open("closed", O_PATH | O_DIRECTORY | O_CLOEXEC);
	folders[2] = dup(folders[0]);
	return folders[1] >= 0 && folders[2] >= 0;
}

static int attack_all(const char *tries)
{
	struct callgate_policy *policy;
	char rules[256];

	if (!open_folders())
		return 1;
	setenv("TRIPS_TRIES", tries, 1);
	rounds = 1;
	snprintf(flipped, sizeof(flipped), "%s/www/index", folder);
	say_files(rules);
	policy = parse("default kill-process", rules);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
		int listener;
		pid_t pid;

		attack = &attacks[i];
		*won = *had = 0;
		pid = start(SYS_openat, SECCOMP_RET_USER_NOTIF, attack_by, &listener);
		serve(policy, listener);
		finish(pid, attack->name);
		printf("attack\t%s\t%s\t%ld\t%ld\n", attack->name, tries, *won, *had);
		fflush(stdout);
	}
	callgate_policy_free(policy);
	return 0;
}

static int make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int failed = fd < 0 || write(fd, text, strlen(text)) < 0;

	close(fd);
	return failed;
}

static int make_folder(void)
{
	strcpy(folder, "/tmp/callgate-trips-XXXXXX");
	if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("www", 0755) < 0 || mkdir("www/sub", 0755) < 0 ||
	    make_file("www/index", "allowed") || make_file("secret", "secret") ||
	    make_file("www/sub/secret", "allowed") || symlink("..", "www/other") < 0)
		return 1;
	if (mkdir("closed", 0755) < 0 || mkdir("closed/deep", 0755) < 0 || mkdir("www/deep", 0755) < 0 ||
	    mkdir("www/deep/moved", 0755) < 0 || make_file("www/target", "allowed") ||
	    make_file("closed/target", "secret"))
		return 1;
	snprintf(allowed_path, sizeof(allowed_path), "%s/www/index", folder);
	return 0;
}

static int remove_folder(int status)
{
	char command[128];

	snprintf(command, sizeof(command), "cd / && rm -rf %s", folder);
	return system(command) || status;
}

/* Whoever has capabilities reads its target's rights at each call: what is measured is what an ordinary user has. */
static bool drop_rights(void)
{
	const uid_t nobody = 65534;

	if (geteuid() != 0)
		return true;
	return setgroups(0, NULL) == 0 && setresgid(nobody, nobody, nobody) == 0 &&
	       setresuid(nobody, nobody, nobody) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0;
}

int main(int argc, char **argv)
{
	size_t size = ROUNDS_MAX * sizeof(*times) + 4096;
	bool attacks_only = argc == 4 && strcmp(argv[2], "attack") == 0;

	rounds = argc == 3 ? atoi(argv[2]) : 1;
	if ((argc != 3 && !attacks_only) || rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	times = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (times == MAP_FAILED || !drop_rights() || make_folder())
		return 1;
	words = (uint32_t *)(times + ROUNDS_MAX);
	won = (long *)(times + ROUNDS_MAX) + 8;
	had = won + 1;
	return remove_folder(attacks_only ? attack_all(argv[3]) : measure());
}
