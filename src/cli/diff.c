/*
 * callgate diff: where two SUBJECTs answer differently, with a call that shows it.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <string.h>

struct diff_options {
	bool stricter;
	bool json;
	int from;
};

static const struct option_row diff_rows[] = {
	OPTION_FLAG(struct diff_options, stricter, "stricter", 0,
		    "whether B is at least as strict as A: only where it is looser"),
	OPTION_FLAG(struct diff_options, json, "json", 0, "one JSON object a difference"),
	SUBJECT_FROM_ROW(struct diff_options),
};

const struct usage diff_usage = USAGE("A B", 2, 2, diff_rows);

static void diff_free(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

static void print_text(const struct callgate_difference *difference, const char *a, const char *b)
{
	if (!difference->is_native)
		printf("%s:", difference->arch);
	fputs(difference->syscall, stdout);
	if (difference->condition)
		printf(" if %s", difference->condition);
	printf(": %s -> %s\n    %s\n", a, b, difference->witness);
}

static int print_object(const struct callgate_difference *difference, const char *a, const char *b)
{
	return print_json(json_pack("{ss ss ss* ss ss ss}", "arch", difference->arch, "syscall", difference->syscall,
				    "condition", difference->condition, "old", a, "new", b, "witness",
				    difference->witness));
}

static int print_difference(const struct callgate_difference *difference, const struct diff_options *options)
{
	char a[64], b[64];

	callgate_action_format(difference->a, a, sizeof(a));
	callgate_action_format(difference->b, b, sizeof(b));
	if (options->json)
		return print_object(difference, a, b);
	print_text(difference, a, b);
	return STATUS_YES;
}

static int open_both(char **names, int from, struct callgate_subject **ret_a, struct callgate_subject **ret_b)
{
	int status;

	if (strcmp(names[0], "-") == 0 && strcmp(names[1], "-") == 0)
		return misuse("diff: only one SUBJECT can be standard input");
	status = subject_from_argument(names[0], from, ret_a);
	return status == STATUS_YES ? subject_from_argument(names[1], from, ret_b) : status;
}

int cmd_diff(const struct verb *verb, int argc, char **argv)
{
	struct diff_options options = { .from = SUBJECT_FROM_ANY };
	cleanup(subject_free) struct callgate_subject *a = NULL;
	cleanup(subject_free) struct callgate_subject *b = NULL;
	cleanup(diff_free) struct callgate_diff *diff = NULL;
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = open_both(arguments.items, options.from, &a, &b);
	if (status != STATUS_YES)
		return status;
	if (callgate_diff_new(a, b, &diff, &err))
		return failure(&err);
	if (options.stricter)
		callgate_diff_keep_looser(diff);
	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		status = print_difference(callgate_diff_at(diff, i), &options);
		if (status != STATUS_YES)
			return status;
	}
	return callgate_diff_count(diff) ? STATUS_NO : STATUS_YES;
}
