/*
 * launch/deadline.h - limits on a target's time: on the clock's, and on the CPU time of all its processes
 *
 * No tick looks again and again: the next look is due at the first moment at which a limit can have been reached, which
 * for CPU time is when every CPU had worked for the target alone. So a short limit is kept to about a millisecond, and
 * a long one costs a few dozen looks.
 */
#ifndef CALLGATE_LAUNCH_DEADLINE_H
#define CALLGATE_LAUNCH_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum deadline_hit { DEADLINE_NONE, DEADLINE_WALL, DEADLINE_CPU };

struct deadline {
	uint64_t wall_ns;		  /* 0: no limit */
	uint64_t cpu_ns;		  /* of all processes, user and system; 0: no limit */
	uint64_t (*cpu_used)(void *used); /* what they used so far, in nanoseconds; asked where there is a limit */
	void *used;
};

/* Which limit is reached of what began at started_ns (CLOCK_MONOTONIC); *ret_next_ns, when none, is how long none can
 * be, −1 where there is no limit. */
enum deadline_hit deadline_look(const struct deadline *deadline, uint64_t started_ns, int64_t *ret_next_ns);

/*
 * The CPU time of a process, of those that descend from it and live, and of those that these have waited for. Precise
 * for who lives, to the kernel's tick for who has ended. One whose parent has ended is not found. 0 when there is no
 * such process.
 */
uint64_t deadline_tree_cpu_ns(pid_t pid);

/* The same of each child of ours but those that are spared; of a subreaper, to whom orphans come, nobody is missed
 * then. 0 where the kernel does not list children. */
uint64_t deadline_children_cpu_ns(bool (*spares)(const void *context, pid_t pid), const void *context);

#endif
