/*
 * The table of targets, and the proof: what was written is read by the importer, which shares nothing with the writer,
 * and the two meanings are compared call by call. No target is trusted to have said what was meant.
 */
#include "export/export.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <callgate/convert.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest note. */
#define NOTE_MAX 512

static const struct {
	enum callgate_subject_kind kind;
	int (*write)(struct export *export);
} targets[] = {
	{ CALLGATE_SUBJECT_POLICY, export_policy },
	{ CALLGATE_SUBJECT_OCI, export_oci },
};

struct callgate_conversion {
	struct export export; /* its text and its notes; the subject is not looked at any more */
	struct callgate_diff *diff;
};

int export_note(struct export *export, const char *format, ...)
{
	char text[NOTE_MAX];
	const char *note;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	note = arena_strdup(&export->arena, text);
	if (!note || !VEC_PUSH(&export->arena, &export->notes, note))
		return fail_nomem(export->err);
	return CALLGATE_OK;
}

void callgate_conversion_free(struct callgate_conversion *conversion)
{
	if (!conversion)
		return;
	callgate_diff_free(conversion->diff);
	buf_fini(&conversion->export.text);
	arena_fini(&conversion->export.arena);
	free(conversion);
}

static void conversion_free_pointer(struct callgate_conversion **conversion)
{
	callgate_conversion_free(*conversion);
}

static void subject_free_pointer(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

static int write_text(struct export *export, enum callgate_subject_kind kind)
{
	size_t i = 0;
	int status;

	while (i < sizeof(targets) / sizeof(*targets) && targets[i].kind != kind)
		i++;
	if (i == sizeof(targets) / sizeof(*targets))
		return fail(export->err, CALLGATE_E_UNSUPPORTED, "nothing is written as this kind");
	status = outline_of(export->subject, &export->arena, &export->outline, export->err);
	if (!status)
		status = targets[i].write(export);
	return !status && export->text.failed ? fail_nomem(export->err) : status;
}

/* Reads it back. An error in what was written is one of this room. */
static int prove(struct callgate_conversion *conversion, enum callgate_subject_kind kind, struct callgate_error *err)
{
	cleanup(subject_free_pointer) struct callgate_subject *again = NULL;
	const struct callgate_subject_options options = { .kind = kind, .kernel = ABI_KERNEL_NEWEST };
	const struct buf *text = &conversion->export.text;
	int status = callgate_subject_parse("what was written", buf_text(text), text->length, &options, &again, err);

	if (status == CALLGATE_E_SYNTAX || status == CALLGATE_E_UNKNOWN) {
		error_hint(err, "this is a bug in Callgate: it cannot read what it wrote");
		return status;
	}
	if (!status)
		status = callgate_diff_new(conversion->export.subject, again, &conversion->diff, err);
	return status ? status : callgate_diff_fold(conversion->diff, err);
}

int callgate_convert(const struct callgate_subject *subject, enum callgate_subject_kind kind,
		     struct callgate_conversion **ret_conversion, struct callgate_error *err)
{
	cleanup(conversion_free_pointer) struct callgate_conversion *conversion = calloc(1, sizeof(*conversion));
	int status;

	if (!conversion)
		return fail_nomem(err);
	conversion->export.subject = subject;
	conversion->export.err = err;
	status = write_text(&conversion->export, kind);
	if (!status)
		status = prove(conversion, kind, err);
	if (status)
		return status;
	*ret_conversion = take_ptr(conversion);
	return CALLGATE_OK;
}

const char *callgate_conversion_text(const struct callgate_conversion *conversion)
{
	return buf_text(&conversion->export.text);
}

const struct callgate_diff *callgate_conversion_diff(const struct callgate_conversion *conversion)
{
	return conversion->diff;
}

const char *callgate_conversion_note(const struct callgate_conversion *conversion, size_t index)
{
	return index < conversion->export.notes.length ? conversion->export.notes.items[index] : NULL;
}
