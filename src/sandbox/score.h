/*
 * sandbox/score.h - how early the kernel ends the target when memory is out
 *
 * The score is the memory's: written before the exec it would be the launcher's, too, since the target shares its
 * memory until then. So the launcher writes it when the exec is done, and the program runs a moment without.
 */
#ifndef CALLGATE_SANDBOX_SCORE_H
#define CALLGATE_SANDBOX_SCORE_H

#include "sandbox/sandbox.h"

/* Whether we may give that score. Fails with E_UNCONFINED, where it is less than ours and we lack the right. */
int score_check(const struct callgate_sandbox *sandbox, struct callgate_error *err);

/* Gives it to a target that has executed its program; one that has ended needs none. Fails with E_OS. */
int score_set(const struct callgate_sandbox *sandbox, pid_t pid, struct callgate_error *err);

#endif
