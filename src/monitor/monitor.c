/*
 * Sources read in threads of their own, into one queue with a place for each target; one thread empties it and tells
 * everybody who is named. The last source to end closes the queue, and what is left in it is told before all ends.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "event/event.h"
#include "monitor/chain.h"
#include "monitor/journal.h"
#include "monitor/metrics.h"
#include "monitor/serve.h"
#include "monitor/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

struct monitor {
	const struct callgate_monitor_options *options;
	struct event_queue *queue;
	struct counts counts;
	struct feed *feeds; /* owned */
	size_t feed_count;
	size_t reading; /* atomic: sources that have not ended */
	struct chain chain;
	struct metrics metrics;
	struct serve *serve;
	int journal;	       /* −1: none */
	bool journal_is_stuck; /* it did not take the last: it is waited for no more until it takes one */
	int ends;	       /* can be read when the monitor gives up; −1 */
};

static void monitor_ended(void *context)
{
	struct monitor *monitor = context;

	if (__atomic_sub_fetch(&monitor->reading, 1, __ATOMIC_SEQ_CST) == 0)
		event_queue_close(monitor->queue);
}

/* The sources end; what they still bring is thrown away. */
static void monitor_give_up(struct monitor *monitor)
{
	const uint64_t one = 1;

	if (write(monitor->ends, &one, sizeof(one)) < 0)
		abort();
}

static void monitor_fini(struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->feed_count; i++)
		feed_close(&monitor->feeds[i]);
	free(monitor->feeds);
	metrics_stop(&monitor->metrics);
	serve_stop(monitor->serve);
	chain_close(&monitor->chain);
	if (monitor->journal >= 0)
		close(monitor->journal);
	if (monitor->ends >= 0)
		close(monitor->ends);
	event_queue_free(monitor->queue);
	counts_fini(&monitor->counts);
}

static int monitor_open_feeds(struct monitor *monitor, struct callgate_error *err)
{
	const struct callgate_monitor_options *options = monitor->options;
	size_t count = options->source_count + options->audit;

	monitor->feeds = calloc(count ? count : 1, sizeof(*monitor->feeds));
	if (!monitor->feeds)
		return fail_nomem(err);
	for (size_t i = 0; i < count; i++) {
		struct feed *feed = &monitor->feeds[i];
		int status;

		*feed = (struct feed){ .name = i < options->source_count ? options->sources[i] : NULL,
				       .place = (unsigned)i,
				       .follows = options->follow,
				       .fd = -1,
				       .stop = options->stop_fd,
				       .ends = monitor->ends,
				       .queue = monitor->queue,
				       .counts = &monitor->counts,
				       .ended = monitor_ended,
				       .context = monitor };
		monitor->feed_count++;
		status = feed_open(feed, err);
		if (status != CALLGATE_OK)
			return status;
	}
	return CALLGATE_OK;
}

/* Who reads nothing any more holds up the others once, and not with each event. */
static void monitor_tell_journal(struct monitor *monitor, const struct callgate_event *event, const char *line)
{
	bool is_start_or_end = event->kind == CALLGATE_EVENT_STARTED || event->kind == CALLGATE_EVENT_ENDED;

	if (monitor->journal < 0 || is_start_or_end)
		return;
	monitor->journal_is_stuck = !journal_send(monitor->journal, event, line, !monitor->journal_is_stuck);
	if (monitor->journal_is_stuck)
		__atomic_add_fetch(&monitor->counts.report.journal_lost, 1, __ATOMIC_RELAXED);
}

/* All but the chain. */
static bool monitor_pass_on(struct monitor *monitor, const struct callgate_event *event, const char *line)
{
	const struct callgate_monitor_options *options = monitor->options;

	counts_add(&monitor->counts, event);
	if (monitor->serve)
		serve_tell(monitor->serve, line);
	monitor_tell_journal(monitor, event, line);
	return !options->told || options->told(event, line, options->context);
}

/* The others are told of what the chain does not hold. */
static int monitor_tell_gap(struct monitor *monitor, uint64_t count, const char *reason, struct callgate_error *err)
{
	struct callgate_event event = { .kind = CALLGATE_EVENT_GAP, .count = count };
	cleanup_free char *line = NULL;
	int status;

	event.refusal.time_ns = event_now();
	snprintf(event.refusal.explanation.reason, sizeof(event.refusal.explanation.reason), "%s", reason);
	status = callgate_event_format(&event, &line, err);
	if (status == CALLGATE_OK)
		monitor_pass_on(monitor, &event, line);
	return status;
}

static int monitor_open(struct monitor *monitor, struct callgate_error *err)
{
	const struct callgate_monitor_options *options = monitor->options;
	int status = counts_init(&monitor->counts, err);

	monitor->queue = event_queue_new();
	if (status == CALLGATE_OK && !monitor->queue)
		status = fail_nomem(err);
	monitor->ends = eventfd(0, EFD_CLOEXEC);
	if (status == CALLGATE_OK && monitor->ends < 0)
		status = fail_errno(err, "cannot make an event descriptor");
	if (status == CALLGATE_OK)
		status = monitor_open_feeds(monitor, err);
	if (status == CALLGATE_OK && options->chain)
		status = chain_open(options->chain, options->chain_key, options->chain_key_length, options->chain_anew,
				    &monitor->chain, err);
	if (status == CALLGATE_OK && options->journal)
		status = journal_open(options->journal, &monitor->journal, err);
	if (status == CALLGATE_OK && options->metrics)
		status = metrics_open(&monitor->metrics, options->metrics, &monitor->counts, err);
	if (status == CALLGATE_OK && options->serve)
		status = serve_open(options->serve, options->token, &monitor->counts, &monitor->serve, err);
	if (status == CALLGATE_OK && monitor->serve && options->served)
		options->served(serve_address(monitor->serve), options->context);
	if (status == CALLGATE_OK && monitor->chain.gap[0])
		status = monitor_tell_gap(monitor, 0, monitor->chain.gap, err);
	return status;
}

