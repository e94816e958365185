/*
 * What a filter says to one call, and why. The action comes from the diagram; a policy's reason comes from its rules,
 * read in order as the author wrote them. The two share nothing, so they are compared: an explanation that does not
 * match the meaning is never given.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "filter/subject.h"
#include "lang/lang.h"
#include "prove/describe.h"
#include "prove/prove.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

/* Rules that are named in a reason; the rest is counted. */
#define LINES_NAMED_MAX 8

/* "lines 7, 9": the rules before `end` that list the call (all of them when end is NULL). Gives their number. */
static unsigned add_lines(struct buf *text, const struct policy *policy, const struct call *call,
			  const struct policy_rule *end)
{
	unsigned lines = 0;

	for (size_t i = 0; i < policy->rules.length && &policy->rules.items[i] != end; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		if (!policy_rule_lists(rule, call->syscall) || !policy_rule_is_on(rule, call->arch->id))
			continue;
		if (lines < LINES_NAMED_MAX)
			buf_printf(text, "%s%s:%u", lines ? ", " : "", rule->position.file, rule->position.line);
		else if (lines == LINES_NAMED_MAX)
			buf_puts(text, ", ...");
		lines++;
	}
	return lines;
}

static int arg_index(const struct call *call, const char *name)
{
	struct abi_arg args[6];
	unsigned count = call->syscall ? abi_syscall_args(call->syscall, call->arch->id, args) : 0;

	for (unsigned i = 0; i < count; i++)
		if (strcmp(args[i].name, name) == 0)
			return (int)i;
	if (strncmp(name, "arg", 3) != 0 && strncmp(name, "word", 4) != 0)
		return -1;
	name += name[0] == 'w' ? 4 : 3;
	return name[0] >= '0' && name[0] <= '5' && !name[1] ? name[0] - '0' : -1;
}

/* "flags = 0x80000, mode = 0x0": what the condition looked at, each argument once. */
static void add_values(struct buf *text, const struct policy_condition *condition, const struct call *call,
		       unsigned *seen)
{
	int index;

	switch (condition->kind) {
	case POLICY_ALWAYS:
	case POLICY_UNSEEN:
		return;
	case POLICY_AND:
	case POLICY_OR:
		add_values(text, condition->left, call, seen);
		add_values(text, condition->right, call, seen);
		return;
	case POLICY_NOT:
		add_values(text, condition->left, call, seen);
		return;
	case POLICY_COMPARE:
		index = arg_index(call, condition->arg);
		if (index < 0 || *seen & 1u << index)
			return;
		buf_printf(text, "%s%s = 0x%" PRIx64, *seen ? ", " : "", condition->arg,
			   (uint64_t)call->data.args[index]);
		*seen |= 1u << index;
		return;
	}
}

static void explain_rule(struct buf *text, const struct policy *policy, const struct policy_rule *rule,
			 const struct call *call)
{
	cleanup(buf_fini) struct buf lines = { 0 };
	unsigned seen = 0, before = add_lines(&lines, policy, call, rule);

	if (!policy_rule_lists(rule, call->syscall)) {
		buf_printf(text,
			   "%s carries another call, whose arguments cannot be seen, and this is the strictest "
			   "of its rules",
			   call->syscall->name);
		return;
	}
	if (rule->condition->kind == POLICY_ALWAYS) {
		buf_printf(text, "the rule lists %s without a condition", call->syscall->name);
	} else {
		buf_puts(text, "its condition holds with ");
		add_values(text, rule->condition, call, &seen);
	}
	if (before)
		buf_printf(text, "; the condition%s before it (%s) do%s not", before == 1 ? "" : "s", buf_text(&lines),
			   before == 1 ? "es" : "");
}

static void explain_foreign(struct buf *text, const struct policy *policy, const struct call *call)
{
	buf_puts(text, "the policy does not name the arch ");
	if (call->arch)
		buf_puts(text, call->arch->name);
	else
		buf_printf(text, "0x%08x", call->data.arch);
	buf_puts(text,
		 policy->has_foreign ? ", so that `foreign` decides" : ", and arches that are not named are killed");
}

