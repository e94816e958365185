/*
 * A scan as objects, each of which says by its keys what it is of: "options" (how it was made), "syscall",
 * "unresolved", "starts", "untried", "opens", "looks_up", "why". Only those of calls have "syscall".
 */
#include "cli/scan_json.h"

#include "cli/print.h"
#include "cli/verbs.h"

#include <inttypes.h>
#include <stdio.h>

static json_t *site_json(const struct callgate_scan_site *site)
{
	char address[32];

	snprintf(address, sizeof(address), "0x%" PRIx64, site->address);
	return json_pack("{so so ss}", "module", json_text(site->module), "function",
			 site->function ? json_text(site->function) : json_null(), "address", address);
}

static json_t *arguments_json(const struct callgate_scan *scan, size_t index)
{
	json_t *arguments = json_object();

	for (unsigned i = 0; arguments && i < 6; i++) {
		const char *const *values, *name;
		size_t count = callgate_scan_argument(scan, index, i, &name, &values);
		json_t *list = count ? json_array() : NULL;

		for (size_t j = 0; j < count; j++)
			json_array_append_new(list, json_text(values[j]));
		if (count)
			json_object_set_new(arguments, name, list);
	}
	return arguments;
}

static int print_call_json(const struct callgate_scan *scan, size_t index)
{
	struct callgate_scan_call call;
	json_t *sites = json_array();

	callgate_scan_call(scan, index, &call);
	for (size_t i = 0; i < call.sites; i++) {
		struct callgate_scan_site site;

		callgate_scan_site(scan, index, i, &site);
		json_array_append_new(sites, site_json(&site));
	}
	return print_json(json_pack("{so ss sI so so}", "program", json_text(call.program), "syscall", call.syscall,
				    "nr", (json_int_t)call.nr, "args", arguments_json(scan, index), "sites", sites));
}

static int print_unresolved_json(const struct callgate_scan *scan, const char *program, size_t index)
{
	struct callgate_scan_unresolved item;

	callgate_scan_unresolved(scan, index, &item);
	return print_json(json_pack("{so ss so}", "program", json_text(program), "unresolved", item.why, "site",
				    site_json(&item.site)));
}

static int print_start_json(const struct callgate_scan *scan, const char *program, size_t index)
{
	struct callgate_scan_start start;

	callgate_scan_starts(scan, index, &start);
	return print_json(json_pack("{so so sb so}", "program", json_text(program), "starts",
				    start.path ? json_text(start.path) : json_null(), "searched", start.is_searched,
				    "site", site_json(&start.site)));
}

/* A place that gives dlopen ("opens") or dlsym ("looks_up") a name that is not known. */
static int print_name_json(const char *program, const char *what, const struct callgate_scan_site *site)
{
	return print_json(json_pack("{so sn so}", "program", json_text(program), what, "site", site_json(site)));
}

static int print_names_json(const struct callgate_scan *scan, const char *program)
{
	int status = STATUS_YES;
	struct callgate_scan_site site;

	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_opens_count(scan); i++) {
		callgate_scan_opens(scan, i, &site);
		status = print_name_json(program, "opens", &site);
	}
	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_lookups_count(scan); i++) {
		callgate_scan_lookups(scan, i, &site);
		status = print_name_json(program, "looks_up", &site);
	}
	return status;
}

int print_scan_json(const struct callgate_scan *scan, const char *program, json_t *record)
{
	int status = print_json(json_pack("{so sO}", "program", json_text(program), "options", record));

	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_count(scan); i++)
		status = print_call_json(scan, i);
	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_unresolved_count(scan); i++)
		status = print_unresolved_json(scan, program, i);
	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_starts_count(scan); i++)
		status = print_start_json(scan, program, i);
	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_untried_count(scan); i++)
		status = print_json(json_pack("{so so}", "program", json_text(program), "untried",
					      json_text(callgate_scan_untried(scan, i))));
	return status == STATUS_YES ? print_names_json(scan, program) : status;
}

int print_why_json(const char *program, const char *name, const struct callgate_scan_step *steps, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		json_t *step = site_json(&steps[i].site);

		if (step)
			json_object_set_new(step, "how", json_text(steps[i].how));
		json_array_append_new(list, step);
	}
	return print_json(json_pack("{so ss so}", "program", json_text(program), "why", name, "steps", list));
}
