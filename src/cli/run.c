/*
 * `callgate run`: a program under a policy. On success it is as if Callgate were not there: the target's output, its
 * status, and not a word. What is said is said on stderr, and what scripts want goes to --report.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As env(1), nohup(1) and timeout(1) have it: a status of theirs must not look like one of the target's. */
#define STATUS_RUN_FAILED	  125
#define STATUS_RUN_NOT_EXECUTABLE 126
#define STATUS_RUN_NOT_FOUND	  127

struct run_options {
	const char *policy;
	const char *report;
	const char *chdir;
	struct option_list env;
	struct option_list setenv;
	struct option_list pass_fd;
	bool clearenv;
	bool linger;
	bool no_trace;
};

static const struct option_row run_rows[] = {
	OPTION_TEXT(struct run_options, policy, "policy", 'p', "FILE", "the policy, or a raw BPF filter, to run under"),
	OPTION_TEXT(struct run_options, report, "report", 'r', "FILE",
		    "write how it ended to FILE, as one JSON object"),
	OPTION_TEXT(struct run_options, chdir, "chdir", 0, "FOLDER", "start the program in FOLDER"),
	OPTION_LIST(struct run_options, env, "env", 0, "NAME", "hand on this variable too; NAME* is all that begin so"),
	OPTION_LIST(struct run_options, setenv, "setenv", 0, "NAME=VALUE", "set a variable for the program"),
	OPTION_FLAG(struct run_options, clearenv, "clearenv", 0, "hand on no variable but those that are named"),
	OPTION_LIST(struct run_options, pass_fd, "pass-fd", 0, "N", "hand on descriptor N beside 0, 1 and 2"),
	OPTION_FLAG(struct run_options, linger, "linger", 0,
		    "wait for what the program leaves running; else it is killed"),
	OPTION_FLAG(struct run_options, no_trace, "no-trace", 0,
		    "do not trace it: a refusal is then only told as SIGSYS"),
};

/* How many refusals a report tells one by one; all are counted. */
#define REFUSALS_MAX 64

/* What was refused so far. */
struct seen {
	const char *policy;
	struct callgate_refusal *refusals; /* REFUSALS_MAX of them once there is one; NULL before */
	size_t count;
};

const struct usage run_usage = USAGE_PROGRAM("PROGRAM [ARGUMENT]...", 1, USAGE_ANY, run_rows);

/* JSON is UTF-8; what is not (a file's name may be any bytes) is shown as well as it can be. */
static json_t *report_text(const char *text)
{
	json_t *json = json_string(text);
	char *copy;

	if (json || !(copy = strdup(text)))
		return json;
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	json = json_string(copy);
	free(copy);
	return json;
}

static json_t *report_args(const struct callgate_refusal *refusal)
{
	json_t *args = json_array();

	for (size_t i = 0; i < 6; i++) {
		char number[32];

		/* 64 bits do not fit JSON's numbers everywhere. */
		snprintf(number, sizeof(number), "0x%llx", (unsigned long long)refusal->args[i]);
		json_array_append_new(args, json_string(number));
	}
	return args;
}

static json_t *report_refusal(const struct callgate_refusal *refusal)
{
	const struct callgate_explanation *why = &refusal->explanation;
	char action[32];

	callgate_action_format(why->action, action, sizeof(action));
	return json_pack("{si so ss ss sI so so ss so sI so so}", "pid", refusal->pid, "program",
			 report_text(refusal->program), "arch", refusal->arch, "syscall", refusal->syscall, "nr",
			 (json_int_t)refusal->nr, "args", report_args(refusal), "call", report_text(refusal->call),
			 "action", action, "file", report_text(why->file), "line", (json_int_t)why->line, "rule",
			 report_text(why->rule), "reason", report_text(why->reason));
}

static json_t *report_enforced(unsigned enforced)
{
	json_t *names = json_array();

	for (unsigned ground = 1; callgate_ground_name(ground); ground <<= 1)
		if (enforced & ground)
			json_array_append_new(names, json_string(callgate_ground_name(ground)));
	return names;
}

static json_t *report_json(const struct callgate_run_report *report, const struct seen *seen, char **argv)
{
	json_t *arguments = json_array(), *refusals = json_array(), *object;

	for (; *argv; argv++)
		json_array_append_new(arguments, report_text(*argv));
	for (size_t i = 0; i < seen->count; i++)
		json_array_append_new(refusals, report_refusal(&seen->refusals[i]));
	object = json_pack("{so so ss sI sI sf sf sf sI so sb ss sI so}", "argv", arguments, "policy",
			   report_text(seen->policy), "ended", report->signalled ? "signalled" : "exited",
			   report->signalled ? "signal" : "status", (json_int_t)report->status, "exit_status",
			   (json_int_t)report->exit_status, "wall_seconds", (double)report->wall_ns / 1e9,
			   "user_seconds", (double)report->user_us / 1e6, "system_seconds",
			   (double)report->system_us / 1e6, "max_rss_kib", (json_int_t)report->max_rss_kib, "enforced",
			   report_enforced(report->enforced), "traced", report->traced, "untraced_because",
			   report->untraced, "refused", (json_int_t)report->refused, "refusals", refusals);
	return object;
}