/* Why no rule decided a call of an arch that the policy names. */
static void explain_default(struct buf *text, const struct policy *policy, const struct call *call,
			    struct callgate_explanation *explanation)
{
	const struct abi_syscall *syscall = call->syscall;
	cleanup(buf_fini) struct buf lines = { 0 };
	unsigned major = policy->kernel >> 8, minor = policy->kernel & 0xff;

	if (policy_own_action(policy, call->arch->id, (uint32_t)call->data.nr)) {
		explanation->listed = syscall && add_lines(&lines, policy, call, NULL);
		buf_printf(text, "no rule decides this call, so that it gets what every call of %s gets",
			   call->arch->name);
	} else if (!syscall) {
		buf_printf(text, "no kernel that is known has a call of number %" PRIu32 ", so that `newer` decides",
			   (uint32_t)call->data.nr);
	} else if (add_lines(&lines, policy, call, NULL)) {
		explanation->listed = true;
		buf_printf(text, "%s is listed (%s), and no condition there holds, so that `default` decides",
			   syscall->name, buf_text(&lines));
	} else if (syscall->since > policy->kernel) {
		buf_printf(text,
			   "no rule lists %s, and Linux %u.%u brought it, which is newer than `kernel %u.%u`, "
			   "so that `newer` decides",
			   syscall->name, syscall->since >> 8, syscall->since & 0xffu, major, minor);
	} else {
		buf_printf(text, "no rule lists %s, so that `default` decides", syscall->name);
	}
}

static int explain_policy(const struct callgate_subject *subject, const struct call *call, struct buf *reason,
			  struct callgate_explanation *explanation, struct callgate_error *err)
{
	const struct policy *policy = subject->policy->policy;
	struct policy_call as_presented = { call->data.arch, (uint32_t)call->data.nr, 0, { 0 } };
	const struct policy_rule *rule;
	struct callgate_action action;
	int status;

	for (int i = 0; i < 6; i++)
		as_presented.args[i] = call->data.args[i];
	status = policy_evaluate(policy, &as_presented, &action, &rule, err);
	if (status)
		return status;
	if (action.ret != explanation->action.ret)
		return fail(err, CALLGATE_E_UNPROVED, "the rules and their meaning disagree about %s",
			    explanation->call);
	if (policy_is_foreign(policy, call->data.arch, (uint32_t)call->data.nr)) {
		explain_foreign(reason, policy, call);
	} else if (!rule) {
		explain_default(reason, policy, call, explanation);
	} else {
		explain_rule(reason, policy, rule, call);
		explanation->by_rule = true;
		snprintf(explanation->file, sizeof(explanation->file), "%s", rule->position.file);
		explanation->line = rule->position.line;
		subject_quote(subject, &rule->position, explanation->rule, sizeof(explanation->rule));
	}
	return CALLGATE_OK;
}

/* The case of a raw filter that the call falls under. */
static int explain_case(const struct callgate_subject *subject, const struct call *call, struct buf *reason,
			struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct describe_cases cases = { 0 };
	struct seccomp_data data = call_in_memory(call);
	struct diagram_input input;
	uint32_t function;
	int status;

	prove_data_to_input(&data, &input);
	function = diagram_restrict(subject->diagram, subject->root, DIAGRAM_ARCH, input.words[DIAGRAM_ARCH]);
	function = diagram_restrict(subject->diagram, function, DIAGRAM_NR, input.words[DIAGRAM_NR]);
	if (function == DIAGRAM_NONE)
		return fail(err, diagram_status(subject->diagram), "the filter's meaning is beyond the budget");
	status = describe_function(subject->diagram, function, call->arch ? call->arch : abi_arch_native(),
				   call->syscall, &arena, &cases, err);
	if (status)
		return status;
	for (size_t i = 0; i < cases.length; i++) {
		if (cases.items[i].condition &&
		    diagram_evaluate(subject->diagram, cases.items[i].where, &input) != DIAGRAM_TRUE)
			continue;
		if (cases.items[i].condition)
			buf_printf(reason, "the filter answers so if %s", cases.items[i].condition);
		else if (cases.length == 1)
			buf_puts(reason, "the filter answers so whatever the arguments are");
		else
			buf_printf(reason, "the filter answers so unless %s%s", cases.items[0].condition,
				   cases.length > 2 ? " or another of its conditions holds" : "");
		break;
	}
	return CALLGATE_OK;
}

