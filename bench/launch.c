/*
 * What it costs to start a program: a static `true`, from before its start until its end is known. Bare is posix_spawn,
 * the library is callgate_run with a subject that is open, and the commands do all of it in a process of their own. All
 * take turns, so that the machine's moods meet all alike.
 *
 *	launch FOLDER ROUNDS CALLGATE TRUE      prints a line for each way: its name and median in microseconds
 */
#include "times.h"

#include <callgate/launch.h>

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAYS = 5, ROUNDS_MAX = 4000 };

struct way {
	const char *name;
	const char *command[8]; /* what is spawned; empty: callgate_run */
	double times[ROUNDS_MAX];
};

static int run_spawned(const struct way *way)
{
	int status = -1;
	pid_t pid;

	if (posix_spawn(&pid, way->command[0], NULL, NULL, (char **)way->command, environ) != 0)
		return -1;
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int run_library(const struct callgate_subject *subject, const char *program)
{
	const char *argv[] = { program, NULL };
	struct callgate_run_options options = { .argv = argv, .environment = (const char *const *)environ };
	struct callgate_run_report report;
	int status = callgate_run(subject, &options, &report, NULL);

	return status == CALLGATE_OK ? report.exit_status : status;
}

static int measure(struct way *ways, const struct callgate_subject *subject, const char *program, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < WAYS; i++) {
			double before = times_now();
			int status = ways[i].command[0] ? run_spawned(&ways[i]) : run_library(subject, program);

			ways[i].times[round] = times_now() - before;
			if (status) {
				fprintf(stderr, "launch: %s: status %d\n", ways[i].name, status);
				return 1;
			}
		}
	}
	for (int i = 0; i < WAYS; i++)
		printf("launch\t%s\t%.0f\n", ways[i].name, times_median(ways[i].times, (size_t)rounds));
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
	ways[1] = (struct way){ .name = "library, with compiling" };
	ways[2] = (struct way){ .name = "`env`, which confines nothing", .command = { "/usr/bin/env", argv[4] } };
	ways[3] = (struct way){ .name = "`callgate run`", .command = { argv[3], "run", "--policy", policy, argv[4] } };
	ways[4] = (struct way){ .name = "`callgate run --no-trace`",
				.command = { argv[3], "run", "--no-trace", "--policy", policy, argv[4] } };
	if (callgate_subject_open(policy, NULL, &subject, &err) != CALLGATE_OK) {
		fprintf(stderr, "launch: %s\n", err.message);
		return 1;
	}
	status = measure(ways, subject, argv[4], rounds);
	callgate_subject_free(subject);
	return status;
}
