/*
 * launch/handover.h - a descriptor from one process to another, over a socket that both have
 */
#ifndef CALLGATE_LAUNCH_HANDOVER_H
#define CALLGATE_LAUNCH_HANDOVER_H

#include <callgate/error.h>

/* Two ends, both close-on-exec, which the caller closes. Fails with E_OS. */
int handover_open(int ends[2], struct callgate_error *err);

/* 0 or a negative errno. Async-signal-safe. */
int handover_give(int end, int fd);

/* What was given, without waiting: the caller closes *ret_fd (close-on-exec). Fails with E_OS. */
int handover_take(int end, int *ret_fd, struct callgate_error *err);

#endif
