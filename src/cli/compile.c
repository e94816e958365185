/*
 * callgate compile: a SUBJECT becomes a filter. A raw filter is a SUBJECT too: it is written anew, from its meaning.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

struct compile_options {
	const char *output;
	int format;
	const char *arches;
	const char *frequency;
	bool no_bitmap;
	struct subject_reading reading;
};

static const struct option_row compile_rows[] = {
	FILTER_OUTPUT_ROWS(struct compile_options),
	OPTION_TEXT(struct compile_options, arches, "arch", 0, "ARCH,...", "for these arches in place of the policy's"),
	OPTION_TEXT(struct compile_options, frequency, "frequency", 0, "FILE",
		    "lines NAME COUNT: frequent calls get the shorter ways"),
	OPTION_FLAG(struct compile_options, no_bitmap, "no-bitmap", 0,
		    "for kernels before 5.11, which run the filter for every call"),
	SUBJECT_ROWS(struct compile_options),
};

const struct usage compile_usage = USAGE("SUBJECT", 1, 1, compile_rows);

/* What was gained when a filter was written anew. */
static void note_saving(const struct callgate_subject *subject, const struct callgate_filter *filter)
{
	size_t before = callgate_subject_length(subject), after;

	callgate_filter_program(filter, &after);
	if (before)
		note("%s: %zu instructions became %zu, of the same meaning", callgate_subject_name(subject), before,
		     after);
}

int cmd_compile(const struct verb *verb, int argc, char **argv)
{
	struct compile_options options = { .reading = SUBJECT_READING_ANY };
	cleanup(frequency_free) struct callgate_frequency *frequency = NULL;
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(filter_free) struct callgate_filter *filter = NULL;
	struct callgate_filter_options how = { 0 };
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = filter_output_check(options.output, options.format);
	if (status == STATUS_YES)
		status = subject_from_argument(arguments.items[0], &options.reading, &subject);
	if (status == STATUS_YES)
		status = frequency_from_option(options.frequency, &frequency);
	if (status != STATUS_YES)
		return status;
	how.arches = options.arches;
	how.frequency = frequency;
	how.no_bitmap = options.no_bitmap;
	if (callgate_subject_compile(subject, &how, &filter, &err))
		return failure(&err);
	status = write_filter(filter, options.output, options.format);
	if (status != STATUS_YES)
		return status;
	note_saving(subject, filter);
	note_phases(subject);
	return status;
}
