/*
 * launch/gate.h - where a prepared target waits: for the descriptors that it is to have, and for the word to go on
 *
 * It has one end of a socket and no other descriptor. What comes is one message: the descriptors, and the numbers that
 * they are to have. When the launcher's end closes without one, nobody wants the target any more.
 */
#ifndef CALLGATE_LAUNCH_GATE_H
#define CALLGATE_LAUNCH_GATE_H

#include <callgate/error.h>

#include <stddef.h>

/* As many as one message of the kernel's takes (SCM_MAX_FD). */
#define GATE_DESCRIPTORS_MAX 253

/* The launcher's end and the target's, both close-on-exec, which the caller closes. Fails with E_OS. */
int gate_open(int *ret_ours, int *ret_theirs, struct callgate_error *err);

/* Sends those of numbers, 0, 1 and 2 may be closed, that are to have these numbers; `output` in place of 1 unless it is
 * 0. Fails with E_LIMIT, E_OS (EBADF; EPIPE: the target has gone). */
int gate_send(int ours, const int *numbers, size_t count, int output, struct callgate_error *err);

/* Waits for them, and gives them their numbers. 0, or a negative errno; ECANCELED: the launcher's end was closed.
 * Async-signal-safe; no other descriptor is open then but `theirs`. */
long gate_receive(int theirs);

#endif
