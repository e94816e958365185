/*
 * callgate convert: a SUBJECT in the words of another tool. What was written is read back and compared; a result that
 * would let through what the SUBJECT refuses is not written. The one exception is said: a profile lets its runtime
 * through.
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
	int runtime; /* -1: not said */
	bool no_new_privileges;
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
	/* In the order of enum callgate_runtime. */
	OPTION_CHOICE(struct convert_options, runtime, "runtime", 0, "none|any|crun|runc",
		      "oci: let through what this container runtime calls before the program runs; any unless said"),
	OPTION_FLAG(struct convert_options, no_new_privileges, "no-new-privileges", 0,
		    "oci: only what it calls in a container with noNewPrivileges"),
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

static void show(const struct callgate_difference *difference, const char *what)
{
	char a[64], b[64];

	callgate_action_format(difference->a, a, sizeof(a));
	callgate_action_format(difference->b, b, sizeof(b));
	note("%s: %s%s%s%s%s: %s -> %s, as in %s", what, difference->is_native ? "" : difference->arch,
	     difference->is_native ? "" : ":", difference->syscall, difference->condition ? " if " : "",
	     difference->condition ? difference->condition : "", a, b, difference->witness);
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
				show(difference, wrong ? "looser" : "differs");
		}
	}
	if (shown > SHOWN_MAX)
		note("and %zu differences more", shown - SHOWN_MAX);
	return refused;
}

/* What a profile lets through more than the SUBJECT, so that there can be a container at all. */
static void show_runtime(const struct callgate_diff *added, const struct convert_options *options, const char *name)
{
	static const char *const whose[] = { NULL, "crun or runc", "crun", "runc" };
	size_t count = callgate_diff_count(added);

	for (size_t i = 0; i < count; i++)
		show(callgate_diff_at(added, i), "for the runtime");
	if (!count) {
		note("%s: lets through what %s needs before the program runs", name, whose[options->runtime]);
		return;
	}
	note("%s: that is what %s needs before the program runs, which can make them too; --runtime none leaves "
	     "them out%s",
	     name, whose[options->runtime], options->no_new_privileges ? "" : ", --no-new-privileges most of them");
}

/* Unless said: a profile is for any runtime, but for who wants nothing to be looser. */
static int choose_runtime(struct convert_options *options)
{
	bool is_profile = options->to == CALLGATE_TARGET_OCI;

	if (!is_profile && (options->runtime >= 0 || options->no_new_privileges))
		return misuse("convert: --runtime and --no-new-privileges are about profiles: --to oci");
	if (options->strict && options->runtime > CALLGATE_RUNTIME_NONE)
		return misuse("convert: what a runtime needs is more than the SUBJECT says: either --runtime or "
			      "--at-least-as-strict");
	if (options->runtime < 0)
		options->runtime = is_profile && !options->strict ? CALLGATE_RUNTIME_ANY : CALLGATE_RUNTIME_NONE;
	return STATUS_YES;
}

static int write_conversion(const struct callgate_conversion *conversion, const struct convert_options *options,
			    const char *name)
{
	const char *sentence;
	const struct callgate_diff *diff = callgate_conversion_diff(conversion);
	const struct callgate_diff *added = callgate_conversion_runtime(conversion);
	size_t refused = diff ? show_all(diff, options->strict) : 0;

	for (size_t i = 0; (sentence = callgate_conversion_note(conversion, i)); i++)
		note("%s", sentence);
	if (added && !refused)
		show_runtime(added, options, name);
	if (refused) {
		note("%s: nothing was written, since the result would be looser", name);
		return STATUS_NO;
	}
	if (!diff)
		note("%s: proved that no request is let through whose calls are not", name);
	else if (!callgate_diff_count(diff))
		note("%s: proved equal to what was written%s", name,
		     added && callgate_diff_count(added) ? ", with these calls" : "");
	return write_output(options->output, callgate_conversion_text(conversion),
			    callgate_conversion_length(conversion));
}

int cmd_convert(const struct verb *verb, int argc, char **argv)
{
	struct convert_options options = { .to = -1, .runtime = -1, .reading = SUBJECT_READING_ANY };
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(conversion_free) struct callgate_conversion *conversion = NULL;
	struct callgate_convert_options how;
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (options.to < 0)
		return misuse_hint("'--to oci' writes a profile; 'callgate help convert' has every target", "",
				   "convert: what to write must be said");
	status = choose_runtime(&options);
	if (status != STATUS_YES)
		return status;
	status = filter_output_check(options.output, options.to == CALLGATE_TARGET_BPF ? FORMAT_BPF : FORMAT_C);
	if (status == STATUS_YES)
		status = subject_from_argument(arguments.items[0], &options.reading, &subject);
	if (status != STATUS_YES)
		return status;
	how = (struct callgate_convert_options){ (enum callgate_runtime)options.runtime, options.no_new_privileges };
	if (callgate_convert_with(subject, (enum callgate_target)options.to, &how, &conversion, &err))
		return failure(&err);
	return write_conversion(conversion, &options, callgate_subject_name(subject));
}
