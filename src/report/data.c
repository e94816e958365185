/*
 * The data of a report: who was seen and where, every syscall that this kernel has on this arch, and the published
 * holes with what the policy makes of them.
 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "learn/evidence_file.h"
#include "report/facts.h"

#include <stdlib.h>
#include <string.h>

static json_t *kernel_json(uint16_t kernel)
{
	return json_sprintf("%d.%d", kernel >> 8, kernel & 0xff);
}

static json_t *runs_json(struct report *report)
{
	const struct evidence *evidence = report->profile->evidence;
	json_t *runs = json_array();

	for (size_t i = 0; i < evidence->run_list.length; i++) {
		const struct evidence_run *run = &evidence->run_list.items[i];
		json_t *object = json_object();

		report_put(report, object, "id", json_string(run->id));
		report_put(report, object, "kernel", kernel_json(run->kernel));
		report_put(report, object, "host", evidence_text(run->host));
		report_put(report, object, "libc", evidence_text(run->libc));
		report_put(report, object, "recorder", evidence_text(run->recorder));
		report_put(report, object, "calls", json_integer((json_int_t)run->calls));
		report_put(report, object, "attached", json_boolean(run->attached));
		report_add(report, runs, object);
	}
	return runs;
}

/* What all runs together did when, by syscall. */
static json_t *times_json(struct report *report, const struct abi_syscall *syscall)
{
	const struct evidence *evidence = report->profile->evidence;
	uint64_t sums[EVIDENCE_TIMES] = { 0 };
	unsigned length = EVIDENCE_TIMES;
	json_t *counts = json_array();

	for (size_t i = 0; i < evidence->run_list.length; i++) {
		const struct evidence_times *times = &evidence->run_list.items[i].times;

		for (size_t j = 0; j < times->length; j++)
			for (unsigned k = 0; times->items[j].syscall == syscall && k < EVIDENCE_TIMES; k++)
				sums[k] += times->items[j].counts[k];
	}
	while (length && !sums[length - 1])
		length--;
	for (unsigned i = 0; i < length; i++)
		report_add(report, counts, json_integer((json_int_t)sums[i]));
	return counts;
}

static const struct callgate_scan *scan_of(const struct report *report, const char *path)
{
	for (size_t i = 0; i < report->options->scan_count; i++)
		if (strcmp(report->options->scans[i].program, path) == 0)
			return report->options->scans[i].scan;
	return NULL;
}

static json_t *program_json(struct report *report, const struct evidence_program *program)
{
	const struct evidence *evidence = report->profile->evidence;
	const struct callgate_scan *scan = scan_of(report, program->path);
	json_t *object = json_object();
	uint64_t calls = 0;
	size_t syscalls = 0;

	for (size_t i = 0; i < evidence->entries.length; i++) {
		if (evidence->entries.items[i]->program != program)
			continue;
		calls += evidence->entries.items[i]->count;
		syscalls++;
	}
	report_put(report, object, "path", evidence_text(program->path));
	report_put(report, object, "build_id", evidence_text(program->build_id));
	report_put(report, object, "calls", json_integer((json_int_t)calls));
	report_put(report, object, "syscalls", json_integer((json_int_t)syscalls));
	report_put(report, object, "reachable",
		   scan ? json_integer((json_int_t)callgate_scan_count(scan)) : json_null());
	report_put(report, object, "unresolved",
		   scan ? json_integer((json_int_t)callgate_scan_unresolved_count(scan)) : json_null());
	return object;
}

