/*
 * The parts of a subject that the rules ask about: its policy, its meaning, and the program that answers for it. A
 * policy that needs more instructions than the kernel takes is checked all the same.
 */
#include "check/check.h"

#include "base/cleanup.h"
#include "filter/filter.h"
#include "filter/subject.h"
#include "lang/lang.h"

int callgate_check(struct callgate_subject *subject, struct callgate_report **ret_report, struct callgate_error *err)
{
	cleanup(subject_stack_fini) struct subject_stack stack = { 0 };
	struct check_subject parts = { .diagram = subject->diagram, .root = subject->root };
	int status;

	if (subject->policy) {
		parts.policy = subject->policy->policy;
		parts.compiled = true;
	}
	status = subject_stack_init(subject, NULL, &stack, err);
	if (status < 0 && status != CALLGATE_E_LIMIT)
		return status;
	/* Of several filters only the whole has a meaning to be checked; the kernel's bitmap is asked of one. */
	if (stack.count == 1) {
		parts.insns = stack.programs[0].insns;
		parts.length = stack.programs[0].length;
	}
	return check_report_new(&parts, ret_report, err);
}
