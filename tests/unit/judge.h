/*
 * judge.h - a second answer for what a subject says to a call
 */
#ifndef CALLGATE_TESTS_UNIT_JUDGE_H
#define CALLGATE_TESTS_UNIT_JUDGE_H

#include "unit.h"

#include <callgate/subject.h>

/* The diagram has answered; the evaluator, rule by rule, must say the same, which explain asks it. */
static inline void judge_by_rules(const struct callgate_subject *subject, const char *call,
				  struct callgate_action action)
{
	struct callgate_explanation explanation;
	struct callgate_error err = { 0 };

	if (callgate_subject_explain(subject, call, &explanation, &err))
		fail_msg("%s: %s", call, err.message);
	assert_int_equal(explanation.action.ret, action.ret);
}

#endif
