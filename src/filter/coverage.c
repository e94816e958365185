/*
 * What a recorded run says about a policy: which of its rules nobody needed, and what it would have refused.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "filter/filter.h"
#include "filter/subject.h"
#include "filter/trace.h"
#include "lang/lang.h"
#include "prove/prove.h"

#include <callgate/cost.h>

#include <stdlib.h>
#include <string.h>

struct coverage {
	struct callgate_coverage result; /* first: its address is the public handle */
	struct arena arena;
};

struct covering {
	struct coverage *coverage;
	const struct callgate_subject *subject;
	struct subject_stack stack;
	bool *fired; /* by rule */
	double instructions;
	struct {
		VEC(struct callgate_refused_call);
	} refusals;
	struct {
		VEC(struct seccomp_data);
	} refused; /* the call of each of them */
	struct {
		VEC(struct callgate_unfired);
	} unfired;
	struct callgate_error *err;
};

void callgate_coverage_free(struct callgate_coverage *result)
{
	struct coverage *coverage = (struct coverage *)result;

	if (coverage)
		arena_fini(&coverage->arena);
	free(coverage);
}

static void covering_fini(struct covering *covering)
{
	subject_stack_fini(&covering->stack);
}

static void coverage_free_pointer(struct coverage **coverage)
{
	if (*coverage)
		callgate_coverage_free(&(*coverage)->result);
}

static int mark_rule(struct covering *covering, const struct call *call)
{
	const struct policy *policy;
	struct policy_call as_presented = { call->data.arch, (uint32_t)call->data.nr, 0, { 0 } };
	const struct policy_rule *rule;
	struct callgate_action action;
	int status;

	if (!covering->subject->policy)
		return CALLGATE_OK;
	policy = covering->subject->policy->policy;
	for (int i = 0; i < 6; i++)
		as_presented.args[i] = call->data.args[i];
	status = policy_evaluate(policy, &as_presented, &action, &rule, covering->err);
	if (!status && rule)
		covering->fired[rule - policy->rules.items] = true;
	return status;
}

/* The refusal that another call of the same number met by the same rule; NULL when this is the first. */
static struct callgate_refused_call *same_refusal(struct covering *covering, const struct call *call,
						  const struct callgate_explanation *explanation)
{
	for (size_t i = 0; i < covering->refusals.length; i++) {
		struct callgate_refused_call *refusal = &covering->refusals.items[i];
		const struct seccomp_data *data = &covering->refused.items[i];

		if (data->nr == call->data.nr && data->arch == call->data.arch &&
		    refusal->action.ret == explanation->action.ret && refusal->line == explanation->line &&
		    strcmp(refusal->file, explanation->file) == 0)
			return refusal;
	}
	return NULL;
}

static int keep_refusal(struct covering *covering, const struct trace_call *call)
{
	struct arena *arena = &covering->coverage->arena;
	struct callgate_explanation explanation;
	struct callgate_refused_call refusal, *same;
	int status = explain_call(covering->subject, &call->call, &explanation, covering->err);

	if (status)
		return status;
	same = same_refusal(covering, &call->call, &explanation);
	if (same) {
		same->count += call->count;
		return CALLGATE_OK;
	}
	refusal = (struct callgate_refused_call){
		.call = arena_strdup(arena, explanation.call),
		.action = explanation.action,
		.count = call->count,
		.trace_line = call->line,
		.file = arena_strdup(arena, explanation.file),
		.line = explanation.line,
		.reason = arena_strdup(arena, explanation.reason),
	};
	if (!refusal.call || !refusal.file || !refusal.reason || !VEC_PUSH(arena, &covering->refusals, refusal) ||
	    !VEC_PUSH(arena, &covering->refused, call->call.data))
		return fail_nomem(covering->err);
	return CALLGATE_OK;
}

static int cover_call(struct covering *covering, const struct trace_call *call)
{
	struct callgate_coverage *result = &covering->coverage->result;
	struct seccomp_data data = call_in_memory(&call->call);
	struct callgate_action action = subject_action(covering->subject, &call->call.data);
	int status = mark_rule(covering, &call->call);

	if (status)
		return status;
	result->calls += call->count;
	if (subject_stack_is_cacheable(&covering->stack, data.arch, (uint32_t)data.nr))
		result->from_bitmap += call->count;
	else
		covering->instructions += (double)subject_stack_executed(&covering->stack, &data) * (double)call->count;
	if (!callgate_action_permits(action))
		return keep_refusal(covering, call);
	result->permitted += call->count;
	return CALLGATE_OK;
}

static int keep_unfired(struct covering *covering)
{
	struct arena *arena = &covering->coverage->arena;
	const struct policy *policy = covering->subject->policy ? covering->subject->policy->policy : NULL;

	for (size_t i = 0; policy && i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];
		struct callgate_unfired unfired = { .line = rule->position.line };
		char text[512];

		if (covering->fired[i])
			continue;
		subject_quote(covering->subject, &rule->position, text, sizeof(text));
		unfired.file = arena_strdup(arena, rule->position.file);
		unfired.rule = arena_strdup(arena, text);
		if (!unfired.file || !unfired.rule || !VEC_PUSH(arena, &covering->unfired, unfired))
			return fail_nomem(covering->err);
	}
	return CALLGATE_OK;
}

static int cover(struct covering *covering, const struct trace *trace)
{
	const struct callgate_policy *policy = covering->subject->policy;
	int status = CALLGATE_OK;

	covering->fired =
		arena_array(&covering->coverage->arena, policy ? policy->policy->rules.length : 0, sizeof(bool));
	if (!covering->fired)
		return fail_nomem(covering->err);
	for (size_t i = 0; !status && i < trace->calls.length; i++)
		status = cover_call(covering, &trace->calls.items[i]);
	return status ? status : keep_unfired(covering);
}

static void fill_result(const struct covering *covering, const struct trace *trace)
{
	struct callgate_coverage *result = &covering->coverage->result;

	result->instructions = result->calls ? covering->instructions / (double)result->calls : 0;
	result->refusals = covering->refusals.items;
	result->refusal_count = covering->refusals.length;
	result->unfired = covering->unfired.items;
	result->unfired_count = covering->unfired.length;
	result->unread = trace->unread.items;
	result->unread_count = trace->unread.length;
}

int callgate_coverage_new(const struct callgate_subject *subject, const char *text, size_t length,
			  struct callgate_coverage **ret_coverage, struct callgate_error *err)
{
	cleanup(coverage_free_pointer) struct coverage *coverage = calloc(1, sizeof(*coverage));
	cleanup(covering_fini) struct covering covering = { .coverage = coverage, .subject = subject, .err = err };
	struct trace trace = { 0 };
	int status;

	if (!coverage)
		return fail_nomem(err);
	status = subject_known(subject, err);
	if (!status)
		status = subject_stack_init(subject, NULL, &covering.stack, err);
	if (!status)
		status = trace_parse(text, length, &coverage->arena, &trace, err);
	if (!status)
		status = cover(&covering, &trace);
	if (status)
		return status;
	fill_result(&covering, &trace);
	*ret_coverage = &take_ptr(coverage)->result;
	return CALLGATE_OK;
}
