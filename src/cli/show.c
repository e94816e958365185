/*
 * callgate show: a SUBJECT for a person to read.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

struct show_options {
	int form; /* enum callgate_form, whose order the words have */
	const char *output;
	int from;
};

static const struct option_row show_rows[] = {
	OPTION_CHOICE(struct show_options, form, "as", 0, "table|asm|diagram",
		      "calls with their actions, instructions, or the diagram for Graphviz"),
	OPTION_TEXT(struct show_options, output, "output", 'o', "FILE", "where to, in place of standard output"),
	SUBJECT_FROM_ROW(struct show_options),
};

const struct usage show_usage = USAGE("SUBJECT", 1, 1, show_rows);

int cmd_show(const struct verb *verb, int argc, char **argv)
{
	struct show_options options = { .from = SUBJECT_FROM_ANY };
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup_free char *text = NULL;
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = subject_from_argument(arguments.items[0], options.from, &subject);
	if (status != STATUS_YES)
		return status;
	if (callgate_subject_show(subject, (enum callgate_form)options.form, &text, &err))
		return failure(&err);
	return write_output(options.output, text, strlen(text));
}
