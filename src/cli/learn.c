/*
 * `callgate learn`: runs a program once, unconfined and watched, and writes the policy that it needs. The program's
 * output stays its own: what is said here goes to stderr, and with --json to stdout once the program has ended.
 */
#include "base/cleanup.h"
#include "cli/duration.h"
#include "cli/ground.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct learn_options {
	const char *output;
	const char *report;
	const char *cgroup;
	const char *duration;
	unsigned long pid;
	unsigned long processes;
	int recorder;
	int from;
	bool append;
	bool results;
	bool mains;
	bool phases;
	bool json;
	struct ground_options ground;
};

static const struct option_row learn_rows[] = {
	OPTION_TEXT(struct learn_options, output, "output", 'o', "POLICY",
		    "write the policy to POLICY, its evidence beside it"),
	OPTION_FLAG(struct learn_options, append, "append", 'a', "add this run to the evidence that is there"),
	OPTION_FLAG(struct learn_options, phases, "phases", 0,
		    "write apart what is needed from main on, and what when it serves"),
	OPTION_FLAG(struct learn_options, results, "results", 0,
		    "see what came of each call; the tracer stops twice then"),
	OPTION_FLAG(struct learn_options, mains, "mains", 0,
		    "see where main of later programs begins too; they are traced then"),
	OPTION_FLAG(struct learn_options, json, "json", 0, "print one JSON object a program and syscall"),
	OPTION_TEXT(struct learn_options, report, "report", 'r', "FILE",
		    "write how it ended to FILE, as one JSON object"),
	OPTION_CHOICE(struct learn_options, recorder, "recorder", 0, "auto|notify|trace|bpf", "how to see the calls"),
	OPTION_CHOICE(struct learn_options, from, "from", 0, "program|strace|audit",
		      "instead of starting a program: read the logs that strace or audit wrote"),
	OPTION_NUMBER(struct learn_options, pid, "pid", 'p', "N", "attach to process N and what descends from it"),
	OPTION_TEXT(struct learn_options, cgroup, "cgroup", 0, "FOLDER", "attach to all that runs in a cgroup"),
	OPTION_TEXT(struct learn_options, duration, "for", 0, "DURATION", "attach for so long: 500ms, 10s, 5m"),
	OPTION_NUMBER(struct learn_options, processes, "processes", 0, "N", "fail when more are alive at once (1024)"),
	GROUND_ROWS(struct learn_options),
};

const struct usage learn_usage =
	USAGE_SANDBOXED("PROGRAM [ARGUMENT]... | --pid=N | --cgroup=FOLDER | --from=KIND LOG...", 0, USAGE_ANY,
			learn_rows, struct learn_options, ground.settings);

static const char *const recorder_names[] = { "auto", "notify", "trace", "bpf", "strace", "audit" };

enum { FROM_PROGRAM, FROM_STRACE, FROM_AUDIT };

static int print_calls(const struct callgate_learned *learned)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < callgate_learned_count(learned); i++) {
		struct callgate_learned_call call;

		callgate_learned_call(learned, i, &call);
		status = print_json(json_pack("{so ss sI}", "program", json_text(call.program), "syscall", call.syscall,
					      "count", (json_int_t)call.count));
	}
	return status;
}

static int write_learn_report(const struct file_place *place, const struct callgate_learn_report *report)
{
	return write_json(place,
			  json_pack("{ss sI sI sf ss sI sI sI sI sI sI sI sI sb sb sb}", "ended",
				    report->signalled ? "signalled" : "exited", report->signalled ? "signal" : "status",
				    (json_int_t)report->status, "exit_status", (json_int_t)report->exit_status,
				    "wall_seconds", (double)report->wall_ns / 1e9, "recorder",
				    recorder_names[report->recorder], "calls", (json_int_t)report->calls, "programs",
				    (json_int_t)report->programs, "syscalls", (json_int_t)report->syscalls, "runs",
				    (json_int_t)report->runs, "rules", (json_int_t)report->rules, "broken_off",
				    (json_int_t)report->broken_off, "own_filters", (json_int_t)report->own_filters,
				    "untold", (json_int_t)report->untold, "untimed", report->untimed, "cut_off",
				    report->cut_off, "was_tracer", report->was_tracer));
}

