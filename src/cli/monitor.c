/*
 * `callgate monitor`: refusals of many programs in one place, while they happen. What it is told it tells on: as text,
 * as JSON lines, to the journal, to a chained file, to whoever scrapes counts, and to a page.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "cli/cage.h"
#include "cli/print.h"
#include "cli/refused.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

struct monitor_options {
	bool follow, audit, json, quiet, chain_anew;
	unsigned long count;
	const char *policy, *journal, *chain, *chain_key, *verify, *metrics, *serve, *token_file;
};

static const struct option_row monitor_rows[] = {
	OPTION_FLAG(struct monitor_options, follow, "follow", 'f', "wait at the end of a FILE for what is added to it"),
	OPTION_FLAG(struct monitor_options, audit, "audit", 'a',
		    "take the kernel's audit messages: refusals by the filters of others"),
	OPTION_TEXT(struct monitor_options, policy, "policy", 'p', "SUBJECT",
		    "explains by it what comes without a policy"),
	OPTION_FLAG(struct monitor_options, json, "json", 'j', "events as they are, one JSON object a line"),
	OPTION_FLAG(struct monitor_options, quiet, "quiet", 'q', "print none"),
	OPTION_NUMBER(struct monitor_options, count, "count", 'n', "N", "end after N refusals"),
	OPTION_TEXT(struct monitor_options, journal, "journal", 0, "SOCKET",
		    "write refusals to the journal too, whose socket is /run/systemd/journal/socket"),
	OPTION_TEXT(struct monitor_options, chain, "chain", 'c', "FILE",
		    "append to FILE too, each line with a link to the one before"),
	OPTION_FLAG(struct monitor_options, chain_anew, "chain-anew", 0,
		    "put a chain aside that does not hold, and begin another that names it"),
	OPTION_TEXT(struct monitor_options, chain_key, "chain-key", 0, "FILE",
		    "what the links are made with: who has not got it cannot make others"),
	OPTION_TEXT(struct monitor_options, verify, "verify", 0, "FILE",
		    "say whether the links of FILE hold, and what the last one is, and end"),
	OPTION_TEXT(struct monitor_options, metrics, "metrics", 'm', "SOCKET",
		    "tell counts on SOCKET, which is made, in Prometheus's words"),
	OPTION_TEXT(struct monitor_options, serve, "serve", 's', "ADDRESS",
		    "show it all on a page at 127.0.0.1:PORT or [::1]:PORT; port 0 is any"),
	OPTION_TEXT(struct monitor_options, token_file, "token-file", 0, "FILE",
		    "what the page's readers must show, in place of a new token at each start"),
};

const struct usage monitor_usage = USAGE("[FILE]...", 0, USAGE_ANY, monitor_rows);

#define TOKEN_BYTES   16
#define TOKEN_MAX     256
#define KEY_MAX	      4096
#define KEY_BYTES_MIN 16

/* What the callbacks know. */
struct telling {
	const struct monitor_options *options;
	unsigned long told;
	char token[TOKEN_MAX];
};

static void print_time(int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm broken;
	char text[32] = "--:--:--";

	if (localtime_r(&seconds, &broken))
		strftime(text, sizeof(text), "%H:%M:%S", &broken);
	printf("%s ", text);
}

static void print_event(const struct callgate_event *event)
{
	struct callgate_refusal refusal = event->refusal;

	if (event->kind == CALLGATE_EVENT_STARTED || event->kind == CALLGATE_EVENT_ENDED)
		return;
	print_time(refusal.time_ns);
	if (event->kind == CALLGATE_EVENT_GAP) {
		printf("gap: %s\n", shown(refusal.explanation.reason));
		return;
	}
	printf("%s[%d] ", refusal.program[0] ? shown(refusal.program) : "a program", refusal.pid);
	if (event->kind == CALLGATE_EVENT_SUPPRESSED) {
		printf("%" PRIu64 " more refusal%s\n", event->count, plural(event->count));
		return;
	}
	printf("%s %s", refusal_fate(&refusal), shown(refusal.call));
	if (refusal.explanation.line)
		printf(" (%s:%u)", shown(refusal.explanation.file), refusal.explanation.line);
	putchar('\n');
}

static bool say_event(const struct callgate_event *event, const char *line, void *context)
{
	struct telling *telling = context;

	if (telling->options->json && !telling->options->quiet)
		puts(line);
	else if (!telling->options->quiet)
		print_event(event);
	fflush(stdout);
	telling->told += event->kind == CALLGATE_EVENT_REFUSED;
	return !ferror(stdout) && (!telling->options->count || telling->told < telling->options->count);
}

/* What targets wrote is parsed by who can do nothing else. */
static int give_up_rights(void *context)
{
	const struct monitor_options *options = ((const struct telling *)context)->options;
	const struct cage_watching needs = { .reopens = options->follow,
					     .asks_processes = options->audit,
					     .unlinks = options->metrics };

	return cage_enter_watching(&needs) == STATUS_YES ? CALLGATE_OK : CALLGATE_E_UNSUPPORTED;
}

