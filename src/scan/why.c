/*
 * The way to a call, backwards along what made each thing live: every cause was live before what it caused, so the way
 * ends at a root.
 */
#include "scan/scan.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "scan/names.h"

#include <stdlib.h>

enum { STEPS_MAX = 4096 };

struct way {
	const struct callgate_scan *scan;
	struct callgate_scan_step *steps; /* from the call back to the root */
	size_t length, room;
};

static bool way_add(struct way *way, uint32_t module, uint64_t address, uint64_t function, const char *how)
{
	struct callgate_scan_step step = {
		.site = { way->scan->link->modules.items[module]->path,
			  name_at(way->scan->reach->modules.items[module]->module, function), address },
		.how = how,
	};

	if (way->length == way->room) {
		size_t room = way->room ? way->room * 2 : 16;
		struct callgate_scan_step *larger = realloc(way->steps, room * sizeof(*larger));

		if (!larger)
			return false;
		way->steps = larger;
		way->room = room;
	}
	way->steps[way->length++] = step;
	return true;
}

static const char *how_of(enum reach_cause_kind kind)
{
	switch (kind) {
	case CAUSE_CALL:
		return "calls the next";
	case CAUSE_ADDRESS:
		return "takes the address of the next, which can be called from anywhere then";
	case CAUSE_POINTER:
		return "is data that holds the address of the next";
	default:
		return "";
	}
}

/* The object of data around a pointer, whose cause is the next one back. */
static const struct reach_cause *object_cause(const struct reach *reach, const struct reach_cause *cause)
{
	const struct reach_module *all = reach->modules.items[cause->module];

	return &all->object_causes[reach_object_place(all->summary, cause->site)];
}

static bool way_back(struct way *way, const struct reach_cause *cause)
{
	const struct reach *reach = way->scan->reach;

	while (cause->kind != CAUSE_ROOT && cause->kind != CAUSE_NONE && way->length < STEPS_MAX) {
		uint64_t place = cause->site;

		if (cause->kind != CAUSE_POINTER)
			place = reach->modules.items[cause->module]->summary->functions.items[cause->number].address;
		if (!way_add(way, cause->module, cause->site, place, how_of(cause->kind)))
			return false;
		cause = cause->kind == CAUSE_POINTER ? object_cause(reach, cause) : reach_cause_before(reach, cause);
	}
	return cause->kind != CAUSE_ROOT || way_add(way, cause->module, cause->site, cause->site, cause->text);
}

static size_t way_length(const struct callgate_scan *scan, const struct call_site *site)
{
	const struct reach_cause *cause = &reach_function(scan->reach, site->module, site->number)->late_cause;
	size_t length = 0;

	while (cause->kind != CAUSE_ROOT && cause->kind != CAUSE_NONE && length < STEPS_MAX) {
		cause = cause->kind == CAUSE_POINTER ? object_cause(scan->reach, cause)
						     : reach_cause_before(scan->reach, cause);
		length++;
	}
	return length;
}

static void way_turn(struct way *way)
{
	for (size_t i = 0, j = way->length; i + 1 < j; i++) {
		struct callgate_scan_step swapped = way->steps[i];

		way->steps[i] = way->steps[--j];
		way->steps[j] = swapped;
	}
}

int callgate_scan_why(const struct callgate_scan *scan, size_t index, struct callgate_scan_step **ret_steps,
		      size_t *ret_count, struct callgate_error *err)
{
	const struct call *call = &scan->calls.calls.items[index];
	const struct call_site *nearest = NULL;
	struct way way = { .scan = scan };
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < call->sites.length; i++) {
		size_t length = way_length(scan, &call->sites.items[i]);

		if (length < least) {
			least = length;
			nearest = &call->sites.items[i];
		}
	}
	if (!nearest)
		return fail(err, CALLGATE_E_UNKNOWN, "no place of '%s' makes %s: every program must be able to",
			    scan->program, call->name);
	if (!way_add(&way, nearest->module, nearest->site, nearest->site, "makes the call") ||
	    !way_back(&way, &reach_function(scan->reach, nearest->module, nearest->number)->late_cause)) {
		free(way.steps);
		return fail_nomem(err);
	}
	way_turn(&way);
	*ret_steps = way.steps;
	*ret_count = way.length;
	return CALLGATE_OK;
}
