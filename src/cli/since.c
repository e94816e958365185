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
#include <sys/stat.h>

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
		status = since_change(program, call.syscall, change, call.sites > 0 ? &site : NULL, json);
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
			status = since_change(program, syscall, "is gone", NULL, json);
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

/* One that another starts now, and that nothing started then (check_record saw to it that the others are there). */
static int print_newcomer(const struct callgate_scan *scan, const char *program, bool json)
{
	char change[80];

	snprintf(change, sizeof(change), "is new: it is started now, and can make %zu calls",
		 callgate_scan_count(scan));
	return since_change(program, "exec", change, NULL, json);
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
	static const char *const names[] = { "after", "hints", "preload", "dlopen", "library-path", "exec" };
	const json_t *then = saved_record(saved, scans->programs[index]), *now = scans->records[index];
	const char *version = json_string_value(json_object_get(then, "callgate"));

	if (!saved_has_program(saved, scans->programs[index]) && index >= scans->named)
		return STATUS_YES;
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

		if (!saved_has_program(saved, program)) {
			status = print_newcomer(scan, program, json);
			count++;
			continue;
		}
		status = print_gained(saved, scan, program, json, &count);
		if (status == STATUS_YES)
			status = since_places(saved, scan, program, json, &count);
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

static bool is_process(const char *path)
{
	return strncmp(path, "pid:", strlen("pid:")) == 0;
}

/* Whether what a name means is the same when it is read again: no pipe, nor standard input. */
static bool can_be_read_again(const char *path)
{
	struct stat status;

	return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static int print_since_policy(const char *path, const struct buf *text, const struct scans *scans,
			      const char *const *unresolved, bool json)
{
	cleanup(subject_free) struct callgate_subject *policy = NULL;
	size_t count = 0;
	int status;

	if (is_process(path) || can_be_read_again(path))
		status = subject_from_argument(path, NULL, &policy);
	else
		status = subject_from_bytes(strcmp(path, "-") == 0 ? "standard input" : path, buf_text(text),
					    text->length, &policy);
	if (status == STATUS_YES)
		status = print_refusals(policy, scans, unresolved, json, &count);
	return status == STATUS_YES && count > 0 ? STATUS_NO : status;
}

int since_print(const char *path, const struct scans *scans, const char *const *unresolved, bool json)
{
	cleanup(json_free) json_t *saved = NULL;
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err;

	if (!is_process(path) && file_read(path, SINCE_FILE_MAX, &text, &err) != CALLGATE_OK)
		return failure(&err);
	saved = saved_parse(buf_text(&text), text.length);
	if (saved && unresolved)
		return misuse_hint("places that are unresolved since then are news of their own%s", "",
				   "scan: --unresolved has nothing to decide against '%s', which is a saved scan",
				   path);
	return saved ? print_since_saved(path, saved, scans, json)
		     : print_since_policy(path, &text, scans, unresolved, json);
}
