/*
 * Libraries are updated under programs that are confined: the next start may need what nobody allowed. A saved scan is
 * compared call by call, for each names the place that is new. A policy is asked by its meaning: the scan is made a
 * policy, and the two are compared as any two SUBJECTs are.
 */
#include "cli/since.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SINCE_FILE_MAX = 256 << 20, SINCE_ARGUMENTS = 6 };

static void json_free(json_t **json)
{
	json_decref(*json);
}

static void diff_free(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

/* The objects of a saved scan; NULL when the text is none: its first line is no object that scan prints. */
static json_t *saved_parse(const char *text, size_t length)
{
	json_t *saved = json_array();
	const char *end = text + length;

	while (saved && text < end) {
		const char *line = memchr(text, '\n', (size_t)(end - text));
		size_t size = (size_t)((line ? line : end) - text);
		json_t *object = size ? json_loadb(text, size, 0, NULL) : NULL;

		if (size && !json_is_string(json_object_get(object, "program"))) {
			json_decref(object);
			json_decref(saved);
			return NULL;
		}
		if (object)
			json_array_append_new(saved, object);
		text += size + 1;
	}
	if (json_array_size(saved) > 0)
		return saved;
	json_decref(saved);
	return NULL;
}

/* What was saved of a call, NULL. */
static const json_t *saved_call(const json_t *saved, const char *program, const char *syscall)
{
	for (size_t i = 0; i < json_array_size(saved); i++) {
		const json_t *object = json_array_get(saved, i);
		const char *name = json_string_value(json_object_get(object, "syscall"));

		if (name && strcmp(name, syscall) == 0 &&
		    strcmp(json_string_value(json_object_get(object, "program")), program) == 0)
			return object;
	}
	return NULL;
}

static bool list_has(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));

		if (item && strcmp(item, text) == 0)
			return true;
	}
	return false;
}

/* The first argument that can be now what it could not be then, as "flags is now anything"; false for none. */
static bool argument_grew(const struct callgate_scan *scan, size_t index, const json_t *then, char *text, size_t size)
{
	const json_t *arguments = json_object_get(then, "args");
	const json_t *old;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)arguments, name, old)
	{
		bool is_known = false;

		for (unsigned i = 0; i < SINCE_ARGUMENTS; i++) {
			const char *const *values, *now;
			size_t count = callgate_scan_argument(scan, index, i, &now, &values);

			if (count == 0 || strcmp(now, name) != 0)
				continue;
			is_known = true;
			for (size_t j = 0; j < count; j++) {
				if (list_has(old, values[j]))
					continue;
				snprintf(text, size, "%s can be %s", name, values[j]);
				return true;
			}
		}
		if (!is_known) {
			snprintf(text, size, "%s can be anything", name);
			return true;
		}
	}
	return false;
}

static int print_change(const char *program, const char *syscall, const char *change,
			const struct callgate_scan_site *site, bool json)
{
	char place[64] = "";

	if (site)
		snprintf(place, sizeof(place), "0x%" PRIx64, site->address);
	if (json)
		return print_json(json_pack("{so ss ss so* ss*}", "program", json_text(program), "syscall", syscall,
					    "change", change, "module", site ? json_text(site->module) : NULL,
					    "address", site ? place : NULL));
	printf("%s: %s: %s\n", program, syscall, change);
	if (site)
		printf("    %s+%s%s%s\n", site->module, place, site->function ? " in " : "",
		       site->function ? site->function : "");
	return STATUS_YES;
}

/* What one program can do that it could not. */
static int print_gained(const json_t *saved, const struct callgate_scan *scan, const char *program, bool json,
			size_t *ret_count)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_count(scan); i++) {
		struct callgate_scan_call call;
		struct callgate_scan_site site;
		char change[256] = "is new";
		const json_t *then;

		callgate_scan_call(scan, i, &call);
		then = saved_call(saved, program, call.syscall);
		if (then && !argument_grew(scan, i, then, change, sizeof(change)))
			continue;
		if (call.sites > 0)
			callgate_scan_site(scan, i, 0, &site);
		status = print_change(program, call.syscall, change, call.sites > 0 ? &site : NULL, json);
		++*ret_count;
	}
	return status;
}

/* Places of which something is not known: what they ask for, or (is_open) which library they open. */
static size_t place_count(const struct callgate_scan *scan, bool is_open)
{
	return is_open ? callgate_scan_opens_count(scan) : callgate_scan_unresolved_count(scan);
}

