/*
 * `callgate doctor`: what this kernel offers, what is missing and what to do about it. Exit status 1 when something
 * is missing without which nothing can be enforced.
 */
#include "cli/print.h"
#include "cli/verbs.h"

#include <callgate/doctor.h>

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

int cmd_doctor(const struct verb *verb, int argc, char **argv)
{
	struct doctor_options options = { 0 };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);
	const char *last_group = "";
	unsigned missing = 0, needed = 0;

	if (status != OPTIONS_DONE)
		return status;
	for (size_t i = 0; i < callgate_fact_count(); i++) {
		struct callgate_fact fact;

		callgate_fact_find(i, &fact);
		missing += doctor_misses(&fact);
		needed += doctor_misses(&fact) && fact.weight == CALLGATE_FACT_NEEDED;
		if (options.json && doctor_print_json(&fact) != STATUS_YES)
			return STATUS_FAILED;
		if (!options.json)
			doctor_print(&fact, last_group);
		last_group = fact.group;
	}
	if (!options.json && missing == 0)
		puts("\nNothing is missing.");
	if (!options.json && missing > 0)
		printf("\n%u missing, %u of them needed.\n", missing, needed);
	return needed ? STATUS_NO : STATUS_YES;
}
