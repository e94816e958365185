/*
 * launch/why.h - what a subject says to a call that a target made, and by which of its lines
 */
#ifndef CALLGATE_LAUNCH_WHY_H
#define CALLGATE_LAUNCH_WHY_H

#include "broker/broker.h"
#include "kernel/tracer.h"
#include "policy/policy.h"

#include <callgate/event.h>
#include <callgate/subject.h>

/* The action, and the line that gave it: a rule's, or that of `default` or `newer`; line is 0
 * where the text has no such line. .call stays empty. Fails with E_NOMEM, or when the
 * rules and the meaning disagree, with E_UNPROVED. */
int why_call(const struct callgate_subject *subject, const struct tracer_call *call,
	     struct callgate_explanation *ret_why, struct callgate_error *err);

/* The same by the rules of a part of the subject's policy. Fails with E_NOMEM. */
int why_policy(const struct callgate_subject *subject, const struct policy *policy, const struct tracer_call *call,
	       struct callgate_explanation *ret_why, struct callgate_error *err);

/* Fills explanation and edit of a call that a broker rule refused: its clause, and the one that would permit the call. */
void why_broker(const struct callgate_subject *subject, const struct broker_verdict *verdict,
		struct callgate_refusal *refusal);

#endif
