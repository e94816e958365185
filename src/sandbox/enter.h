/*
 * sandbox/enter.h - the target's half of a sandbox
 *
 * Runs between clone and exec, on the launcher's memory: raw system calls only, nothing allocated, nothing owned. A
 * step that fails gives its negative errno, after plan->step says which it was, unless its layer may be missing.
 */
#ifndef CALLGATE_SANDBOX_ENTER_H
#define CALLGATE_SANDBOX_ENTER_H

#include "sandbox/plan.h"

#include <signal.h>
#include <stdbool.h>

/* The user that it is to be, when the launcher has written the maps; forgets the death signal. */
long sandbox_identity(struct sandbox_plan *plan);

/* The namespaces that nobody is cloned with, where the plan has them and they are not made; sandbox_identity does it
 * too. */
long sandbox_own_namespaces(struct sandbox_plan *plan);

/* Root, loopback, host name, limits, keyring and folder; before descriptors are closed. */
long sandbox_enter(struct sandbox_plan *plan);

/* What takes rights away, when no_new_privs is set: Landlock, memory, clocks, cores, capabilities. */
long sandbox_confine(struct sandbox_plan *plan);

/* Of descriptors that lead out of a root of its own: nothing more than each is open for. Behind the gate, when no
 * others are left. */
long sandbox_hold(struct sandbox_plan *plan, const int *fds, size_t count);

/* The limits of the process, of which nothing that is still to be done may fall short: behind all that opens or
 * allocates. */
long sandbox_limit(struct sandbox_plan *plan);

/* Which of the plan's programs it is; when that is known, and all else is done. */
long sandbox_find_program(struct sandbox_plan *plan);

/* Its stack is none that a sanitizer knows, which would complain of it. */
#define SANDBOX_INIT_ATTRIBUTES __attribute__((noreturn, no_sanitize_address))

/* In the process that has just become the first of a pid namespace: reaps until it is alone, once it was told that the
 * target has ended (INIT_AWAIT_REST), or ends at once (INIT_END); its status is 0 when it was alone. It may share the
 * launcher's memory, which nobody in the namespace may look into then; it looks at the plan until plan->init_ready. */
void SANDBOX_INIT_ATTRIBUTES sandbox_init_main(struct sandbox_plan *plan);

#define INIT_AWAIT_REST SIGUSR1
#define INIT_END	SIGUSR2

/* Of a step: fails with its result, or takes note where the layer may be missing. */
long sandbox_step_done(struct sandbox_plan *plan, enum callgate_ground layer, long result);

/* Waits until the launcher has written the maps of the user namespace. */
void sandbox_await_maps(struct sandbox_plan *plan);

/* Whether the launcher has ended, for those who cannot see their parent's number. */
bool sandbox_is_orphan(const struct sandbox_plan *plan);

#endif
