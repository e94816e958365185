/*
 * `callgate profile`: evidence of many runs as one. It writes the policy that all of them support, says why a rule is
 * there, and compares with a policy in force: what a build needs that its policy lacks, what a policy allows that no
 * run needed.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profile_options {
	const char *output;
	const char *evidence;
	const char *fail_on_new;
	const char *shrink;
	struct option_list why;
	struct option_list opened;
	struct option_list also;
	int reachable;
	bool accept_errno;
	bool phases;
	bool scan;
	bool json;
	struct report_wishes report;
};

static const struct option_row profile_rows[] = {
	OPTION_TEXT(struct profile_options, output, "output", 'o', "POLICY",
		    "write the policy that the evidence supports, or what --shrink leaves"),
	OPTION_TEXT(struct profile_options, evidence, "evidence", 0, "FILE", "write all the evidence as one file"),
	OPTION_LIST(struct profile_options, why, "why", 0, "SYSCALL", "say why its rule is there"),
	OPTION_TEXT(struct profile_options, fail_on_new, "fail-on-new", 0, "POLICY",
		    "list what POLICY would refuse of what was seen; the status is 1 when that is something"),
	OPTION_FLAG(struct profile_options, accept_errno, "accept-errno", 0,
		    "with --fail-on-new: what a rule of POLICY answers with an errno is meant so"),
	OPTION_TEXT(struct profile_options, shrink, "shrink", 0, "POLICY",
		    "list what POLICY allows and no run did; the status is 1 when that is something"),
	OPTION_FLAG(struct profile_options, scan, "scan", 0,
		    "read the programs too, and join what they did with what they could do"),
	OPTION_LIST(struct profile_options, opened, "dlopen", 0, "LIBRARY",
		    "with --scan: a library, or a folder of them, that they open while they run"),
	OPTION_LIST(struct profile_options, also, "also", 0, "PROGRAM",
		    "with --scan: read this one too, which no run started"),
	OPTION_CHOICE(struct profile_options, reachable, "reachable", 0, "log|allow|notify|errno",
		      "what a syscall gets that they could make and did not"),
	OPTION_FLAG(struct profile_options, phases, "phases", 0,
		    "write apart what is needed from main on, and what when it serves"),
	OPTION_TEXT(struct profile_options, report.output, "report", 0, "FILE.html",
		    "write all of it as one page to look at"),
	OPTION_TEXT(struct profile_options, report.policy, "policy", 0, "POLICY",
		    "with --report: the policy in force, in place of the one that the evidence supports"),
	OPTION_TEXT(struct profile_options, report.since, "since", 0, "OLD",
		    "with --report: an older report, or evidence; what changed is told"),
	OPTION_TEXT(struct profile_options, report.title, "title", 0, "TEXT", "with --report: the page's heading"),
	OPTION_FLAG(struct profile_options, json, "json", 0, "one JSON object a line"),
};

const struct usage profile_usage = USAGE("EVIDENCE...", 1, USAGE_ANY, profile_rows);

static void profile_free(struct callgate_profile **profile)
{
	callgate_profile_free(*profile);
}

static void policy_free_pointer(struct callgate_policy **policy)
{
	callgate_policy_free(*policy);
}

static void gaps_free(struct callgate_gaps **gaps)
{
	callgate_gaps_free(*gaps);
}

static int read_policy(const char *path, struct callgate_policy **ret_policy)
{
	struct callgate_policy_options options = policy_options_from_environment();
	struct callgate_error err;

	return callgate_policy_read(path, &options, ret_policy, &err) == CALLGATE_OK ? STATUS_YES : failure(&err);
}

static int print_whys(const struct callgate_profile *profile, const struct option_list *why, bool json)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < why->count; i++) {
		cleanup_free char *text = NULL;
		struct callgate_error err;

		if (callgate_profile_why(profile, why->items[i], &text, &err) != CALLGATE_OK)
			return failure(&err);
		if (json)
			status = print_json(json_pack("{ss so}", "syscall", why->items[i], "why", json_text(text)));
		else
			fputs(text, stdout);
	}
	return status;
}

static int print_gap_json(const char *what, const struct callgate_profile_gap *gap)
{
	json_t *object = json_pack("{ss ss sI sI}", "gap", what, "syscall", gap->syscall, "count",
				   (json_int_t)gap->count, "runs", (json_int_t)gap->runs);
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "argument", gap->argument }, { "value", gap->value }, { "program", gap->program },
		{ "module", gap->module },     { "rule", gap->rule },	{ "file", gap->file },
		{ "phase", gap->phase },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i].value)
			json_object_set_new(object, texts[i].key, json_text(texts[i].value));
	if (gap->answered)
		json_object_set_new(object, "answered", json_true());
	if (gap->module)
		json_object_set_new(object, "offset", json_sprintf("0x%" PRIx64, gap->offset));
	if (gap->line)
		json_object_set_new(object, "line", json_integer(gap->line));
	return print_json(object);
}

/* "web.policy lacks socket with domain AF_INET: 3 calls in 1 of 2 runs", who made them, what would allow them. */
static void print_new(const struct callgate_profile_gap *gap, const char *policy, unsigned runs)
{
	printf(gap->answered ? "%s answers %s" : "%s lacks %s", policy, gap->syscall);
	if (gap->argument)
		printf(" with %s %s", gap->argument, gap->value);
	if (gap->phase)
		printf(" in phase %s", gap->phase);
	if (gap->answered)
		printf("%s an errno", gap->argument ? ", by" : " with");
	printf(": %" PRIu64 " call%s in %u of %u run%s\n", gap->count, gap->count == 1 ? "" : "s", gap->runs, runs,
	       runs == 1 ? "" : "s");
	if (gap->program)
		printf("    by %s", gap->program);
	if (gap->module)
		printf(", from %s+0x%" PRIx64, gap->module, gap->offset);
	if (gap->program)
		putchar('\n');
	if (gap->rule)
		printf("    %s\n", gap->rule);
}