static bool reads_log(const struct callgate_learn_report *report)
{
	return report->recorder == CALLGATE_RECORDER_STRACE || report->recorder == CALLGATE_RECORDER_AUDIT;
}

/* How it began: how the program ended, or for how long what was attached to was watched. */
static void say_end(const struct callgate_learn_report *report, const char *program, char *text, size_t size)
{
	if (reads_log(report))
		snprintf(text, size, "%s", program);
	else if (program)
		snprintf(text, size, "%s ended %s %d", program, report->signalled ? "by signal" : "with status",
			 report->status);
	else
		snprintf(text, size, "watched for %.1f s", (double)report->wall_ns / 1e9);
}

static void say_learned(const struct callgate_learn_report *report, const char *program, const char *policy,
			bool phases)
{
	char runs[32] = "", end[512];

	if (report->runs > 1)
		snprintf(runs, sizeof(runs), " from %u runs", report->runs);
	say_end(report, program, end, sizeof(end));
	note("%s: %" PRIu64 " calls of %zu syscalls by %zu program%s, recorded by %s%s%s%s%s%s%s", end, report->calls,
	     report->syscalls, report->programs, report->programs == 1 ? "" : "s", recorder_names[report->recorder],
	     report->passed_over.status ? " (not by bpf: " : "", report->passed_over.message,
	     report->passed_over.status ? ")" : "", policy ? "; wrote " : "", policy ? policy : "", policy ? runs : "");
	if (report->cut_off && reads_log(report))
		note("the log ends before its programs do: they are learned only so far");
	else if (report->cut_off && program)
		note("what it left running was killed, and is learned only so far (--linger waits for it)");
	if (report->untimed)
		note("its times are words: when the calls came is not known (ausearch without -i writes numbers)");
	if (report->untold)
		note("of %" PRIu64 " call%s an argument is not understood, and not constrained; the first: %s:%u: %s",
		     report->untold, report->untold == 1 ? "" : "s", report->first_untold.file,
		     report->first_untold.line, report->first_untold.message);
	if (phases && report->no_main.status)
		note("where main begins was not seen: %s", report->no_main.message);
	if (report->own_filters)
		note("it loaded filters of its own: what those refused was not seen");
	if (report->was_tracer)
		note("it asked to trace or to be traced, which this recorder's own tracing refused (--recorder notify "
		     "leaves that alone)");
	if (report->broken_off)
		note("signals broke off %" PRIu64
		     " calls before they were seen; the kernel made them again or gave EINTR "
		     "(--recorder trace has no such gap)",
		     report->broken_off);
}

static void learned_free_pointer(struct callgate_learned **learned)
{
	callgate_learned_free(*learned);
}

/* Whatever says how to start or to see a program says nothing of a log. */
static int choose_logs(const struct learn_options *options, const struct arguments *arguments,
		       struct callgate_learn_options *learn)
{
	if (!arguments->count)
		return misuse("learn: --from is of logs: name one, or '-'");
	if (options->pid || options->cgroup || options->duration || options->processes || options->results ||
	    options->mains || options->recorder != CALLGATE_RECORDER_AUTO || options->ground.bundle ||
	    options->ground.settings.count)
		return misuse("learn: a log was written already: with --from, nothing says how to start a program, or "
			      "how to see its calls");
	learn->recorder = options->from == FROM_AUDIT ? CALLGATE_RECORDER_AUDIT : CALLGATE_RECORDER_STRACE;
	learn->logs = (const char *const *)arguments->items;
	return STATUS_YES;
}

/* What is to be learned from: exactly one of a program, a process and a cgroup. */
static int choose_target(struct learn_options *options, const struct arguments *arguments,
			 struct callgate_learn_options *learn)
{
	int targets = (arguments->count > 0) + (options->pid > 0) + (options->cgroup != NULL);

