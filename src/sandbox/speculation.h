/*
 * sandbox/speculation.h - what the processor may run ahead of, for a target
 *
 * Two kinds of speculation have a switch a thread (PR_SET_SPECULATION_CTRL): loads past stores, and indirect branches.
 * What is off stays off, and is made so that the target cannot turn it on again; on request all of it is turned off.
 */
#ifndef CALLGATE_SANDBOX_SPECULATION_H
#define CALLGATE_SANDBOX_SPECULATION_H

#include "sandbox/plan.h"

enum speculation_wish {
	SPECULATION_LEAVE, /* it is off for good, or none of our business */
	SPECULATION_FORCE, /* to be turned off for good */
	SPECULATION_LACKS, /* it is on, and nobody can turn it off */
};

/* What is to be done of one kind, of which PR_GET_SPECULATION_CTRL tells this state or negative errno. */
enum speculation_wish speculation_choose(long state, bool must_be_off);

/* For the target: 0, or a negative errno with plan->step. Async-signal-safe. */
long speculation_confine(struct sandbox_plan *plan);

#endif
