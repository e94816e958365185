/*
 * diagram/action.h - one value for all actions that the kernel treats alike
 *
 * What a filter returns has more values than meanings (kernel/seccomp.c, __seccomp_filter and seccomp_run_filters): the
 * data of KILL_PROCESS, KILL_THREAD, USER_NOTIF, LOG and ALLOW is never read, errno is cut at 4095, and an action that
 * the kernel does not know kills the process. Diagrams hold canonical values only: data 0 where it is not read, errno
 * at most 4095, and for an unknown action the lowest of its neighbours that no known action separates from it. An
 * unknown action is not folded into KILL_PROCESS, because stacked it yields to every known action of smaller value.
 * So two canonical values are equal exactly when no stack of filters could tell them apart.
 */
#ifndef CALLGATE_DIAGRAM_ACTION_H
#define CALLGATE_DIAGRAM_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of values that a filter may return, and how many of them the kernel tells apart. */
struct diagram_action_class {
	uint32_t low, high; /* inclusive; the classes cover all 32-bit values in ascending order */
	uint32_t data_max;  /* data above this counts as this; 0: the whole class is one action, low */
};

enum { DIAGRAM_ACTION_CLASSES = 14 };

const struct diagram_action_class *diagram_action_class(size_t index);

/* The canonical value of what a filter returned. */
uint32_t diagram_action(uint32_t ret);

#endif
