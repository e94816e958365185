/*
 * filter/show.h - the ways to write a subject down
 */
#ifndef CALLGATE_FILTER_SHOW_H
#define CALLGATE_FILTER_SHOW_H

#include "base/buf.h"
#include "filter/subject.h"

/* The diagram in Graphviz's language: a node a bit, dashed where the bit is 0. */
int show_diagram(const struct callgate_subject *subject, struct buf *text, struct callgate_error *err);

/* What each filter of a process is for: what is said before the table of all of them. */
int show_stack(const struct callgate_subject *subject, struct buf *text, struct callgate_error *err);

#endif
