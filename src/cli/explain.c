/*
 * callgate explain: what the kernel would do with a call, which rule says so, and why that one.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

struct explain_options {
	bool json;
	struct subject_reading reading;
};

static const struct option_row explain_rows[] = {
	OPTION_FLAG(struct explain_options, json, "json", 0, "one JSON object a call"),
	SUBJECT_ROWS(struct explain_options),
};

const struct usage explain_usage = USAGE("SUBJECT CALL...", 2, USAGE_ANY, explain_rows);

static void print_text(const struct callgate_explanation *explanation, const char *action)
{
	printf("%s\n  call: %s\n", action, explanation->call);
	if (explanation->line)
		printf("  rule: %s:%u: %s\n", explanation->file, explanation->line, explanation->rule);
	if (explanation->filter)
		printf("  filter: %u, instruction %u: %s\n", explanation->filter, explanation->insn, explanation->rule);
	printf("  why: %s\n", explanation->reason);
}

static int print_object(const struct callgate_explanation *explanation, const char *action)
{
	json_t *object =
		json_pack("{ss ss ss}", "call", explanation->call, "action", action, "why", explanation->reason);

	if (object && explanation->line) {
		json_object_set_new(object, "file", json_string(explanation->file));
		json_object_set_new(object, "line", json_integer(explanation->line));
		json_object_set_new(object, "rule", json_string(explanation->rule));
	}
	if (object && explanation->filter) {
		json_object_set_new(object, "filter", json_integer(explanation->filter));
		json_object_set_new(object, "instruction", json_integer(explanation->insn));
		json_object_set_new(object, "rule", json_string(explanation->rule));
	}
	return print_json(object);
}

static int explain(const struct callgate_subject *subject, const char *call, const struct explain_options *options)
{
	struct callgate_explanation explanation;
	struct callgate_error err;
	int status = STATUS_YES;
	char action[64];

	if (callgate_subject_explain(subject, call, &explanation, &err))
		return failure(&err);
	callgate_action_format(explanation.action, action, sizeof(action));
	if (options->json)
		status = print_object(&explanation, action);
	else
		print_text(&explanation, action);
	if (status == STATUS_YES && !callgate_action_permits(explanation.action))
		return STATUS_NO;
	return status;
}

int cmd_explain(const struct verb *verb, int argc, char **argv)
{
	struct explain_options options = { .reading = SUBJECT_READING_ANY };
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	struct arguments arguments;
	int worst = STATUS_YES, status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = subject_from_argument(arguments.items[0], &options.reading, &subject);
	if (status != STATUS_YES)
		return status;
	for (size_t i = 1; i < arguments.count; i++) {
		status = explain(subject, arguments.items[i], &options);
		if (status > worst)
			worst = status;
	}
	return worst;
}
