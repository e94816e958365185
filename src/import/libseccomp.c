/*
 * A policy is tried in order, so the union is put in one: first the calls that are decided whatever their arguments
 * are, then comparisons, those of the strictest action before the others.
 *
 * socketcall and ipc carry other calls. As libseccomp does, a rule for such a call gets a second one for the carrier,
 * in which the first argument is the call's number and the comparisons of the others are kept, although what they ask
 * for lies elsewhere there.
 */
#include "import/libseccomp.h"

#include "base/error.h"
#include "policy/multiplex.h"

#include <string.h>

/* By how many rules the carriers may multiply a profile. */
#define RULES_MAX POLICY_RULES_MAX

int libseccomp_add(struct libseccomp_rules *rules, const struct libseccomp_rule *rule)
{
	if (rules->rules.length >= RULES_MAX) {
		error_set(rules->import->err, CALLGATE_E_LIMIT, "more than %u rules", RULES_MAX);
		error_place(rules->import->err, rule->position.file, rule->position.line, rule->position.col);
		return CALLGATE_E_LIMIT;
	}
	if (!VEC_PUSH(&rules->import->policy->arena, &rules->rules, *rule))
		return fail_nomem(rules->import->err);
	return CALLGATE_OK;
}

static const struct policy_value *number(struct arena *arena, uint64_t value, const struct policy_position *position)
{
	struct policy_value *made = arena_alloc(arena, sizeof(*made));

	if (made)
		*made = (struct policy_value){ .kind = POLICY_VALUE_NUMBER, .number = value, .position = *position };
	return made;
}

static struct policy_condition *comparison(struct arena *arena, const struct libseccomp_test *test)
{
	static const char *const words[] = { "word0", "word1", "word2", "word3", "word4", "word5" };
	struct policy_condition *made = arena_alloc(arena, sizeof(*made));
	uint64_t mask = test->is_masked ? test->mask : UINT64_MAX;

	if (!made)
		return NULL;
	*made = (struct policy_condition){
		.kind = POLICY_COMPARE,
		.arg = words[test->arg],
		.mask = test->is_masked ? number(arena, mask, &test->position) : NULL,
		.op = test->op,
		.value = number(arena, test->value & mask, &test->position),
		.position = test->position,
	};
	return made->value && (made->mask || !test->is_masked) ? made : NULL;
}

/* NULL without memory. */
static const struct policy_condition *all_of(struct arena *arena, const struct libseccomp_rule *rule)
{
	static const struct policy_condition always = { .kind = POLICY_ALWAYS };
	const struct policy_condition *all = &always;

	for (size_t i = 0; all && i < rule->test_count; i++) {
		struct policy_condition *one = comparison(arena, &rule->tests[i]), *both;

		if (!i || !one) {
			all = one;
			continue;
		}
		both = arena_alloc(arena, sizeof(*both));
		if (both)
			*both = (struct policy_condition){
				.kind = POLICY_AND, .left = all, .right = one, .position = one->position
			};
		all = both;
	}
	return all;
}

static bool on_an_arch(const struct policy *policy, const struct abi_syscall *syscall)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (policy->arches[arch] && syscall->nr[arch] >= 0)
			return true;
	return false;
}

/* The rule for the carrier of one of a rule's calls. */
static int add_carried(struct libseccomp_rules *rules, const struct libseccomp_rule *rule,
		       const struct policy_name *name, const struct policy_multiplexed *entry)
{
	struct arena *arena = &rules->import->policy->arena;
	struct libseccomp_test *tests = arena_array(arena, rule->test_count + 1, sizeof(*tests));
	struct policy_name *carrier = arena_alloc(arena, sizeof(*carrier));
	struct libseccomp_rule carried = *rule;

	if (!tests || !carrier)
		return fail_nomem(rules->import->err);
	*carrier = (struct policy_name){ abi_syscall_by_name(entry->multiplexer), name->position };
	tests[0] = (struct libseccomp_test){ .op = POLICY_OP_EQ, .value = entry->number, .position = name->position };
	carried.names = carrier;
	carried.name_count = 1;
	carried.tests = tests;
	carried.test_count = 1;
	for (size_t i = 0; i < rule->test_count; i++)
		if (rule->tests[i].arg != 0)
			tests[carried.test_count++] = rule->tests[i];
	return libseccomp_add(rules, &carried);
}

static int add_all_carried(struct libseccomp_rules *rules)
{
	const struct policy *policy = rules->import->policy;
	size_t count = rules->rules.length;

	for (size_t i = 0; i < count; i++) {
		struct libseccomp_rule rule = rules->rules.items[i];

		for (size_t k = 0; k < rule.name_count; k++) {
			const struct policy_multiplexed *entry;

			for (size_t m = 0; (entry = policy_multiplexed_at(m)); m++) {
				int status;

				if (strcmp(entry->carried, rule.names[k].syscall->name) != 0 ||
				    !on_an_arch(policy, abi_syscall_by_name(entry->multiplexer)))
					continue;
				status = add_carried(rules, &rule, &rule.names[k], entry);
				if (status)
					return status;
			}
		}
	}
	return CALLGATE_OK;
}

static size_t call_index(const struct abi_syscall *syscall)
{
	return (size_t)(syscall - abi_syscall_at(0));
}

