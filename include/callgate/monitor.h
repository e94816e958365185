/*
 * callgate/monitor.h - refusals that others saw: the kernel's audit log, core files, other programs' events
 *
 * Each becomes the same event (callgate/event.h). What is read was written by strangers, and is bounded in every part.
 */
#ifndef CALLGATE_MONITOR_H
#define CALLGATE_MONITOR_H

#include <callgate/error.h>
#include <callgate/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A record of type SECCOMP, as the kernel sends it, as auditd and the kernel's own log write it. The caller frees
 * *ret_event. Its process is numbered as the kernel's first PID namespace counts. Fails with E_UNKNOWN (another
 * record), E_SYNTAX and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_audit_parse(const char *record, size_t length, struct callgate_event **ret_event,
					    struct callgate_error *err);

/*
 * The core file, an open descriptor that can be sought in, of a process that SIGSYS ended: the call, what its pointers
 * named, and the way of the thread that made it. name is for messages. Files that the process had mapped are opened by
 * their names where their build-ids are the same. Reads tables of strangers by elfutils: the caller has given up what
 * rights it can. The caller frees *ret_event. Fails with E_UNKNOWN (no core file, or of another signal), E_UNSUPPORTED
 * (another machine's), E_SYNTAX and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_core_read(int fd, const char *name, struct callgate_event **ret_event,
					  struct callgate_error *err);

/*
 * Fills what the subject says about a call that somebody else saw: policy, explanation and edit. Where the arguments
 * are not known, only what it says whatever they are. Fails with E_NOMEM, E_LIMIT, E_UNPROVED.
 */
CALLGATE_OBSERVING int callgate_refusal_explain(const struct callgate_subject *subject,
						struct callgate_refusal *refusal, struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
