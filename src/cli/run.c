/*
 * `callgate run`: a program under a policy. On success it is as if Callgate were not there: the target's output, its
 * status, and not a word. What is said is said on stderr, and what scripts want goes to --report.
 */
#include "base/allowance.h"
#include "base/cleanup.h"
#include "cli/events.h"
#include "cli/frames.h"
#include "cli/ground.h"
#include "cli/print.h"
#include "cli/refused.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As env(1), nohup(1) and timeout(1) have it: a status of theirs must not look like one of the target's. */
#define STATUS_RUN_FAILED 125

struct run_options {
	const char *policy;
	const char *report;
	const char *status_fd;
	const char *events;
	bool no_trace;
	bool backtrace;
	bool dry_run;
	bool print_config;
	bool watch;
	bool observe;
	const char *staged;
	struct ground_options ground;
};

static const struct option_row run_rows[] = {
	OPTION_TEXT(struct run_options, policy, "policy", 'p', "FILE",
		    "the policy, or a raw BPF filter, to run under; @contained is that of the presets"),
	OPTION_TEXT(struct run_options, report, "report", 'r', "FILE",
		    "write how it ended to FILE, as one JSON object"),
	OPTION_TEXT(struct run_options, status_fd, "status-fd", 0, "N", "write the same to descriptor N"),
	OPTION_TEXT(struct run_options, events, "events", 'e', "FILE",
		    "append what happens to FILE while it happens, as JSON objects, one a line"),
	OPTION_FLAG(struct run_options, backtrace, "backtrace", 'b',
		    "tell of a refused call by which functions it came about; a report has that anyway"),
	OPTION_FLAG(struct run_options, watch, "watch", 'w',
		    "tell of calls that fail with an errno too, which a supervisor gives in place of the kernel"),
	OPTION_FLAG(struct run_options, observe, "observe", 0,
		    "tell of what the policy refuses, and let it through: the target is NOT confined by it"),
	OPTION_TEXT(struct run_options, staged, "staged", 0, "SUBJECT",
		    "tell of what the policy refuses and SUBJECT, its forerunner, does not, and let that through"),
	OPTION_FLAG(struct run_options, no_trace, "no-trace", 0,
		    "do not trace it: a refusal is then only told as SIGSYS"),
	OPTION_FLAG(struct run_options, dry_run, "dry-run", 'n',
		    "prepare all of it, print what would stand, and start nothing"),
	OPTION_FLAG(struct run_options, print_config, "print-config", 0, "print all settings as a --config FILE"),
	GROUND_ROWS(struct run_options),
};

/* How many refusals a report tells one by one; all are counted. */
#define REFUSALS_MAX 64

/* Of how many at once a backtrace is taken, and then of one a second: each holds up its thread for a moment. */
#define BACKTRACES_MAX 8

/* Of how many kinds one is told on stderr; of those that end a process every one is. */
#define KINDS_MAX 64

/* Of calls that do not end a process. */
struct kind {
	char program[256]; /* one that floods does not speak for another */
	char syscall[48];
	unsigned line;
	enum callgate_outcome outcome;
};

/* What was refused so far. */
struct seen {
	struct kind kinds[KINDS_MAX];
	unsigned kind_count;
	uint64_t unsaid; /* of these kinds… */
	uint64_t others; /* …and of further ones */
	const char *policy;
	char **argv;
	json_t *refusals;	/* an array, REFUSALS_MAX at most */
	int events;		/* a descriptor; −1: nobody wants them */
	struct allowance walks; /* backtraces */
	bool wants_frames, says_frames, said_none;
};

const struct usage run_usage =
	USAGE_SANDBOXED("PROGRAM [ARGUMENT]...", 0, USAGE_ANY, run_rows, struct run_options, ground.settings);

static json_t *report_enforced(unsigned enforced)
{
	json_t *names = json_array();

	for (unsigned ground = 1; callgate_ground_name(ground); ground <<= 1)
		if (enforced & ground)
			json_array_append_new(names, json_string(callgate_ground_name(ground)));
	return names;
}

static const char *layer_state(const struct callgate_run_report *report, unsigned layer)
{
	if (report->degraded & layer)
		return "degraded";
	return report->enforced & layer ? "enforced" : "absent";
}

