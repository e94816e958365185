/*
 * launch/limit.h - what may end a target before its time: deadlines, output, memory
 */
#ifndef CALLGATE_LAUNCH_LIMIT_H
#define CALLGATE_LAUNCH_LIMIT_H

#include "launch/deadline.h"
#include "launch/output.h"
#include "launch/watch.h"

#include <callgate/launch.h>

struct limit {
	struct watch *watch;
	const struct callgate_sandbox *sandbox; /* NULL: none */
	struct deadline deadline;
	uint64_t cpu_seen_ns; /* the most that was counted at a look */
	struct output output;
	enum callgate_limit hit; /* by which the target was ended; read when it has ended */
};

/* What the sandbox of spec says: the watch will keep it, and spec gets the output. Before launch_spawn; for limit_end
 * in any case. Fails with E_OS. */
int limit_begin(struct limit *limit, struct launch_spec *spec, struct watch *watch, struct callgate_error *err);

/* When the target runs. Fails with E_OS; the target is then to be ended. */
int limit_start(struct limit *limit, struct callgate_error *err);

/* When all has ended: what was used, and which limit it was. Of what end told of CPU time, that of the target alone, it
 * makes that of all processes. */
void limit_report(struct limit *limit, const struct launch_end *end, struct callgate_run_report *report);
void limit_end(struct limit *limit);

#endif
