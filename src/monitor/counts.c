/*
 * Rows are looked for one by one: there are few, and whoever makes many pays with "other".
 */
#include "monitor/counts.h"

#include "base/error.h"
#include "event/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000

int counts_init(struct counts *counts, struct callgate_error *err)
{
	pthread_mutex_init(&counts->lock, NULL);
	counts->rows = calloc(COUNTS_MAX, sizeof(*counts->rows));
	return counts->rows ? CALLGATE_OK : fail_nomem(err);
}

void counts_fini(struct counts *counts)
{
	free(counts->rows);
	counts->rows = NULL;
}

static bool count_is(const struct count *row, const struct count *key)
{
	return row->outcome == key->outcome && strcmp(row->syscall, key->syscall) == 0 &&
	       strcmp(row->rule, key->rule) == 0 && strcmp(row->program, key->program) == 0;
}

static struct count *counts_find(struct counts *counts, const struct count *key)
{
	struct count *last = &counts->rows[COUNTS_MAX - 1];

	for (size_t i = 0; i < counts->length; i++)
		if (count_is(&counts->rows[i], key))
			return &counts->rows[i];
	if (counts->length < COUNTS_MAX - 1) {
		counts->rows[counts->length] = *key;
		return &counts->rows[counts->length++];
	}
	if (counts->length < COUNTS_MAX) {
		counts->length++;
		strcpy(last->program, "other");
		strcpy(last->syscall, "other");
	}
	return last;
}

void counts_add(struct counts *counts, const struct callgate_event *event)
{
	const struct callgate_refusal *refusal = &event->refusal;
	int64_t second = refusal->time_ns / SECOND_NS, now = event_now() / SECOND_NS;
	struct count key = { .outcome = refusal->outcome }, *row;

	memcpy(key.program, refusal->program, sizeof(key.program));
	if (event->kind == CALLGATE_EVENT_REFUSED) {
		memcpy(key.syscall, refusal->syscall, sizeof(key.syscall));
		if (refusal->explanation.line)
			snprintf(key.rule, sizeof(key.rule), "%s:%u", refusal->explanation.file,
				 refusal->explanation.line);
	}
	pthread_mutex_lock(&counts->lock);
	if (event->kind == CALLGATE_EVENT_REFUSED) {
		row = counts_find(counts, &key);
		row->count++;
		recent_minute_add(&row->minute, second, now, 1);
		recent_add(&counts->recent, refusal->outcome, second, now, 1);
		counts->report.refused++;
	} else if (event->kind == CALLGATE_EVENT_SUPPRESSED) {
		row = counts_find(counts, &key);
		row->suppressed += event->count;
		recent_minute_add(&row->minute, second, now, event->count);
		recent_add(&counts->recent, RECENT_COUNTED, second, now, event->count);
		counts->report.suppressed += event->count;
	}
	pthread_mutex_unlock(&counts->lock);
}

/* A label's value: "\" and quotes are escaped, as newlines are; what is not printable is shown as '?'. */
static void add_label(struct buf *text, const char *name, const char *value, const char *behind)
{
	buf_printf(text, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_printf(text, "\\%c", *value);
		else
			buf_putc(text, *value < ' ' || *value > '~' ? '?' : *value);
	}
	buf_printf(text, "\"%s", behind);
}

static void add_metric(struct buf *text, const char *name, const char *help)
{
	buf_printf(text, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
}

static void add_total(struct buf *text, const char *name, const char *help, uint64_t value)
{
	add_metric(text, name, help);
	buf_printf(text, "%s %" PRIu64 "\n", name, value);
}

static void add_rows(struct counts *counts, struct buf *text)
{
	add_metric(text, "callgate_refusals_total", "Refused calls that were told one by one.");
	for (size_t i = 0; i < counts->length; i++) {
		const struct count *row = &counts->rows[i];

		if (!row->syscall[0] && !row->count)
			continue;
		buf_puts(text, "callgate_refusals_total{");
		add_label(text, "program", row->program, ",");
		add_label(text, "syscall", row->syscall, ",");
		add_label(text, "rule", row->rule, ",");
		add_label(text, "outcome", callgate_outcome_name(row->outcome), "");
		buf_printf(text, "} %" PRIu64 "\n", row->count);
	}
	add_metric(text, "callgate_suppressed_total", "Refused calls that were only counted.");
	for (size_t i = 0; i < counts->length; i++) {
		if (!counts->rows[i].suppressed)
			continue;
		buf_puts(text, "callgate_suppressed_total{");
		add_label(text, "program", counts->rows[i].program, "");
		buf_printf(text, "} %" PRIu64 "\n", counts->rows[i].suppressed);
	}
}

void counts_text(struct counts *counts, struct buf *text)
{
	pthread_mutex_lock(&counts->lock);
	add_rows(counts, text);
	add_total(text, "callgate_audit_lost_total", "Records of the audit log that never came.",
		  __atomic_load_n(&counts->report.lost, __ATOMIC_RELAXED));
	add_total(text, "callgate_unread_total", "Lines that are neither events nor records.",
		  __atomic_load_n(&counts->report.unread, __ATOMIC_RELAXED));
	add_total(text, "callgate_journal_lost_total", "Entries that the journal did not take.",
		  __atomic_load_n(&counts->report.journal_lost, __ATOMIC_RELAXED));
	add_total(text, "callgate_chain_lost_total", "Events that the chain could not take.",
		  __atomic_load_n(&counts->report.chain_lost, __ATOMIC_RELAXED));
	pthread_mutex_unlock(&counts->lock);
}

json_t *counts_json(struct counts *counts)
{
	int64_t now = event_now() / SECOND_NS;
	json_t *rows = json_array();

	pthread_mutex_lock(&counts->lock);
	for (size_t i = 0; i < counts->length; i++) {
		const struct count *row = &counts->rows[i];

		json_array_append_new(rows, json_pack("{ss* ss* ss* ss sI sI sI}", "program", row->program, "syscall",
						      row->syscall, "rule", row->rule, "outcome",
						      callgate_outcome_name(row->outcome), "count",
						      (json_int_t)row->count, "suppressed", (json_int_t)row->suppressed,
						      "minute", (json_int_t)recent_minute_sum(&row->minute, now)));
	}
	pthread_mutex_unlock(&counts->lock);
	return rows;
}

json_t *counts_recent_json(struct counts *counts)
{
	json_t *seconds;

	pthread_mutex_lock(&counts->lock);
	seconds = recent_json(&counts->recent, event_now() / SECOND_NS);
	pthread_mutex_unlock(&counts->lock);
	return seconds;
}