static json_t *report_layers(const struct callgate_run_report *report)
{
	json_t *layers = json_object();

	for (unsigned layer = 1; callgate_ground_name(layer); layer <<= 1)
		json_object_set_new(layers, callgate_ground_name(layer), json_string(layer_state(report, layer)));
	return layers;
}

/* What a dry run is asked for: a line a layer. */
static void print_layers(const struct callgate_run_report *report)
{
	for (unsigned layer = 1; callgate_ground_name(layer); layer <<= 1)
		printf("%-18s %s\n", callgate_ground_name(layer), layer_state(report, layer));
	if (report->weaker[0])
		note("%s", report->weaker);
}

/* A number of a control group, or null. */
static json_t *counted(uint64_t number)
{
	return number == CALLGATE_NOT_COUNTED ? json_null() : json_integer((json_int_t)number);
}

static json_t *report_group(const struct callgate_run_report *report)
{
	return json_pack("{so so so so so so so}", "peak_bytes", counted(report->group_peak_bytes), "user_us",
			 counted(report->group_user_us), "system_us", counted(report->group_system_us), "throttled_us",
			 counted(report->throttled_us), "pids_peak", counted(report->pids_peak), "pids_refused",
			 counted(report->pids_refused), "oom_kills", counted(report->oom_kills));
}

static json_t *json_words(char **words)
{
	json_t *array = json_array();

	for (; *words; words++)
		json_array_append_new(array, json_text(*words));
	return array;
}

static json_t *report_json(const struct callgate_run_report *report, const struct seen *seen, char **argv)
{
	json_t *object;

	object = json_pack("{so so ss sI sI sf sf sf sI so so ss sb ss sI so}", "argv", json_words(argv), "policy",
			   json_text(seen->policy), "ended", report->signalled ? "signalled" : "exited",
			   report->signalled ? "signal" : "status", (json_int_t)report->status, "exit_status",
			   (json_int_t)report->exit_status, "wall_seconds", (double)report->wall_ns / 1e9,
			   "user_seconds", (double)report->user_us / 1e6, "system_seconds",
			   (double)report->system_us / 1e6, "max_rss_kib", (json_int_t)report->max_rss_kib, "enforced",
			   report_enforced(report->enforced), "layers", report_layers(report), "weaker", report->weaker,
			   "traced", report->traced, "untraced_because", report->untraced, "refused",
			   (json_int_t)report->refused, "refusals", json_incref(seen->refusals));
	json_object_set_new(object, "watched", json_integer((json_int_t)report->watched));
	json_object_set_new(object, "suppressed", json_integer((json_int_t)report->suppressed));
	json_object_set_new(object, "limit",
			    report->limit ? json_string(callgate_limit_name(report->limit)) : json_null());
	json_object_set_new(object, "group", report_group(report));
	json_object_set_new(object, "output_bytes", counted(report->output_bytes));
	return object;
}

/* For the report, and by which functions it came about. */
static void keep_refused(const struct callgate_refusal *refusal, struct seen *seen)
{
	static struct callgate_frame frames[CALLGATE_EVENT_FRAMES_MAX]; /* one is told at a time */
	struct callgate_event event = { .refusal = *refusal, .frames = frames };
	bool is_kept = seen->wants_frames && json_array_size(seen->refusals) < REFUSALS_MAX;

	if (refusal->has_registers && seen->wants_frames &&
	    allowance_take(&seen->walks, BACKTRACES_MAX, allowance_now()))
		event.frame_count = refusal_frames(refusal, frames, CALLGATE_EVENT_FRAMES_MAX);
	for (size_t i = 0; seen->says_frames && i < event.frame_count; i++)
		say_frame(&frames[i]);
	if (seen->says_frames && refusal->has_registers && !event.frame_count && !seen->said_none) {
		seen->said_none = true;
		say_no_frames();
	}
	if (seen->events >= 0 || is_kept)
		events_refused(seen->events, &event, is_kept ? seen->refusals : NULL);
}

