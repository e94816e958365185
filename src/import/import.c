/*
 * The table of dialects, and what all of their readings have in common: a policy leaves this file only when every
 * condition of it was bound on every arch, as one that a person wrote.
 */
#include "import/import.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

/* Longest note. */
#define NOTE_MAX 1024

static const struct import_dialect dialects[] = {
	{ "oci", oci_recognise, oci_read }, /* a brace begins lines of others too */
	{ "minijail", minijail_recognise, minijail_read },
	{ "systemd", systemd_recognise, systemd_read },
	{ "kafel", kafel_recognise, kafel_read },
	{ "firejail", firejail_recognise, firejail_read },
};

enum { DIALECTS = sizeof(dialects) / sizeof(*dialects) };

const struct import_dialect *import_dialect_by_name(const char *name)
{
	for (size_t i = 0; i < DIALECTS; i++)
		if (strcmp(dialects[i].name, name) == 0)
			return &dialects[i];
	return NULL;
}

const struct import_dialect *import_recognise(const char *text, size_t length)
{
	for (size_t i = 0; i < DIALECTS; i++)
		if (dialects[i].recognise(text, length))
			return &dialects[i];
	return NULL;
}

int import_note(struct import *import, const char *format, ...)
{
	char text[NOTE_MAX];
	const char *note;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	note = arena_strdup(&import->policy->arena, text);
	if (!note || !VEC_PUSH(&import->policy->arena, &import->handle->notes, note))
		return fail_nomem(import->err);
	return CALLGATE_OK;
}

int import_suggest(struct import *import, int status, const char *near)
{
	if (near)
		error_hint(import->err, "did you mean '%s'?", near);
	return status;
}

/* A release like "6.1.0-13-amd64"; one that is beyond the tables is the last one of them. */
static uint16_t running_kernel(void)
{
	unsigned major = 0, minor = 0;
	struct utsname host;

	if (uname(&host) || sscanf(host.release, "%3u.%3u", &major, &minor) != 2 || major > 255 || minor > 255)
		return ABI_KERNEL_NEWEST;
	return ABI_KERNEL(major, minor);
}

static int take_capabilities(struct import *import)
{
	for (size_t i = 0; i < import->source->capability_count; i++) {
		const char *name = import->source->capabilities[i];
		int number = import_capability(name);

		if (strcasecmp(name, "all") == 0) {
			import->capabilities = UINT64_MAX;
		} else if (number < 0) {
			error_set(import->err, CALLGATE_E_UNKNOWN, "unknown capability '%s'", name);
			error_hint(import->err, "capabilities(7) lists them; 'all' is every one");
			return CALLGATE_E_UNKNOWN;
		} else {
			import->capabilities |= UINT64_C(1) << number;
		}
	}
	return CALLGATE_OK;
}

int import_keep_source(struct import *import, const char *name, const char *text, size_t length, const char **ret_name,
		       const char **ret_text)
{
	struct arena *arena = &import->policy->arena;
	struct lang_source source = { .length = length };

	source.name = arena_strdup(arena, name);
	source.text = arena_strndup(arena, text, length);
	if (!source.name || !source.text || !VEC_PUSH(arena, &import->handle->sources, source))
		return fail_nomem(import->err);
	*ret_name = source.name;
	*ret_text = source.text;
	return CALLGATE_OK;
}

static void policy_free_pointer(struct callgate_policy **policy)
{
	callgate_policy_free(*policy);
}

int import_read(const struct import_dialect *dialect, const struct import_source *source,
		struct callgate_policy **ret_policy, struct callgate_error *err)
{
	struct policy *policy = policy_new();
	cleanup(policy_free_pointer) struct callgate_policy *handle = policy ? lang_take(policy) : NULL;
	struct import import = { .handle = handle, .policy = policy, .source = source, .err = err };
	const char *text;
	int status;

	if (!handle)
		return fail_nomem(err);
	import.kernel = source->kernel ? source->kernel : running_kernel();
	policy->kernel = import.kernel > ABI_KERNEL_NEWEST ? ABI_KERNEL_NEWEST : import.kernel;
	status = take_capabilities(&import);
	if (!status)
		status = import_keep_source(&import, source->name, source->text, source->length, &import.name, &text);
	if (!status)
		status = dialect->read(&import);
	if (!status)
		status = policy_check(policy, err);
	if (!status)
		*ret_policy = take_ptr(handle);
	return status;
}
