/*
 * A SUBJECT is whatever has a meaning; the library recognises it, and what is wrong with it is said in one place.
 */
#include "cli/subjects.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A profile has a line a call. */
#define FREQUENCY_BYTES_MAX (1u << 20)

struct callgate_policy_options policy_options_from_environment(void)
{
	const char *folder = getenv("CALLGATE_POLICIES");

	return (struct callgate_policy_options){ .group_folder = folder && *folder ? folder : NULL };
}

/* "6.1" */
static int take_kernel(const char *text, uint16_t *ret_kernel)
{
	unsigned major, minor;
	char rest;

	if (sscanf(text, "%3u.%3u%c", &major, &minor, &rest) != 2 || !major || major > 255 || minor > 255)
		return misuse_hint("a major and a minor number, as in 6.1", "", "'%s' is no kernel", text);
	*ret_kernel = (uint16_t)(major << 8 | minor);
	return STATUS_YES;
}

/* The words of SUBJECT_ROWS, in their order. */
static enum callgate_subject_kind kind_of_word(int word)
{
	static const enum callgate_subject_kind kinds[] = {
		CALLGATE_SUBJECT_POLICY,   CALLGATE_SUBJECT_BPF,     CALLGATE_SUBJECT_OCI,
		CALLGATE_SUBJECT_MINIJAIL, CALLGATE_SUBJECT_SYSTEMD, CALLGATE_SUBJECT_KAFEL,
		CALLGATE_SUBJECT_FIREJAIL, CALLGATE_SUBJECT_STRACE,  CALLGATE_SUBJECT_AUDIT,
	};

	return word < 0 ? CALLGATE_SUBJECT_ANY : kinds[word];
}

/* What its reader has to say. */
static void note_all(const struct callgate_subject *subject)
{
	const char *sentence;

	for (size_t i = 0; (sentence = callgate_subject_note(subject, i)); i++)
		note("%s", sentence);
}

int subject_from_argument(const char *name, const struct subject_reading *reading,
			  struct callgate_subject **ret_subject)
{
	struct callgate_subject_options options = { .policy = policy_options_from_environment() };
	struct callgate_error err;

	if (reading) {
		options.may_be_unknown = reading->may_be_unknown;
		options.kind = kind_of_word(reading->from);
		options.capabilities = reading->capabilities.items;
		options.capability_count = reading->capabilities.count;
		options.policy.phase = reading->phase;
	}
	if (reading && reading->kernel && take_kernel(reading->kernel, &options.kernel) != STATUS_YES)
		return STATUS_MISUSE;
	if (callgate_subject_open(name, &options, ret_subject, &err))
		return failure(&err);
	note_all(*ret_subject);
	return STATUS_YES;
}

int subject_from_bytes(const char *name, const void *bytes, size_t length, struct callgate_subject **ret_subject)
{
	struct callgate_subject_options options = { .policy = policy_options_from_environment() };
	struct callgate_error err;

	if (callgate_subject_parse(name, bytes, length, &options, ret_subject, &err))
		return failure(&err);
	note_all(*ret_subject);
	return STATUS_YES;
}

int frequency_from_option(const char *path, struct callgate_frequency **ret_frequency)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err;

	*ret_frequency = NULL;
	if (!path)
		return STATUS_YES;
	if (file_read(path, FREQUENCY_BYTES_MAX, &text, &err) ||
	    callgate_frequency_parse(path, buf_text(&text), text.length, ret_frequency, &err))
		return failure(&err);
	return STATUS_YES;
}

int filter_output_check(const char *output, int format)
{
	if (format == FORMAT_BPF && !output && isatty(STDOUT_FILENO))
		return misuse_hint("'-o FILE' writes it to a file, '--format asm' shows it", "",
				   "a filter is not for a terminal");
	return STATUS_YES;
}

int write_filter(const struct callgate_filter *filter, const char *output, int format)
{
	cleanup_free char *text = NULL;
	const struct sock_filter *insns;
	struct callgate_error err;
	size_t length;

	insns = callgate_filter_program(filter, &length);
	if (format == FORMAT_BPF)
		return write_output(output, insns, length * sizeof(*insns));
	if (format == FORMAT_C ? callgate_filter_format_c(filter, &text, &err)
			       : callgate_filter_disassemble(filter, &text, &err))
		return failure(&err);
	return write_output(output, text, strlen(text));
}

void note_phases(const struct callgate_subject *subject)
{
	size_t count = callgate_subject_phases(subject);

	if (count)
		note("%s: %zu phase%s not in this filter: `run` stacks %s, --phase NAME takes one",
		     callgate_subject_name(subject), count, count == 1 ? " is" : "s are", count == 1 ? "it" : "them");
}

void subject_free(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

void frequency_free(struct callgate_frequency **frequency)
{
	callgate_frequency_free(*frequency);
}

void filter_free(struct callgate_filter **filter)
{
	callgate_filter_free(*filter);
}