/* An errno by its name, where all arches of the policy have the number under it. */
static void name_errno(const struct policy *policy, struct policy_action *action)
{
	const char *name = abi_errno_name(abi_arch_native()->id, action->data);

	if (action->kind != POLICY_ERRNO || !name)
		return;
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (policy->arches[arch] && abi_errno_by_name(arch, name) != action->data)
			return;
	action->errno_name = name;
}

/* Appends the rule for those of its calls whose deciding rule (first[], plus one, 0 for none) is `wanted`. */
static int emit(struct libseccomp_rules *rules, const struct libseccomp_rule *rule, const uint32_t *first,
		uint32_t wanted)
{
	struct policy *policy = rules->import->policy;
	struct policy_name *names = arena_array(&policy->arena, rule->name_count, sizeof(*names));
	struct policy_rule made = { .action = rule->action, .names = names, .position = rule->position };
	int status;

	if (!names)
		return fail_nomem(rules->import->err);
	for (size_t i = 0; i < rule->name_count; i++)
		if (first[call_index(rule->names[i].syscall)] == wanted)
			names[made.name_count++] = rule->names[i];
	if (!made.name_count)
		return CALLGATE_OK;
	name_errno(policy, &made.action);
	made.condition = all_of(&policy->arena, rule);
	if (!made.condition)
		return fail_nomem(rules->import->err);
	status = policy_add_rule(policy, &made, rules->import->err);
	if (status)
		error_place(rules->import->err, rule->position.file, rule->position.line, rule->position.col);
	return status;
}

/* Rules that compare, one action after the other, the strictest first. */
static int emit_comparing(struct libseccomp_rules *rules, const uint32_t *first)
{
	static const enum policy_action_kind strictest[] = {
		POLICY_KILL_PROCESS, POLICY_KILL_THREAD, POLICY_TRAP, POLICY_ERRNO,
		POLICY_NOTIFY,	     POLICY_TRACE,	 POLICY_LOG,  POLICY_ALLOW,
	};

	for (size_t k = 0; k < sizeof(strictest) / sizeof(*strictest); k++) {
		for (size_t i = 0; i < rules->rules.length; i++) {
			const struct libseccomp_rule *rule = &rules->rules.items[i];
			int status;

			if (!rule->test_count || rule->action.kind != strictest[k])
				continue;
			status = emit(rules, rule, first, 0);
			if (status)
				return status;
		}
	}
	return CALLGATE_OK;
}

/* A carrier that is listed is a call like any other; one that is not would be taken apart. */
static int list_carriers(struct libseccomp_rules *rules, const uint32_t *first)
{
	static const char *const carriers[] = { "socketcall", "ipc" };
	struct policy *policy = rules->import->policy;
	struct policy_name *names = arena_array(&policy->arena, 2, sizeof(*names));
	struct libseccomp_rule rule = { .action = policy->default_action, .names = names };

	if (!names)
		return fail_nomem(rules->import->err);
	for (size_t i = 0; i < 2; i++) {
		const struct abi_syscall *carrier = abi_syscall_by_name(carriers[i]);

		if (on_an_arch(policy, carrier))
			names[rule.name_count++].syscall = carrier;
	}
	rule.position = policy->default_position;
	return rule.name_count ? emit(rules, &rule, first, 0) : CALLGATE_OK;
}

/* Two rules without comparisons that say different things of a call, of which libseccomp takes the first. */
static int note_contradiction(struct libseccomp_rules *rules, const struct policy_name *name,
			      const struct libseccomp_rule *earlier)
{
	return import_note(rules->import, "%s:%u:%u: %s has another action in the rule on line %u, which holds",
			   name->position.file, name->position.line, name->position.col, name->syscall->name,
			   earlier->position.line);
}

/* The first rule without comparisons of each call, plus one. */
static int find_first(struct libseccomp_rules *rules, uint32_t *first)
{
	for (size_t i = 0; i < rules->rules.length; i++) {
		const struct libseccomp_rule *rule = &rules->rules.items[i];

		for (size_t k = 0; !rule->test_count && k < rule->name_count; k++) {
			uint32_t *known = &first[call_index(rule->names[k].syscall)];
			const struct libseccomp_rule *earlier = *known ? &rules->rules.items[*known - 1] : rule;
			int status = CALLGATE_OK;

			if (earlier->action.kind != rule->action.kind || earlier->action.data != rule->action.data)
				status = note_contradiction(rules, &rule->names[k], earlier);
			if (status)
				return status;
			*known = *known ? *known : (uint32_t)i + 1;
		}
	}
	return CALLGATE_OK;
}

int libseccomp_finish(struct libseccomp_rules *rules)
{
	struct policy *policy = rules->import->policy;
	uint32_t *first = arena_array(&policy->arena, abi_syscall_count(), sizeof(*first));
	int status = first ? add_all_carried(rules) : fail_nomem(rules->import->err);

	name_errno(policy, &policy->default_action);
	policy->newer_action = policy->default_action;
	policy->newer_position = policy->default_position;
	policy->has_foreign = true;
	policy->foreign_action = (struct policy_action){ .kind = POLICY_KILL_THREAD };
	if (!status)
		status = find_first(rules, first);
	for (size_t i = 0; !status && i < rules->rules.length; i++)
		if (!rules->rules.items[i].test_count)
			status = emit(rules, &rules->rules.items[i], first, (uint32_t)i + 1);
	if (!status)
		status = emit_comparing(rules, first);
	return status ? status : list_carriers(rules, first);
}