	if (targets != 1)
		return misuse_hint("name a program to start, or --pid, or --cgroup%s", "",
				   targets ? "learn: it takes one of PROGRAM, --pid and --cgroup, not more"
					   : "learn: there is nothing to learn from");
	if (arguments->count)
		return options->duration ? misuse("learn: --for is for what is attached to") : STATUS_YES;
	if (options->pid > INT_MAX)
		return misuse("'--pid' takes the number of a process, not %lu", options->pid);
	if (options->recorder != CALLGATE_RECORDER_AUTO && options->recorder != CALLGATE_RECORDER_BPF)
		return misuse("learn: only bpf can attach to what runs");
	learn->pid = (int)options->pid;
	learn->cgroup = options->cgroup;
	if (options->duration && !duration_parse(options->duration, &learn->for_ms))
		return misuse_hint("500ms, 10s, 5m%s", "", "'--for' takes a duration, not '%s'", options->duration);
	return STATUS_YES;
}

static int learn_target(struct learn_options *options, struct arguments *arguments)
{
	cleanup(learned_free_pointer) struct callgate_learned *learned = NULL;
	cleanup(ground_free) struct callgate_sandbox *sandbox = NULL;
	cleanup(file_place_fini) struct file_place place = FILE_PLACE_NONE;
	bool to_stdout = options->output && strcmp(options->output, "-") == 0;
	struct callgate_learn_options learn = {
		.recorder = (enum callgate_recorder)options->recorder,
		.processes_max = options->processes,
		.policy = to_stdout ? NULL : options->output,
		.append = options->append,
		.phases = options->phases,
		.results = options->results,
		.mains = options->mains,
	};
	struct callgate_learn_report report;
	struct callgate_error err;
	int status = STATUS_YES;

	if (options->from == FROM_PROGRAM && (arguments->count || options->ground.bundle))
		status = ground_prepare(&options->ground, arguments, &sandbox);
	if (status == STATUS_YES)
		status = options->from == FROM_PROGRAM ? choose_target(options, arguments, &learn)
						       : choose_logs(options, arguments, &learn);
	learn.run = (struct callgate_run_options){ .argv = (const char *const *)arguments->items,
						   .environment = (const char *const *)environ,
						   .sandbox = sandbox };
	if (status == STATUS_YES)
		status = output_find(options->report, &place);
	if (status != STATUS_YES)
		return status;
	/* A program that is started has the terminal for itself: a line of ours would stand in its output. */
	if (learn.pid || learn.cgroup)
		progress_clock("recording; an interrupt ends it");
	else if (learn.logs)
		progress_clock("reading what was logged");
	status = callgate_learn(&learn, &learned, &report, &err);
	progress_end();
	if (status != CALLGATE_OK)
		return arguments->count && !learn.logs ? ground_failure(&err) : failure(&err);
	say_learned(&report, arguments->items[0], learn.policy, learn.phases);
	status = STATUS_YES;
	if (options->report)
		status = write_learn_report(&place, &report);
	if (status == STATUS_YES && to_stdout)
		status = write_output(NULL, callgate_learned_policy(learned), strlen(callgate_learned_policy(learned)));
	if (status == STATUS_YES && options->json)
		status = print_calls(learned);
	return status;
}

/* A log has no options of its own, so that ours may stand behind it. */
static int options_behind_logs(const struct verb *verb, struct learn_options *options, struct arguments *arguments)
{
	struct usage usage = *verb->usage;
	struct verb of_logs = *verb;

	if (options->from == FROM_PROGRAM || arguments->before_dashes < arguments->count)
		return OPTIONS_DONE;
	usage.program = false;
	of_logs.usage = &usage;
	return options_parse(&of_logs, (int)arguments->count + 1, arguments->items - 1, options, arguments);
}

int cmd_learn(const struct verb *verb, int argc, char **argv)
{
	struct learn_options options = { 0 };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status == OPTIONS_DONE)
		status = options_behind_logs(verb, &options, &arguments);
	if (status != OPTIONS_DONE)
		return status;
	if (!options.output && !options.json && !options.report)
		return misuse_hint("'-o FILE' writes the policy, '-o -' prints it, '--json' lists the calls%s",
				   arguments.count ? "; options stand before PROGRAM, what stands behind it is its own"
						   : "",
				   "learn: nothing was asked for");
	return learn_target(&options, &arguments);
}
