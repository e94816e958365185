/*
 * What stands behind `notify` is not in the filter, so that two policies whose filters are equal may let a supervisor
 * do different things. Compared is what was said, call by call: the asking rules in their order, with their conditions
 * and clauses. Two ways to say the same are told as a difference; what differs is never taken for equal.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "filter/diff.h"
#include "filter/subject.h"
#include "lang/lang.h"
#include "policy/broker.h"
#include "prove/prove.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <string.h>

static void say_value(const struct policy_value *value, struct buf *text)
{
	static const char *const signs[] = { [POLICY_VALUE_AND] = " & ", [POLICY_VALUE_OR] = " | " };

	if (value->kind == POLICY_VALUE_NUMBER) {
		buf_printf(text, "%s%" PRIu64, value->negative ? "-" : "", value->number);
	} else if (value->kind == POLICY_VALUE_NAME) {
		buf_puts(text, value->name);
	} else if (value->kind == POLICY_VALUE_NOT) {
		buf_puts(text, "~");
		say_value(value->left, text);
	} else {
		buf_puts(text, "(");
		say_value(value->left, text);
		buf_puts(text, signs[value->kind]);
		say_value(value->right, text);
		buf_puts(text, ")");
	}
}

static void say_comparison(const struct policy_condition *condition, struct buf *text)
{
	static const char *const words[] = {
		[POLICY_OP_EQ] = "==", [POLICY_OP_NE] = "!=",	[POLICY_OP_LT] = "<",
		[POLICY_OP_LE] = "<=", [POLICY_OP_GT] = ">",	[POLICY_OP_GE] = ">=",
		[POLICY_OP_ANY] = "&", [POLICY_OP_ALL] = "has", [POLICY_OP_IN] = "in",
	};

	buf_puts(text, condition->arg);
	if (condition->mask) {
		buf_puts(text, " & ");
		say_value(condition->mask, text);
	}
	buf_printf(text, " %s ", words[condition->op]);
	if (condition->value)
		say_value(condition->value, text);
	for (size_t i = 0; i < condition->range_count; i++) {
		buf_puts(text, i ? ", " : "{");
		say_value(condition->ranges[i].low, text);
		buf_puts(text, "..");
		say_value(condition->ranges[i].high, text);
	}
	buf_puts(text, condition->range_count ? "}" : "");
}

static void say_condition(const struct policy_condition *condition, struct buf *text)
{
	switch (condition->kind) {
	case POLICY_COMPARE:
		say_comparison(condition, text);
		break;
	case POLICY_NOT:
		buf_puts(text, "not (");
		say_condition(condition->left, text);
		buf_puts(text, ")");
		break;
	case POLICY_AND:
	case POLICY_OR:
		buf_puts(text, "(");
		say_condition(condition->left, text);
		buf_puts(text, condition->kind == POLICY_AND ? " and " : " or ");
		say_condition(condition->right, text);
		buf_puts(text, ")");
		break;
	default:
		buf_puts(text, "always");
	}
}

static void say_clause(const struct policy_clause *clause, struct buf *text)
{
	bool is_address = clause->kind == POLICY_CLAUSE_ALLOW || clause->kind == POLICY_CLAUSE_DENY_ADDRESS;

	buf_printf(text, " %s", policy_clause_word(clause->kind));
	if (is_address && clause->transport != POLICY_TRANSPORT_ANY)
		buf_printf(text, " %s", policy_transport_word(clause->transport));
	buf_printf(text, " \"%s\"", clause->text);
	if (!policy_clause_denies(clause->kind))
		return;
	if (clause->denial.kind != POLICY_ERRNO)
		buf_puts(text, " kill-process");
	else if (clause->denial.errno_name)
		buf_printf(text, " errno %s", clause->denial.errno_name);
	else
		buf_printf(text, " errno %u", clause->denial.data);
}

static void say_rule(const struct policy_rule *rule, struct buf *text)
{
	const struct policy_broker *broker = rule->broker;

	buf_puts(text, text->length ? "; notify" : "notify");
	if (broker)
		buf_printf(text, "%s %s", policy_broker_has_clauses(broker->kind) ? " via" : "",
			   policy_broker_word(broker->kind));
	for (size_t i = 0; broker && i < broker->clause_count; i++) {
		buf_puts(text, i ? ";" : " {");
		say_clause(&broker->clauses[i], text);
	}
	buf_puts(text, broker && broker->clause_count ? " }" : "");
	if (rule->condition->kind == POLICY_ALWAYS)
		return;
	buf_puts(text, " if ");
	say_condition(rule->condition, text);
}

/* All that asks about the call, in the order of the policy; "" when nothing does. */
static void say_call(const struct policy *policy, const struct abi_syscall *syscall, struct buf *text)
{
	for (size_t i = 0; i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		for (size_t j = 0; j < rule->name_count && rule->action.kind == POLICY_NOTIFY; j++)
			if (rule->names[j].syscall == syscall) {
				say_rule(rule, text);
				break;
			}
	}
}

