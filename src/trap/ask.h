/*
 * trap/ask.h - one question from a signal's handler, and its answer
 */
#ifndef CALLGATE_TRAP_ASK_H
#define CALLGATE_TRAP_ASK_H

#include "notify/question.h"

#include <stdbool.h>
#include <stdint.h>

/* The channels of this process: memory that a fork empties, since the descriptors behind it are then another's too. */
struct ask_channels {
	uint32_t is_mine;
	uint32_t taken[QUESTION_CHANNELS];   /* atomic */
	uint64_t tickets[QUESTION_CHANNELS]; /* of whoever has taken it */
};

struct ask_call {
	uint32_t audit, nr;
	uint64_t ip, args[6];
};

/* Async-signal-safe: neither allocates, nor locks, nor touches errno. The result of the call, or false where nobody
 * answers any more. */
bool ask_supervisor(int door, struct ask_channels *channels, const struct ask_call *call, int64_t *ret_result);

/* Whether there is memory at address that can be read; says it of one byte. */
bool ask_can_read(uint64_t address);

#endif
