/*
 * cli/trace.h - a recorded trace through a SUBJECT
 */
#ifndef CALLGATE_CLI_TRACE_H
#define CALLGATE_CLI_TRACE_H

#include <callgate/subject.h>

#include <stdbool.h>

/* Reads the trace at path and prints what the subject makes of it. Gives STATUS_YES when every line was read and
 * every call would be permitted, STATUS_NO otherwise, or what failure() gives. */
int simulate_trace(const struct callgate_subject *subject, const char *path, bool json);

#endif
