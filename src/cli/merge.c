/*
 * callgate merge: the filters that a process would carry one on the other become one, of the same meaning.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

/* The kernel takes no more than 32768 instructions in all, of which each filter costs four: 32 is plenty. */
#define MERGE_SUBJECTS_MAX 32

struct merge_options {
	const char *output;
	int format;
	const char *frequency;
	struct subject_reading reading;
};

static const struct option_row merge_rows[] = {
	FILTER_OUTPUT_ROWS(struct merge_options),
	OPTION_TEXT(struct merge_options, frequency, "frequency", 0, "FILE",
		    "lines NAME COUNT: frequent calls get the shorter ways"),
	SUBJECT_ROWS(struct merge_options),
};

const struct usage merge_usage = USAGE("SUBJECT...", 1, MERGE_SUBJECTS_MAX, merge_rows);

/* The subjects, oldest first, and what the kernel would run for all of them. */
struct stack {
	struct callgate_subject *subjects[MERGE_SUBJECTS_MAX];
	size_t count;
	size_t filters; /* a process is all of its own */
	size_t length;	/* instructions of all, a policy's when it is compiled alone */
};

static void stack_fini(struct stack *stack)
{
	while (stack->count)
		callgate_subject_free(stack->subjects[--stack->count]);
}

static int count_instructions(const struct callgate_subject *subject, size_t *ret_length)
{
	cleanup(filter_free) struct callgate_filter *filter = NULL;
	struct callgate_error err;

	*ret_length = callgate_subject_length(subject);
	if (!callgate_subject_policy(subject))
		return STATUS_YES;
	if (callgate_subject_compile(subject, NULL, &filter, &err))
		return failure(&err);
	callgate_filter_program(filter, ret_length);
	return STATUS_YES;
}

static int push(struct stack *stack, const char *name, const struct subject_reading *reading)
{
	size_t length;
	int status = subject_from_argument(name, reading, &stack->subjects[stack->count]);

	if (status != STATUS_YES)
		return status;
	status = count_instructions(stack->subjects[stack->count], &length);
	stack->filters += callgate_subject_policy(stack->subjects[stack->count])
				  ? 1
				  : callgate_subject_filters(stack->subjects[stack->count]);
	stack->count++;
	if (status == STATUS_YES)
		stack->length += length;
	return status;
}

static int merge(const struct stack *stack, const struct merge_options *options)
{
	cleanup(frequency_free) struct callgate_frequency *frequency = NULL;
	cleanup(filter_free) struct callgate_filter *filter = NULL;
	struct callgate_filter_options how = { 0 };
	struct callgate_error err;
	size_t length;
	int status = frequency_from_option(options->frequency, &frequency);

	if (status != STATUS_YES)
		return status;
	how.frequency = frequency;
	if (callgate_subject_merge((const struct callgate_subject *const *)stack->subjects, stack->count, &how, &filter,
				   &err))
		return failure(&err);
	status = write_filter(filter, options->output, options->format);
	callgate_filter_program(filter, &length);
	for (size_t i = 0; status == STATUS_YES && i < stack->count; i++)
		note_phases(stack->subjects[i]);
	if (status == STATUS_YES)
		note("%zu filter%s of %zu instructions became one of %zu, of the same meaning", stack->filters,
		     stack->filters == 1 ? "" : "s", stack->length, length);
	return status;
}

int cmd_merge(const struct verb *verb, int argc, char **argv)
{
	struct merge_options options = { .reading = SUBJECT_READING_ANY };
	cleanup(stack_fini) struct stack stack = { 0 };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = filter_output_check(options.output, options.format);
	if (status != STATUS_YES)
		return status;
	for (size_t i = 0; i < arguments.count; i++) {
		status = push(&stack, arguments.items[i], &options.reading);
		if (status != STATUS_YES)
			return status;
	}
	return merge(&stack, &options);
}
