/*
 * What changed since an older report. That one may be a page, whose data is taken out of it as it was put in, or
 * evidence, of which the data is made now. Only what both can know is compared: what was not read then is not new now.
 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "report/page.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The item whose key has this text; NULL. */
static const json_t *item_of(const json_t *list, const char *key, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(text_of(json_array_get(list, i), key), text) == 0)
			return json_array_get(list, i);
	return NULL;
}

/* Changes that are being collected. */
struct changes {
	json_t *list;
	bool failed;
};

static void change(struct changes *changes, const char *what, const char *subject, const char *was, const char *is)
{
	json_t *object = json_pack("{s:s,s:s,s:s,s:s}", "what", what, "subject", subject, "was", was, "is", is);

	changes->failed |= json_array_append_new(changes->list, object) != 0;
}

/* The list of an argument's values was cut, or had values that were not kept: whether one is new is not known. */
static bool arg_is_cut(const json_t *arg)
{
	return json_object_get(arg, "more") || json_is_true(json_object_get(arg, "others"));
}

static void compare_args(struct changes *changes, const char *name, const json_t *now, const json_t *old)
{
	for (size_t i = 0; i < json_array_size(now); i++) {
		const json_t *arg = json_array_get(now, i);
		const json_t *before = item_of(old, "name", text_of(arg, "name"));
		const json_t *values = json_object_get(arg, "values");

		for (size_t j = 0; before && !arg_is_cut(before) && j < json_array_size(values); j++) {
			const char *value = text_of(json_array_get(values, j), "value");

			if (!item_of(json_object_get(before, "values"), "value", value))
				change(changes, "value", name, text_of(arg, "name"), value);
		}
	}
}

/* What both reports can know, which are compared. */
struct comparable {
	bool reach;   /* the programs were read for both */
	bool answers; /* both policies were made in one way, or are the ones in force */
};

static void compare_syscall(struct changes *changes, const json_t *now, const json_t *old, struct comparable both)
{
	bool seen = json_object_get(now, "count"), was_seen = json_object_get(old, "count");
	bool could = json_array_size(json_object_get(now, "could")) > 0;
	bool was_could = json_array_size(json_object_get(old, "could")) > 0;
	const char *name = text_of(now, "name");

	if (seen && !was_seen)
		change(changes, "seen", name, "not seen", "seen");
	if (!seen && was_seen)
		change(changes, "unseen", name, "seen", "not seen");
	if (both.reach && could != was_could)
		change(changes, could ? "reachable" : "unreachable", name, was_could ? "reachable" : "not reachable",
		       could ? "reachable" : "not reachable");
	if (both.answers && strcmp(text_of(now, "answer"), text_of(old, "answer")) != 0)
		change(changes, "answer", name, text_of(old, "answer"), text_of(now, "answer"));
	if (seen && was_seen)
		compare_args(changes, name, json_object_get(now, "args"), json_object_get(old, "args"));
}

static void compare_programs(struct changes *changes, const json_t *now, const json_t *old, const char *what)
{
	for (size_t i = 0; i < json_array_size(now); i++) {
		const char *path = text_of(json_array_get(now, i), "path");

		if (!item_of(old, "path", path))
			change(changes, "program", path, "", what);
	}
}

static void compare_holes(struct changes *changes, const json_t *now, const json_t *old)
{
	for (size_t i = 0; i < json_array_size(now); i++) {
		const json_t *hole = json_array_get(now, i);
		const json_t *before = item_of(old, "id", text_of(hole, "id"));

		if (before && strcmp(text_of(hole, "state"), text_of(before, "state")) != 0)
			change(changes, "hole", text_of(hole, "id"), text_of(before, "state"), text_of(hole, "state"));
	}
}

static struct comparable comparable(const json_t *now, const json_t *old)
{
	const json_t *facts = json_object_get(now, "facts"), *before = json_object_get(old, "facts");
	bool scanned = json_integer_value(json_object_get(facts, "scanned")) > 0;
	bool was_scanned = json_integer_value(json_object_get(before, "scanned")) > 0;
	bool in_force = json_is_true(json_object_get(facts, "policy"));
	bool was_in_force = json_is_true(json_object_get(before, "policy"));

