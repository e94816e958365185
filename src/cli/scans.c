/*
 * A filter survives exec: what a program starts is confined with it. So the closure is what a policy must allow, and
 * whatever leads out of what is known is said.
 */
#include "cli/scans.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void scans_fini(struct scans *scans)
{
	for (size_t i = 0; i < scans->count; i++) {
		callgate_scan_free(scans->items[i]);
		free(scans->programs[i]);
		json_decref(scans->records[i]);
	}
}

int scans_failure(const struct callgate_error *err)
{
	int status = failure(err);

	switch (err->status) {
	case CALLGATE_E_NOT_FOUND:
	case CALLGATE_E_NOT_EXECUTABLE:
	case CALLGATE_E_UNSUPPORTED:
		return STATUS_MISUSE;
	default:
		return status;
	}
}

static void say_unresolved(const struct callgate_scan *scan)
{
	for (size_t i = 0; i < callgate_scan_unresolved_count(scan); i++) {
		struct callgate_scan_unresolved item;

		callgate_scan_unresolved(scan, i, &item);
		note("unresolved: %s+0x%" PRIx64 "%s%s: %s", item.site.module, item.site.address,
		     item.site.function ? " in " : "", item.site.function ? item.site.function : "", item.why);
	}
}

static void say_place(const struct callgate_scan_site *site, const char *what)
{
	note("%s+0x%" PRIx64 "%s%s %s", site->module, site->address, site->function ? " in " : "",
	     site->function ? site->function : "", what);
}

static void say_unknown(const struct callgate_scan *scan)
{
	say_unresolved(scan);
	for (size_t i = 0; i < callgate_scan_untried_count(scan); i++)
		note("%s is of another version than what is known of its inside: nothing is left out by that, so that "
		     "more is listed than it may do",
		     callgate_scan_untried(scan, i));
	for (size_t i = 0; i < callgate_scan_opens_count(scan); i++) {
		struct callgate_scan_site site;

		callgate_scan_opens(scan, i, &site);
		say_place(&site, "opens a library whose name is not known (--dlopen names it)");
	}
	for (size_t i = 0; i < callgate_scan_lookups_count(scan); i++) {
		struct callgate_scan_site site;

		callgate_scan_lookups(scan, i, &site);
		say_place(&site,
			  "looks up a function by a name that is not known, in what it opened: that counts, what "
			  "the program is linked with not");
	}
	for (size_t i = 0; i < callgate_scan_starts_count(scan); i++) {
		struct callgate_scan_start start;

		callgate_scan_starts(scan, i, &start);
		if (!start.path)
			say_place(&start.site, "starts a program whose name is not known: name it beside this one");
	}
}

static bool scans_have(const struct scans *scans, const char *program, bool is_whole)
{
	for (size_t i = 0; i < scans->count; i++)
		if (strcmp(scans->programs[i], program) == 0 && scans->is_whole[i] >= is_whole)
			return true;
	return false;
}

static int scans_add_program(struct scans *scans, const char *program, const struct callgate_scan_options *options,
			     struct callgate_error *err)
{
	cleanup_free char *copy = NULL;
	int status;

	if (scans_have(scans, program, !options->after_main))
		return CALLGATE_OK;
	if (scans->count == SCANS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "more than %d programs", SCANS_MAX);
	copy = strdup(program);
	if (!copy)
		return fail_nomem(err);
	progress("reading %s, program %zu", program, scans->count + 1);
	status = callgate_scan(program, options, &scans->items[scans->count], err);
	progress_end();
	if (status != CALLGATE_OK)
		return status;
	scans->is_whole[scans->count] = !options->after_main;
	scans->programs[scans->count++] = take_ptr(copy);
	say_unknown(scans->items[scans->count - 1]);
	return CALLGATE_OK;
}

/* Whether the name is just another path of the only program that it runs. */
static bool is_itself(const char *name, char *const *programs, const char *root)
{
	cleanup_free char *real = !root && strchr(name, '/') ? realpath(name, NULL) : NULL;

	return real && programs[0] && !programs[1] && strcmp(real, programs[0]) == 0;
}

/* A file that lies here is meant by its name, else one that PATH has. */
static bool is_here(const char *name)
{
	struct stat status;

	return !strchr(name, '/') && stat(name, &status) == 0 && !S_ISDIR(status.st_mode);
}

int scans_add(struct scans *scans, const char *name, const struct callgate_scan_options *options)
{
	cleanup(buf_fini) struct buf path = { 0 };
	cleanup_free char **programs = NULL;
	struct callgate_error err;

	buf_printf(&path, "%s%s", !options->root && is_here(name) ? "./" : "", name);
	if (path.failed) {
		error_set(&err, CALLGATE_E_NOMEM, "out of memory");
		return failure(&err);
	}
	name = buf_text(&path);
	if (callgate_scan_programs(name, options->root, NULL, &programs, &err) != CALLGATE_OK)
		return scans_failure(&err);
	/* The path that the user wrote is the one that the output names. */
	if (is_itself(name, programs, options->root))
		return scans_add_program(scans, name, options, &err) == CALLGATE_OK ? STATUS_YES : scans_failure(&err);
	for (size_t i = 0; programs[i]; i++) {
		struct callgate_scan_options one = *options;

		/* What `env` runs starts behind env's main. */
		one.after_main &= i == 0;
		if (scans_add_program(scans, programs[i], &one, &err) != CALLGATE_OK)
			return scans_failure(&err);
	}
	return STATUS_YES;
}

static int scans_follow_start(struct scans *scans, const char *program, const char *path,
			      const struct callgate_scan_options *options)
{
	cleanup_free char **programs = NULL;
	struct callgate_error err;
	int status = callgate_scan_programs(path, options->root, NULL, &programs, &err);

	for (size_t i = 0; status == CALLGATE_OK && programs[i]; i++)
		status = scans_add_program(scans, programs[i], options, &err);
	if (status == CALLGATE_OK)
		return STATUS_YES;
	if (status == CALLGATE_E_NOMEM || status == CALLGATE_E_LIMIT)
		return failure(&err);
	note("%s starts '%s', which was not scanned: %s", program, path, err.message);
	return STATUS_YES;
}

int scans_follow_starts(struct scans *scans, const struct callgate_scan_options *options)
{
	struct callgate_scan_options whole = *options;
	int status = STATUS_YES;

	whole.after_main = false;

	for (size_t i = 0; i < scans->count; i++) {
		for (size_t j = 0; status == STATUS_YES && j < callgate_scan_starts_count(scans->items[i]); j++) {
			struct callgate_scan_start start;

			callgate_scan_starts(scans->items[i], j, &start);
			if (start.path)
				status = scans_follow_start(scans, scans->programs[i], start.path, &whole);
		}
	}
	return status;
}