/* A call of this name on the policy's first arch that has it, with arguments of 0. */
static const char *example(const struct policy *policy, const struct abi_syscall *syscall, struct arena *arena,
			   const struct abi_arch **ret_arch)
{
	cleanup(buf_fini) struct buf text = { 0 };

	for (enum abi_arch_id id = 0; id < ABI_ARCH_COUNT; id++) {
		struct seccomp_data data = { .nr = syscall->nr[id] };

		if (!policy->arches[id] || syscall->nr[id] < 0)
			continue;
		*ret_arch = abi_arch(id);
		data.arch = (*ret_arch)->audit;
		prove_format_call(&data, &text);
		return text.failed ? NULL : arena_strdup(arena, buf_text(&text));
	}
	return arena_strdup(arena, syscall->name);
}

/* Adds the call's difference, when there is one and both ask. */
static int add_call(struct callgate_diff *diff, const struct policy *a, const struct policy *b,
		    const struct abi_syscall *syscall, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text_a = { 0 };
	cleanup(buf_fini) struct buf text_b = { 0 };
	const struct abi_arch *arch = abi_arch_native();
	struct callgate_difference said = { .syscall = syscall->name,
					    .a = { SECCOMP_RET_USER_NOTIF },
					    .b = { SECCOMP_RET_USER_NOTIF } };

	say_call(a, syscall, &text_a);
	say_call(b, syscall, &text_b);
	if (text_a.failed || text_b.failed)
		return fail_nomem(err);
	if (!text_a.length || !text_b.length || strcmp(buf_text(&text_a), buf_text(&text_b)) == 0)
		return CALLGATE_OK;
	said.witness = example(a, syscall, &diff->arena, &arch);
	said.arch = arch->name;
	said.is_native = arch == abi_arch_native();
	said.a_rules = arena_strdup(&diff->arena, buf_text(&text_a));
	said.b_rules = arena_strdup(&diff->arena, buf_text(&text_b));
	if (!said.witness || !said.a_rules || !said.b_rules ||
	    !VEC_PUSH(&diff->arena, &diff->differences, ((struct difference){ .said = said, .arch = arch })))
		return fail_nomem(err);
	return CALLGATE_OK;
}

/* Whether a rule before this one, or this one before that name, asks about the call. */
static bool was_met(const struct policy *policy, size_t rule, size_t name)
{
	const struct abi_syscall *syscall = policy->rules.items[rule].names[name].syscall;

	for (size_t i = 0; i <= rule; i++)
		for (size_t j = 0; j < policy->rules.items[i].name_count && !(i == rule && j == name); j++)
			if (policy->rules.items[i].action.kind == POLICY_NOTIFY &&
			    policy->rules.items[i].names[j].syscall == syscall)
				return true;
	return false;
}

int callgate_diff_add_brokers(struct callgate_diff *diff, const struct callgate_subject *a,
			      const struct callgate_subject *b, struct callgate_error *err)
{
	const struct policy *from = a->policy ? a->policy->policy : NULL, *to = b->policy ? b->policy->policy : NULL;
	int status = CALLGATE_OK;

	for (size_t i = 0; from && to && i < from->rules.length; i++) {
		const struct policy_rule *rule = &from->rules.items[i];

		for (size_t j = 0; j < rule->name_count && !status && rule->action.kind == POLICY_NOTIFY; j++)
			if (!was_met(from, i, j))
				status = add_call(diff, from, to, rule->names[j].syscall, err);
	}
	return status;
}
