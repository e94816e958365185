/*
 * Translation validation: what was generated is read back and compared, for each program anew.
 */
#include "prove/prove.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <callgate/action.h>

enum { ACTION_TEXT = 32 };

static int fail_unproved(const struct diagram *diagram, uint32_t filter, uint32_t policy, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf call = { 0 };
	char found[ACTION_TEXT], wanted[ACTION_TEXT];
	struct diagram_input input;
	struct seccomp_data data;

	prove_witness(diagram, filter, policy, &input);
	prove_input_to_data(&input, &data);
	prove_format_call(&data, &call);
	callgate_action_format((struct callgate_action){ diagram_evaluate(diagram, filter, &input) }, found,
			       sizeof(found));
	callgate_action_format((struct callgate_action){ diagram_evaluate(diagram, policy, &input) }, wanted,
			       sizeof(wanted));
	error_set(err, CALLGATE_E_UNPROVED, "the filter is not what the policy says: %s gives %s instead of %s",
		  buf_text(&call), found, wanted);
	error_hint(err, "this is a bug in Callgate; nothing was written or loaded");
	return CALLGATE_E_UNPROVED;
}

int prove_equal(struct diagram *diagram, const struct sock_filter *insns, size_t length, uint32_t root,
		struct callgate_error *err)
{
	uint32_t lifted;
	int status = prove_lift(diagram, insns, length, &lifted, err);

	if (status != CALLGATE_OK)
		return status;
	return lifted == root ? CALLGATE_OK : fail_unproved(diagram, lifted, root, err);
}
