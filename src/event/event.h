/*
 * event/event.h - what of a refusal is found out beside the call itself: who made it, where that belongs
 *
 * The process may end, execute another program or lend its number to somebody else while it is asked about: whoever
 * calls holds it still (a traced thread, a call that waits for its answer), or knows that the answer may be stale.
 */
#ifndef CALLGATE_EVENT_EVENT_H
#define CALLGATE_EVENT_EVENT_H

#include "base/buf.h"

#include <callgate/event.h>

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* Fills pid, tid, program, build_id, cgroup and unit of a live thread; what cannot be read stays "". */
void event_origin(pid_t tid, struct callgate_refusal *refusal);

/* Fills arch, syscall, nr and, where args is not NULL, the arguments. */
void event_name_call(uint32_t audit, uint32_t nr, const uint64_t *args, struct callgate_refusal *refusal);

/* The build-id in an ELF file's notes, in hexadecimal; "" when there is none. Reads a stranger's bytes. */
void event_build_id(int fd, char ret_text[41]);

/* "web.service", "docker:0123456789ab", "" for a path that names neither. */
void event_unit(const char *cgroup, char *ret_unit, size_t size);

/* The line's object; NULL without memory. */
json_t *event_json(const struct callgate_event *event);

/* Printable ASCII: whatever else stands in the text becomes '?'. */
void event_clean(char *text);

/* CLOCK_REALTIME in nanoseconds. */
int64_t event_now(void);

#endif
