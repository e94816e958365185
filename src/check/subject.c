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
	cleanup(filter_free_pointer) struct callgate_filter *filter = NULL;
	struct check_subject parts = { .diagram = subject->diagram, .root = subject->root };
	struct bpf_program program = { 0 };
	int status;

	if (subject->policy) {
		parts.policy = subject->policy->policy;
		parts.compiled = true;
	}
	status = subject_program(subject, NULL, &filter, &program, err);
	if (status < 0 && status != CALLGATE_E_LIMIT)
		return status;
	parts.insns = program.insns;
	parts.length = program.length;
	return check_report_new(&parts, ret_report, err);
}
