/*
 * callgate simulate: what the kernel would do with a call, or with all that a trace has recorded.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/trace.h"
#include "cli/verbs.h"

struct simulate_options {
	const char *trace;
	bool json;
	struct subject_reading reading;
};

static const struct option_row simulate_rows[] = {
	OPTION_TEXT(struct simulate_options, trace, "trace", 0, "FILE",
		    "run a trace (as strace writes it) through SUBJECT: rules that never fired, calls refused, cost"),
	OPTION_FLAG(struct simulate_options, json, "json", 0, "one JSON object a call"),
	SUBJECT_ROWS(struct simulate_options),
};

const struct usage simulate_usage = USAGE("SUBJECT CALL...", 1, USAGE_ANY, simulate_rows);

static int simulate(const struct callgate_subject *subject, const char *call, const struct simulate_options *options)
{
	struct callgate_action action;
	struct callgate_error err;
	char text[64];
	int status;

	if (callgate_subject_simulate(subject, call, &action, &err))
		return failure(&err);
	callgate_action_format(action, text, sizeof(text));
	if (options->json) {
		status = print_json(json_pack("{ss ss}", "call", call, "action", text));
		if (status != STATUS_YES)
			return status;
	} else {
		puts(text);
	}
	return callgate_action_permits(action) ? STATUS_YES : STATUS_NO;
}

int cmd_simulate(const struct verb *verb, int argc, char **argv)
{
	struct simulate_options options = { .reading = SUBJECT_READING_ANY };
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	struct arguments arguments;
	int worst = STATUS_YES, status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (!options.trace == (arguments.count == 1))
		return misuse_hint("callgate simulate SUBJECT 'openat(AT_FDCWD, 0, O_RDONLY)'", "",
				   "simulate needs either calls or '--trace FILE'");
	options.reading.may_be_unknown = !options.trace;
	status = subject_from_argument(arguments.items[0], &options.reading, &subject);
	if (status != STATUS_YES)
		return status;
	if (options.trace)
		return simulate_trace(subject, options.trace, options.json);
	for (size_t i = 1; i < arguments.count; i++) {
		status = simulate(subject, arguments.items[i], &options);
		if (status > worst)
			worst = status;
	}
	return worst;
}
