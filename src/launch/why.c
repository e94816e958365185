/*
 * The action comes from the subject's meaning, the line from its rules, read in order as the author wrote them. The
 * call is taken as the target made it, the instruction's address included, which no text of a call could hold.
 */
#include "launch/why.h"

#include "base/error.h"
#include "filter/subject.h"
#include "lang/lang.h"
#include "policy/broker.h"

#include <stdio.h>
#include <string.h>

/* The line that decided; none where the text does not state it. */
static void why_line(const struct callgate_subject *subject, const struct policy_position *position,
		     struct callgate_explanation *why)
{
	if (!position->line)
		return;
	snprintf(why->file, sizeof(why->file), "%s", position->file);
	why->line = position->line;
	subject_quote(subject, position, why->rule, sizeof(why->rule));
}

/* The first rule that lists a call, NULL when none does. */
static const struct policy_rule *policy_lists(const struct policy *policy, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < policy->rules.length; i++)
		if (policy_rule_lists(&policy->rules.items[i], syscall))
			return &policy->rules.items[i];
	return NULL;
}

static void why_default(const struct callgate_subject *subject, const struct policy *policy,
			const struct tracer_call *call, struct callgate_explanation *why)
{
	const struct abi_arch *arch = abi_arch_of_call(call->audit, call->nr);
	const struct abi_syscall *syscall = arch ? abi_syscall_by_nr(arch->id, call->nr) : NULL;
	const struct policy_rule *listed = syscall ? policy_lists(policy, syscall) : NULL;
	const struct policy_action *own = arch ? policy_own_action(policy, arch->id, call->nr) : NULL;

	if (policy_is_foreign(policy, call->audit, call->nr)) {
		if (policy->has_foreign)
			why_line(subject, &policy->foreign_position, why);
		snprintf(why->reason, sizeof(why->reason), "the policy does not name the arch %s",
			 arch ? arch->name : "of this call");
		return;
	}
	why_line(subject,
		 own							   ? &own->position
		 : syscall && (listed || syscall->since <= policy->kernel) ? &policy->default_position
									   : &policy->newer_position,
		 why);
	why->listed = listed;
	if (!syscall)
		snprintf(why->reason, sizeof(why->reason), "no kernel that is known has a call of this number");
	else if (listed)
		snprintf(why->reason, sizeof(why->reason), "no condition of its rules for %s holds (%s:%u)",
			 syscall->name, listed->position.file, listed->position.line);
	else
		snprintf(why->reason, sizeof(why->reason), "no rule lists %s", syscall->name);
}

int why_policy(const struct callgate_subject *subject, const struct policy *policy, const struct tracer_call *call,
	       struct callgate_explanation *ret_why, struct callgate_error *err)
{
	struct policy_call named = { .audit = call->audit, .nr = call->nr, .ip = call->ip };
	struct callgate_explanation why = { 0 };
	const struct policy_rule *rule = NULL;
	int status;

	memcpy(named.args, call->args, sizeof(named.args));
	status = policy_evaluate(policy, &named, &why.action, &rule, err);
	if (status != CALLGATE_OK)
		return status;
	why.by_rule = rule;
	if (rule) {
		why_line(subject, &rule->position, &why);
		snprintf(why.reason, sizeof(why.reason), "it is the first rule that holds");
	} else {
		why_default(subject, policy, call, &why);
	}
	*ret_why = why;
	return CALLGATE_OK;
}

int why_call(const struct callgate_subject *subject, const struct tracer_call *call,
	     struct callgate_explanation *ret_why, struct callgate_error *err)
{
	struct seccomp_data data = { .nr = (int)call->nr, .arch = call->audit, .instruction_pointer = call->ip };
	struct callgate_explanation why = { 0 };
	struct callgate_action meant;
	int status;

	memcpy(data.args, call->args, sizeof(data.args));
	meant = subject_action(subject, &data);
	if (!subject->policy) {
		why.action = meant;
		snprintf(why.reason, sizeof(why.reason), "the filter's instructions say so");
		*ret_why = why;
		return CALLGATE_OK;
	}
	status = why_policy(subject, subject->policy->policy, call, &why, err);
	if (status != CALLGATE_OK)
		return status;
	if (why.action.ret != meant.ret)
		return fail(err, CALLGATE_E_UNPROVED, "the rules and the meaning of '%s' disagree", subject->name);
	*ret_why = why;
	return CALLGATE_OK;
}

static void why_clause(const struct broker_verdict *verdict, struct callgate_explanation *why)
{
	const struct policy_rule *rule = verdict->rule;
	char place[300];

	snprintf(place, sizeof(place), "the rule at %s:%u", rule->position.file, rule->position.line);
	if (verdict->clause)
		snprintf(why->reason, sizeof(why->reason), "it is the first clause that matches, of %s", place);
	else if (policy_broker_has_clauses(rule->broker->kind))
		snprintf(why->reason, sizeof(why->reason), "no clause of this rule matches");
	else if (rule->broker->kind == POLICY_BROKER_ONCE)
		snprintf(why->reason, sizeof(why->reason), "this rule permits it once, and it was made before");
	else
		snprintf(why->reason, sizeof(why->reason), "this rule permits it to children of the caller's alone");
}

void why_broker(const struct callgate_subject *subject, const struct broker_verdict *verdict,
		struct callgate_refusal *refusal)
{
	const struct policy_rule *rule = verdict->rule;
	const struct policy_position *position;
	struct callgate_explanation *why = &refusal->explanation;

	if (!rule || !rule->broker) {
		snprintf(why->reason, sizeof(why->reason), "the supervisor finds no rule that asks about it");
		return;
	}
	why->by_rule = true;
	why_line(subject, verdict->clause ? &verdict->clause->position : &rule->position, why);
	why_clause(verdict, why);
	if (!verdict->wanted[0] || !rule->broker->clause_count)
		return;
	position = &(verdict->clause ? verdict->clause : rule->broker->clauses)->position;
	snprintf(refusal->edit.rule, sizeof(refusal->edit.rule), "%s", verdict->wanted);
	snprintf(refusal->edit.file, sizeof(refusal->edit.file), "%s", position->file);
	refusal->edit.line = position->line;
}
