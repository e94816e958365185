/*
 * The table of targets, and the proof: what was written is read by the importer, which shares nothing with the writer,
 * and the two meanings are compared call by call. No target is trusted to have said what was meant.
 */
#include "export/export.h"

#include "export/runtime.h"
#include "lang/lang.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <callgate/convert.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest note. */
#define NOTE_MAX 512

struct target {
	const char *name;
	int (*write)(struct export *export);
	enum callgate_subject_kind kind; /* what it is read back as */
	int (*decode)(struct export *export, struct buf *ret_bytes);
	int (*complete)(struct export *export, struct callgate_subject *again);
	int (*check)(struct export *export);
};

static const struct target targets[] = {
	[CALLGATE_TARGET_POLICY] = { "policy", export_policy, .kind = CALLGATE_SUBJECT_POLICY },
	[CALLGATE_TARGET_OCI] = { "oci", export_oci, .kind = CALLGATE_SUBJECT_OCI },
	[CALLGATE_TARGET_MINIJAIL] = { "minijail", export_minijail, .kind = CALLGATE_SUBJECT_MINIJAIL },
	[CALLGATE_TARGET_SYSTEMD] = { "systemd", export_systemd, .kind = CALLGATE_SUBJECT_SYSTEMD },
	[CALLGATE_TARGET_KAFEL] = { "kafel", export_kafel, .kind = CALLGATE_SUBJECT_KAFEL },
	[CALLGATE_TARGET_LIBSECCOMP] = { "libseccomp", export_libseccomp, CALLGATE_SUBJECT_OCI, decode_libseccomp,
					 .complete = complete_libseccomp },
	[CALLGATE_TARGET_BPF] = { "bpf", export_bpf, .kind = CALLGATE_SUBJECT_BPF },
	[CALLGATE_TARGET_C] = { "c", export_c, CALLGATE_SUBJECT_BPF, decode_c },
	[CALLGATE_TARGET_ASM] = { "asm", export_asm, CALLGATE_SUBJECT_BPF, decode_asm },
	[CALLGATE_TARGET_IO_URING] = { "io_uring", export_io_uring, .check = check_io_uring },
};

enum { TARGETS = sizeof(targets) / sizeof(*targets) };

struct callgate_conversion {
	struct export export; /* its text and its notes; the subject is not looked at any more */
	struct callgate_diff *diff;
	struct callgate_diff *runtime;	  /* what a runtime's calls let through more; NULL when none was named */
	struct callgate_subject *widened; /* the subject with them; NULL where it is the same */
};

const char *callgate_target_name(enum callgate_target target)
{
	return (unsigned)target < TARGETS ? targets[target].name : NULL;
}

int callgate_target_by_name(const char *name)
{
	for (int target = 0; target < TARGETS; target++)
		if (strcmp(targets[target].name, name) == 0)
			return target;
	return -1;
}

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
	callgate_diff_free(conversion->runtime);
	callgate_subject_free(conversion->widened);
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

static int write_text(struct export *export, const struct target *target)
{
	int status = outline_of(export->subject, &export->arena, &export->outline, export->err);

	if (!status)
		status = target->write(export);
	return !status && export->text.failed ? fail_nomem(export->err) : status;
}

/* Reads it back. An error in what was written is one of this room. */
static int prove(struct callgate_conversion *conversion, const struct target *target, struct callgate_error *err)
{
	cleanup(subject_free_pointer) struct callgate_subject *again = NULL;
	const struct callgate_subject_options options = { .kind = target->kind, .kernel = ABI_KERNEL_NEWEST };
	struct export *export = &conversion->export;
	cleanup(buf_fini) struct buf decoded = { 0 };
	const struct buf *text = target->decode ? &decoded : &export->text;
	int status;

	if (target->check)
		return target->check(export);
	status = target->decode ? target->decode(export, &decoded) : CALLGATE_OK;

	if (!status && decoded.failed)
		return fail_nomem(err);
	if (!status)
		status =
			callgate_subject_parse("what was written", buf_text(text), text->length, &options, &again, err);
	if (status == CALLGATE_E_SYNTAX || status == CALLGATE_E_UNKNOWN || status == CALLGATE_E_INVALID) {
		error_hint(err, "this is a bug in Callgate: it cannot read what it wrote");
		return status;
	}
	if (!status && target->complete)
		status = target->complete(export, again);
	if (!status)
		status = callgate_diff_new(export->subject, again, &conversion->diff, err);
	return status ? status : callgate_diff_fold(conversion->diff, err);
}

/* What stands in no other language is not lost without a word. */
static int note_phases(struct export *export, const struct callgate_subject *subject, enum callgate_target target)
{
	const struct callgate_policy *policy = subject->policy;

	if (!policy || !policy->policy->phases.length || target == CALLGATE_TARGET_POLICY)
		return CALLGATE_OK;
	return export_note(export, "its phases are not said: --phase converts what is stacked at the mark of one");
}

/* Has the runtime's calls in the subject that is written. */
static int admit_runtime(struct callgate_conversion *conversion, enum callgate_target target,
			 const struct callgate_convert_options *options, struct callgate_error *err)
{
	struct export *export = &conversion->export;
	int status;

	if (!options || options->runtime == CALLGATE_RUNTIME_NONE)
		return CALLGATE_OK;
	if (target != CALLGATE_TARGET_OCI)
		return fail(err, CALLGATE_E_INVALID, "a container runtime executes the program of a profile only");
	status = runtime_admit(export->subject, options, &conversion->widened, &conversion->runtime, err);
	if (status)
		return status;
	if (conversion->widened)
		export->subject = conversion->widened;
	export->runtime = conversion->runtime;
	return CALLGATE_OK;
}

int callgate_convert_with(const struct callgate_subject *subject, enum callgate_target target,
			  const struct callgate_convert_options *options, struct callgate_conversion **ret_conversion,
			  struct callgate_error *err)
{
	cleanup(conversion_free_pointer) struct callgate_conversion *conversion = calloc(1, sizeof(*conversion));
	int status;

	if ((unsigned)target >= TARGETS)
		return fail(err, CALLGATE_E_INVALID, "%d is no target", (int)target);
	if (!conversion)
		return fail_nomem(err);
	conversion->export.subject = subject;
	conversion->export.err = err;
	status = admit_runtime(conversion, target, options, err);
	if (!status)
		status = write_text(&conversion->export, &targets[target]);
	if (!status)
		status = note_phases(&conversion->export, subject, target);
	if (!status)
		status = prove(conversion, &targets[target], err);
	if (!status && conversion->runtime)
		status = callgate_diff_fold(conversion->runtime, err);
	if (status)
		return status;
	*ret_conversion = take_ptr(conversion);
	return CALLGATE_OK;
}

int callgate_convert(const struct callgate_subject *subject, enum callgate_target target,
		     struct callgate_conversion **ret_conversion, struct callgate_error *err)
{
	return callgate_convert_with(subject, target, NULL, ret_conversion, err);
}

const struct callgate_diff *callgate_conversion_runtime(const struct callgate_conversion *conversion)
{
	return conversion->runtime;
}

const char *callgate_conversion_text(const struct callgate_conversion *conversion)
{
	return buf_text(&conversion->export.text);
}

size_t callgate_conversion_length(const struct callgate_conversion *conversion)
{
	return conversion->export.text.length;
}

const struct callgate_diff *callgate_conversion_diff(const struct callgate_conversion *conversion)
{
	return conversion->diff;
}

const char *callgate_conversion_note(const struct callgate_conversion *conversion, size_t index)
{
	return index < conversion->export.notes.length ? conversion->export.notes.items[index] : NULL;
}
