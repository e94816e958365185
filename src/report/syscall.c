/*
 * All that is known of one syscall: what was seen of it, which programs could make it and how they come to it, what the
 * policy does with it. Lists are cut at the limits of report.h, and "more" says by how much.
 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "lang/print.h"
#include "learn/evidence_file.h"
#include "report/facts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void report_put(struct report *report, json_t *object, const char *key, json_t *value_take)
{
	report->failed |= json_object_set_new(object, key, value_take) != 0;
}

void report_add(struct report *report, json_t *array, json_t *value_take)
{
	report->failed |= json_array_append_new(array, value_take) != 0;
}

void report_json_free(json_t **json)
{
	json_decref(*json);
}

static json_t *count_of(uint64_t count)
{
	return json_integer((json_int_t)(count > INT64_MAX ? INT64_MAX : count));
}

/* A list of at most max items, in object under key, and how many more there are. */
static size_t put_list(struct report *report, json_t *object, const char *key, size_t count, size_t max,
		       json_t **ret_list)
{
	*ret_list = json_array();
	report_put(report, object, key, *ret_list);
	if (count > max)
		report_put(report, object, "more", count_of(count - max));
	return count < max ? count : max;
}

/* The rules that name it, a line each, in their order. */
static void put_rules(struct report *report, json_t *object, const struct abi_syscall *syscall)
{
	cleanup(buf_fini) struct buf text = { 0 };

	for (size_t i = 0; i < report->policy->rules.length; i++) {
		const struct policy_rule *rule = &report->policy->rules.items[i];

		for (size_t j = 0; j < rule->name_count; j++) {
			if (rule->names[j].syscall != syscall)
				continue;
			if (text.length)
				buf_putc(&text, '\n');
			print_action(&text, &rule->action);
			buf_printf(&text, " %s", syscall->name);
			if (rule->condition->kind == POLICY_ALWAYS)
				continue;
			buf_puts(&text, " if ");
			print_condition(&text, rule->condition);
		}
	}
	report->failed |= text.failed;
	if (text.length && !text.failed)
		report_put(report, object, "rule", evidence_text(buf_text(&text)));
}

static json_t *value_json(struct report *report, const struct evidence_entry *entry, unsigned position,
			  const struct evidence_value *seen)
{
	cleanup(buf_fini) struct buf text = { 0 };
	json_t *value = json_object();

	if (!profile_value(&report->arena, entry->arch, &entry->arg_types[position], seen->value, &text) || text.failed)
		report->failed = true;
	report_put(report, value, "value", evidence_text(buf_text(&text)));
	report_put(report, value, "count", count_of(seen->count));
	report_put(report, value, "runs", json_integer(seen->seen.runs));
	return value;
}

static void put_args(struct report *report, json_t *object, const struct evidence_entry *entry)
{
	json_t *args = json_array();

	for (unsigned i = 0; i < entry->arg_count; i++) {
		const struct evidence_arg *arg = &entry->args[i];
		json_t *item, *values;
		size_t shown;

		if (!arg->length && !arg->many)
			continue;
		item = json_object();
		report_put(report, item, "name", json_string(entry->arg_types[i].name));
		report_put(report, item, "others", json_boolean(arg->many));
		shown = put_list(report, item, "values", arg->length, REPORT_VALUES_MAX, &values);
		for (size_t j = 0; j < shown; j++)
			report_add(report, values, value_json(report, entry, i, &arg->items[j]));
		report_add(report, args, item);
	}
	report_put(report, object, "args", args);
}

static void put_sites(struct report *report, json_t *object, const struct evidence_entry *entry)
{
	json_t *holder = json_object(), *sites;
	size_t shown = put_list(report, holder, "list", entry->sites.length, REPORT_SITES_MAX, &sites);

	for (size_t i = 0; i < shown; i++) {
		json_t *site = json_object();

		report_put(report, site, "module", evidence_text(entry->sites.items[i].module));
		report_put(report, site, "offset", json_sprintf("0x%" PRIx64, entry->sites.items[i].offset));
		report_put(report, site, "count", count_of(entry->sites.items[i].count));
		report_add(report, sites, site);
	}
	report_put(report, object, "sites", holder);
}

