/*
 * notify/heir.h - a process that answers in the place of a supervisor that died
 *
 * When the last holder of a listener is gone, the kernel answers ENOSYS to every call that would have been asked, and
 * the target runs on with that. The heir holds the listeners too, and does nothing while the supervisor lives.
 */
#ifndef CALLGATE_NOTIFY_HEIR_H
#define CALLGATE_NOTIFY_HEIR_H

#include "kernel/notify.h"
#include "notify/roll.h"

#include <callgate/notify.h>

enum { NOTIFY_LISTENERS_MAX = 256, NOTIFY_THREADS_MAX = 64 };

/*
 * Where one thread receives, in memory that the heir shares: a call that was received comes to nobody else, so the
 * kernel must have written it where a supervisor that dies the moment after cannot take it along.
 */
struct notify_slot {
	uint32_t listener;	      /* whose: in the order in which they were armed */
	union notify_buffer received; /* notif.id is 0 while no call is worked on */
};

struct notify_heir {
	struct notify_slot *slots; /* NOTIFY_THREADS_MAX of them, shared; NULL when there is neither */
	struct notify_name *roll;  /* behind them, of roll_room names */
	size_t roll_room;
	int socket; /* whose end of file tells that the other has ended; −1: there is no heir */
};

#define NOTIFY_HEIR_NONE ((struct notify_heir){ .socket = -1 })

/* Makes the slots and a roll, and starts the heir, which is no child of ours, unless answer is NULL. Fails with E_OS,
 * E_LIMIT. */
int heir_start(struct notify_heir *heir, const struct callgate_notify_answer *answer, size_t roll_room,
	       struct callgate_error *err);

/* Gives it one more listener to hold. Fails with E_OS. */
int heir_arm(struct notify_heir *heir, int listener, struct callgate_error *err);

/* Sends it away, which closes its listeners, and waits until it has ended. */
void heir_end(struct notify_heir *heir);

/*
 * Gives a call its answer of kind ERRNO, VALUE or KILL: NOTIFY_DONE, NOTIFY_GONE or a negative status.
 * Async-signal-safe but for what it writes into err.
 */
int notify_answer(int listener, uint64_t id, int tid, const struct callgate_notify_answer *answer,
		  struct callgate_error *err);

#endif
