/*
 * `callgate why`: what was refused, where in the program, by which rule, what to write. The refusal is one that was
 * told before: in a file of events, in the audit log, or by the core file of whoever died of it.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cage.h"
#include "cli/frames.h"
#include "cli/print.h"
#include "cli/refused.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct why_options {
	const char *policy;
	unsigned long number;
	bool list;
	bool json;
};

static const struct option_row why_rows[] = {
	OPTION_TEXT(struct why_options, policy, "policy", 'p', "SUBJECT",
		    "what refused it, for what does not say so: a core file, the audit log"),
	OPTION_NUMBER(struct why_options, number, "number", 'n', "N", "the Nth refusal; the last unless named"),
	OPTION_FLAG(struct why_options, list, "list", 'l', "all refusals, a line each, with their numbers"),
	OPTION_FLAG(struct why_options, json, "json", 'j', "the event as one JSON object: callgate-events(5)"),
};

const struct usage why_usage = USAGE("[FILE]", 0, 1, why_rows);

/* In place of a refusal's number. */
#define NUMBER_LAST ULONG_MAX

enum { WAYS_MAX = 64 };

static void event_close(struct callgate_event **event)
{
	callgate_event_free(*event);
}

static void spell_time(const struct callgate_refusal *refusal, char *text, size_t size)
{
	time_t seconds = (time_t)(refusal->time_ns / 1000000000);
	struct tm broken;

	text[0] = '\0';
	if (seconds && localtime_r(&seconds, &broken))
		strftime(text, size, "%Y-%m-%d %H:%M:%S", &broken);
}

static void print_line(const char *word, const char *text)
{
	printf("  %-16s %s\n", word, text);
}

static void print_head(struct callgate_refusal *refusal)
{
	char when[64];

	spell_time(refusal, when, sizeof(when));
	printf("%s", refusal->program[0] ? shown(refusal->program) : "a program");
	if (refusal->pid)
		printf(", process %d", refusal->pid);
	if (refusal->tid != refusal->pid)
		printf(", thread %d", refusal->tid);
	if (refusal->unit[0])
		printf(", of %s", shown(refusal->unit));
	if (when[0])
		printf(", on %s", when);
	putchar('\n');
	print_line(refusal_fate(refusal), shown(refusal->call));
	if (refusal->build_id[0])
		print_line("build-id", shown(refusal->build_id));
}

static void print_rule(struct callgate_refusal *refusal)
{
	struct callgate_explanation *why = &refusal->explanation;
	char action[32], text[1024];

	callgate_action_format(why->action, action, sizeof(action));
	print_line("action", action);
	if (why->line) {
		snprintf(text, sizeof(text), "%s:%u: %s", shown(why->file), why->line, shown(why->rule));
		print_line("by", text);
	} else if (refusal->policy[0]) {
		print_line("by", shown(refusal->policy));
	}
	if (why->reason[0])
		print_line("because", shown(why->reason));
}

/* way is another refusal of this place, or NULL: only the first there is told with its functions. */
static void print_way(const struct callgate_event *event, const struct callgate_event *way)
{
	if (!event->frame_count && way) {
		print_way(way, NULL);
		print_line("", "(when it came from there before)");
		return;
	}
	for (size_t i = 0; i < event->frame_count; i++) {
		char text[FRAME_TEXT];

		spell_frame(&event->frames[i], text, sizeof(text));
		print_line(i ? "" : "at", shown(text));
	}
	if (!event->frame_count && event->refusal.ip) {
		char text[32];

		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)event->refusal.ip);
		print_line("at", text);
	}
}

static void print_edit(struct callgate_edit *edit)
{
	char text[1024], *rest = edit->opens;

	if (!edit->rule[0])
		return;
	if (edit->line)
		snprintf(text, sizeof(text), "'%s' before %s:%u", shown(edit->rule), shown(edit->file), edit->line);
	else
		snprintf(text, sizeof(text), "'%s' at the end of the policy", shown(edit->rule));
	print_line("to allow it", text);
	for (char *line; (line = strsep(&rest, "\n")) && *line;)
		print_line(line == edit->opens ? "that opens" : "", shown(line));
}

static int print_event(const struct callgate_event *event, const struct callgate_event *way, bool json)
{
	struct callgate_event copy = *event;

	if (json) {
		cleanup_free char *line = NULL;
		struct callgate_error err;

		if (callgate_event_format(event, &line, &err) != CALLGATE_OK)
			return failure(&err);
		puts(line);
		return STATUS_YES;
	}
	print_head(&copy.refusal);
	print_rule(&copy.refusal);
	print_way(event, way);
	print_edit(&copy.refusal.edit);
	return STATUS_YES;
}

static void list_event(const struct callgate_event *event, unsigned long number)
{
	struct callgate_event copy = *event;
	char when[64];

	spell_time(&copy.refusal, when, sizeof(when));
	printf("%4lu  %s  %s %s %s\n", number, when, shown(copy.refusal.program), refusal_fate(&copy.refusal),
	       shown(copy.refusal.call));
}

static int explain(const struct callgate_subject *subject, struct callgate_event *event)
{
	struct callgate_error err;

	if (subject && callgate_refusal_explain(subject, &event->refusal, &err) != CALLGATE_OK)
		return failure(&err);
	return STATUS_YES;
}