static int write_report(const char *path, const struct callgate_run_report *report, const struct seen *seen,
			char **argv)
{
	json_t *object = report_json(report, seen, argv);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	cleanup(buf_fini) struct buf line = { 0 };
	struct callgate_error err;

	json_decref(object);
	buf_puts(&line, text ? text : "");
	buf_putc(&line, '\n');
	free(text);
	if (!text || line.failed) {
		error_set(&err, CALLGATE_E_NOMEM, "out of memory");
		return failure(&err);
	}
	return write_output(path, line.data, line.length);
}

/* Written at once, while the target's other processes go on. */
static void say_refused(const struct callgate_refusal *refusal, void *context)
{
	const struct callgate_explanation *why = &refusal->explanation;
	struct seen *seen = context;
	char action[32];

	if (!seen->refusals)
		seen->refusals = calloc(REFUSALS_MAX, sizeof(*seen->refusals));
	if (seen->refusals && seen->count < REFUSALS_MAX)
		seen->refusals[seen->count++] = *refusal;
	callgate_action_format(why->action, action, sizeof(action));
	note("%s was ended for %s", refusal->program[0] ? refusal->program : "the target", refusal->call);
	if (!why->line)
		note("%s: %s: %s", seen->policy, action, why->reason);
	else if (why->by_rule)
		note("%s:%u: %s", why->file, why->line, why->rule);
	else
		note("%s:%u: %s: %s", why->file, why->line, why->rule, why->reason);
	if (why->line && !why->by_rule && refusal->syscall[0])
		note("hint: 'allow %s' in the policy would let it pass", refusal->syscall);
}

/* A refusal that nobody saw. */
static void say_unseen(const struct callgate_run_report *report)
{
	if (report->signalled && report->status == SIGSYS && report->refused == 0)
		note("the target was ended for a system call (SIGSYS); which one is not known: %s",
		     report->untraced[0] ? report->untraced : "it was not among the refused ones of its policy");
}

static int parse_fds(const struct option_list *list, int *ret_fds)
{
	for (size_t i = 0; i < list->count; i++) {
		char *end;
		long fd = strtol(list->items[i], &end, 10);

		if (!list->items[i][0] || *end || fd < 0 || fd > 0x7fffffff)
			return misuse("'--pass-fd' takes the number of a descriptor, not '%s'", list->items[i]);
		ret_fds[i] = (int)fd;
	}
	return STATUS_YES;
}

static int run_failure(const struct callgate_error *err)
{
	failure(err);
	if (err->status == CALLGATE_E_NOT_FOUND)
		return STATUS_RUN_NOT_FOUND;
	return err->status == CALLGATE_E_NOT_EXECUTABLE ? STATUS_RUN_NOT_EXECUTABLE : STATUS_RUN_FAILED;
}

static void seen_fini(struct seen *seen)
{
	free(seen->refusals);
}

static int run_program(const struct run_options *options, const int *fds, char **argv)
{
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(seen_fini) struct seen seen = { .policy = options->policy };
	struct callgate_run_options run = {
		.argv = (const char *const *)argv,
		.environment = (const char *const *)environ,
		.keep = options->env.items,
		.keep_count = options->env.count,
		.set = options->setenv.items,
		.set_count = options->setenv.count,
		.clear = options->clearenv,
		.pass_fds = fds,
		.pass_fd_count = options->pass_fd.count,
		.folder = options->chdir,
		.no_trace = options->no_trace,
		.lingers = options->linger,
		.refused = say_refused,
		.context = &seen,
	};
	struct callgate_run_report report;
	struct callgate_error err;

	if (subject_from_argument(options->policy, SUBJECT_FROM_ANY, &subject) != STATUS_YES)
		return STATUS_RUN_FAILED;
	if (callgate_run(subject, &run, &report, &err) != CALLGATE_OK)
		return run_failure(&err);
	say_unseen(&report);
	if (options->report && write_report(options->report, &report, &seen, argv) != STATUS_YES)
		return STATUS_RUN_FAILED;
	return report.exit_status;
}

int cmd_run(const struct verb *verb, int argc, char **argv)
{
	struct run_options options = { 0 };
	struct arguments arguments;
	int fds[OPTION_LIST_MAX];
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (!options.policy) {
		misuse_hint("'callgate learn -o FILE -- %s' writes one", arguments.items[0],
			    "run: no --policy was given");
		return STATUS_RUN_FAILED;
	}
	status = parse_fds(&options.pass_fd, fds);
	if (status != STATUS_YES)
		return status;
	return run_program(&options, fds, arguments.items);
}
