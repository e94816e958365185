/*
 * What a policy says to a call that others saw. The audit log tells no arguments: then only an answer that does not
 * depend on them is given.
 */
#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "diagram/diagram.h"
#include "filter/subject.h"
#include "launch/why.h"

#include <callgate/monitor.h>

#include <stdio.h>
#include <string.h>

static bool depends_on_arguments(const struct callgate_subject *subject, uint32_t audit, uint32_t nr)
{
	uint32_t root = diagram_restrict(subject->diagram, subject->root, DIAGRAM_ARCH, audit);

	root = diagram_restrict(subject->diagram, root, DIAGRAM_NR, nr);
	return root == DIAGRAM_NONE || diagram_node(subject->diagram, root).variable != DIAGRAM_TERMINAL;
}

static int explain_known(const struct callgate_subject *subject, const struct tracer_call *call,
			 struct callgate_refusal *refusal, struct callgate_error *err)
{
	struct callgate_explanation why;
	struct callgate_edit edit;
	int status = why_call(subject, call, &why, err);

	if (status == CALLGATE_OK)
		status = callgate_edit_find(subject, refusal, &edit, err);
	if (status != CALLGATE_OK)
		return status;
	snprintf(refusal->policy, sizeof(refusal->policy), "%s", callgate_subject_name(subject));
	/* Two policies may differ: what was done stays what was done. */
	if (refusal->seen_by == CALLGATE_SEEN_IN_AUDIT)
		why.action = refusal->explanation.action;
	refusal->explanation = why;
	refusal->edit = edit;
	return CALLGATE_OK;
}

int callgate_refusal_explain(const struct callgate_subject *subject, struct callgate_refusal *refusal,
			     struct callgate_error *err)
{
	const struct abi_arch *arch = abi_arch_by_name(refusal->arch);
	struct tracer_call call = { .audit = arch ? arch->audit : 0, .nr = refusal->nr, .ip = refusal->ip };
	int status = subject_known(subject, err);

	if (status != CALLGATE_OK)
		return status;
	memcpy(call.args, refusal->args, sizeof(call.args));
	if (arch && (refusal->has_args || !depends_on_arguments(subject, call.audit, call.nr)))
		return explain_known(subject, &call, refusal, err);
	snprintf(refusal->policy, sizeof(refusal->policy), "%s", callgate_subject_name(subject));
	snprintf(refusal->explanation.reason, sizeof(refusal->explanation.reason), "%s",
		 arch ? "what it says depends on arguments, which are not known" : "the arch is not known");
	return CALLGATE_OK;
}