static void print_idle(const struct callgate_profile_gap *gap, unsigned runs)
{
	if (gap->file)
		printf("%s:%u: ", gap->file, gap->line);
	printf("no run of %u made %s\n", runs, gap->syscall);
}

static int compare_new(const struct callgate_profile *profile, const struct profile_options *options)
{
	cleanup(policy_free_pointer) struct callgate_policy *policy = NULL;
	cleanup(gaps_free) struct callgate_gaps *gaps = NULL;
	struct callgate_profile_facts facts;
	struct callgate_error err;
	int status = read_policy(options->fail_on_new, &policy);
	bool any = false;

	if (status != STATUS_YES)
		return status;
	if (callgate_profile_missing(profile, policy, &gaps, &err) != CALLGATE_OK)
		return failure(&err);
	callgate_profile_facts(profile, &facts);
	if (callgate_gaps_untimed(gaps))
		note("%zu phase%s of %s begin%s at a call or the marker: evidence does not tell what came behind",
		     callgate_gaps_untimed(gaps), callgate_gaps_untimed(gaps) == 1 ? "" : "s", options->fail_on_new,
		     callgate_gaps_untimed(gaps) == 1 ? "s" : "");
	for (size_t i = 0; status == STATUS_YES && i < callgate_gaps_count(gaps); i++) {
		struct callgate_profile_gap gap;

		callgate_gaps_at(gaps, i, &gap);
		if (gap.answered && options->accept_errno)
			continue;
		any = true;
		if (options->json)
			status = print_gap_json("new", &gap);
		else
			print_new(&gap, options->fail_on_new, facts.runs);
	}
	return status == STATUS_YES && any ? STATUS_NO : status;
}

