/*
 * The programs that answer for a subject, as the kernel runs them: all of them, for every call.
 */
#include "filter/filter.h"
#include "filter/subject.h"

int subject_stack_init(const struct callgate_subject *subject, const struct callgate_filter_options *options,
		       struct subject_stack *ret_stack, struct callgate_error *err)
{
	int status;

	*ret_stack = (struct subject_stack){ .programs = subject->programs, .count = subject->program_count };
	if (!subject->policy)
		return CALLGATE_OK;
	status = filter_from_diagram(subject->diagram, subject->root, options, &ret_stack->filter, err);
	if (status)
		return status;
	ret_stack->compiled = ret_stack->filter->program;
	ret_stack->programs = &ret_stack->compiled;
	ret_stack->count = 1;
	return CALLGATE_OK;
}

void subject_stack_fini(struct subject_stack *stack)
{
	callgate_filter_free(stack->filter);
	*stack = (struct subject_stack){ 0 };
}

unsigned subject_stack_executed(const struct subject_stack *stack, const struct seccomp_data *data)
{
	unsigned all = 0, executed;

	for (size_t i = 0; i < stack->count; i++) {
		bpf_simulate(stack->programs[i].insns, stack->programs[i].length, data, &executed);
		all += executed;
	}
	return all;
}

bool subject_stack_is_cacheable(const struct subject_stack *stack, uint32_t audit, uint32_t nr)
{
	for (size_t i = 0; i < stack->count; i++)
		if (!bpf_is_cacheable(stack->programs[i].insns, stack->programs[i].length, audit, nr, NULL))
			return false;
	return true;
}
