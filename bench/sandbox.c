/*
 * What a sandbox costs at the start of a program: a static `true`, from before its start until its end is known and
 * nothing of it is left. Bare is posix_spawn. The others make the same ground: namespaces of users, processes, mounts,
 * network, System V objects, host name and control groups, a root that holds the program and /proc, a loopback.
 * Callgate adds what bwrap leaves to its caller: a filter that is compiled and proved, Landlock, a keyring, no
 * capability in the bounding set. All take turns, so that the machine's moods meet all alike.
 *
 *	sandbox FOLDER ROUNDS CALLGATE TRUE      prints a line for each way: its name, median and least in microseconds
 */
#include "times.h"

#include <callgate/launch.h>

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAYS = 6, ROUNDS_MAX = 4000, WORDS_MAX = 40 };

struct way {
	const char *name;
	const char *command[WORDS_MAX]; /* what is spawned; empty: callgate_run in the sandbox */
	struct callgate_sandbox *sandbox;
	double times[ROUNDS_MAX];
};

static const char *const grounds[] = { "--unshare-user", "--unshare-pid",    "--unshare-net", "--unshare-ipc",
				       "--unshare-uts",	 "--unshare-cgroup", "--ro-bind" };

static int run_spawned(const struct way *way)
{
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, way->command[0], NULL, NULL, (char **)way->command, environ) != 0)
		return -1;
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int run_library(const struct callgate_subject *subject, const struct callgate_sandbox *sandbox)
{
	const char *argv[] = { "/true", NULL };
	struct callgate_run_options options = { .argv = argv, .sandbox = sandbox, .no_trace = true };
	struct callgate_run_report report;
	int status = callgate_run(subject, &options, &report, NULL);

	return status == CALLGATE_OK ? report.exit_status : status;
}

static void append(struct way *way, const char *const *words, size_t count)
{
	size_t used = 0;

	while (way->command[used])
		used++;
	for (size_t i = 0; i < count && used < WORDS_MAX - 1; i++)
		way->command[used++] = words[i];
}

static void make_command(struct way *way, const char *program)
{
	const char *const rest[] = { program, "/true", "--proc", "/proc", "--", "/true" };

	append(way, grounds, sizeof(grounds) / sizeof(*grounds));
	append(way, rest, sizeof(rest) / sizeof(*rest));
}

static int make_sandbox(struct way *way, const char *program, const char *mode)
{
	const char *const bind[] = { program, "/true" };
	const char *const proc[] = { "/proc" };
	struct callgate_error err;
	int status = callgate_sandbox_new(&way->sandbox, &err);

	for (size_t i = 0; status == CALLGATE_OK && i + 1 < sizeof(grounds) / sizeof(*grounds); i++)
		status = callgate_sandbox_set(way->sandbox, grounds[i] + 2, NULL, 0, &err);
	if (status == CALLGATE_OK)
		status = callgate_sandbox_set(way->sandbox, "ro-bind", bind, 2, &err);
	if (status == CALLGATE_OK)
		status = callgate_sandbox_set(way->sandbox, "proc", proc, 1, &err);
	return status == CALLGATE_OK ? callgate_sandbox_set(way->sandbox, mode, NULL, 0, &err) : status;
}

static int measure(struct way *ways, const struct callgate_subject *subject, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < WAYS; i++) {
			double before = times_now();
			int status = ways[i].sandbox ? run_library(subject, ways[i].sandbox) : run_spawned(&ways[i]);

			ways[i].times[round] = times_now() - before;
			if (status) {
				fprintf(stderr, "sandbox: %s: status %d\n", ways[i].name, status);
				return 1;
			}
		}
	}
	for (int i = 0; i < WAYS; i++) {
		double median = times_median(ways[i].times, (size_t)rounds);

		printf("sandbox\t%s\t%.0f\t%.0f\n", ways[i].name, median, ways[i].times[0]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct way ways[WAYS];
	struct callgate_subject *subject = NULL;
	struct callgate_error err;
	char policy[4096];
	int rounds = argc == 5 ? atoi(argv[2]) : 0, status;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	snprintf(policy, sizeof(policy), "%s/policies/static.policy", argv[1]);
	ways[0] = (struct way){ .name = "`posix_spawn`", .command = { argv[4] } };
	ways[1] = (struct way){ .name = "library, the program as process 1" };
	ways[2] = (struct way){ .name = "library, with a first process" };
	ways[3] = (struct way){ .name = "`bwrap`", .command = { "bwrap" } };
	ways[4] = (struct way){ .name = "`callgate run`", .command = { argv[3], "run", "--policy", policy } };
	ways[5] = (struct way){ .name = "`callgate run --no-trace`",
				.command = { argv[3], "run", "--no-trace", "--policy", policy } };
	make_command(&ways[3], argv[4]);
	make_command(&ways[4], argv[4]);
	make_command(&ways[5], argv[4]);
	if (callgate_subject_open(policy, NULL, &subject, &err) != CALLGATE_OK ||
	    make_sandbox(&ways[1], argv[4], "as-pid-1") != CALLGATE_OK ||
	    make_sandbox(&ways[2], argv[4], "init") != CALLGATE_OK) {
		fprintf(stderr, "sandbox: %s\n", err.message);
		return 1;
	}
	status = measure(ways, subject, rounds);
	callgate_sandbox_free(ways[1].sandbox);
	callgate_sandbox_free(ways[2].sandbox);
	callgate_subject_free(subject);
	return status;
}
