/*
 * The verb `check`: the holes of a subject, for a person, as JSON lines, or as SARIF for a code host's review.
 *
 * The exit status is about holes: an info is none, and neither is a rule that was accepted knowingly with --allow.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/check.h>

#include <stdio.h>
#include <string.h>

struct check_options {
	struct subject_reading reading;
	struct option_list allow;
	const char *explain;
	bool all, json, sarif;
};

static const struct option_row check_rows[] = {
	SUBJECT_ROWS(struct check_options),
	OPTION_LIST(struct check_options, allow, "allow", 0, "RULE", "accept what this rule finds"),
	OPTION_FLAG(struct check_options, all, "all", 0, "print what is worth knowing too, not only holes"),
	OPTION_TEXT(struct check_options, explain, "explain", 0, "RULE", "say what a rule asks; 'all' lists them"),
	OPTION_FLAG(struct check_options, json, "json", 0, "one JSON object a line"),
	OPTION_FLAG(struct check_options, sarif, "sarif", 0, "one SARIF 2.1.0 document, for code hosts"),
};

const struct usage check_usage = USAGE("[SUBJECT]", 0, 1, check_rows);

static const struct callgate_finding *rule_by_name(const char *name)
{
	const struct callgate_finding *rule;

	for (size_t i = 0; (rule = callgate_check_rule(i)); i++)
		if (strcmp(rule->rule, name) == 0)
			return rule;
	return NULL;
}

static int unknown_rule(const char *name)
{
	return misuse_hint("'callgate check --explain all' lists them", "", "no rule is called '%s'", name);
}

static void print_rule(const struct callgate_finding *rule)
{
	printf("%s (%s%s)\n    why:    %s\n    remedy: %s\n    where:  %s\n", rule->rule,
	       callgate_severity_name(rule->severity), rule->heuristic ? ", heuristic" : "", rule->reason, rule->remedy,
	       rule->where);
}

static int explain_rule(const char *name)
{
	const struct callgate_finding *rule;

	if (strcmp(name, "all") == 0) {
		for (size_t i = 0; (rule = callgate_check_rule(i)); i++)
			print_rule(rule);
		return STATUS_YES;
	}
	rule = rule_by_name(name);
	if (!rule)
		return unknown_rule(name);
	print_rule(rule);
	return STATUS_YES;
}

static bool is_accepted(const struct check_options *options, const struct callgate_finding *finding)
{
	for (size_t i = 0; i < options->allow.count; i++)
		if (strcmp(options->allow.items[i], finding->rule) == 0)
			return true;
	return false;
}

static bool is_shown(const struct check_options *options, const struct callgate_finding *finding)
{
	return !is_accepted(options, finding) && (options->all || finding->severity != CALLGATE_INFO);
}

static void print_finding(const char *subject, const struct callgate_finding *finding)
{
	if (finding->line)
		printf("%s:%u: ", finding->file, finding->line);
	else
		printf("%s: ", subject);
	printf("%s: %s: %s\n", callgate_severity_name(finding->severity), finding->rule, finding->detail);
	if (*finding->witness)
		printf("    witness: %s -> %s\n", finding->witness, finding->action);
}

/* Why, once, behind the last of a rule's findings. */
static void print_reason(const struct callgate_finding *finding)
{
	printf("    why:     %s%s\n    remedy:  %s\n    where:   %s\n", finding->reason,
	       finding->heuristic ? " (a heuristic: it can be wrong)" : "", finding->remedy, finding->where);
}

static int print_finding_json(const char *subject, const struct callgate_finding *finding)
{
	return print_json(json_pack("{ss ss ss sb ss ss* ss* ss* sI ss ss ss}", "subject", subject, "rule",
				    finding->rule, "severity", callgate_severity_name(finding->severity), "heuristic",
				    finding->heuristic, "detail", finding->detail, "witness",
				    *finding->witness ? finding->witness : NULL, "action",
				    *finding->action ? finding->action : NULL, "file",
				    finding->line ? finding->file : NULL, "line", (json_int_t)finding->line, "reason",
				    finding->reason, "remedy", finding->remedy, "where", finding->where));
}