/* The last moment without threads, and before anything is read. */
static int monitor_serve(struct monitor *monitor, struct callgate_error *err)
{
	const struct callgate_monitor_options *options = monitor->options;
	int status = CALLGATE_OK;

	if (options->opened && options->opened(options->context) != CALLGATE_OK)
		return fail(err, CALLGATE_E_UNSUPPORTED, "what opens the sources does not want them read");
	if (monitor->metrics.listener >= 0)
		status = metrics_start(&monitor->metrics, err);
	if (status == CALLGATE_OK && monitor->serve)
		status = serve_start(monitor->serve, err);
	return status;
}

static int monitor_start(struct monitor *monitor, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	monitor->reading = monitor->feed_count;
	for (size_t i = 0; i < monitor->feed_count; i++) {
		if (status == CALLGATE_OK)
			status = feed_start(&monitor->feeds[i], err);
		if (!monitor->feeds[i].runs)
			monitor_ended(monitor);
	}
	if (!monitor->feed_count)
		event_queue_close(monitor->queue);
	if (status != CALLGATE_OK)
		monitor_give_up(monitor);
	return status;
}

/* First what must not be lost. A disk that is full is told of once, and tried again with each event. */
static int monitor_chain(struct monitor *monitor, const char *line, struct callgate_error *err)
{
	struct chain *chain = &monitor->chain;
	bool was_whole = chain->missed == 0;
	struct callgate_error reason;
	int status = chain_append(chain, line, &reason);

	if (status != CALLGATE_E_OS) {
		if (status != CALLGATE_OK && err)
			*err = reason;
		return status;
	}
	__atomic_add_fetch(&monitor->counts.report.chain_lost, 1, __ATOMIC_RELAXED);
	return was_whole ? monitor_tell_gap(monitor, 1, reason.message, err) : CALLGATE_OK;
}

/* To all who are named. *ret_goes_on is false when the one who asked wants no more. */
static int monitor_tell(struct monitor *monitor, struct callgate_event *event, bool *ret_goes_on,
			struct callgate_error *err)
{
	const struct callgate_monitor_options *options = monitor->options;
	cleanup_free char *line = NULL;
	int status = CALLGATE_OK;

	if (event->kind == CALLGATE_EVENT_REFUSED && options->subject && !event->refusal.policy[0])
		status = callgate_refusal_explain(options->subject, &event->refusal, err);
	if (status == CALLGATE_OK)
		status = callgate_event_format(event, &line, err);
	if (status == CALLGATE_OK && monitor->chain.fd >= 0)
		status = monitor_chain(monitor, line, err);
	if (status == CALLGATE_OK)
		*ret_goes_on = monitor_pass_on(monitor, event, line);
	return status;
}

/* Tells what comes; after a failure what still comes is thrown away, so that nobody waits for room. */
static int monitor_drain(struct monitor *monitor, struct callgate_error *err)
{
	struct callgate_event *event;
	int status = CALLGATE_OK;
	bool goes_on = true;

	while ((event = event_queue_pop(monitor->queue, true))) {
		if (status == CALLGATE_OK && goes_on)
			status = monitor_tell(monitor, event, &goes_on, err);
		callgate_event_free(event);
		if (status != CALLGATE_OK || !goes_on)
			monitor_give_up(monitor);
	}
	return status;
}

/* What the chain still lacks at the end is told by failing. */
static int monitor_settle(struct monitor *monitor, struct callgate_error *err)
{
	int status = chain_settle(&monitor->chain, err);

	if (status != CALLGATE_OK)
		error_hint(err, "the last %" PRIu64 " of what was told are not in it", monitor->chain.missed);
	return status;
}

int callgate_monitor_run(const struct callgate_monitor_options *options, struct callgate_monitor_report *ret_report,
			 struct callgate_error *err)
{
	cleanup(monitor_fini) struct monitor monitor = {
		.options = options, .chain = CHAIN_NONE, .metrics = METRICS_NONE, .journal = -1, .ends = -1
	};
	int status = monitor_open(&monitor, err), drained;

	if (status == CALLGATE_OK)
		status = monitor_serve(&monitor, err);
	if (status != CALLGATE_OK)
		return status;
	status = monitor_start(&monitor, err);
	drained = monitor_drain(&monitor, status == CALLGATE_OK ? err : NULL);
	if (status == CALLGATE_OK)
		status = drained;
	if (status == CALLGATE_OK && monitor.chain.fd >= 0)
		status = monitor_settle(&monitor, err);
	if (status != CALLGATE_OK)
		return status;
	*ret_report = monitor.counts.report;
	return CALLGATE_OK;
}
