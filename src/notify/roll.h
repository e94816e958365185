/*
 * notify/roll.h - a supervisor's loop whose death ends processes that make no call
 *
 * Who calls finds the heir, and gets what options->orphaned says. Who sleeps or reckons is ended by a roll, in memory
 * that the heir shares, in which the supervisor keeps the processes that it knows.
 */
#ifndef CALLGATE_NOTIFY_ROLL_H
#define CALLGATE_NOTIFY_ROLL_H

#include <callgate/notify.h>

#include <sys/types.h>

/* A process; its start time (clock ticks, /proc/PID/stat) tells it from a later one with its number. */
struct notify_name {
	pid_t pid; /* 0: the place is free */
	uint64_t start_time;
};

enum { NOTIFY_ROLL_MAX = 1 << 22 /* the kernel's limit on process numbers */ };

/* callgate_notify_new with an heir that has an empty roll of so many names, which is as long there as the loop. Fails
 * as that does. */
int notify_new_with_roll(const struct callgate_notify_options *options, size_t room,
			 struct callgate_notify **ret_notify, struct notify_name **ret_roll,
			 struct callgate_error *err);

/* Kills whoever is on it. Async-signal-safe. */
void notify_call_roll(const struct notify_name *roll, size_t room);

#endif
