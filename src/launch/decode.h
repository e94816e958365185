/*
 * launch/decode.h - a refused call in words: its name, its constants by name, what its pointers named
 */
#ifndef CALLGATE_LAUNCH_DECODE_H
#define CALLGATE_LAUNCH_DECODE_H

#include "base/buf.h"
#include "kernel/tracer.h"

/*
 * Appends `openat(AT_FDCWD, "/etc/passwd", O_RDONLY, 0)` for the call of pid, which is stopped. A call of another arch
 * than this build's has that arch before it. What the target's memory holds is escaped, so that only printable ASCII
 * comes out, and cut where it is long.
 */
void decode_call(struct buf *text, pid_t pid, const struct tracer_call *call);

#endif
