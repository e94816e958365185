/*
 * cli/events.h - what happens to a target, while it happens: one JSON object a line
 *
 * A line is written by one write(2) behind what is there, so that several runs may share a file, and who reads a pipe
 * sees whole lines. Each has "time" (seconds since 1970) and "event".
 */
#ifndef CALLGATE_CLI_EVENTS_H
#define CALLGATE_CLI_EVENTS_H

#include <callgate/event.h>

#include <jansson.h>

/* Opens the file, made when it is not there; NULL: no events. *ret_fd is −1 then, else the caller's to close. Gives
 * STATUS_YES, or what failure() gives after it was said. Before anything untrusted runs. */
int events_open(const char *path, int *ret_fd);

/* Writes one, unless fd is −1; takes the object. An event that cannot be written is told on stderr. */
void events_write(int fd, const char *event, json_t *object_take);

/* The same of a refusal, or of those that are suppressed, in the form that these have everywhere; array, or NULL, gets
 * it as an object too. */
void events_refused(int fd, const struct callgate_event *event, json_t *array);

#endif
