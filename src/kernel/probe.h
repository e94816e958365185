/*
 * kernel/probe.h - questions to the running kernel, each answered by asking it and never by its version
 */
#ifndef CALLGATE_KERNEL_PROBE_H
#define CALLGATE_KERNEL_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* ABI_KERNEL() of the running kernel, 0 when uname(2) says something else than numbers. */
uint16_t probe_kernel_version(void);

/* Whether the kernel knows SECCOMP_RET_* action; before Linux 4.14 it cannot say, and the answer is false. */
bool probe_action(uint32_t action);

/* Whether seccomp(2) knows a SECCOMP_FILTER_FLAG_*. Loads nothing. */
bool probe_filter_flag(unsigned flag);

/* Whether listeners can be had at all (Linux 5.0). */
bool probe_listener(void);

#endif
