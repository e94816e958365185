/*
 * launch/why.h - what a subject says to a call that a target made, and by which of its lines
 */
#ifndef CALLGATE_LAUNCH_WHY_H
#define CALLGATE_LAUNCH_WHY_H

#include "kernel/tracer.h"

#include <callgate/subject.h>

/* The action, and the rule that gave it: line is 0 when none did. .call stays empty. Fails with E_NOMEM, or when the
 * rules and the meaning disagree, with E_UNPROVED. */
int why_call(const struct callgate_subject *subject, const struct tracer_call *call,
	     struct callgate_explanation *ret_why, struct callgate_error *err);

#endif