/* SARIF: the rules once, then a result a finding. */
static json_t *sarif_rules(void)
{
	const struct callgate_finding *rule;
	json_t *rules = json_array();

	for (size_t i = 0; (rule = callgate_check_rule(i)); i++)
		json_array_append_new(rules, json_pack("{ss s{ss} s{ss}}", "id", rule->rule, "shortDescription", "text",
						       rule->reason, "help", "text", rule->remedy));
	return rules;
}

static json_t *sarif_result(const char *subject, const struct callgate_finding *finding)
{
	static const char *const levels[] = { "note", "warning", "error" };
	json_t *location = json_pack("{s{s{ss}}}", "physicalLocation", "artifactLocation", "uri",
				     finding->line ? finding->file : subject);

	if (finding->line)
		json_object_set_new(json_object_get(location, "physicalLocation"), "region",
				    json_pack("{si}", "startLine", (int)finding->line));
	return json_pack("{ss ss s{s:s+++++} s[o]}", "ruleId", finding->rule, "level", levels[finding->severity],
			 "message", "text", finding->detail, *finding->witness ? "; for example " : "",
			 finding->witness, *finding->witness ? " -> " : "", finding->action, "", "locations", location);
}

static int print_sarif(const struct check_options *options, const char *subject, const struct callgate_report *report)
{
	json_t *results = json_array();

	for (size_t i = 0; i < callgate_report_count(report); i++) {
		const struct callgate_finding *finding = callgate_report_at(report, i);

		if (is_shown(options, finding))
			json_array_append_new(results, sarif_result(subject, finding));
	}
	return print_json(json_pack("{ss ss s[{s{s{ss ss so}} so}]}", "version", "2.1.0", "$schema",
				    "https://json.schemastore.org/sarif-2.1.0.json", "runs", "tool", "driver", "name",
				    "callgate", "version", CALLGATE_VERSION, "rules", sarif_rules(), "results",
				    results));
}

static int print_report(const struct check_options *options, const char *subject, const struct callgate_report *report)
{
	const struct callgate_finding *before = NULL;
	int holes = 0, status = STATUS_YES;

	for (size_t i = 0; i < callgate_report_count(report); i++) {
		const struct callgate_finding *finding = callgate_report_at(report, i);

		holes += !is_accepted(options, finding) && finding->severity != CALLGATE_INFO;
		if (options->sarif || !is_shown(options, finding))
			continue;
		if (options->json) {
			status = print_finding_json(subject, finding);
			if (status != STATUS_YES)
				return status;
			continue;
		}
		if (before && before->reason != finding->reason)
			print_reason(before);
		print_finding(subject, finding);
		before = finding;
	}
	if (before)
		print_reason(before);
	if (options->sarif)
		status = print_sarif(options, subject, report);
	return status == STATUS_YES && holes ? STATUS_NO : status;
}

static void report_free(struct callgate_report **report)
{
	callgate_report_free(*report);
}

int cmd_check(const struct verb *verb, int argc, char **argv)
{
	struct check_options options = { .reading = SUBJECT_READING_ANY };
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(report_free) struct callgate_report *report = NULL;
	struct callgate_error err;
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (options.explain)
		return explain_rule(options.explain);
	for (size_t i = 0; i < options.allow.count; i++)
		if (!rule_by_name(options.allow.items[i]))
			return unknown_rule(options.allow.items[i]);
	if (arguments.count != 1)
		return misuse("check needs a SUBJECT");
	status = subject_from_argument(arguments.items[0], &options.reading, &subject);
	if (status != STATUS_YES)
		return status;
	if (callgate_check(subject, &report, &err) < 0)
		return failure(&err);
	return print_report(&options, arguments.items[0], report);
}
