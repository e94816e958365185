/*
 * callgate diff: where two SUBJECTs answer differently, with a call that shows it.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

struct diff_options {
	bool stricter;
	bool replay;
	bool all;
	bool json;
	struct subject_reading reading;
};

static const struct option_row diff_rows[] = {
	OPTION_FLAG(struct diff_options, stricter, "stricter", 0,
		    "whether B is at least as strict as A: only where it is looser"),
	OPTION_FLAG(struct diff_options, replay, "replay", 0,
		    "ask this kernel too, with each witness under both filters in a child where nothing runs"),
	OPTION_FLAG(struct diff_options, all, "all", 0, "each call on a line of its own, however many change alike"),
	OPTION_FLAG(struct diff_options, json, "json", 0, "one JSON object a difference, each call its own"),
	SUBJECT_ROWS(struct diff_options),
};

const struct usage diff_usage = USAGE("A B", 2, 2, diff_rows);

static void diff_free(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

static void print_text(const struct callgate_difference *difference, const char *a, const char *b, const char *replayed)
{
	if (!difference->is_native)
		printf("%s:", difference->arch);
	fputs(difference->syscall, stdout);
	if (difference->condition)
		printf(" if %s", difference->condition);
	printf(": %s -> %s\n    %s\n", a, b, difference->witness);
	if (replayed)
		printf("    %s\n", replayed);
}

static int print_object(const struct callgate_difference *difference, const char *a, const char *b,
			const char *replayed)
{
	return print_json(json_pack("{ss ss ss* ss ss ss ss*}", "arch", difference->arch, "syscall",
				    difference->syscall, "condition", difference->condition, "old", a, "new", b,
				    "witness", difference->witness, "replay", replayed));
}

static int print_difference(const struct callgate_difference *difference, const struct diff_options *options,
			    const char *replayed)
{
	char action_a[64], action_b[64];
	const char *a = difference->a_rules ? difference->a_rules : action_a;
	const char *b = difference->b_rules ? difference->b_rules : action_b;

	callgate_action_format(difference->a, action_a, sizeof(action_a));
	callgate_action_format(difference->b, action_b, sizeof(action_b));
	if (options->json)
		return print_object(difference, a, b, replayed);
	print_text(difference, a, b, replayed);
	return STATUS_YES;
}

/* Puts the witness to the kernel under both; what it said goes to text. A disagreement is a failure. */
static int replay(const struct callgate_difference *difference, const struct callgate_subject *a,
		  const struct callgate_subject *b, char *text, size_t size)
{
	struct callgate_action action;
	struct callgate_error err;
	int status = callgate_subject_replay(a, difference->witness, &action, &err);

	if (!status)
		status = callgate_subject_replay(b, difference->witness, &action, &err);
	if (status && status != CALLGATE_E_UNSUPPORTED)
		return failure(&err);
	if (status)
		snprintf(text, size, "not replayed: %s", err.message);
	else
		snprintf(text, size, "replayed: this kernel answers so");
	return STATUS_YES;
}

static int print_all(const struct callgate_diff *diff, const struct diff_options *options,
		     const struct callgate_subject *a, const struct callgate_subject *b)
{
	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *difference = callgate_diff_at(diff, i);
		char replayed[600];
		int status = STATUS_YES;

		/* What a supervisor does the kernel does not know. */
		if (options->replay && !difference->a_rules)
			status = replay(difference, a, b, replayed, sizeof(replayed));
		if (status == STATUS_YES)
			status = print_difference(difference, options,
						  options->replay && !difference->a_rules ? replayed : NULL);
		if (status != STATUS_YES)
			return status;
	}
	return callgate_diff_count(diff) ? STATUS_NO : STATUS_YES;
}

static int open_both(char **names, const struct subject_reading *reading, struct callgate_subject **ret_a,
		     struct callgate_subject **ret_b)
{
	int status;

	if (strcmp(names[0], "-") == 0 && strcmp(names[1], "-") == 0)
		return misuse("diff: only one SUBJECT can be standard input");
	status = subject_from_argument(names[0], reading, ret_a);
	return status == STATUS_YES ? subject_from_argument(names[1], reading, ret_b) : status;
}

int cmd_diff(const struct verb *verb, int argc, char **argv)
{
	struct diff_options options = { .reading = SUBJECT_READING_ANY };
	cleanup(subject_free) struct callgate_subject *a = NULL;
	cleanup(subject_free) struct callgate_subject *b = NULL;
	cleanup(diff_free) struct callgate_diff *diff = NULL;
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = open_both(arguments.items, &options.reading, &a, &b);
	if (status != STATUS_YES)
		return status;
	if (callgate_diff_new(a, b, &diff, &err))
		return failure(&err);
	if (options.stricter)
		callgate_diff_keep_looser(diff);
	if (!options.all && !options.json && callgate_diff_fold(diff, &err))
		return failure(&err);
	if (callgate_diff_add_brokers(diff, a, b, &err))
		return failure(&err);
	return print_all(diff, &options, a, b);
}