static void place_at(const struct callgate_scan *scan, size_t index, bool is_open,
		     struct callgate_scan_unresolved *ret_place)
{
	if (!is_open) {
		callgate_scan_unresolved(scan, index, ret_place);
		return;
	}
	callgate_scan_opens(scan, index, &ret_place->site);
	ret_place->why = "it opens a library whose name is not known";
}

/* How many such places of a module a saved scan has. */
static size_t saved_places(const json_t *saved, const char *program, const char *module, bool is_open)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(saved); i++) {
		const json_t *object = json_array_get(saved, i);
		const char *where = json_string_value(json_object_get(json_object_get(object, "site"), "module"));

		count += json_object_get(object, is_open ? "opens" : "unresolved") && where &&
			 strcmp(where, module) == 0 &&
			 strcmp(json_string_value(json_object_get(object, "program")), program) == 0;
	}
	return count;
}

static size_t scan_places(const struct callgate_scan *scan, size_t end, const char *module, bool is_open)
{
	size_t count = 0;

	for (size_t i = 0; i < end; i++) {
		struct callgate_scan_unresolved place;

		place_at(scan, i, is_open, &place);
		count += strcmp(place.site.module, module) == 0;
	}
	return count;
}

bool unresolved_grew(const struct callgate_scan *before, const struct callgate_scan *now)
{
	for (size_t i = 0; i < callgate_scan_unresolved_count(now); i++) {
		struct callgate_scan_unresolved item;

		callgate_scan_unresolved(now, i, &item);
		if (scan_places(now, callgate_scan_unresolved_count(now), item.site.module, false) >
		    scan_places(before, callgate_scan_unresolved_count(before), item.site.module, false))
			return true;
	}
	return false;
}

/* An update moves places, so they are counted by file: where there are more, the last of them are told. */
static int print_places(const json_t *saved, const struct callgate_scan *scan, const char *program, bool is_open,
			bool json, size_t *ret_count)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < place_count(scan, is_open); i++) {
		struct callgate_scan_unresolved place;
		char change[256];

		place_at(scan, i, is_open, &place);
		if (scan_places(scan, i, place.site.module, is_open) <
		    saved_places(saved, program, place.site.module, is_open))
			continue;
		snprintf(change, sizeof(change), "is new: %s", place.why);
		status = print_change(program, is_open ? "dlopen" : "unresolved", change, &place.site, json);
		++*ret_count;
	}
	return status;
}

static bool scan_has(const struct callgate_scan *scan, const char *syscall)
{
	for (size_t i = 0; i < callgate_scan_count(scan); i++) {
		struct callgate_scan_call call;

		callgate_scan_call(scan, i, &call);
		if (strcmp(call.syscall, syscall) == 0)
			return true;
	}
	return false;
}

/* What it can do no longer: worth knowing, and no reason to worry. */
static int print_lost(const json_t *saved, const struct callgate_scan *scan, const char *program, bool json)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < json_array_size(saved); i++) {
		const json_t *object = json_array_get(saved, i);
		const char *syscall = json_string_value(json_object_get(object, "syscall"));

		if (syscall && strcmp(json_string_value(json_object_get(object, "program")), program) == 0 &&
		    !scan_has(scan, syscall))
			status = print_change(program, syscall, "is gone", NULL, json);
	}
	return status;
}

static bool saved_has_program(const json_t *saved, const char *program)
{
	for (size_t i = 0; i < json_array_size(saved); i++)
		if (strcmp(json_string_value(json_object_get(json_array_get(saved, i), "program")), program) == 0)
			return true;
	return false;
}

/* With which options a program was scanned then, NULL. */
static const json_t *saved_record(const json_t *saved, const char *program)
{
	for (size_t i = 0; i < json_array_size(saved); i++) {
		const json_t *object = json_array_get(saved, i), *record = json_object_get(object, "options");

		if (record && strcmp(json_string_value(json_object_get(object, "program")), program) == 0)
			return record;
	}
	return NULL;
}

