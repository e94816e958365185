/*
 * Runs one command for each line that it reads, each in a sandbox of its own that was prepared while the one before
 * was running: pool PRESET <LINES. No line finds what another left.
 */
#include <callgate/callgate.h>
#include <stdio.h>
#include <string.h>

extern char **environ;

static int run_line(struct callgate_pool *pool, const struct callgate_subject *policy, char *line)
{
	const char *argv[] = { "sh", "-c", line, NULL };
	struct callgate_run_options options = { .argv = argv, .environment = (const char *const *)environ };
	struct callgate_run_report report;
	struct callgate_error err;

	if (callgate_pool_run(pool, policy, &options, &report, &err) || callgate_pool_fill(pool, policy, &err)) {
		fprintf(stderr, "%s\n%s\n", err.message, err.hint);
		return 125;
	}
	printf("status %d\n", report.exit_status);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const char *preset = argc > 1 ? argv[1] : "strict";
	struct callgate_sandbox *sandbox = NULL;
	struct callgate_subject *policy = NULL;
	struct callgate_pool *pool = NULL;
	struct callgate_error err;
	char line[4096];
	int status = 0;

	if (callgate_sandbox_new(&sandbox, &err) || callgate_sandbox_set(sandbox, "preset", &preset, 1, &err) ||
	    callgate_sandbox_open_policy(sandbox, NULL, &policy, &err) ||
	    callgate_pool_new(sandbox, 2, &pool, &err) || callgate_pool_fill(pool, policy, &err)) {
		fprintf(stderr, "%s\n%s\n", err.message, err.hint);
		status = 125;
	}
	while (status == 0 && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		status = run_line(pool, policy, line);
	}
	callgate_pool_free(pool);
	callgate_subject_free(policy);
	callgate_sandbox_free(sandbox);
	return status;
}