/* Whether it is the first of its kind, or too bad for one line to speak for many. */
static bool is_worth_saying(const struct callgate_refusal *refusal, struct seen *seen)
{
	struct kind kind = { .line = refusal->explanation.line, .outcome = refusal->outcome };

	if (refusal->outcome == CALLGATE_OUTCOME_ENDED)
		return true;
	snprintf(kind.program, sizeof(kind.program), "%s", refusal->program);
	snprintf(kind.syscall, sizeof(kind.syscall), "%s", refusal->syscall);
	for (unsigned i = 0; i < seen->kind_count; i++)
		if (seen->kinds[i].line == kind.line && seen->kinds[i].outcome == kind.outcome &&
		    strcmp(seen->kinds[i].syscall, kind.syscall) == 0 &&
		    strcmp(seen->kinds[i].program, kind.program) == 0) {
			seen->unsaid++;
			return false;
		}
	if (seen->kind_count == KINDS_MAX) {
		seen->others++;
		return false;
	}
	seen->kinds[seen->kind_count++] = kind;
	return true;
}

static void say_why(const struct callgate_refusal *refusal)
{
	const struct callgate_explanation *why = &refusal->explanation;
	char action[32];

	callgate_action_format(why->action, action, sizeof(action));
	note("%s %s %s", refusal->program[0] ? refusal->program : "the target", refusal_fate(refusal), refusal->call);
	if (!why->line)
		note("%s: %s: %s", refusal->policy, action, why->reason);
	else if (why->by_rule)
		note("%s:%u: %s", why->file, why->line, why->rule);
	else
		note("%s:%u: %s: %s", why->file, why->line, why->rule, why->reason);
	if (why->listed)
		note("hint: 'allow %s if ...', of these arguments, would let it pass", refusal->syscall);
	else if (why->line && !why->by_rule && refusal->syscall[0])
		note("hint: 'allow %s' in the policy would let it pass", refusal->syscall);
}

/* Written at once, while the target's other processes go on. */
static void say_refused(const struct callgate_refusal *refusal, void *context)
{
	struct seen *seen = context;

	if (is_worth_saying(refusal, seen))
		say_why(refusal);
	keep_refused(refusal, seen);
}

static void say_suppressed(const struct callgate_refusal *last, uint64_t count, void *context)
{
	const struct callgate_event event = { .kind = CALLGATE_EVENT_SUPPRESSED, .refusal = *last, .count = count };
	const struct seen *seen = context;

	events_refused(seen->events, &event, NULL);
}

static void say_started(int pid, void *context)
{
	const struct seen *seen = context;

	events_write(seen->events, "started",
		     json_pack("{si ss so}", "pid", pid, "policy", seen->policy, "argv", json_words(seen->argv)));
}

/* A refusal that nobody saw. */
static void say_unseen(const struct callgate_run_report *report)
{
	if (report->signalled && report->status == SIGSYS && report->refused == 0)
		note("the target was ended for a system call (SIGSYS); which one is not known: %s",
		     report->untraced[0] ? report->untraced : "it was not among the refused ones of its policy");
}

static void say_unsaid(const struct callgate_run_report *report, const struct seen *seen)
{
	if (seen->unsaid)
		note("and %" PRIu64 " more refusal%s of these kinds", seen->unsaid, plural(seen->unsaid));
	if (seen->others)
		note("and %" PRIu64 " more refusal%s of further kinds; --events tells each", seen->others,
		     plural(seen->others));
	if (report->suppressed)
		note("and %" PRIu64 " more refusal%s, too fast to be told one by one", report->suppressed,
		     plural(report->suppressed));
}

/* An end that the target did not choose. */
static void say_limit(const struct callgate_run_report *report)
{
	if (report->limit)
		note("the target was ended: it reached its limit of %s", callgate_limit_name(report->limit));
}

/* A fault that the program need not have made itself. */
static void say_tsc(const struct callgate_run_report *report)
{
	if (report->signalled && report->status == SIGSEGV && report->enforced & CALLGATE_GROUND_TSC)
		note("the target was ended for a fault (SIGSEGV), which reading the time stamp counter is under "
		     "--no-tsc; "
		     "glibc's loader does that when it starts a program that is not static");
}

/* What was written is lost, which its program could not know. That nobody reads any more is no loss. */
static bool output_is_lost(const struct callgate_run_report *report)
{
	return report->output_error && report->output_error != EPIPE;
}

