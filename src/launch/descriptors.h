/*
 * launch/descriptors.h - which descriptors stay open, and the end of all others
 */
#ifndef CALLGATE_LAUNCH_DESCRIPTORS_H
#define CALLGATE_LAUNCH_DESCRIPTORS_H

#include <callgate/error.h>

#include <stddef.h>

/* Fails with E_OS (EBADF) when one of keep is not open. */
int descriptors_check(const int *keep, size_t keep_count, struct callgate_error *err);

/* 0, 1, 2 and keep, ascending, each once; the caller frees *ret_open. Fails with E_OS (EBADF: one of keep is not
 * open) and E_NOMEM. */
int descriptors_list(const int *keep, size_t keep_count, int **ret_open, size_t *ret_count, struct callgate_error *err);

/* Closes all but those, which are as descriptors_list has them: 0 or a negative errno. Async-signal-safe. */
int descriptors_close_others(const int *open, size_t count);

#endif
