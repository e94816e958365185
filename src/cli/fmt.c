/*
 * callgate fmt: policies in the one form that everybody's have.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <callgate/policy.h>

#include <stdlib.h>
#include <string.h>

/* More than anybody's policy; a limit on what a wrong file can cost. */
#define FMT_BYTES_MAX (16u << 20)

struct fmt_options {
	bool check;
	bool write;
	const char *output;
};

static const struct option_row fmt_rows[] = {
	OPTION_FLAG(struct fmt_options, check, "check", 0,
		    "write nothing but the names of those that are not in form; status 1"),
	OPTION_FLAG(struct fmt_options, write, "write", 'w', "rewrite the files themselves, each whole or not at all"),
	OPTION_TEXT(struct fmt_options, output, "output", 'o', "FILE", "where to, in place of standard output"),
};

const struct usage fmt_usage = USAGE("POLICY...", 1, USAGE_ANY, fmt_rows);

static int format_file(const char *path, const struct fmt_options *options, struct buf *out)
{
	cleanup(buf_fini) struct buf text = { 0 };
	cleanup_free char *formatted = NULL;
	struct callgate_error err;
	bool in_form;

	if (file_read(path, FMT_BYTES_MAX, &text, &err) ||
	    callgate_policy_format(path, buf_text(&text), text.length, &formatted, &err))
		return failure(&err);
	in_form = strlen(formatted) == text.length && strcmp(formatted, buf_text(&text)) == 0;
	if (options->check) {
		if (!in_form)
			buf_printf(out, "%s\n", path);
		return in_form ? STATUS_YES : STATUS_NO;
	}
	if (!options->write)
		buf_puts(out, formatted);
	else if (!in_form)
		return write_output(path, formatted, strlen(formatted));
	return STATUS_YES;
}

/* Every file is looked at; the worst status is the answer. */
int cmd_fmt(const struct verb *verb, int argc, char **argv)
{
	cleanup(buf_fini) struct buf out = { 0 };
	struct fmt_options options = { 0 };
	struct arguments arguments;
	int worst = STATUS_YES, status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (options.write && (options.output || options.check))
		return misuse("fmt: '--write' goes with neither '--output' nor '--check'");
	for (size_t i = 0; i < arguments.count; i++) {
		status = format_file(arguments.items[i], &options, &out);
		if (status > worst)
			worst = status;
	}
	if (options.output && worst > STATUS_NO)
		return worst;
	status = write_output(options.output, buf_text(&out), out.length);
	return status > worst ? status : worst;
}