static void say_served(const char *address, void *context)
{
	const struct telling *telling = context;

	/* Who chose the token knows it. */
	if (telling->options->token_file)
		note("http://%s/#TOKEN, the one in '%s'", address, telling->options->token_file);
	else
		note("http://%s/#%s", address, telling->token);
}

/* The file's first line, or one that nobody can guess. */
static int choose_token(const char *path, char *token, size_t size)
{
	unsigned char random[TOKEN_BYTES];
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err;

	if (!path) {
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return misuse("monitor: the kernel gives no random bytes");
		for (size_t i = 0; i < sizeof(random); i++)
			snprintf(token + 2 * i, 3, "%02x", random[i]);
		return STATUS_YES;
	}
	if (file_read(path, size - 1, &text, &err) != CALLGATE_OK)
		return failure(&err);
	snprintf(token, size, "%.*s", (int)strcspn(buf_text(&text), "\n"), buf_text(&text));
	return STATUS_YES;
}

static int read_key(const char *path, struct buf *key)
{
	struct callgate_error err;

	if (!path)
		return STATUS_YES;
	if (file_read(path, KEY_MAX, key, &err) != CALLGATE_OK)
		return failure(&err);
	if (key->length < KEY_BYTES_MIN)
		return misuse("monitor: the key in '%s' is shorter than %d bytes", path, KEY_BYTES_MIN);
	return STATUS_YES;
}

static int verify(const char *path, const struct buf *key)
{
	struct callgate_chain_report report;
	struct callgate_error err;
	int status = callgate_chain_verify(path, key->data, key->length, &report, &err);

	if (status == CALLGATE_E_INVALID) {
		failure(&err);
		return STATUS_NO;
	}
	if (status != CALLGATE_OK)
		return failure(&err);
	printf("%" PRIu64 " line%s, the last link is %s\n", report.lines, plural(report.lines), report.head);
	if (report.gaps)
		note("%" PRIu64 " of them say%s that something is missing: 'grep \"gap\" %s'", report.gaps,
		     report.gaps == 1 ? "s" : "", path);
	return STATUS_YES;
}

/* Signals that ask for the end become something to read; those who read wait for it. */
static int catch_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	/* A file that may not grow is an error of writing it. */
	signal(SIGXFSZ, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void say_losses(const struct callgate_monitor_report *report)
{
	if (report->suppressed)
		note("%" PRIu64 " more refusal%s only counted", report->suppressed,
		     report->suppressed == 1 ? " was" : "s were");
	if (report->lost)
		note("%" PRIu64 " message%s of the kernel never came", report->lost, plural(report->lost));
	if (report->unread)
		note("%" PRIu64 " line%s neither event nor record", report->unread,
		     report->unread == 1 ? " was" : "s were");
	if (report->chain_lost)
		note("the chain did not take %" PRIu64 " event%s, and says so", report->chain_lost,
		     plural(report->chain_lost));
	if (report->journal_lost)
		note("the journal did not take %" PRIu64 " refusal%s", report->journal_lost,
		     plural(report->journal_lost));
}

static int watch(const struct monitor_options *options, const struct arguments *arguments, const struct buf *key,
		 const struct callgate_subject *subject)
{
	struct telling telling = { .options = options };
	int status = choose_token(options->token_file, telling.token, sizeof(telling.token));
	cleanup_fd int stop = catch_signals();
	struct callgate_monitor_options how = {
		.sources = (const char *const *)arguments->items,
		.source_count = arguments->count,
		.follow = options->follow,
		.audit = options->audit,
		.subject = subject,
		.stop_fd = stop,
		.told = say_event,
		.opened = give_up_rights,
		.context = &telling,
		.journal = options->journal,
		.chain = options->chain,
		.chain_anew = options->chain_anew,
		.chain_key = key->data,
		.chain_key_length = key->length,
		.metrics = options->metrics,
		.served = say_served,
		.serve = options->serve,
		.token = telling.token,
	};
	struct callgate_monitor_report report;
	struct callgate_error err;

	if (status != STATUS_YES)
		return status;
	if (callgate_monitor_run(&how, &report, &err) != CALLGATE_OK)
		status = failure(&err);
	else
		say_losses(&report);
	/* What else runs at an exit may ask for what was given up. */
	_exit(standard_output_finish(status));
}

int cmd_monitor(const struct verb *verb, int argc, char **argv)
{
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	cleanup(buf_fini) struct buf key = { 0 };
	struct monitor_options options = { 0 };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = read_key(options.chain_key, &key);
	if (status == STATUS_YES && options.verify)
		return verify(options.verify, &key);
	if (status == STATUS_YES && !arguments.count && !options.audit)
		status = misuse_hint("'callgate run --events FILE' writes what FILE may be%s", "",
				     "monitor: nothing to watch: name a FILE, '-' or --audit");
	if (status == STATUS_YES && options.policy)
		status = subject_from_argument(options.policy, NULL, &subject);
	return status == STATUS_YES ? watch(&options, &arguments, &key, subject) : status;
}