/* One line of a file in any of its forms; NULL where it tells of no refusal. */
static struct callgate_event *read_refusal(const char *line, size_t length)
{
	struct callgate_event *event = NULL;

	callgate_event_recognise(line, length, &event, NULL);
	if (event && event->kind != CALLGATE_EVENT_REFUSED) {
		callgate_event_free(event);
		event = NULL;
	}
	return event;
}

/* Refusals of which the way is known, the latest ones: another of the same place is explained by it. */
struct ways {
	struct callgate_event *events[WAYS_MAX]; /* owned */
	size_t count;				 /* of all; the next one's place is this number's */
};

static void ways_fini(struct ways *ways)
{
	for (size_t i = 0; i < WAYS_MAX; i++)
		callgate_event_free(ways->events[i]);
}

static void ways_take(struct ways *ways, struct callgate_event *event_take)
{
	struct callgate_event **place = &ways->events[ways->count % WAYS_MAX];

	if (!event_take || !event_take->frame_count) {
		callgate_event_free(event_take);
		return;
	}
	callgate_event_free(*place);
	*place = event_take;
	ways->count++;
}

/* As an address is one place only in one process, and one program. */
static const struct callgate_event *ways_find(const struct ways *ways, const struct callgate_refusal *refusal)
{
	if (!refusal->ip)
		return NULL;
	for (size_t i = 0; i < WAYS_MAX; i++) {
		const struct callgate_event *event = ways->events[i];

		if (event && event->refusal.pid == refusal->pid && event->refusal.ip == refusal->ip &&
		    strcmp(event->refusal.program, refusal->program) == 0)
			return event;
	}
	return NULL;
}

/* The refusal of this number, or the last. */
static int find_refusal(FILE *from, const char *name, const struct why_options *options, struct ways *ways,
			struct callgate_event **ret_event)
{
	cleanup_free char *line = NULL;
	cleanup(event_close) struct callgate_event *found = NULL;
	unsigned long number = 0;
	bool is_rest = false; /* of a line that is too long for an event */
	struct callgate_error err;
	size_t size = 0;
	ssize_t length;

	while ((length = file_line(from, CALLGATE_EVENT_LINE_MAX, &line, &size)) > 0) {
		bool has_end = line[length - 1] == '\n';
		struct callgate_event *event = is_rest ? NULL : read_refusal(line, (size_t)length - has_end);

		is_rest = !has_end;
		number += event != NULL;
		if (event && options->list)
			list_event(event, number);
		if (!event || (options->number != NUMBER_LAST && number != options->number)) {
			ways_take(ways, event);
			continue;
		}
		ways_take(ways, found);
		found = event;
		if (number == options->number && !options->list)
			break;
	}
	if (length < 0) {
		(void)fail_errno(&err, "cannot read '%s'", name);
		return failure(&err);
	}
	*ret_event = take_ptr(found);
	return number ? STATUS_YES : STATUS_NO;
}

static int why_file(FILE *from, const char *name, const struct why_options *options,
		    const struct callgate_subject *subject)
{
	cleanup(event_close) struct callgate_event *event = NULL;
	cleanup(ways_fini) struct ways ways = { .count = 0 };
	int status = find_refusal(from, name, options, &ways, &event);

	if (status == STATUS_NO)
		note("%s tells of no refused call", name);
	if (status != STATUS_YES || options->list)
		return status;
	if (!event)
		return misuse_hint("'--list' numbers them%s", "", "why: %s tells of fewer than %lu", name,
				   options->number);
	status = explain(subject, event);
	return status == STATUS_YES ? print_event(event, ways_find(&ways, &event->refusal), options->json) : status;
}

static int why_core(int fd, const char *name, const struct why_options *options, const struct callgate_subject *subject)
{
	struct callgate_event *event = NULL;
	struct callgate_error err;
	int status = cage_enter();

	if (status != STATUS_YES)
		return status;
	if (callgate_core_read(fd, name, &event, &err) != CALLGATE_OK)
		status = err.status == CALLGATE_E_UNKNOWN ? (note("%s", err.message), STATUS_NO) : failure(&err);
	else
		status = explain(subject, event);
	if (status == STATUS_YES)
		status = print_event(event, NULL, options->json);
	_exit(standard_output_finish(status));
}

static bool is_elf(int fd)
{
	char magic[SELFMAG];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

int cmd_why(const struct verb *verb, int argc, char **argv)
{
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	struct why_options options = { .number = NUMBER_LAST };
	cleanup_file FILE *from = NULL;
	struct arguments arguments;
	const char *name;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (!options.number)
		return misuse("why: refusals are counted from 1");
	name = arguments.count ? arguments.items[0] : "-";
	if (options.policy)
		status = subject_from_argument(options.policy, NULL, &subject);
	if (options.policy && status != STATUS_YES)
		return status;
	if (strcmp(name, "-") == 0)
		return why_file(stdin, "standard input", &options, subject);
	from = fopen(name, "re");
	if (!from)
		return misuse("why: cannot open '%s': %s", name, strerror(errno));
	if (is_elf(fileno(from)))
		return why_core(fileno(from), name, &options, subject);
	return why_file(from, name, &options, subject);
}