static int compare_idle(const struct callgate_profile *profile, const struct profile_options *options)
{
	cleanup(policy_free_pointer) struct callgate_policy *policy = NULL;
	cleanup(gaps_free) struct callgate_gaps *gaps = NULL;
	cleanup_free char *rest = NULL;
	struct callgate_profile_facts facts;
	struct callgate_error err;
	int status = read_policy(options->shrink, &policy);

	if (status != STATUS_YES)
		return status;
	if (callgate_profile_idle(profile, policy, &gaps, &rest, &err) != CALLGATE_OK)
		return failure(&err);
	callgate_profile_facts(profile, &facts);
	for (size_t i = 0; status == STATUS_YES && i < callgate_gaps_count(gaps); i++) {
		struct callgate_profile_gap gap;

		callgate_gaps_at(gaps, i, &gap);
		if (options->json)
			status = print_gap_json("idle", &gap);
		else
			print_idle(&gap, facts.runs);
	}
	if (status == STATUS_YES && options->output)
		status = write_output(options->output, rest, strlen(rest));
	return status == STATUS_YES && callgate_gaps_count(gaps) ? STATUS_NO : status;
}

static void say_facts(const struct callgate_profile *profile)
{
	struct callgate_profile_facts facts;

	callgate_profile_facts(profile, &facts);
	note("%u run%s of %zu program%s: %" PRIu64 " calls of %zu syscalls, %zu rules", facts.runs,
	     facts.runs == 1 ? "" : "s", facts.programs, facts.programs == 1 ? "" : "s", facts.calls, facts.syscalls,
	     facts.rules);
	if (facts.runs > 1)
		note("of %u runs, the policy of all the others would have refused something to %u", facts.runs,
		     facts.one_out);
	if (facts.widened)
		note("%zu argument%s not constrained, since too many runs had values of their own", facts.widened,
		     facts.widened == 1 ? " is" : "s are");
}

/* Reads one program. What cannot be read (it is gone, or of another machine) is told: what it could do stays killed. */
static int scan_program(const char *path, const struct profile_options *options, struct program_scans *scans)
{
	const char *opened[OPTION_LIST_MAX + 1] = { NULL };
	struct callgate_scan_options scan_options = { .opened = opened };
	struct callgate_scan *scan;
	struct callgate_error err;
	int status;

	memcpy(opened, options->opened.items, options->opened.count * sizeof(*opened));
	progress("reading %s, program %zu", path, scans->count + 1);
	status = callgate_scan(path, &scan_options, &scan, &err);
	progress_end();
	if (status != CALLGATE_OK) {
		note("%s is not read: %s", path, err.message);
		return err.status == CALLGATE_E_NOMEM ? failure(&err) : STATUS_YES;
	}
	scans->items[scans->count++] = (struct callgate_profile_scan){ path, scan };
	return STATUS_YES;
}

static bool is_scanned(const struct program_scans *scans, const char *path)
{
	for (size_t i = 0; i < scans->count; i++)
		if (strcmp(scans->items[i].program, path) == 0)
			return true;
	return false;
}

static int scan_programs(const struct callgate_profile *profile, const struct profile_options *options,
			 struct program_scans *scans)
{
	struct callgate_profile_facts facts;
	int status = STATUS_YES;

	callgate_profile_facts(profile, &facts);
	scans->items = calloc(facts.programs + options->also.count, sizeof(*scans->items));
	if (!scans->items)
		return failure(&(struct callgate_error){ .status = CALLGATE_E_NOMEM, .message = "out of memory" });
	for (size_t i = 0; status == STATUS_YES && i < facts.programs; i++) {
		const char *path, *build_id;

		callgate_profile_program(profile, i, &path, &build_id);
		if (is_scanned(scans, path))
			continue;
		status = scan_program(path, options, scans);
		if (callgate_profile_is_rebuilt(profile, path))
			note("%s is of another build than what was recorded: what was seen is the other's", path);
	}
	for (size_t i = 0; status == STATUS_YES && i < options->also.count; i++)
		if (!is_scanned(scans, options->also.items[i]))
			status = scan_program(options->also.items[i], options, scans);
	return status;
}

