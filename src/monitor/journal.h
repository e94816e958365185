/*
 * monitor/journal.h - refusals in the system's journal, by journald's native protocol
 */
#ifndef CALLGATE_MONITOR_JOURNAL_H
#define CALLGATE_MONITOR_JOURNAL_H

#include <callgate/monitor.h>

#include <stdbool.h>

/* A socket that is connected to journald's; *ret_fd is the caller's. Fails with E_OS. */
int journal_open(const char *path, int *ret_fd, struct callgate_error *err);

/* False when it was not taken: journald has gone, or cannot keep up. With waits it gets a moment to. */
bool journal_send(int fd, const struct callgate_event *event, const char *line, bool waits);

#endif
