/*
 * `callgate doctor`: what this kernel offers, what is missing and what to do about it. Exit status 1 when something
 * is missing without which nothing can be enforced.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <callgate/doctor.h>
#include <callgate/launch.h>

#include <stdio.h>
#include <string.h>

struct doctor_options {
	bool json;
};

static const struct option_row doctor_rows[] = {
	OPTION_FLAG(struct doctor_options, json, "json", 0, "one JSON object a line"),
};

const struct usage doctor_usage = USAGE("", 0, 0, doctor_rows);

static const char *const doctor_weights[] = {
	[CALLGATE_FACT_NEEDED] = "needed",
	[CALLGATE_FACT_USEFUL] = "useful",
	[CALLGATE_FACT_NOTE] = "note",
};

static bool doctor_misses(const struct callgate_fact *fact)
{
	return !fact->present && fact->weight != CALLGATE_FACT_NOTE;
}

static const char *doctor_word(const struct callgate_fact *fact)
{
	if (fact->value[0])
		return fact->value;
	if (fact->present)
		return "yes";
	return doctor_misses(fact) ? "MISSING" : "no";
}

static void doctor_print(const struct callgate_fact *fact, const char *last_group)
{
	if (strcmp(fact->group, last_group) != 0)
		printf("%s%s\n", *last_group ? "\n" : "", fact->group);
	printf("  %-22s %-10s %s\n", fact->name, doctor_word(fact), fact->meaning);
	if (doctor_misses(fact))
		printf("  %-22s %-10s -> %s\n", "", "", fact->advice);
}

static int doctor_print_json(const struct callgate_fact *fact)
{
	return print_json(json_pack("{ss ss ss sb ss ss ss}", "name", fact->name, "group", fact->group, "weight",
				    doctor_weights[fact->weight], "present", fact->present, "value", fact->value,
				    "meaning", fact->meaning, "advice", doctor_misses(fact) ? fact->advice : ""));
}

/* What has been told. */
struct doctor {
	bool json;
	const char *last_group;
	unsigned missing, needed;
};

static int doctor_tell(struct doctor *doctor, const struct callgate_fact *fact)
{
	doctor->missing += doctor_misses(fact);
	doctor->needed += doctor_misses(fact) && fact->weight == CALLGATE_FACT_NEEDED;
	if (doctor->json)
		return doctor_print_json(fact);
	doctor_print(fact, doctor->last_group);
	doctor->last_group = fact->group;
	return STATUS_YES;
}

struct doctor_setting {
	const char *name, *value;
};

/* All that a sandbox can be made of; what this machine has not may be missing. */
static int doctor_sandbox(struct callgate_sandbox **ret_sandbox, struct callgate_error *err)
{
	static const struct doctor_setting settings[] = {
		{ "preset", "strict" },	       { "rlimit", "core=0" }, { "memory", "1G" },
		{ "write-xor-execute", NULL }, { "no-tsc", NULL },     { "no-speculation", NULL },
		{ "core-scheduling", NULL },
	};
	int status = callgate_sandbox_new(ret_sandbox, err);

	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(settings) / sizeof(*settings); i++)
		status = callgate_sandbox_set(*ret_sandbox, settings[i].name, &settings[i].value,
					      settings[i].value != NULL, err);
	for (unsigned layer = 1; status == CALLGATE_OK && callgate_ground_name(layer); layer <<= 1) {
		const char *name = callgate_ground_name(layer);

		if (*callgate_ground_advice(layer))
			status = callgate_sandbox_set(*ret_sandbox, "allow-degraded", &name, 1, err);
	}
	return status;
}

static void sandbox_free(struct callgate_sandbox **sandbox)
{
	callgate_sandbox_free(*sandbox);
}

static void subject_free_pointer(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

/* One is made, as for `callgate run --dry-run`, and says of itself what it lacks. */
static int doctor_try(struct callgate_run_report *ret_report, struct callgate_error *err)
{
	static const char policy[] = "kernel 6.1\ndefault allow\n";
	static const char *const argv[] = { "sh", NULL };
	cleanup(sandbox_free) struct callgate_sandbox *sandbox = NULL;
	cleanup(subject_free_pointer) struct callgate_subject *subject = NULL;
	struct callgate_run_options options = { .argv = argv, .dry_run = true };
	int status = doctor_sandbox(&sandbox, err);

	if (status == CALLGATE_OK)
		status = callgate_subject_parse("doctor", policy, sizeof(policy) - 1, NULL, &subject, err);
	options.sandbox = sandbox;
	return status == CALLGATE_OK ? callgate_run(subject, &options, ret_report, err) : status;
}

static int doctor_tell_layers(struct doctor *doctor)
{
	struct callgate_run_report report = { 0 };
	struct callgate_error err = { 0 };
	int status = doctor_try(&report, &err), told = STATUS_YES;

	for (unsigned layer = 1; told == STATUS_YES && callgate_ground_name(layer); layer <<= 1) {
		char name[32];
		struct callgate_fact fact = {
			.name = name,
			.group = "sandbox",
			.weight = CALLGATE_FACT_USEFUL,
			.present = report.enforced & layer,
			.meaning = callgate_ground_meaning(layer),
			.advice = status == CALLGATE_OK ? callgate_ground_advice(layer) : err.message,
		};

		/* What is always there says nothing; and nobody can be told to buy other processors. */
		if (!*callgate_ground_advice(layer))
			continue;
		snprintf(name, sizeof(name), "layer-%s", callgate_ground_name(layer));
		if (layer == CALLGATE_GROUND_CORE_SCHEDULING || layer == CALLGATE_GROUND_TSC ||
		    layer == CALLGATE_GROUND_SPECULATION)
			fact.weight = CALLGATE_FACT_NOTE;
		if (report.degraded & layer)
			strcpy(fact.value, "in part");
		told = doctor_tell(doctor, &fact);
	}
	return told;
}

int cmd_doctor(const struct verb *verb, int argc, char **argv)
{
	struct doctor_options options = { 0 };
	struct doctor doctor = { .last_group = "" };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	doctor.json = options.json;
	status = STATUS_YES;
	for (size_t i = 0; status == STATUS_YES && i < callgate_fact_count(); i++) {
		struct callgate_fact fact;

		callgate_fact_find(i, &fact);
		status = doctor_tell(&doctor, &fact);
	}
	if (status == STATUS_YES)
		status = doctor_tell_layers(&doctor);
	if (status != STATUS_YES)
		return STATUS_FAILED;
	if (!options.json && doctor.missing == 0)
		puts("\nNothing is missing.");
	if (!options.json && doctor.missing > 0)
		printf("\n%u missing, %u of them needed.\n", doctor.missing, doctor.needed);
	return doctor.needed ? STATUS_NO : STATUS_YES;
}
