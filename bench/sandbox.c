/*
 * What a sandbox costs at the start of a program: a static `true`, from before its start until its end is known and
 * nothing of it is left. Bare is posix_spawn; by hand are the kernel's calls alone (floor.c). The others make the same
 * ground: namespaces of users, processes, mounts, network, System V objects, host name and control groups, a root that
 * holds the program and /proc, a loopback. Callgate adds what bwrap leaves to its caller: a filter that is compiled and
 * proved, Landlock, a keyring, no capability in the bounding set. Container runtimes start a bundle, with the profile
 *of Docker and Podman. All take turns, so that the machine's moods meet all alike.
 *
 *	sandbox FOLDER ROUNDS CALLGATE TRUE [BUNDLE STATE]
 *
 * prints a line for each way: its name, median and least in microseconds. Without BUNDLE nobody starts containers.
 */
#include "floor.h"
#include "times.h"

#include <callgate/launch.h>
#include <callgate/pool.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAYS_MAX = 16, ROUNDS_MAX = 4000, WORDS_MAX = 40 };

struct way {
	const char *name;
	const char *command[WORDS_MAX]; /* what is spawned, where it is a command */
	bool hides_groups;		/* in a mount namespace where no control group is to be seen */
	bool by_hand;
	struct callgate_sandbox *sandbox; /* of callgate_run… */
	struct callgate_pool *pool;	  /* …or of a member that waits */
	double times[ROUNDS_MAX];
};

struct ways {
	struct way items[WAYS_MAX];
	size_t count;
	const char *program;
	struct callgate_subject *subject;
	int without_groups; /* that mount namespace; −1: nobody needs it */
	int nowhere;	    /* /dev/null: what a command says of a profile is known */
};

static const char *const grounds[] = { "--unshare-user", "--unshare-pid",    "--unshare-net", "--unshare-ipc",
				       "--unshare-uts",	 "--unshare-cgroup", "--ro-bind" };

static struct way *add(struct ways *ways, const char *name)
{
	struct way *way = &ways->items[ways->count++];

	way->name = name;
	return way;
}

static void append(struct way *way, const char *const *words, size_t count)
{
	size_t used = 0;

	while (way->command[used])
		used++;
	for (size_t i = 0; i < count && used < WORDS_MAX - 1; i++)
		way->command[used++] = words[i];
}

#define APPEND(way, ...) \
	append(way, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *))

/* A command with bwrap's words. */
static void append_ground(struct way *way, const char *program)
{
	append(way, grounds, sizeof(grounds) / sizeof(*grounds));
	APPEND(way, program, "/true", "--proc", "/proc", "--", "/true");
}

