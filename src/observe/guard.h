/*
 * observe/guard.h - a process that ends the tree when its recorder dies
 *
 * When the last holder of a listener is gone, the kernel answers every call with ENOSYS and the target runs on as a
 * ruin, exit_group included. The guard holds the listener too: calls then wait, and who makes one is killed.
 */
#ifndef CALLGATE_OBSERVE_GUARD_H
#define CALLGATE_OBSERVE_GUARD_H

#include <callgate/error.h>

struct guard {
	int socket; /* to the guard, whose end of file tells that the other has ended; −1 when there is none */
};

/* Starts the guard, which is not our child. Fails with E_OS. */
int guard_start(struct guard *guard, struct callgate_error *err);

/* Gives it the listener to hold. Fails with E_OS. */
int guard_arm(struct guard *guard, int listener, struct callgate_error *err);

/* Sends it away, and waits until it has ended. Once the tree is gone. */
void guard_end(struct guard *guard);

#endif
