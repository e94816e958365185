/*
 * callgate cost: what a SUBJECT costs the calls that go through it, in BPF instructions.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/cost.h>

struct cost_options {
	const char *frequency;
	bool json;
	struct subject_reading reading;
};

static const struct option_row cost_rows[] = {
	OPTION_TEXT(struct cost_options, frequency, "frequency", 0, "FILE",
		    "lines NAME COUNT: only these calls, and what one of them costs on average"),
	OPTION_FLAG(struct cost_options, json, "json", 0, "one JSON object a call"),
	SUBJECT_ROWS(struct cost_options),
};

const struct usage cost_usage = USAGE("SUBJECT", 1, 1, cost_rows);

static void costs_free(struct callgate_costs **costs)
{
	callgate_costs_free(*costs);
}

static int print_cost(const struct callgate_cost *cost, const struct cost_options *options)
{
	if (options->json)
		return print_json(json_pack("{ss ss sb sf si si sf}", "arch", cost->arch, "syscall", cost->syscall,
					    "bitmap", cost->bitmap, "instructions", cost->bitmap ? 0 : cost->mean,
					    "least", (int)cost->low, "most", (int)cost->high, "count", cost->count));
	printf("%s%s%-28s", cost->is_native ? "" : cost->arch, cost->is_native ? "" : ":", cost->syscall);
	if (cost->bitmap)
		printf(" %6d  bitmap\n", 0);
	else if (cost->low == cost->high)
		printf(" %6u\n", cost->low);
	else
		printf(" %8.1f  %u to %u\n", cost->mean, cost->low, cost->high);
	return STATUS_YES;
}

static int print_costs(const struct callgate_costs *costs, const struct cost_options *options)
{
	double expected = callgate_costs_expected(costs);

	for (size_t i = 0; i < callgate_costs_count(costs); i++) {
		const struct callgate_cost *cost = callgate_costs_at(costs, i);
		int status;

		if (options->frequency && cost->count <= 0)
			continue;
		status = print_cost(cost, options);
		if (status != STATUS_YES)
			return status;
	}
	if (expected >= 0 && !options->json)
		printf("expected: %.3f instructions a call\n", expected);
	return STATUS_YES;
}

int cmd_cost(const struct verb *verb, int argc, char **argv)
{
	struct cost_options options = { .reading = SUBJECT_READING_ANY };
	cleanup(frequency_free) struct callgate_frequency *frequency = NULL;
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(costs_free) struct callgate_costs *costs = NULL;
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = subject_from_argument(arguments.items[0], &options.reading, &subject);
	if (status == STATUS_YES)
		status = frequency_from_option(options.frequency, &frequency);
	if (status != STATUS_YES)
		return status;
	if (callgate_costs_new(subject, frequency, &costs, &err))
		return failure(&err);
	return print_costs(costs, &options);
}
