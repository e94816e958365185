/*
 * diagram/meaning.h - a policy's meaning as a diagram
 */
#ifndef CALLGATE_DIAGRAM_MEANING_H
#define CALLGATE_DIAGRAM_MEANING_H

#include "diagram/diagram.h"
#include "policy/policy.h"

/*
 * The total function that the policy says: its arches, their numbers (known and newer), its rules in order.
 * Fails as policy_bind does, with E_NOMEM, or with E_LIMIT when the diagram's budget is spent.
 */
int diagram_from_policy(struct diagram *diagram, const struct policy *policy, uint32_t *ret_root,
			struct callgate_error *err);

/* The same with one more door: execve on the native arch whose sixth argument (which execve does not use) holds
 * secret is allowed. What a launcher's own exec passes through; see launch. Of a policy with phases, seccomp passes by
 * the same secret, to stack them; of a phase, seccomp alone does. */
int diagram_from_policy_with_launch(struct diagram *diagram, const struct policy *policy, uint64_t secret,
				    uint32_t *ret_root, struct callgate_error *err);

/* The same door in any meaning. Fails with E_NOMEM or E_LIMIT. */
int diagram_with_launch(struct diagram *diagram, uint32_t root, uint64_t secret, uint32_t *ret_root,
			struct callgate_error *err);

/* The doors that diagram_from_policy_with_launch gives this policy, in its meaning. Fails as diagram_with_launch does. */
int diagram_with_doors(struct diagram *diagram, uint32_t root, const struct policy *policy, uint64_t secret,
		       uint32_t *ret_root, struct callgate_error *err);

#endif
