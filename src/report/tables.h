/*
 * report/tables.h - the page's sections, each from the data alone, so that they are read without any script
 */
#ifndef CALLGATE_REPORT_TABLES_H
#define CALLGATE_REPORT_TABLES_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

void tables_head(const json_t *data, struct buf *out);
void tables_changes(const json_t *data, struct buf *out); /* nothing, where there is nothing to compare with */
void tables_surface(const json_t *data, struct buf *out);
void tables_phases(const json_t *data, struct buf *out);
void tables_calls(const json_t *data, struct buf *out);
void tables_details(const json_t *data, struct buf *out);
void tables_holes(const json_t *data, struct buf *out);
void tables_programs(const json_t *data, struct buf *out);

/* What of a syscall's JSON is asked again and again. */
bool tables_is_seen(const json_t *syscall);
bool tables_is_reachable(const json_t *syscall);
bool tables_passes(const json_t *syscall); /* the policy lets it through, for some arguments at least */

/* "allowed", "by its arguments", … of an answer's word in the data. */
const char *tables_answer(const char *answer);

/* What the policy does with a call: a badge, and a second one where a phase takes it away. */
void tables_answer_badge(struct buf *out, const json_t *syscall);

/* A word as a badge, whose colour only repeats what it says: <span class="badge KIND">TEXT</span>. */
void tables_badge(struct buf *out, const char *kind, const char *text);

#endif
