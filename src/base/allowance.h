/*
 * base/allowance.h - so many at once, and then one a second: for what is dear, and would be wanted without end
 */
#ifndef CALLGATE_BASE_ALLOWANCE_H
#define CALLGATE_BASE_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros has taken nothing. */
struct allowance {
	unsigned taken;	  /* of those that may be at once; one less with each second */
	int64_t since_ns; /* the last moment at which it became less */
};

/* Takes one, of at most this many at once, or says that there is none now. now_ns is a clock that never goes back. */
bool allowance_take(struct allowance *allowance, unsigned most, int64_t now_ns);

/* That clock. */
int64_t allowance_now(void);

#endif
