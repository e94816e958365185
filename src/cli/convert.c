/*
 * callgate convert: a SUBJECT in the words of another tool. What was written is read back and compared; a result that
 * would let through what the SUBJECT refuses is not written.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/convert.h>

#include <stdio.h>

/* Differences that are shown; the others are counted. */
enum { SHOWN_MAX = 20 };

struct convert_options {
	int to;
	const char *output;
	bool strict;
	struct subject_reading reading;
};

static const struct option_row convert_rows[] = {
	/* In the order of enum callgate_target. */
	OPTION_CHOICE(struct convert_options, to, "to", 0,
		      "policy|oci|minijail|systemd|kafel|libseccomp|bpf|c|asm|io_uring", "what to write"),
	OPTION_TEXT(struct convert_options, output, "output", 'o', "FILE",
		    "where to; FILE appears whole or not at all"),
	OPTION_FLAG(struct convert_options, strict, "at-least-as-strict", 0,
		    "write nothing that answers any call less strictly, be it one refusal for another"),
	SUBJECT_ROWS(struct convert_options),
};

const struct usage convert_usage = USAGE("SUBJECT", 1, 1, convert_rows);

static void conversion_free(struct callgate_conversion **conversion)
{
	callgate_conversion_free(*conversion);
}

/* Whether the result may not answer so: it is looser, and not merely another way to refuse. */
static bool is_refused(const struct callgate_difference *difference, bool strict)
{
	bool still_refuses = callgate_action_refuses(difference->a) && callgate_action_refuses(difference->b);

	return callgate_action_overrides(difference->a, difference->b) && (strict || !still_refuses);
}

static void show(const struct callgate_difference *difference, bool is_wrong)
{
	char a[64], b[64];

	callgate_action_format(difference->a, a, sizeof(a));
	callgate_action_format(difference->b, b, sizeof(b));
	note("%s: %s%s%s%s%s: %s -> %s, as in %s", is_wrong ? "looser" : "differs",
	     difference->is_native ? "" : difference->arch, difference->is_native ? "" : ":", difference->syscall,
	     difference->condition ? " if " : "", difference->condition ? difference->condition : "", a, b,
	     difference->witness);
}

/* Says what the target does not say, the looser first; gives how much of it may not be. */
static size_t show_all(const struct callgate_diff *diff, bool strict)
{
	size_t count = callgate_diff_count(diff), shown = 0, refused = 0;

	for (int wrong = 1; wrong >= 0; wrong--) {
		for (size_t i = 0; i < count; i++) {
			const struct callgate_difference *difference = callgate_diff_at(diff, i);

			if (is_refused(difference, strict) != wrong)
				continue;
			refused += (size_t)wrong;
			if (shown++ < SHOWN_MAX)
				show(difference, wrong);
		}
	}
	if (shown > SHOWN_MAX)
		note("and %zu differences more", shown - SHOWN_MAX);
	return refused;
}

static int write_conversion(const struct callgate_conversion *conversion, const struct convert_options *options,
			    const char *name)
{
	const char *sentence;
	const struct callgate_diff *diff = callgate_conversion_diff(conversion);
	size_t refused = diff ? show_all(diff, options->strict) : 0;

	for (size_t i = 0; (sentence = callgate_conversion_note(conversion, i)); i++)
		note("%s", sentence);
	if (refused) {
		note("%s: nothing was written, since the result would be looser", name);
		return STATUS_NO;
	}
	if (!diff)
		note("%s: proved that no request is let through whose calls are not", name);
	else if (!callgate_diff_count(diff))
		note("%s: proved equal to what was written", name);
	return write_output(options->output, callgate_conversion_text(conversion),
			    callgate_conversion_length(conversion));
}

int cmd_convert(const struct verb *verb, int argc, char **argv)
{
	struct convert_options options = { .to = -1, .reading = SUBJECT_READING_ANY };
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(conversion_free) struct callgate_conversion *conversion = NULL;
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (options.to < 0)
		return misuse_hint("'--to oci' writes a profile; 'callgate help convert' has every target", "",
				   "convert: what to write must be said");
	status = filter_output_check(options.output, options.to == CALLGATE_TARGET_BPF ? FORMAT_BPF : FORMAT_C);
	if (status == STATUS_YES)
		status = subject_from_argument(arguments.items[0], &options.reading, &subject);
	if (status != STATUS_YES)
		return status;
	if (callgate_convert(subject, (enum callgate_target)options.to, &conversion, &err))
		return failure(&err);
	return write_conversion(conversion, &options, callgate_subject_name(subject));
}
