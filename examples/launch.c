/*
 * Starts a program confined and says what it was refused: launch POLICY PROGRAM [ARGUMENT...]. The policy need not
 * allow the execve that starts it.
 */
#include <callgate/callgate.h>
#include <stdio.h>

extern char **environ;

static void tell(const struct callgate_refusal *refusal, void *context)
{
	(void)context;
	printf("refused: %s\nbecause: %s\n", refusal->call, refusal->explanation.reason);
}

int main(int argc, char **argv)
{
	struct callgate_run_options options = { .argv = (const char *const *)argv + 2,
						.environment = (const char *const *)environ,
						.refused = tell };
	struct callgate_subject *subject = NULL;
	struct callgate_run_report report;
	struct callgate_error err;

	if (argc < 3) {
		fprintf(stderr, "usage: launch POLICY PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	if (callgate_subject_open(argv[1], NULL, &subject, &err) || callgate_run(subject, &options, &report, &err)) {
		fprintf(stderr, "%s:%u:%u: %s\n%s\n", err.file, err.line, err.col, err.message, err.hint);
		callgate_subject_free(subject);
		return 125;
	}
	printf("%s %d, %u calls refused\n", report.signalled ? "signal" : "status", report.status, report.refused);
	callgate_subject_free(subject);
	return report.exit_status;
}