/* "/usr/bin/a made socket, which it cannot make", and from where. */
static int print_contradiction(const struct callgate_profile_gap *gap, bool json)
{
	if (json)
		return print_gap_json("unreachable", gap);
	printf("%s made %s, which nothing in it makes: %" PRIu64 " call%s", gap->program, gap->syscall, gap->count,
	       gap->count == 1 ? "" : "s");
	if (gap->module)
		printf(" from %s+0x%" PRIx64, gap->module, gap->offset);
	putchar('\n');
	return STATUS_YES;
}

static void say_join(const struct callgate_profile *profile, size_t scanned)
{
	struct callgate_profile_facts facts;

	callgate_profile_facts(profile, &facts);
	note("%zu program%s read: %zu syscalls that no run made can be reached", scanned,
	     scanned == 1 ? " was" : "s were", facts.reachable);
	if (facts.unresolved)
		note("of %zu place%s in them it is not known what they ask for; %zu syscall%s that was made may come "
		     "from "
		     "there",
		     facts.unresolved, facts.unresolved == 1 ? "" : "s", facts.unexplained,
		     facts.unexplained == 1 ? "" : "s");
}

/* STATUS_NO when a program made what it cannot make: no policy is written of a contradiction. */
static int join_scans(struct callgate_profile *profile, const struct profile_options *options,
		      struct program_scans *scans)
{
	cleanup(gaps_free) struct callgate_gaps *gaps = NULL;
	struct callgate_error err;
	int status = scan_programs(profile, options, scans);

	if (status != STATUS_YES)
		return status;
	if (callgate_profile_join(profile, scans->items, scans->count, (enum callgate_reachable)options->reachable,
				  &gaps, &err) != CALLGATE_OK)
		return failure(&err);
	say_join(profile, scans->count);
	for (size_t i = 0; status == STATUS_YES && i < callgate_gaps_count(gaps); i++) {
		struct callgate_profile_gap gap;

		callgate_gaps_at(gaps, i, &gap);
		status = print_contradiction(&gap, options->json);
	}
	return status == STATUS_YES && callgate_gaps_count(gaps) ? STATUS_NO : status;
}

static int profile_answer(const struct callgate_profile *profile, const struct profile_options *options,
			  const struct program_scans *scans)
{
	const char *policy = callgate_profile_policy(profile);
	const char *evidence = callgate_profile_evidence(profile);
	int status = STATUS_YES;

	if (options->why.count)
		return print_whys(profile, &options->why, options->json);
	if (options->fail_on_new)
		return compare_new(profile, options);
	if (options->shrink)
		return compare_idle(profile, options);
	say_facts(profile);
	if (options->evidence)
		status = write_output(options->evidence, evidence, strlen(evidence));
	if (status == STATUS_YES && options->report.output)
		status = write_report(profile, scans, &options->report);
	if (status == STATUS_YES && (options->output || (!options->evidence && !options->report.output)))
		status = write_output(options->output, policy, strlen(policy));
	return status;
}

int cmd_profile(const struct verb *verb, int argc, char **argv)
{
	struct profile_options options = { 0 };
	cleanup(program_scans_fini) struct program_scans scans = { 0 };
	cleanup(profile_free) struct callgate_profile *profile = NULL;
	struct arguments arguments;
	struct callgate_error err;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if ((options.why.count > 0) + (options.fail_on_new != NULL) + (options.shrink != NULL) > 1)
		return misuse("profile: --why, --fail-on-new and --shrink are three questions: ask one at a time");
	if (!options.report.output && (options.report.policy || options.report.since || options.report.title))
		return misuse("profile: --policy, --since and --title are about a page: --report says where it goes");
	if (options.accept_errno && !options.fail_on_new)
		return misuse("profile: --accept-errno is about what --fail-on-new compares with");
	if (options.also.count && !options.scan)
		return misuse("profile: --also names a program to read: --scan reads them");
	if (callgate_profile_open((const char *const *)arguments.items, arguments.count, options.phases, &profile,
				  &err) != CALLGATE_OK)
		return failure(&err);
	if (options.scan)
		status = join_scans(profile, &options, &scans);
	else
		status = STATUS_YES;
	return status == STATUS_YES ? profile_answer(profile, &options, &scans) : status;
}