static void put_errors(struct report *report, json_t *object, const struct evidence_entry *entry)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < entry->errors.length; i++) {
		const struct evidence_value *seen = &entry->errors.items[i];
		const char *name = abi_errno_name(entry->arch->id, (int)seen->value);
		json_t *error = json_object();

		report_put(report, error, "errno", name ? json_string(name) : json_sprintf("%" PRIu64, seen->value));
		report_put(report, error, "count", count_of(seen->count));
		report_add(report, errors, error);
	}
	report_put(report, object, "errors", errors);
	if (entry->answered < entry->count)
		report_put(report, object, "unanswered", count_of(entry->count - entry->answered));
}

static void put_phases(struct report *report, json_t *object, const struct evidence_entry *entry)
{
	json_t *phases = json_object();

	for (int i = 0; i < EVIDENCE_PHASE_COUNT; i++)
		report_put(report, phases, evidence_phase_names[i], count_of(entry->phases[i]));
	report_put(report, object, "phases", phases);
}

/* Who made it, of all programs. */
static void put_programs(struct report *report, json_t *object, const struct abi_syscall *syscall)
{
	const struct evidence *evidence = report->profile->evidence;
	json_t *programs = json_array();

	for (size_t i = 0; i < evidence->entries.length; i++) {
		const struct evidence_entry *entry = evidence->entries.items[i];
		json_t *program;

		if (entry->syscall != syscall)
			continue;
		program = json_object();
		report_put(report, program, "path", evidence_text(entry->program->path));
		report_put(report, program, "arch", json_string(entry->arch->name));
		report_put(report, program, "count", count_of(entry->count));
		report_put(report, program, "runs", json_integer(entry->seen.runs));
		report_add(report, programs, program);
	}
	report_put(report, object, "programs", programs);
}

static void put_seen(struct report *report, json_t *object, const struct subject *subject)
{
	report_put(report, object, "count", count_of(subject->count));
	report_put(report, object, "runs", json_integer(subject->seen.runs));
	put_programs(report, object, subject->syscall);
	if (!subject->native)
		return;
	put_phases(report, object, subject->native);
	put_args(report, object, subject->native);
	put_sites(report, object, subject->native);
	put_errors(report, object, subject->native);
}

static json_t *site_json(struct report *report, const struct callgate_scan_site *site)
{
	json_t *object = json_object();

	report_put(report, object, "module", evidence_text(site->module));
	report_put(report, object, "function", site->function ? evidence_text(site->function) : json_null());
	report_put(report, object, "address", json_sprintf("0x%" PRIx64, site->address));
	return object;
}

/* The way to it, from what starts the program; a long one without its middle. */
static int put_chain(struct report *report, json_t *object, const struct callgate_scan *scan, size_t index)
{
	cleanup_free struct callgate_scan_step *steps = NULL;
	size_t count = 0, first, last;
	json_t *chain = json_array();
	int status = callgate_scan_why(scan, index, &steps, &count, report->err);

	report_put(report, object, "chain", chain);
	if (status == CALLGATE_E_UNKNOWN)
		return CALLGATE_OK;
	first = count > REPORT_STEPS_MAX ? REPORT_STEPS_MAX / 2 : count;
	last = count > REPORT_STEPS_MAX ? count - REPORT_STEPS_MAX / 2 : count;
	for (size_t i = 0; status == CALLGATE_OK && i < count; i++) {
		json_t *step;

		if (i >= first && i < last)
			continue;
		step = site_json(report, &steps[i].site);
		report_put(report, step, "how", json_string(steps[i].how));
		if (i == last && last > first)
			report_put(report, step, "skipped", count_of(last - first));
		report_add(report, chain, step);
	}
	return status;
}