/* The newest of the filters whose answer nothing outranks: it is the kernel's. From 0, the oldest. */
static size_t deciding_filter(const struct subject_stack *stack, const struct seccomp_data *data,
			      struct bpf_answer *ret_answer)
{
	size_t decides = 0;

	for (size_t i = 0; i < stack->count; i++) {
		struct bpf_answer answer = bpf_answer(stack->programs[i].insns, stack->programs[i].length, data);

		if (i && callgate_action_overrides((struct callgate_action){ ret_answer->value },
						   (struct callgate_action){ answer.value }))
			continue;
		*ret_answer = answer;
		decides = i;
	}
	return decides;
}

/* Which instruction of which filter said it. */
static void quote_instruction(const struct subject_stack *stack, size_t filter, size_t insn,
			      struct callgate_explanation *explanation)
{
	cleanup(buf_fini) struct buf text = { 0 };
	const char *start;

	bpf_disassemble(&stack->programs[filter].insns[insn], 1, &text);
	/* Its index is that of a program of one. */
	start = buf_text(&text) + strspn(buf_text(&text), " 0");
	snprintf(explanation->rule, sizeof(explanation->rule), "%.*s", (int)strcspn(start, "\n"), start);
	explanation->filter = (unsigned)filter + 1;
	explanation->insn = (unsigned)insn;
}

static int explain_programs(const struct callgate_subject *subject, const struct call *call, struct buf *reason,
			    struct callgate_explanation *explanation, struct callgate_error *err)
{
	cleanup(subject_stack_fini) struct subject_stack stack = { 0 };
	struct seccomp_data data = call_in_memory(call);
	struct bpf_answer answer = { 0 };
	size_t decides;
	int status = subject_stack_init(subject, NULL, &stack, err);

	if (status)
		return status;
	if (stack.count == 0) {
		buf_puts(reason, "the process carries no filter");
		return CALLGATE_OK;
	}
	decides = deciding_filter(&stack, &data, &answer);
	quote_instruction(&stack, decides, answer.insn, explanation);
	if (subject->is_strict) {
		buf_puts(reason,
			 "the process is in strict mode, which allows read, write, exit and to return from a signal");
		return CALLGATE_OK;
	}
	status = explain_case(subject, call, reason, err);
	buf_printf(reason, ", after %u instructions", subject_stack_executed(&stack, &data));
	if (stack.count > 1)
		buf_printf(reason, "; of %zu filters, number %zu decides (1 is the oldest)", stack.count, decides + 1);
	return status;
}

int explain_call(const struct callgate_subject *subject, const struct call *call,
		 struct callgate_explanation *ret_explanation, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf reason = { 0 };
	cleanup(buf_fini) struct buf spelt = { 0 };
	struct callgate_explanation explanation = { .action = subject_action(subject, &call->data) };
	struct seccomp_data data = call_in_memory(call);
	int status = subject_known(subject, err);

	if (status)
		return status;

	prove_format_call(&data, &spelt);
	snprintf(explanation.call, sizeof(explanation.call), "%s", buf_text(&spelt));
	status = subject->policy ? explain_policy(subject, call, &reason, &explanation, err)
				 : explain_programs(subject, call, &reason, &explanation, err);
	if (status)
		return status;
	if (reason.failed || spelt.failed)
		return fail_nomem(err);
	snprintf(explanation.reason, sizeof(explanation.reason), "%s", buf_text(&reason));
	*ret_explanation = explanation;
	return CALLGATE_OK;
}

int callgate_subject_explain(const struct callgate_subject *subject, const char *call,
			     struct callgate_explanation *ret_explanation, struct callgate_error *err)
{
	struct call parsed;
	int status = subject_parse_call(call, &parsed, err);

	return status ? status : explain_call(subject, &parsed, ret_explanation, err);
}
