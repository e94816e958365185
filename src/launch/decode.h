/*
 * launch/decode.h - a refused call in words: its name, its constants by name, what its pointers named
 */
#ifndef CALLGATE_LAUNCH_DECODE_H
#define CALLGATE_LAUNCH_DECODE_H

#include "base/buf.h"
#include "kernel/tracer.h"

/* Copies what lies at an address where the call was made, as tracer_read does. */
struct decode_memory {
	size_t (*read)(void *context, uint64_t address, void *ret_bytes, size_t length);
	void *context;
};

/* The same of memory that is not a live process's. */
void decode_call_from(struct buf *text, const struct decode_memory *memory, const struct tracer_call *call);

/*
 * Appends `openat(AT_FDCWD, "/etc/passwd", O_RDONLY, 0)` for the call of pid, which is stopped. A call of another arch
 * than this build's has that arch before it. What the target's memory holds is escaped, so that only printable ASCII
 * comes out, and cut where it is long.
 */
void decode_call(struct buf *text, pid_t pid, const struct tracer_call *call);

#endif