static void put_could_args(struct report *report, json_t *object, const struct callgate_scan *scan, size_t index)
{
	json_t *args = json_array();

	for (unsigned i = 0; i < 6; i++) {
		const char *const *values = NULL;
		const char *name = NULL;
		size_t count = callgate_scan_argument(scan, index, i, &name, &values);
		json_t *item, *list;
		size_t shown;

		if (count == 0)
			continue;
		item = json_object();
		report_put(report, item, "name", json_string(name));
		shown = put_list(report, item, "values", count, REPORT_VALUES_MAX, &list);
		for (size_t j = 0; j < shown; j++)
			report_add(report, list, json_string(values[j]));
		report_add(report, args, item);
	}
	report_put(report, object, "args", args);
}

static int put_could_one(struct report *report, json_t *could, const struct callgate_profile_scan *scan, size_t index)
{
	struct callgate_scan_call call;
	json_t *object = json_object();
	int status;

	callgate_scan_call(scan->scan, index, &call);
	report_add(report, could, object);
	report_put(report, object, "program", evidence_text(scan->program));
	report_put(report, object, "sites", count_of(call.sites));
	put_could_args(report, object, scan->scan, index);
	status = put_chain(report, object, scan->scan, index);
	return status;
}

/* Which of the programs that were read could make it. */
static int put_could(struct report *report, json_t *object, const struct abi_syscall *syscall)
{
	json_t *could = json_array();
	int status = CALLGATE_OK;

	report_put(report, object, "could", could);
	for (size_t i = 0; status == CALLGATE_OK && i < report->options->scan_count; i++) {
		const struct callgate_profile_scan *scan = &report->options->scans[i];

		for (size_t j = 0; status == CALLGATE_OK && j < callgate_scan_count(scan->scan); j++) {
			struct callgate_scan_call call;

			callgate_scan_call(scan->scan, j, &call);
			if (strcmp(call.syscall, syscall->name) == 0)
				status = put_could_one(report, could, scan, j);
		}
	}
	return status;
}

/* The phase from which on it does not get through any more, where the policy has one. */
static int put_until(struct report *report, json_t *object, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < report->policy->phases.length; i++) {
		const struct policy_phase *phase = &report->policy->phases.items[i];
		struct policy part = policy_of_phase(report->policy, phase);
		enum report_answer answer;
		int status = report_answer(&part, syscall, &answer, report->err);

		if (status < 0)
			return status;
		if (answer != REPORT_ERRNO && answer != REPORT_KILL)
			continue;
		report_put(report, object, "until", json_string(phase->name));
		break;
	}
	return CALLGATE_OK;
}

int report_syscall(struct report *report, const struct abi_syscall *syscall, json_t **ret_object)
{
	const struct subject *subject = subjects_find(&report->profile->subjects, syscall->name);
	cleanup(report_json_free) json_t *object = json_object();
	enum report_answer answer;
	const char *why;
	int status = report_answer(report->policy, syscall, &answer, report->err);

	if (status < 0)
		return status;
	report_put(report, object, "name", json_string(syscall->name));
	report_put(report, object, "nr", json_integer(syscall->nr[abi_arch_native()->id]));
	report_put(report, object, "group", json_string(facts_group(syscall)));
	report_put(report, object, "risk", json_string(facts_risk_names[facts_risk(syscall, &why)]));
	report_put(report, object, "why", json_string(why));
	report_put(report, object, "answer", json_string(report_answer_names[answer]));
	put_rules(report, object, syscall);
	if (answer != REPORT_ERRNO && answer != REPORT_KILL)
		status = put_until(report, object, syscall);
	if (status < 0)
		return status;
	if (subject)
		put_seen(report, object, subject);
	status = put_could(report, object, syscall);
	if (status == CALLGATE_OK && report->failed)
		status = fail_nomem(report->err);
	if (status == CALLGATE_OK)
		*ret_object = take_ptr(object);
	return status;
}
