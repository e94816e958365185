/*
 * kernel/orphan.h - a process that outlives us for a moment, to clear up
 *
 * What must be done even when we are killed is done by a second process. It is no child of ours (who waits for all
 * children does not wait for it), has a session of its own (a signal to our group is none to it), blocks every signal,
 * holds no descriptors but the two of struct orphan, and learns by them that we have ended.
 */
#ifndef CALLGATE_KERNEL_ORPHAN_H
#define CALLGATE_KERNEL_ORPHAN_H

#include <callgate/error.h>

#include <stdbool.h>

/* What the process itself holds. */
struct orphan {
	int socket; /* to its maker: ends when the maker has closed it, and whoever else inherited it */
	int maker;  /* a pidfd of its maker: whatever the maker's children hold, its death is seen */
};

/* What it does, from its start to its end. Our threads may have held locks when it was forked: only what is
 * async-signal-safe may be called. */
typedef void orphan_work(const struct orphan *self, void *context);

/* For work: waits until there is something to read from the socket, true, or until the maker is done or dead, false. */
bool orphan_is_told(const struct orphan *self);

/* Starts it; *ret_socket is our end, close-on-exec. Fails with E_OS; nothing runs then. */
int orphan_start(orphan_work *work, void *context, int *ret_socket, struct callgate_error *err);

/* Tells it that we have done with it, waits until it has ended and closes the socket; −1 is none. */
void orphan_end(int socket);

#endif
