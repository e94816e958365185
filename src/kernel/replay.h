/*
 * kernel/replay.h - what the running kernel answers to a call under a filter, without the call being made
 *
 * The filter is loaded in a forked child with every action replaced by an errno of its own, so that whatever the
 * filter says, nothing runs; the errno that comes back tells which action it was.
 */
#ifndef CALLGATE_KERNEL_REPLAY_H
#define CALLGATE_KERNEL_REPLAY_H

#include <callgate/error.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

/* Distinct values that a filter may return: each needs an errno, of which the kernel knows 1 to 4095. */
#define REPLAY_VALUES_MAX 4095

/*
 * Asks the kernel. data->arch must be this machine's (x32's numbers included); data->instruction_pointer cannot be
 * chosen and must be 0.
 *
 * Fails with E_UNSUPPORTED (another arch, a filter that returns its accumulator, too many values), with E_INVALID
 * (the kernel refuses the filter) and E_OS. Leaves no process behind.
 */
int kernel_replay(const struct sock_filter *insns, size_t length, const struct seccomp_data *data, uint32_t *ret_value,
		  struct callgate_error *err);

#endif
