/*
 * kernel/notify.h - the listener: a descriptor on which the kernel asks a supervisor about its targets' calls
 *
 * A notification carries an id, the target's thread and its call; the target sleeps until it is answered. An id can
 * die at any moment (its thread was killed, or a signal broke the call off), and what a pointer in it names can be
 * changed by other threads of the target: read first, then ask notify_id_is_valid, and never hand the kernel a value
 * that was checked in the target's memory.
 */
#ifndef CALLGATE_KERNEL_NOTIFY_H
#define CALLGATE_KERNEL_NOTIFY_H

#include <callgate/error.h>

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* Room for the kernel's struct, which may be larger than the one that we were built with. */
#define NOTIFY_ROOM 256

union notify_buffer {
	struct seccomp_notif notif;
	unsigned char room[NOTIFY_ROOM];
};

enum notify_outcome {
	NOTIFY_DONE, /* received, or answered */
	NOTIFY_GONE, /* there is nothing to do: a signal came, or the target's call is over; go on with the next */
};

/* Whether this kernel's notifications fit NOTIFY_ROOM. Fails with E_UNSUPPORTED. Ask once, before the first. */
int notify_check(struct callgate_error *err);

/*
 * SECCOMP_FILTER_FLAG_* that a filter with a listener is to be loaded with here: WAIT_KILLABLE_RECV, with which no
 * signal but a deadly one breaks off a call that was received, or 0 where the kernel lacks it (Linux 5.19).
 */
unsigned notify_filter_flags(void);

/*
 * Waits for a notification. DONE fills ret_buffer, which is zeroed first and which the kernel itself writes: whoever
 * shares that memory learns of what was received even when the receiver dies at once. GONE also after EINTR, so that
 * the caller can look at its signals. Call it when poll(2) says POLLIN, or be ready to sleep; POLLHUP means that the
 * last target is gone. A negative status (E_OS) when the listener itself fails.
 */
int notify_receive(int listener, union notify_buffer *ret_buffer, struct callgate_error *err);

/* Whether the last target is gone, so that nothing can come any more. */
bool notify_is_over(int listener);

/* Whether the call that this id names still waits for its answer. Asks in the spelling that kernels before 5.17 know
 * too, whose direction bits are wrong, where the right one is unknown. */
bool notify_id_is_valid(int listener, uint64_t id);

/* Answers with a result, with an errno (positive) when error is not 0. DONE, GONE or a negative status. */
int notify_respond(int listener, uint64_t id, int64_t value, int error, struct callgate_error *err);

/* Lets the kernel carry out the call. It reads its pointers again: never a decision about what lies behind them. */
int notify_continue(int listener, uint64_t id, struct callgate_error *err);

/*
 * Gives the target a copy of our descriptor fd; its number there goes to *ret_fd (NULL: not wanted). With answers
 * that number is the call's result, in the same step (Linux 5.14). newfd_flags is O_CLOEXEC or 0.
 */
int notify_add_fd(int listener, uint64_t id, int fd, unsigned newfd_flags, bool answers, int *ret_fd,
		  struct callgate_error *err);

/* Target and supervisor hand the CPU to each other instead of waking on another one (Linux 6.6). False without. */
bool notify_sync_wake_up(int listener);

#endif