	return (struct comparable){
		.reach = scanned && was_scanned,
		.answers = in_force == was_in_force && (in_force || scanned == was_scanned),
	};
}

int report_since(json_t *data, const json_t *old, struct callgate_error *err)
{
	const json_t *syscalls = json_object_get(data, "syscalls");
	const json_t *programs = json_object_get(data, "programs"), *old_programs = json_object_get(old, "programs");
	json_t *head = json_pack("{s:s,s:s,s:O,s:[]}", "title", text_of(old, "title"), "date", text_of(old, "date"),
				 "facts", json_object_get(old, "facts"), "list");
	struct changes changes = { .list = json_object_get(head, "list") };
	struct comparable both = comparable(data, old);

	if (json_object_set_new(data, "changes", head) != 0)
		return fail_nomem(err);
	for (size_t i = 0; i < json_array_size(syscalls); i++) {
		const json_t *now = json_array_get(syscalls, i);
		const json_t *before = item_of(json_object_get(old, "syscalls"), "name", text_of(now, "name"));

		if (before)
			compare_syscall(&changes, now, before, both);
	}
	compare_programs(&changes, programs, old_programs, "new");
	compare_programs(&changes, old_programs, programs, "gone");
	if (both.answers)
		compare_holes(&changes, json_object_get(data, "holes"), json_object_get(old, "holes"));
	return changes.failed ? fail_nomem(err) : CALLGATE_OK;
}

int report_parse(const char *name, const char *text, size_t length, json_t **ret_data, struct callgate_error *err)
{
	const char *start = length ? memmem(text, length, PAGE_DATA_OPENS, strlen(PAGE_DATA_OPENS)) : NULL;
	size_t rest = start ? length - (size_t)(start - text) - strlen(PAGE_DATA_OPENS) : 0;
	const char *end =
		start ? memmem(start + strlen(PAGE_DATA_OPENS), rest, "</script>", strlen("</script>")) : NULL;
	cleanup(report_json_free) json_t *data = NULL;
	int status;

	if (!start)
		return CALLGATE_E_NOT_FOUND;
	start += strlen(PAGE_DATA_OPENS);
	data = end ? json_loadb(start, (size_t)(end - start), JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (json_integer_value(json_object_get(data, "version")) == REPORT_VERSION &&
	    json_is_object(json_object_get(data, "facts")) && json_is_array(json_object_get(data, "syscalls")) &&
	    json_is_array(json_object_get(data, "programs"))) {
		*ret_data = take_ptr(data);
		return CALLGATE_OK;
	}
	status = fail(err, CALLGATE_E_SYNTAX, "this is not a report: its data does not read, or is of another version");
	error_place(err, name, 0, 0);
	return status;
}

static void profile_discard(struct callgate_profile **profile)
{
	callgate_profile_free(*profile);
}

static int read_evidence(const char *path, json_t **ret_data, struct callgate_error *err)
{
	static const struct callgate_report_options plain;
	cleanup(profile_discard) struct callgate_profile *profile = NULL;
	struct report report = { .options = &plain, .err = err };
	int status = callgate_profile_open(&path, 1, false, &profile, err);

	if (status < 0)
		return status;
	report.profile = profile;
	report.policy = profile->learned.policy;
	report.policy_text = callgate_profile_policy(profile);
	status = report_data(&report, ret_data);
	arena_fini(&report.arena);
	return status;
}

int report_read(const char *path, json_t **ret_data, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	int status = file_read(path, REPORT_FILE_MAX, &text, err);

	if (status == CALLGATE_OK)
		status = report_parse(path, buf_text(&text), text.length, ret_data, err);
	return status == CALLGATE_E_NOT_FOUND ? read_evidence(path, ret_data, err) : status;
}