static void say_lost_output(const struct callgate_run_report *report)
{
	if (output_is_lost(report))
		note("what the target wrote could not all be handed on: %s", strerror(report->output_error));
}

static int run_failure(const struct callgate_error *err)
{
	int status = ground_failure(err);

	/* What contradicts itself is misuse; a name that is not there is a failure of this start. */
	if (status == GROUND_NOT_FOUND || status == GROUND_NOT_EXECUTABLE || err->status == CALLGATE_E_INVALID)
		return status;
	return STATUS_RUN_FAILED;
}

static void seen_fini(struct seen *seen)
{
	json_decref(seen->refusals);
	if (seen->events >= 0)
		close(seen->events);
}

/* The command's policy, or the one that the settings name. */
static int open_policy(const struct run_options *options, const struct callgate_sandbox *sandbox,
		       struct callgate_subject **ret_subject)
{
	struct callgate_subject_options reading = { .policy = policy_options_from_environment() };
	struct callgate_error err;

	if (options->policy)
		return subject_from_argument(options->policy, NULL, ret_subject);
	if (callgate_sandbox_open_policy(sandbox, &reading, ret_subject, &err))
		return failure(&err);
	return STATUS_YES;
}

/* How closely it is watched; *ret_since is the caller's. */
static int choose_watch(const struct run_options *options, struct callgate_run_options *run,
			struct callgate_subject **ret_since)
{
	if (options->watch)
		run->watch = CALLGATE_WATCH_REFUSED;
	if (options->observe)
		run->watch = CALLGATE_WATCH_OBSERVE;
	if (!options->staged)
		return STATUS_YES;
	run->watch = CALLGATE_WATCH_STAGED;
	return subject_from_argument(options->staged, NULL, ret_since);
}

static int print_config(const struct callgate_sandbox *sandbox)
{
	cleanup_free char *text = NULL;
	struct callgate_error err;

	if (callgate_sandbox_print(sandbox, &text, &err))
		return failure(&err);
	return write_output(NULL, text, strlen(text));
}

/* "7", a descriptor that is open; −1 for NULL. The target does not get it. */
static int descriptor_of(const char *text, int *ret_fd)
{
	char *end;
	long number = text ? strtol(text, &end, 10) : -1;

	*ret_fd = (int)number;
	if (!text)
		return STATUS_YES;
	if (end == text || *end || number < 0 || number > INT_MAX || fcntl((int)number, F_GETFD) < 0)
		return misuse("run: --status-fd '%s' is no open descriptor", text);
	return STATUS_YES;
}

static void pool_free(struct callgate_pool **pool)
{
	callgate_pool_free(*pool);
}

/* To whoever asked for it; takes the object. */
static int tell_end(const struct run_options *options, int status_fd, const struct file_place *place,
		    json_t *report_take, const struct seen *seen)
{
	cleanup_free char *text = status_fd >= 0 ? json_dumps(report_take, JSON_COMPACT) : NULL;
	int status = STATUS_YES;

	/* A reader that went away is told of, and not died of. */
	signal(SIGPIPE, SIG_IGN);
	if (text && (file_write_all(status_fd, text, strlen(text)) < 0 || file_write_all(status_fd, "\n", 1) < 0))
		status = misuse("run: the report could not be written to descriptor %d", status_fd);
	events_write(seen->events, "ended", json_incref(report_take));
	if (!options->report)
		json_decref(report_take);
	else if (write_json(place, report_take) != STATUS_YES)
		status = STATUS_FAILED;
	return status;
}

/* The target's ground, which is made while its policy is read; but one that is watched is started in another way. */
static int prepare_ground(const struct run_options *options, const struct callgate_sandbox *sandbox,
			  struct callgate_pool **ret_pool, struct callgate_error *err)
{
	int status = callgate_pool_new(sandbox, 1, ret_pool, err);

	if (status != CALLGATE_OK || options->watch || options->observe || options->staged)
		return status;
	return callgate_pool_fill(*ret_pool, NULL, err);
}

