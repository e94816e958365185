/*
 * The parts of a subject that the rules ask about: its policy, its meaning, and the programs that answer for it; of a
 * process also what it holds. A policy that needs more instructions than the kernel takes is checked all the same.
 */
#include "check/check.h"

#include "base/cleanup.h"
#include "filter/filter.h"
#include "filter/subject.h"
#include "lang/lang.h"

/* What /proc tells of a process beside its filters. */
struct holder {
	struct kernel_process process;
	struct kernel_descriptors descriptors;
};

static int holder_read(pid_t pid, struct arena *arena, struct holder *ret_holder, struct callgate_error *err)
{
	int status = kernel_process_read(pid, &ret_holder->process, err);

	return status ? status : kernel_descriptors_read(pid, arena, &ret_holder->descriptors, err);
}

int callgate_check(struct callgate_subject *subject, struct callgate_report **ret_report, struct callgate_error *err)
{
	cleanup(subject_stack_fini) struct subject_stack stack = { 0 };
	cleanup(arena_fini) struct arena arena = { 0 };
	struct check_subject parts = { .diagram = subject->diagram, .root = subject->root };
	struct holder holder = { 0 };
	int status = subject_known(subject, err);

	if (status)
		return status;
	if (subject->policy)
		parts.policy = subject->policy->policy;
	parts.compiled = subject->policy || subject->is_strict;
	status = subject_stack_init(subject, NULL, &stack, err);
	if (status < 0 && status != CALLGATE_E_LIMIT)
		return status;
	parts.programs = stack.programs;
	parts.program_count = stack.count;
	if (subject->kind == CALLGATE_SUBJECT_PROCESS) {
		status = holder_read(subject->pid, &arena, &holder, err);
		if (status < 0)
			return status;
		parts.process = &holder.process;
		parts.descriptors = &holder.descriptors;
	}
	return check_report_new(&parts, ret_report, err);
}
