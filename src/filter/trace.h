/*
 * filter/trace.h - a recorded trace as distinct calls, each with how often it was made
 */
#ifndef CALLGATE_FILTER_TRACE_H
#define CALLGATE_FILTER_TRACE_H

#include "base/arena.h"
#include "filter/call.h"

#include <callgate/cost.h>

struct trace_call {
	struct call call;
	unsigned long count;
	unsigned long line; /* where it stood first, from 1 */
};

struct trace {
	struct {
		VEC(struct trace_call);
	} calls; /* in the order in which they came first */
	struct {
		VEC(struct callgate_unread);
	} unread;
};

/* Whether a text begins as strace writes it: calls with their results, signals, ends. */
bool trace_recognise(const char *text, size_t length);

/* Reads a trace (callgate/cost.h tells of its lines) into memory of the arena. E_NOMEM. */
int trace_parse(const char *text, size_t length, struct arena *arena, struct trace *ret_trace,
		struct callgate_error *err);

#endif