static int run_program(const struct run_options *options, const struct callgate_sandbox *sandbox, int status_fd,
		       char **argv)
{
	cleanup(subject_free) struct callgate_subject *subject = NULL, *since = NULL;
	cleanup(pool_free) struct callgate_pool *pool = NULL;
	cleanup(seen_fini) struct seen seen = { .argv = argv,
						.refusals = json_array(),
						.events = -1,
						.wants_frames = options->backtrace || options->report ||
								options->events || options->status_fd,
						.says_frames = options->backtrace };
	cleanup(file_place_fini) struct file_place place = FILE_PLACE_NONE;
	struct callgate_run_options run = {
		.argv = (const char *const *)argv,
		.environment = (const char *const *)environ,
		.no_trace = options->no_trace,
		.dry_run = options->dry_run,
		.refused = say_refused,
		.suppressed = say_suppressed,
		.sites_max = BACKTRACES_MAX,
		.wants_edits = seen.wants_frames,
		.context = &seen,
	};
	struct callgate_run_report report;
	struct callgate_error err;
	int status;

	if (prepare_ground(options, sandbox, &pool, &err) != CALLGATE_OK)
		return run_failure(&err);
	if (open_policy(options, sandbox, &subject) != STATUS_YES ||
	    output_find(options->report, &place) != STATUS_YES || choose_watch(options, &run, &since) != STATUS_YES ||
	    events_open(options->events, &seen.events) != STATUS_YES)
		return STATUS_RUN_FAILED;
	run.sandbox = sandbox;
	run.started = seen.events >= 0 ? say_started : NULL;
	run.since = since;
	seen.policy = callgate_subject_name(subject);
	if (callgate_pool_run(pool, subject, &run, &report, &err) != CALLGATE_OK)
		return run_failure(&err);
	if (options->dry_run)
		print_layers(&report);
	say_unsaid(&report, &seen);
	say_unseen(&report);
	say_limit(&report);
	say_tsc(&report);
	say_lost_output(&report);
	status = output_is_lost(&report) ? STATUS_RUN_FAILED : report.exit_status;
	if (!options->report && status_fd < 0 && seen.events < 0)
		return status;
	return tell_end(options, status_fd, &place, report_json(&report, &seen, argv), &seen) == STATUS_YES
		       ? status
		       : STATUS_RUN_FAILED;
}

/* What the command line lacks, or says twice; before anything is prepared. */
static int check_command(const struct run_options *options, const struct callgate_sandbox *sandbox, const char *program)
{
	if (!program)
		return misuse_hint("'callgate %s -h' says what it takes", "run", "run needs PROGRAM [ARGUMENT]...");
	if (options->observe && options->staged)
		return misuse("run: --observe and --staged exclude each other");
	if (options->policy || callgate_sandbox_policy(sandbox))
		return STATUS_YES;
	if (options->ground.bundle)
		return misuse_hint("a bundle's own is linux.seccomp of its %s; --policy names another", "config.json",
				   "run: the bundle has no profile, and no --policy was given");
	return misuse_hint("'callgate learn -o FILE -- %s' writes one; --preset strict has one", program,
			   "run: no --policy was given");
}

/* "@contained", which only settings know, as one of them: the last word. */
static int take_builtin_policy(struct run_options *options, struct callgate_sandbox *sandbox)
{
	struct callgate_error err;

	if (!options->policy || options->policy[0] != '@')
		return STATUS_YES;
	if (callgate_sandbox_set(sandbox, "policy", &options->policy, 1, &err))
		return failure(&err);
	options->policy = NULL;
	return STATUS_YES;
}

static int run_on_ground(struct run_options *options, struct arguments *arguments)
{
	cleanup(ground_free) struct callgate_sandbox *sandbox = NULL;
	int status = ground_prepare(&options->ground, arguments, &sandbox);
	int status_fd;

	if (status == STATUS_YES)
		status = take_builtin_policy(options, sandbox);
	if (status != STATUS_YES)
		return status == STATUS_MISUSE ? status : STATUS_RUN_FAILED;
	if (options->print_config)
		return print_config(sandbox);
	status = check_command(options, sandbox, arguments->items[0]);
	if (status == STATUS_YES)
		status = descriptor_of(options->status_fd, &status_fd);
	return status == STATUS_YES ? run_program(options, sandbox, status_fd, arguments->items) : status;
}

int cmd_run(const struct verb *verb, int argc, char **argv)
{
	struct run_options options = { 0 };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	return run_on_ground(&options, &arguments);
}
