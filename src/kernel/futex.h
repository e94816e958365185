/*
 * kernel/futex.h - a word of memory that one process waits on and another changes
 *
 * Async-signal-safe: of two processes that share memory between clone and exec.
 */
#ifndef CALLGATE_KERNEL_FUTEX_H
#define CALLGATE_KERNEL_FUTEX_H

#include "kernel/call.h"

#include <linux/futex.h>
#include <stdint.h>
#include <time.h>

/* A wake that was refused or lost costs this much, and not for ever. */
#define FUTEX_PATIENCE_NS 100000000

/* Waits until *word is something else than value, or somebody wakes it, or patience ends: the caller looks again. 0 or
 * a negative errno. */
static inline long futex_wait(const volatile int *word, int value)
{
	struct timespec patience = { .tv_nsec = FUTEX_PATIENCE_NS };

	return KERNEL_CALL(SYS_futex, word, FUTEX_WAIT, value, &patience);
}

/* Sets it to 1 for whoever waits until it is that. */
static inline void futex_set(volatile int *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	KERNEL_CALL(SYS_futex, word, FUTEX_WAKE, INT32_MAX);
}

static inline void futex_await(const volatile int *word)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
		futex_wait(word, 0);
}

#endif