/* Like is compared with like alone. The root is where the same system lies, and may be another. */
static int check_record(const char *path, const json_t *saved, const struct scans *scans, size_t index)
{
	static const char *const names[] = { "after", "hints", "preload", "dlopen", "library-path" };
	const json_t *then = saved_record(saved, scans->programs[index]), *now = scans->records[index];
	const char *version = json_string_value(json_object_get(then, "callgate"));

	if (!saved_has_program(saved, scans->programs[index]))
		return misuse("scan: '%s' has nothing of '%s'", path, scans->programs[index]);
	if (!then)
		return misuse_hint("save all of what 'scan --json' prints%s", "",
				   "scan: '%s' does not say with which options '%s' was scanned", path,
				   scans->programs[index]);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!json_equal(json_object_get(then, names[i]), json_object_get(now, names[i])))
			return misuse_hint("scan it with the same options, or save it anew%s", "",
					   "scan: '%s' was saved with another --%s", path,
					   strcmp(names[i], "hints") == 0 ? "no-hints" : names[i]);
	if (!version || strcmp(version, CALLGATE_VERSION) != 0)
		note("'%s' was saved by callgate %s: what is new may be what this one knows better", path,
		     version ? version : "of an unknown version");
	return STATUS_YES;
}

static int print_since_saved(const char *path, const json_t *saved, const struct scans *scans, bool json)
{
	size_t count = 0;
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < scans->count; i++)
		status = check_record(path, saved, scans, i);
	for (size_t i = 0; status == STATUS_YES && i < scans->count; i++) {
		const struct callgate_scan *scan = scans->items[i];
		const char *program = scans->programs[i];

		status = print_gained(saved, scan, program, json, &count);
		if (status == STATUS_YES)
			status = print_places(saved, scan, program, false, json, &count);
		if (status == STATUS_YES)
			status = print_places(saved, scan, program, true, json, &count);
		if (status == STATUS_YES)
			status = print_lost(saved, scan, program, json);
	}
	return status == STATUS_YES && count > 0 ? STATUS_NO : status;
}

int subject_of_scans(const struct scans *scans, const char *const *unresolved, struct callgate_subject **ret_subject)
{
	struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_POLICY,
						    .policy = policy_options_from_environment() };
	cleanup_free char *text = NULL;
	struct callgate_error err;

	if (callgate_scan_policy((struct callgate_scan *const *)scans->items, scans->count, unresolved, &text, &err) !=
		    CALLGATE_OK ||
	    callgate_subject_parse("what was scanned", text, strlen(text), &options, ret_subject, &err) != CALLGATE_OK)
		return failure(&err);
	return STATUS_YES;
}

static int print_refused(const struct callgate_difference *difference, bool json)
{
	char action[64];

	callgate_action_format(difference->a, action, sizeof(action));
	if (json)
		return print_json(json_pack("{ss ss* ss ss}", "syscall", difference->syscall, "condition",
					    difference->condition, "refused", action, "witness", difference->witness));
	printf("%s", difference->syscall);
	if (difference->condition)
		printf(" if %s", difference->condition);
	printf(": %s\n    %s\n", action, difference->witness);
	return STATUS_YES;
}

static int print_refusals(const struct callgate_subject *filter, const struct scans *scans,
			  const char *const *unresolved, bool json, size_t *ret_count)
{
	cleanup(subject_free) struct callgate_subject *scanned = NULL;
	cleanup(diff_free) struct callgate_diff *diff = NULL;
	struct callgate_error err;
	int status = subject_of_scans(scans, unresolved, &scanned);

	if (status != STATUS_YES)
		return status;
	if (callgate_diff_new(filter, scanned, &diff, &err) != CALLGATE_OK)
		return failure(&err);
	for (size_t i = 0; status == STATUS_YES && i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *difference = callgate_diff_at(diff, i);

		if (!callgate_action_refuses(difference->a) || callgate_action_refuses(difference->b))
			continue;
		status = print_refused(difference, json);
		++*ret_count;
	}
	return status;
}

int since_print(const char *path, const struct scans *scans, const char *const *unresolved, bool json)
{
	cleanup(subject_free) struct callgate_subject *policy = NULL;
	cleanup(json_free) json_t *saved = NULL;
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err;
	size_t count = 0;
	int status;

	if (file_read(path, SINCE_FILE_MAX, &text, &err) != CALLGATE_OK)
		return failure(&err);
	saved = saved_parse(buf_text(&text), text.length);
	if (saved && unresolved)
		return misuse_hint("places that are unresolved since then are news of their own%s", "",
				   "scan: --unresolved has nothing to decide against '%s', which is a saved scan",
				   path);
	if (saved)
		return print_since_saved(path, saved, scans, json);
	status = subject_from_argument(path, NULL, &policy);
	if (status == STATUS_YES)
		status = print_refusals(policy, scans, unresolved, json, &count);
	return status == STATUS_YES && count > 0 ? STATUS_NO : status;
}