static int run_spawned(const struct ways *ways, const struct way *way)
{
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		if ((!way->hides_groups || setns(ways->without_groups, CLONE_NEWNS) == 0) &&
		    dup2(ways->nowhere, STDERR_FILENO) >= 0)
			execvp(way->command[0], (char **)way->command);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static int run_library(const struct ways *ways, const struct way *way)
{
	const char *argv[] = { "/true", NULL };
	struct callgate_run_options options = { .argv = argv, .sandbox = way->sandbox, .no_trace = true };
	struct callgate_run_report report;
	int status = way->pool ? callgate_pool_run(way->pool, ways->subject, &options, &report, NULL)
			       : callgate_run(ways->subject, &options, &report, NULL);

	return status == CALLGATE_OK ? report.exit_status : status;
}

static int run(const struct ways *ways, const struct way *way)
{
	if (way->by_hand)
		return floor_run(ways->program);
	return way->sandbox ? run_library(ways, way) : run_spawned(ways, way);
}

static struct callgate_sandbox *sandbox_of(const char *program, const char *mode)
{
	const char *const bind[] = { program, "/true" };
	const char *const proc[] = { "/proc" };
	struct callgate_sandbox *sandbox = NULL;
	struct callgate_error err;
	int status = callgate_sandbox_new(&sandbox, &err);

	for (size_t i = 0; status == CALLGATE_OK && i + 1 < sizeof(grounds) / sizeof(*grounds); i++)
		status = callgate_sandbox_set(sandbox, grounds[i] + 2, NULL, 0, &err);
	if (status == CALLGATE_OK)
		status = callgate_sandbox_set(sandbox, "ro-bind", bind, 2, &err);
	if (status == CALLGATE_OK)
		status = callgate_sandbox_set(sandbox, "proc", proc, 1, &err);
	if (status == CALLGATE_OK)
		status = callgate_sandbox_set(sandbox, mode, NULL, 0, &err);
	if (status == CALLGATE_OK)
		return sandbox;
	fprintf(stderr, "sandbox: %s\n", err.message);
	exit(1);
}

static void add_library(struct ways *ways, const char *name, const char *mode, bool is_pool)
{
	struct way *way = add(ways, name);

	way->sandbox = sandbox_of(ways->program, mode);
	if (is_pool && callgate_pool_new(way->sandbox, 1, &way->pool, NULL) != CALLGATE_OK)
		exit(1);
}

/* A process of its own makes that namespace, which lives as long as a descriptor of it. */
static int namespace_without_groups(void)
{
	char path[64];
	int ends[2], fd;
	pid_t pid;
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL) < 0 || write(ends[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	close(ends[1]);
	fd = read(ends[0], &byte, 1) == 1 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	close(ends[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static void add_containers(struct ways *ways, const char *callgate, const char *bundle, const char *state)
{
	static char profile[4096];
	struct way *way;

	snprintf(profile, sizeof(profile), "%s/config.json", bundle);
	way = add(ways, "`callgate run`, with Docker's profile");
	APPEND(way, callgate, "run", "--policy", profile);
	append_ground(way, ways->program);
	way = add(ways, "`firejail`");
	APPEND(way, "firejail", "--quiet", "--noprofile", "--net=none", "--caps.drop=all", "--nonewprivs", "--seccomp",
	       "--private-dev", ways->program);
	way = add(ways, "`crun`, with Docker's profile");
	way->hides_groups = true;
	APPEND(way, "crun", "--root", state, "--cgroup-manager=disabled", "run", "--bundle", bundle, "bench");
	way = add(ways, "`runc`, with Docker's profile");
	APPEND(way, "runc", "--root", state, "run", "--bundle", bundle, "bench");
	ways->without_groups = namespace_without_groups();
}

static void add_ways(struct ways *ways, const char *callgate, const char *policy)
{
	struct way *way = add(ways, "`posix_spawn`");

	APPEND(way, ways->program);
	add(ways, "the kernel's calls by hand")->by_hand = true;
	add_library(ways, "library, from a pool", "as-pid-1", true);
	add_library(ways, "library, the program as process 1", "as-pid-1", false);
	add_library(ways, "library, with a first process", "init", false);
	way = add(ways, "`bwrap`");
	APPEND(way, "bwrap");
	append_ground(way, ways->program);
	way = add(ways, "`callgate run`");
	APPEND(way, callgate, "run", "--policy", policy);
	append_ground(way, ways->program);
	way = add(ways, "`callgate run --no-trace`");
	APPEND(way, callgate, "run", "--no-trace", "--policy", policy);
	append_ground(way, ways->program);
}

/* Untimed: there was time for it before. */
static int prepare(const struct ways *ways, const struct way *way)
{
	if (!way->pool)
		return 0;
	if (callgate_pool_fill(way->pool, ways->subject, NULL) != CALLGATE_OK)
		return -1;
	while (callgate_pool_ready(way->pool) < 1)
		usleep(500);
	return 0;
}

static int measure(struct ways *ways, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < ways->count; i++) {
			struct way *way = &ways->items[i];
			int status = prepare(ways, way);
			double before = times_now();

			if (status == 0)
				status = run(ways, way);
			way->times[round] = times_now() - before;
			if (status) {
				fprintf(stderr, "sandbox: %s: status %d\n", way->name, status);
				return 1;
			}
		}
	}
	for (size_t i = 0; i < ways->count; i++) {
		struct way *way = &ways->items[i];
		double median = times_median(way->times, (size_t)rounds);

		printf("sandbox\t%s\t%.0f\t%.0f\n", way->name, median, way->times[0]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct ways ways = { .without_groups = -1 };
	struct callgate_error err;
	char policy[4096];
	int rounds = argc == 5 || argc == 7 ? atoi(argv[2]) : 0, status;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	ways.program = argv[4];
	ways.nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	snprintf(policy, sizeof(policy), "%s/policies/static.policy", argv[1]);
	if (callgate_subject_open(policy, NULL, &ways.subject, &err) != CALLGATE_OK) {
		fprintf(stderr, "sandbox: %s\n", err.message);
		return 1;
	}
	add_ways(&ways, argv[3], policy);
	if (argc == 7)
		add_containers(&ways, argv[3], argv[5], argv[6]);
	status = measure(&ways, rounds);
	for (size_t i = 0; i < ways.count; i++) {
		callgate_pool_free(ways.items[i].pool);
		callgate_sandbox_free(ways.items[i].sandbox);
	}
	callgate_subject_free(ways.subject);
	return status;
}
