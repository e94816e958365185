/*
 * Asks questions of a filter, whoever wrote it and in whichever form: questions SUBJECT [OTHER]. What does it say to
 * these calls, and why? Where do the two differ? What holes has it?
 */
#include <callgate/callgate.h>
#include <stdio.h>

static int fail(const struct callgate_error *err)
{
	fprintf(stderr, "%s:%u:%u: %s\n", err->file, err->line, err->col, err->message);
	return 1;
}

static int explain(const struct callgate_subject *subject, const char *call)
{
	struct callgate_explanation explanation;
	struct callgate_error err;
	char action[32];

	if (callgate_subject_explain(subject, call, &explanation, &err))
		return fail(&err);
	callgate_action_format(explanation.action, action, sizeof(action));
	printf("%s: %s\n", explanation.call, action);
	if (explanation.line)
		printf("  %s:%u: %s\n", explanation.file, explanation.line, explanation.rule);
	return 0;
}

static int compare(const struct callgate_subject *old, const struct callgate_subject *changed)
{
	struct callgate_diff *diff = NULL;
	struct callgate_error err;

	if (callgate_diff_new(old, changed, &diff, &err))
		return fail(&err);
	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *difference = callgate_diff_at(diff, i);
		char before[32], after[32];

		callgate_action_format(difference->a, before, sizeof(before));
		callgate_action_format(difference->b, after, sizeof(after));
		printf("%s: %s -> %s, as in %s\n", difference->syscall, before, after, difference->witness);
	}
	if (!callgate_diff_count(diff))
		puts("equal");
	callgate_diff_free(diff);
	return 0;
}

int main(int argc, char **argv)
{
	struct callgate_subject *subject = NULL, *other = NULL;
	struct callgate_error err;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: questions SUBJECT [OTHER]\n");
		return 2;
	}
	if (callgate_subject_open(argv[1], NULL, &subject, &err) ||
	    (argc > 2 && callgate_subject_open(argv[2], NULL, &other, &err))) {
		callgate_subject_free(subject);
		return fail(&err);
	}
	status = explain(subject, "write(1)") || explain(subject, "execve(0)");
	if (!status && other)
		status = compare(subject, other);
	callgate_subject_free(other);
	callgate_subject_free(subject);
	return status;
}
