/*
 * callgate show: a SUBJECT for a person to read, or the filters that a program loads, caught as it loads them.
 *
 * What is shown is the result, on standard output, so a program that is started writes to standard error instead.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/ground.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/capture.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct show_options {
	int form; /* enum callgate_form, whose order the words have */
	const char *output;
	const char *save;
	unsigned long enough;
	struct subject_reading reading;
};

static const struct option_row show_rows[] = {
	OPTION_CHOICE(struct show_options, form, "as", 0, "table|asm|diagram",
		      "calls with their actions, instructions, or the diagram for Graphviz"),
	OPTION_TEXT(struct show_options, output, "output", 'o', "FILE", "where to, in place of standard output"),
	OPTION_TEXT(struct show_options, save, "save", 0, "FILE",
		    "write the raw filters too: the first to FILE, the second to FILE.2, and so on"),
	OPTION_NUMBER(struct show_options, enough, "enough", 0, "N",
		      "end the program when it has loaded N different filters"),
	SUBJECT_ROWS(struct show_options),
};

const struct usage show_usage = USAGE("SUBJECT | -- PROGRAM [ARGUMENT]...", 1, USAGE_ANY, show_rows);

/* What stands before a line that is no part of the form. */
static const char *const comments[] = {
	[CALLGATE_FORM_TABLE] = "",
	[CALLGATE_FORM_ASM] = "; ",
	[CALLGATE_FORM_DIAGRAM] = "// ",
};

static void captured_free(struct callgate_captured **captured)
{
	callgate_captured_free(*captured);
}

/* The filter `number`, from 1, to its own file. */
static int save_filter(const struct show_options *options, size_t number, const struct sock_filter *insns,
		       size_t length)
{
	cleanup(buf_fini) struct buf path = { 0 };

	if (!options->save)
		return STATUS_YES;
	buf_puts(&path, options->save);
	if (number > 1)
		buf_printf(&path, ".%zu", number);
	if (path.failed)
		return failure(&(struct callgate_error){ .status = CALLGATE_E_NOMEM, .message = "out of memory" });
	return write_output(buf_text(&path), insns, length * sizeof(*insns));
}

static int add_text(const struct callgate_subject *subject, int form, struct buf *out)
{
	cleanup_free char *text = NULL;
	struct callgate_error err;

	if (callgate_subject_show(subject, (enum callgate_form)form, &text, &err))
		return failure(&err);
	buf_puts(out, text);
	return STATUS_YES;
}

static int finish(const struct show_options *options, const struct buf *out)
{
	if (out->failed)
		return failure(&(struct callgate_error){ .status = CALLGATE_E_NOMEM, .message = "out of memory" });
	return write_output(options->output, buf_text(out), out->length);
}

static int show_subject(const char *name, const struct show_options *options)
{
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(buf_fini) struct buf out = { 0 };
	struct subject_reading reading = options->reading;
	int status;

	reading.may_be_unknown = options->form == CALLGATE_FORM_ASM;
	status = subject_from_argument(name, &reading, &subject);
	if (status == STATUS_YES)
		status = add_text(subject, options->form, &out);
	if (status == STATUS_YES && options->save && callgate_subject_filters(subject) == 0)
		return misuse_hint("'callgate compile' makes one", "", "'--save': '%s' is no raw filter", name);
	for (size_t i = 0; status == STATUS_YES && i < callgate_subject_filters(subject); i++) {
		size_t length;
		const struct sock_filter *insns = callgate_subject_filter(subject, i, &length);

		status = save_filter(options, i + 1, insns, length);
	}
	return status == STATUS_YES ? finish(options, &out) : status;
}

static int add_captured(const struct callgate_captured_filter *filter, size_t number,
			const struct show_options *options, struct buf *out)
{
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	const struct callgate_subject_options how = { .kind = CALLGATE_SUBJECT_BPF };
	struct callgate_error err;
	int status;

	buf_printf(out, "%sfilter %zu: ", comments[options->form], number);
	if (filter->strict)
		buf_puts(out, "strict mode");
	else
		buf_printf(out, "%zu instructions", filter->length);
	buf_printf(out, ", loaded by %s", filter->program);
	if (filter->count > 1)
		buf_printf(out, " %zu times", filter->count);
	buf_putc(out, '\n');
	if (filter->strict)
		return STATUS_YES;
	if (callgate_subject_parse(filter->program, filter->insns, filter->length * sizeof(*filter->insns), &how,
				   &subject, &err))
		return failure(&err);
	status = add_text(subject, options->form, out);
	return status == STATUS_YES ? save_filter(options, number, filter->insns, filter->length) : status;
}

/* With the program's standard output going where our standard error does. */
static int capture(char **argv, const struct show_options *options, struct callgate_captured **ret_captured,
		   struct callgate_capture_report *ret_report)
{
	const struct callgate_capture_options how = {
		.argv = (const char *const *)argv,
		.environment = (const char *const *)environ,
		.enough = options->enough,
	};
	struct callgate_error err;
	cleanup_fd int ours = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int status;

	if (ours < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return misuse("standard output and standard error must be open");
	status = callgate_capture(&how, ret_captured, ret_report, &err);
	dup2(ours, STDOUT_FILENO);
	return status < 0 ? ground_failure(&err) : STATUS_YES;
}

static void note_end(const char *program, const struct callgate_capture_report *report)
{
	if (report->refused)
		note("the kernel refused %llu more", (unsigned long long)report->refused);
	if (!report->ended_by_us && (report->signalled || report->status))
		note("%s ended %s %d", program, report->signalled ? "by signal" : "with status", report->status);
}

static int show_program(char **argv, const struct show_options *options)
{
	cleanup(captured_free) struct callgate_captured *captured = NULL;
	cleanup(buf_fini) struct buf out = { 0 };
	struct callgate_capture_report report = { 0 };
	int status = capture(argv, options, &captured, &report);

	if (status != STATUS_YES)
		return status;
	for (size_t i = 0; status == STATUS_YES && i < callgate_captured_count(captured); i++)
		status = add_captured(callgate_captured_at(captured, i), i + 1, options, &out);
	if (status == STATUS_YES)
		status = finish(options, &out);
	note_end(argv[0], &report);
	if (status == STATUS_YES && callgate_captured_count(captured) == 0) {
		note("%s loaded no filter", argv[0]);
		return STATUS_NO;
	}
	return status;
}

int cmd_show(const struct verb *verb, int argc, char **argv)
{
	struct show_options options = { .reading = SUBJECT_READING_ANY };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (arguments.before_dashes == 0)
		return show_program(arguments.items, &options);
	if (arguments.count != 1)
		return misuse_hint("a program to watch stands behind '--'", "", "show takes one SUBJECT");
	if (options.enough)
		return misuse("'--enough' is for a program: -- PROGRAM");
	return show_subject(arguments.items[0], &options);
}
