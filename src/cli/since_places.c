/*
 * Places of which something is not known, and the programs that are started: what a policy does not show, and an update
 * may have brought. An update moves places, so those of a kind are counted by file; what is started is told by its name.
 */
#include "cli/since.h"

#include "cli/print.h"
#include "cli/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int since_change(const char *program, const char *what, const char *change, const struct callgate_scan_site *site,
		 bool json)
{
	char place[64] = "";

	if (site)
		snprintf(place, sizeof(place), "0x%" PRIx64, site->address);
	if (json)
		return print_json(json_pack("{so ss ss so* ss*}", "program", json_text(program), "syscall", what,
					    "change", change, "module", site ? json_text(site->module) : NULL,
					    "address", site ? place : NULL));
	printf("%s: %s: %s\n", program, what, change);
	if (site)
		printf("    %s+%s%s%s\n", site->module, place, site->function ? " in " : "",
		       site->function ? site->function : "");
	return STATUS_YES;
}

static bool unresolved_at(const struct callgate_scan *scan, size_t index, struct callgate_scan_unresolved *ret_place)
{
	callgate_scan_unresolved(scan, index, ret_place);
	return true;
}

static bool opens_at(const struct callgate_scan *scan, size_t index, struct callgate_scan_unresolved *ret_place)
{
	callgate_scan_opens(scan, index, &ret_place->site);
	ret_place->why = "it opens a library whose name is not known";
	return true;
}

static bool lookups_at(const struct callgate_scan *scan, size_t index, struct callgate_scan_unresolved *ret_place)
{
	callgate_scan_lookups(scan, index, &ret_place->site);
	ret_place->why = "it looks up a function by a name that is not known";
	return true;
}

static bool starts_at(const struct callgate_scan *scan, size_t index, struct callgate_scan_unresolved *ret_place)
{
	struct callgate_scan_start start;

	callgate_scan_starts(scan, index, &start);
	ret_place->site = start.site;
	ret_place->why = "it starts a program whose name is not known";
	return !start.path;
}

/* A kind of place; of a scan, at tells whether the one with that index is of the kind. */
struct place_kind {
	const char *key;  /* of a saved one, */
	int type;	  /* and what it has there */
	const char *word; /* as which it is told */
	size_t (*count)(const struct callgate_scan *scan);
	bool (*at)(const struct callgate_scan *scan, size_t index, struct callgate_scan_unresolved *ret_place);
};

static const struct place_kind kinds[] = {
	{ "unresolved", JSON_STRING, "unresolved", callgate_scan_unresolved_count, unresolved_at },
	{ "opens", JSON_NULL, "dlopen", callgate_scan_opens_count, opens_at },
	{ "looks_up", JSON_NULL, "dlsym", callgate_scan_lookups_count, lookups_at },
	{ "starts", JSON_NULL, "exec", callgate_scan_starts_count, starts_at },
};

static bool saved_is(const json_t *object, const char *key, const char *text)
{
	const char *found = json_string_value(json_object_get(object, key));

	return found && strcmp(found, text) == 0;
}

/* How many such places of a module a saved scan has. */
static size_t saved_places(const json_t *saved, const char *program, const char *module, const struct place_kind *kind)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(saved); i++) {
		const json_t *object = json_array_get(saved, i), *value = json_object_get(object, kind->key);

		count += value && json_typeof(value) == (json_type)kind->type && saved_is(object, "program", program) &&
			 saved_is(json_object_get(object, "site"), "module", module);
	}
	return count;
}

/* How many of the first end places are of a module. */
static size_t scan_places(const struct callgate_scan *scan, size_t end, const char *module,
			  const struct place_kind *kind)
{
	size_t count = 0;

	for (size_t i = 0; i < end; i++) {
		struct callgate_scan_unresolved place;

		count += kind->at(scan, i, &place) && strcmp(place.site.module, module) == 0;
	}
	return count;
}

bool unresolved_grew(const struct callgate_scan *before, const struct callgate_scan *now)
{
	const struct place_kind *kind = &kinds[0];

	for (size_t i = 0; i < kind->count(now); i++) {
		struct callgate_scan_unresolved item;

		kind->at(now, i, &item);
		if (scan_places(now, kind->count(now), item.site.module, kind) >
		    scan_places(before, kind->count(before), item.site.module, kind))
			return true;
	}
	return false;
}

/* Where there are more than there were, the last of them are told. */
static int print_places(const json_t *saved, const struct callgate_scan *scan, const char *program,
			const struct place_kind *kind, bool json, size_t *ret_count)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < kind->count(scan); i++) {
		struct callgate_scan_unresolved place;
		char change[256];

		if (!kind->at(scan, i, &place) || scan_places(scan, i, place.site.module, kind) <
							  saved_places(saved, program, place.site.module, kind))
			continue;
		snprintf(change, sizeof(change), "is new: %s", place.why);
		status = since_change(program, kind->word, change, &place.site, json);
		++*ret_count;
	}
	return status;
}

/* Whether a saved scan, or one of the starts before that one, has a program that is started. */
static bool is_known_start(const json_t *saved, const struct callgate_scan *scan, const char *program, size_t index,
			   const char *path)
{
	for (size_t i = 0; i < index; i++) {
		struct callgate_scan_start start;

		callgate_scan_starts(scan, i, &start);
		if (start.path && strcmp(start.path, path) == 0)
			return true;
	}
	for (size_t i = 0; i < json_array_size(saved); i++)
		if (saved_is(json_array_get(saved, i), "starts", path) &&
		    saved_is(json_array_get(saved, i), "program", program))
			return true;
	return false;
}

static int print_starts(const json_t *saved, const struct callgate_scan *scan, const char *program, bool json,
			size_t *ret_count)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_starts_count(scan); i++) {
		struct callgate_scan_start start;
		char change[4200];

		callgate_scan_starts(scan, i, &start);
		if (!start.path || is_known_start(saved, scan, program, i, start.path))
			continue;
		snprintf(change, sizeof(change), "is new: it starts '%s'", start.path);
		status = since_change(program, "exec", change, &start.site, json);
		++*ret_count;
	}
	return status;
}

int since_places(const json_t *saved, const struct callgate_scan *scan, const char *program, bool json,
		 size_t *ret_count)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < sizeof(kinds) / sizeof(*kinds); i++)
		status = print_places(saved, scan, program, &kinds[i], json, ret_count);
	return status == STATUS_YES ? print_starts(saved, scan, program, json, ret_count) : status;
}
