/*
 * Three judges that need no kernel. They share the reading of the policy and the binding of its names, and nothing
 * after that.
 */
#include "table.h"

#include "prove/prove.h"

bool judge_rules(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		 const char **ret_why)
{
	struct policy_call asked = { call->data.arch, (uint32_t)call->data.nr, call->data.instruction_pointer, { 0 } };
	const struct policy_rule *rule;
	struct callgate_action action;

	for (unsigned i = 0; i < 6; i++)
		asked.args[i] = call->data.args[i];
	if (policy_evaluate(subject->policy, &asked, &action, &rule, NULL)) {
		*ret_why = "the evaluation failed";
		return false;
	}
	*ret_action = action.ret;
	return true;
}

/* Word by word from the bytes that the kernel would present, so that a big-endian arch's halves are swapped. */
static struct seccomp_data presented(const struct seccomp_data *data)
{
	const struct abi_arch *arch = abi_arch_of_call(data->arch, (uint32_t)data->nr);
	struct seccomp_data swapped = *data;

	if (!arch || !arch->big_endian)
		return swapped;
	for (unsigned i = 0; i < 6; i++)
		swapped.args[i] = data->args[i] << 32 | data->args[i] >> 32;
	swapped.instruction_pointer = data->instruction_pointer << 32 | data->instruction_pointer >> 32;
	return swapped;
}

bool judge_diagram(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		   const char **ret_why)
{
	struct seccomp_data data = presented(&call->data);
	struct diagram_input input;

	prove_data_to_input(&data, &input);
	*ret_action = diagram_evaluate(subject->diagram, subject->root, &input);
	return true;
}

bool judge_simulator(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		     const char **ret_why)
{
	struct seccomp_data data = presented(&call->data);

	*ret_action = bpf_simulate(subject->program.insns, subject->program.length, &data, NULL);
	return true;
}