static json_t *programs_json(struct report *report)
{
	const struct evidence *evidence = report->profile->evidence;
	json_t *programs = json_array();

	for (size_t i = 0; i < evidence->programs.length; i++)
		report_add(report, programs, program_json(report, evidence->programs.items[i]));
	return programs;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "/usr/bin/sqlite3 and 2 more", unless somebody gave a title. */
static json_t *title_json(const struct report *report)
{
	const struct evidence *evidence = report->profile->evidence;
	cleanup_free const char **paths = NULL;
	size_t count = evidence->programs.length;
	json_t *name, *title;

	if (report->options->title)
		return evidence_text(report->options->title);
	paths = calloc(count ? count : 1, sizeof(*paths));
	for (size_t i = 0; paths && i < count; i++)
		paths[i] = evidence->programs.items[i]->path;
	if (!paths || count == 0)
		return paths ? json_string("nothing") : NULL;
	qsort(paths, count, sizeof(*paths), by_path);
	name = evidence_text(paths[0]);
	title = count == 1 ? json_incref(name)
			   : json_sprintf("%s and %zu more", name ? json_string_value(name) : "", count - 1);
	json_decref(name);
	return title;
}

static json_t *facts_json(struct report *report)
{
	struct callgate_profile_facts facts;
	json_t *object = json_object();

	callgate_profile_facts(report->profile, &facts);
	report_put(report, object, "runs", json_integer(facts.runs));
	report_put(report, object, "calls", json_integer((json_int_t)facts.calls));
	report_put(report, object, "programs", json_integer((json_int_t)facts.programs));
	report_put(report, object, "syscalls", json_integer((json_int_t)facts.syscalls));
	report_put(report, object, "one_out", json_integer(facts.one_out));
	report_put(report, object, "widened", json_integer((json_int_t)facts.widened));
	report_put(report, object, "unresolved", json_integer((json_int_t)facts.unresolved));
	report_put(report, object, "unexplained", json_integer((json_int_t)facts.unexplained));
	report_put(report, object, "own_filters",
		   json_integer((json_int_t)report->profile->evidence->blind.own_filters));
	report_put(report, object, "scanned", json_integer((json_int_t)report->options->scan_count));
	report_put(report, object, "policy", json_boolean(report->options->policy));
	return object;
}

/* Every call that the kernel of the evidence has on this arch. */
static int syscalls_json(struct report *report, json_t *syscalls)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < abi_syscall_count(); i++) {
		const struct abi_syscall *syscall = abi_syscall_at(i);
		json_t *object = NULL;

		if (syscall->nr[abi_arch_native()->id] < 0 || syscall->since > report->profile->evidence->kernel)
			continue;
		status = report_syscall(report, syscall, &object);
		if (status < 0)
			return status;
		if (json_object_get(object, "count"))
			report_put(report, object, "times", times_json(report, syscall));
		report_add(report, syscalls, object);
	}
	return status;
}

static int holes_json(struct report *report, json_t *holes)
{
	for (size_t i = 0; i < facts_cve_count(); i++) {
		const struct facts_cve *cve = facts_cve_at(i);
		json_t *object = json_object();
		enum report_hole hole = REPORT_OPEN;
		int status = report_hole(report->policy, cve, &hole, report->err);

		report_add(report, holes, object);
		if (status < 0)
			return status;
		report_put(report, object, "id", json_string(cve->id));
		report_put(report, object, "syscalls", json_string(cve->syscalls));
		report_put(report, object, "from", json_string(cve->from));
		report_put(report, object, "until", json_string(cve->until));
		report_put(report, object, "what", json_string(cve->what));
		report_put(report, object, "source", json_string(cve->source));
		report_put(report, object, "state", json_string(report_hole_names[hole]));
	}
	return CALLGATE_OK;
}

int report_data(struct report *report, json_t **ret_data)
{
	cleanup(report_json_free) json_t *data = json_object();
	json_t *syscalls = json_array();
	json_t *holes = json_array();
	int status;

	report_put(report, data, "callgate", json_string("report"));
	report_put(report, data, "version", json_integer(REPORT_VERSION));
	report_put(report, data, "title", title_json(report));
	if (report->options->date)
		report_put(report, data, "date", evidence_text(report->options->date));
	report_put(report, data, "arch", json_string(abi_arch_native()->name));
	report_put(report, data, "kernel", kernel_json(report->profile->evidence->kernel));
	report_put(report, data, "facts", facts_json(report));
	report_put(report, data, "runs", runs_json(report));
	report_put(report, data, "programs", programs_json(report));
	report_put(report, data, "syscalls", syscalls);
	report_put(report, data, "holes", holes);
	report_put(report, data, "policy", evidence_text(report->policy_text));
	status = syscalls_json(report, syscalls);
	if (status == CALLGATE_OK)
		status = holes_json(report, holes);
	if (status == CALLGATE_OK && report->failed)
		status = fail_nomem(report->err);
	if (status == CALLGATE_OK)
		*ret_data = take_ptr(data);
	return status;
}
