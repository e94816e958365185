/*
 * observe/guard.h - a process that ends the tree when its recorder dies
 *
 * When the last holder of a listener is gone, the kernel answers every call with ENOSYS and the target runs on as a
 * ruin, exit_group included. The guard holds the listener too: calls then wait, and who makes one is killed. Who makes
 * none is killed by the roll, in which the recorder keeps the processes that it knows.
 */
#ifndef CALLGATE_OBSERVE_GUARD_H
#define CALLGATE_OBSERVE_GUARD_H

#include "kernel/notify.h"

#include <callgate/error.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process of the tree; its start time (clock ticks, /proc/PID/stat) tells it from a later one with its number. */
struct guard_name {
	pid_t pid; /* 0: the place is free */
	uint64_t start_time;
};

/*
 * Memory that guard and recorder share. A call that was received and not answered comes to nobody else: it is received
 * into here, where the kernel writes it before a dying recorder can forget it.
 */
struct guard_share {
	union notify_buffer received; /* notif.pid is 0 while no call is being looked at */
	struct guard_name roll[];
};

struct guard {
	struct guard_share *share; /* NULL when there is no guard */
	size_t roll_room;	   /* names that fit */
	int socket; /* to the guard, whose end of file tells that the other has ended; −1 when there is none */
};

#define GUARD_NONE ((struct guard){ .socket = -1 })

/* Starts the guard, which is not our child, with an empty roll for so many names. Fails with E_OS. */
int guard_start(struct guard *guard, size_t roll_room, struct callgate_error *err);

/* Gives it the listener to hold. Fails with E_OS. */
int guard_arm(struct guard *guard, int listener, struct callgate_error *err);

/* Sends it away, and waits until it has ended. Once the tree is gone. */
void guard_end(struct guard *guard);

#endif
