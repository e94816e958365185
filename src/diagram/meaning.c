/*
 * A policy becomes its diagram from the inside out: for each call of each arch the rules that list it are folded from
 * the last to the first, the results are laid along the number word as ranges, and those along the arch word. Rules
 * are sorted to their calls once for all arches, calls are met in the order of their numbers, and one whose only rule
 * has no condition costs a look at that rule, since that is what most of a policy is.
 *
 * Arches mostly read a call alike: what its rules come to on one is kept for the next.
 *
 * x86-64 and x32 share an arch word: bit 30 of the number, which -1 has too, tells them apart.
 */
#include "diagram/meaning.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "diagram/action.h"
#include "diagram/union.h"
#include "policy/multiplex.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT 0x40000000u

struct rule_link {
	const struct policy_rule *rule;
	struct rule_link *earlier; /* the one before it in the policy that lists the same call */
};

struct bound_rule {
	const struct policy_bound *bound;
	uint32_t action;
};

/* What the rules of a call say on one arch, from the last to the first. */
struct bound_rules {
	VEC(struct bound_rule);
	uint32_t otherwise; /* behind the last */
	bool big_endian;
	uint32_t function; /* what they come to */
};

/* What is known of one call, whatever the arch. */
struct listed_call {
	struct rule_link *last; /* its last rule, NULL when nothing lists it */
	/* As they were bound on the latest arch that has the call; NULL before, and where no rule has a condition. */
	const struct bound_rules *bound;
};

struct meaning {
	struct diagram *diagram;
	const struct policy *policy;
	struct callgate_error *err;
	struct arena arena;		      /* dies with the translation */
	const struct abi_syscall *first_call; /* of abi's table */
	struct listed_call *calls;	      /* by place in abi's table */
	const struct abi_arch *arch;	      /* the one that is being translated */
	uint32_t default_action, newer_action;
	const struct policy_action *known; /* the latest whose terminal was asked for on this arch, or NULL */
	uint32_t known_terminal;
};

/* The values of the number word, from the lowest up. */
struct numbers {
	VEC(struct diagram_range);
};

/* Most rules of a policy have one action, and it is asked for call by call. */
static uint32_t terminal(struct meaning *meaning, const struct policy_action *action)
{
	const struct policy_action *known = meaning->known;

	if (known && known->kind == action->kind && known->data == action->data &&
	    known->errno_name == action->errno_name)
		return meaning->known_terminal;
	meaning->known = action;
	meaning->known_terminal =
		diagram_terminal(meaning->diagram, diagram_action(policy_action_value(action, meaning->arch->id).ret));
	return meaning->known_terminal;
}

static struct listed_call *listed(const struct meaning *meaning, const struct abi_syscall *syscall)
{
	return &meaning->calls[syscall - meaning->first_call];
}

static void meaning_fini(struct meaning *meaning)
{
	arena_fini(&meaning->arena);
}

static int meaning_status(struct meaning *meaning, uint32_t node)
{
	if (node != DIAGRAM_NONE)
		return CALLGATE_OK;
	if (diagram_status(meaning->diagram) == CALLGATE_E_LIMIT) {
		error_set(meaning->err, CALLGATE_E_LIMIT, "the policy's meaning takes too many nodes");
		error_hint(meaning->err, "simplify the conditions that compare several arguments of one call");
		return CALLGATE_E_LIMIT;
	}
	return fail_nomem(meaning->err);
}

static int sort_rules(struct meaning *meaning)
{
	const struct policy *policy = meaning->policy;
	struct rule_link *link;
	size_t names = 0;

	for (size_t i = 0; i < policy->rules.length; i++)
		names += policy->rules.items[i].name_count;
	meaning->first_call = abi_syscall_at(0);
	meaning->calls = arena_array(&meaning->arena, abi_syscall_count(), sizeof(*meaning->calls));
	link = arena_array(&meaning->arena, names, sizeof(*link));
	if (!meaning->calls || !link)
		return fail_nomem(meaning->err);
	for (size_t i = 0; i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		for (size_t k = 0; k < rule->name_count; k++, link++) {
			struct listed_call *call = listed(meaning, rule->names[k].syscall);

			*link = (struct rule_link){ rule, call->last };
			call->last = link;
		}
	}
	return CALLGATE_OK;
}

/* What a call gets that no rule decides. */
static uint32_t undecided(const struct meaning *meaning, const struct abi_syscall *syscall)
{
	bool is_newer = syscall->since > meaning->policy->kernel && !listed(meaning, syscall)->last;

	return is_newer ? meaning->newer_action : meaning->default_action;
}

/* Rules from the last to the first: those of one action that follow each other wait, to be taken at once. */
struct fold {
	struct diagram_union joined; /* conditions of rules with this action, which stand before all of function */
	uint32_t action;
	uint32_t function; /* what the rules behind say */
};

static void fold_joined(struct meaning *meaning, struct fold *fold)
{
	if (fold->joined.count)
		fold->function = diagram_union_choose(meaning->diagram, &fold->joined, fold->action, fold->function);
}

static int fold_bound(struct meaning *meaning, struct fold *fold, const struct policy_bound *bound, uint32_t action)
{
	if (action != fold->action || bound->kind == POLICY_UNSEEN)
		fold_joined(meaning, fold);
	fold->action = action;
	if (bound->kind == POLICY_UNSEEN)
		fold->function = diagram_stack(meaning->diagram, fold->function, action);
	else if (!diagram_union_add(&fold->joined, bound))
		return fail_nomem(meaning->err);
	return meaning_status(meaning, fold->function);
}

static int fold_rules(struct meaning *meaning, struct bound_rules *rules)
{
	struct fold fold = {
		.joined = { .arena = &meaning->arena, .big_endian = rules->big_endian },
		.function = rules->otherwise,
	};

	for (size_t i = 0; i < rules->length; i++) {
		int status = fold_bound(meaning, &fold, rules->items[i].bound, rules->items[i].action);

		if (status)
			return status;
	}
	fold_joined(meaning, &fold);
	rules->function = fold.function;
	return meaning_status(meaning, fold.function);
}

static int bind_rules(struct meaning *meaning, const struct abi_syscall *syscall, struct bound_rules *rules)
{
	const struct rule_link *link = listed(meaning, syscall)->last;

	for (; link; link = link->earlier) {
		struct bound_rule rule = { 0 };
		int status;

		if (!policy_rule_is_on(link->rule, meaning->arch->id))
			continue;
		rule.action = terminal(meaning, &link->rule->action);
		if (link->rule->condition->kind == POLICY_ALWAYS) {
			rules->otherwise = rule.action;
			rules->length = 0; /* nothing that stands behind is ever asked */
			continue;
		}
		status = policy_bind(link->rule->condition, syscall, meaning->arch->id, &meaning->arena, &rule.bound,
				     meaning->err);
		if (status)
			return status;
		if (!VEC_PUSH(&meaning->arena, rules, rule))
			return fail_nomem(meaning->err);
	}
	return CALLGATE_OK;
}

static bool rules_are_equal(const struct bound_rules *a, const struct bound_rules *b)
{
	if (a->length != b->length || a->otherwise != b->otherwise || a->big_endian != b->big_endian)
		return false;
	for (size_t i = 0; i < a->length; i++)
		if (a->items[i].action != b->items[i].action ||
		    !policy_bound_equals(a->items[i].bound, b->items[i].bound))
			return false;
	return true;
}

/* A call whose rules come to the same on two arches is folded once. */
static int ruled(struct meaning *meaning, const struct abi_syscall *syscall, uint32_t *ret_function)
{
	struct bound_rules *rules = arena_alloc(&meaning->arena, sizeof(*rules));
	const struct bound_rules *earlier = listed(meaning, syscall)->bound;
	int status;

	if (!rules)
		return fail_nomem(meaning->err);
	rules->otherwise = undecided(meaning, syscall);
	rules->big_endian = meaning->arch->big_endian;
	status = bind_rules(meaning, syscall, rules);
	if (status)
		return status;
	if (earlier && rules_are_equal(rules, earlier))
		rules->function = earlier->function;
	else
		status = fold_rules(meaning, rules);
	if (status)
		return status;
	listed(meaning, syscall)->bound = rules;
	*ret_function = rules->function;
	return CALLGATE_OK;
}

static bool overrides(struct callgate_action a, uint32_t b)
{
	return callgate_action_overrides(a, (struct callgate_action){ b });
}

/* The strictest of what the rules of a call could answer when none of its arguments is seen. */
static uint32_t fold_blind(struct meaning *meaning, const struct abi_syscall *syscall)
{
	uint32_t strictest = undecided(meaning, syscall);
	const struct rule_link *link = listed(meaning, syscall)->last;

	for (; link; link = link->earlier) {
		struct callgate_action action = policy_action_value(&link->rule->action, meaning->arch->id);
		struct callgate_action later = { diagram_node(meaning->diagram, strictest).low };

		if (!policy_rule_is_on(link->rule, meaning->arch->id))
			continue;
		if (link->rule->condition->kind == POLICY_ALWAYS || !overrides(later, action.ret))
			strictest = diagram_terminal(meaning->diagram, action.ret);
	}
	return strictest;
}

/* socketcall and ipc, by what they carry; see policy/multiplex.h. */
static int take_apart(struct meaning *meaning, const struct abi_syscall *syscall, uint32_t *ret_function)
{
	enum diagram_word word = diagram_arg_word(0, false, meaning->arch->big_endian);
	uint32_t function = undecided(meaning, syscall);
	const struct policy_multiplexed *entry;

	for (size_t i = 0; (entry = policy_multiplexed_at(i)); i++) {
		const struct abi_syscall *carried = abi_syscall_by_name(entry->carried);

		if (!carried || strcmp(entry->multiplexer, syscall->name) != 0)
			continue;
		function = diagram_if(meaning->diagram,
				      diagram_word_equals(meaning->diagram, word, entry->mask, entry->number),
				      fold_blind(meaning, carried), function);
	}
	*ret_function = function;
	return meaning_status(meaning, function);
}

static int call_function(struct meaning *meaning, const struct abi_syscall *syscall, uint32_t *ret_function)
{
	const struct rule_link *last = listed(meaning, syscall)->last;

	if (last && (last->earlier || last->rule->condition->kind != POLICY_ALWAYS || last->rule->not_on))
		return ruled(meaning, syscall, ret_function);
	if (!last && policy_is_multiplexer(syscall))
		return take_apart(meaning, syscall, ret_function);
	*ret_function = last ? terminal(meaning, &last->rule->action) : undecided(meaning, syscall);
	return CALLGATE_OK; /* whoever makes nodes of it looks whether there was memory */
}

/* From this number on, up to where the next begins, the arch says this. */
static inline int begin_range(struct meaning *meaning, struct numbers *numbers, uint32_t low, uint32_t result)
{
	struct diagram_range *last = numbers->length ? &numbers->items[numbers->length - 1] : NULL;

	if (last && last->result == result)
		return CALLGATE_OK;
	if (last)
		last->high = low - 1;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it follows no memory through VEC_ROOM */
	if (!VEC_PUSH(&meaning->arena, numbers, ((struct diagram_range){ low, UINT32_MAX, result })))
		return fail_nomem(meaning->err);
	return CALLGATE_OK;
}

/* The numbers of the current arch from low to high: its calls, and what is newer between them. */
static int begin_numbers(struct meaning *meaning, struct numbers *numbers, uint32_t low, uint32_t high)
{
	enum abi_arch_id id = meaning->arch->id;
	const struct abi_syscall *syscall;
	uint32_t next = low;

	while ((syscall = abi_syscall_from_nr(id, next)) && (uint32_t)syscall->nr[id] <= high) {
		uint32_t nr = (uint32_t)syscall->nr[id];
		uint32_t function;
		int status = call_function(meaning, syscall, &function);

		if (!status && nr > next)
			status = begin_range(meaning, numbers, next, meaning->newer_action);
		if (!status)
			status = begin_range(meaning, numbers, nr, function);
		if (status)
			return status;
		next = nr + 1;
	}
	return next > high ? CALLGATE_OK : begin_range(meaning, numbers, next, meaning->newer_action);
}

static int enter_arch(struct meaning *meaning, enum abi_arch_id id)
{
	const struct policy_action *own = meaning->policy->own[id];
	int status;

	meaning->arch = abi_arch(id);
	meaning->known = NULL;
	meaning->default_action = terminal(meaning, own ? own : &meaning->policy->default_action);
	meaning->newer_action = terminal(meaning, own ? own : &meaning->policy->newer_action);
	status = meaning_status(meaning, meaning->default_action);
	return status ? status : meaning_status(meaning, meaning->newer_action);
}

static uint32_t foreign(struct meaning *meaning)
{
	return diagram_terminal(meaning->diagram, diagram_action(policy_foreign_value(meaning->policy).ret));
}

/* The same, or foreign as a whole when the policy does not name the arch. */
static int begin_arch(struct meaning *meaning, struct numbers *numbers, enum abi_arch_id id, uint32_t low,
		      uint32_t high)
{
	int status;

	if (!meaning->policy->arches[id])
		return begin_range(meaning, numbers, low, foreign(meaning));
	status = enter_arch(meaning, id);
	return status ? status : begin_numbers(meaning, numbers, low, high);
}

/* Numbers that no call of the arch has. */
static int begin_empty(struct meaning *meaning, struct numbers *numbers, enum abi_arch_id id, uint32_t low)
{
	const struct policy_action *own = policy_own_action(meaning->policy, id, low);
	uint32_t newer = diagram_action(policy_action_value(own ? own : &meaning->policy->newer_action, id).ret);

	return begin_range(meaning, numbers, low,
			   meaning->policy->arches[id] ? diagram_terminal(meaning->diagram, newer) : foreign(meaning));
}

/* Bit 31 means nothing, and nothing has it. */
static int begin_x86_64(struct meaning *meaning, struct numbers *numbers)
{
	bool is_alone = meaning->policy->arches[ABI_X86_64] && !meaning->policy->arches[ABI_X32];
	int status = begin_arch(meaning, numbers, ABI_X86_64, 0, X32_BIT - 1);

	if (!status && is_alone && meaning->policy->has_foreign) {
		status = begin_range(meaning, numbers, X32_BIT, foreign(meaning));
		return status ? status : begin_empty(meaning, numbers, ABI_X86_64, UINT32_MAX);
	}
	if (!status)
		status = begin_arch(meaning, numbers, ABI_X32, X32_BIT, 2 * X32_BIT - 1);
	if (!status)
		status = begin_empty(meaning, numbers, ABI_X86_64, 2 * X32_BIT);
	if (!status)
		status = begin_empty(meaning, numbers, ABI_X32, 3 * X32_BIT);
	return status;
}

static int arch_function(struct meaning *meaning, enum abi_arch_id id, struct numbers *numbers, uint32_t *ret_function)
{
	int status;

	numbers->length = 0;
	if (id == ABI_X86_64)
		status = begin_x86_64(meaning, numbers);
	else
		status = begin_arch(meaning, numbers, id, 0, UINT32_MAX);
	if (status)
		return status;
	*ret_function = diagram_switch(meaning->diagram, DIAGRAM_NR, numbers->items, numbers->length,
				       DIAGRAM_FALSE /* nothing is left over */);
	return meaning_status(meaning, *ret_function);
}

static int range_order(const void *a, const void *b)
{
	const struct diagram_range *left = a, *right = b;

	return (left->low > right->low) - (left->low < right->low);
}

/* Whether something is to be said of this audit number, and x86-64's is said once. */
static bool says_audit(const struct policy *policy, enum abi_arch_id id)
{
	if (id == ABI_X86_64)
		return policy->arches[ABI_X86_64] || policy->arches[ABI_X32];
	return id != ABI_X32 && policy->arches[id];
}

static int policy_function(struct meaning *meaning, uint32_t *ret_root)
{
	struct diagram_range audits[ABI_ARCH_COUNT];
	struct numbers numbers = { 0 }; /* one list for all of them, one after the other */
	size_t count = 0;
	uint32_t root;

	for (enum abi_arch_id id = 0; id < ABI_ARCH_COUNT; id++) {
		uint32_t audit = abi_arch(id)->audit;
		int status;

		if (!says_audit(meaning->policy, id))
			continue;
		audits[count] = (struct diagram_range){ .low = audit, .high = audit };
		status = arch_function(meaning, id, &numbers, &audits[count++].result);
		if (status)
			return status;
	}
	qsort(audits, count, sizeof(*audits), range_order);
	root = diagram_switch(meaning->diagram, DIAGRAM_ARCH, audits, count, foreign(meaning));
	if (root != DIAGRAM_NONE)
		*ret_root = root;
	return meaning_status(meaning, root);
}

int diagram_from_policy(struct diagram *diagram, const struct policy *policy, uint32_t *ret_root,
			struct callgate_error *err)
{
	cleanup(meaning_fini) struct meaning meaning = { .diagram = diagram, .policy = policy, .err = err };
	int status = sort_rules(&meaning);

	return status ? status : policy_function(&meaning, ret_root);
}

/* Whether a call is this one on the native arch with secret in its sixth argument. */
static uint32_t door_condition(struct diagram *diagram, const char *syscall, uint64_t secret)
{
	const struct abi_arch *native = abi_arch_native();
	uint32_t nr = (uint32_t)abi_syscall_by_name(syscall)->nr[native->id];
	enum diagram_word low = diagram_arg_word(5, false, native->big_endian);
	enum diagram_word high = diagram_arg_word(5, true, native->big_endian);
	uint32_t call = diagram_and(diagram, diagram_word_equals(diagram, DIAGRAM_ARCH, UINT32_MAX, native->audit),
				    diagram_word_equals(diagram, DIAGRAM_NR, UINT32_MAX, nr));
	uint32_t door = diagram_and(diagram, diagram_word_equals(diagram, low, UINT32_MAX, (uint32_t)secret),
				    diagram_word_equals(diagram, high, UINT32_MAX, (uint32_t)(secret >> 32)));

	return diagram_and(diagram, call, door);
}

static int with_door(struct diagram *diagram, uint32_t root, const char *syscall, uint64_t secret, uint32_t *ret_root,
		     struct callgate_error *err)
{
	uint32_t with = diagram_if(diagram, door_condition(diagram, syscall, secret),
				   diagram_terminal(diagram, SECCOMP_RET_ALLOW), root);

	if (with == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	*ret_root = with;
	return CALLGATE_OK;
}

int diagram_with_launch(struct diagram *diagram, uint32_t root, uint64_t secret, uint32_t *ret_root,
			struct callgate_error *err)
{
	return with_door(diagram, root, "execve", secret, ret_root, err);
}

int diagram_with_doors(struct diagram *diagram, uint32_t root, const struct policy *policy, uint64_t secret,
		       uint32_t *ret_root, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	if (!policy->is_phase)
		status = diagram_with_launch(diagram, root, secret, &root, err);
	if (!status && (policy->is_phase || policy->phases.length))
		status = with_door(diagram, root, "seccomp", secret, &root, err);
	if (!status)
		*ret_root = root;
	return status;
}

int diagram_from_policy_with_launch(struct diagram *diagram, const struct policy *policy, uint64_t secret,
				    uint32_t *ret_root, struct callgate_error *err)
{
	uint32_t without;
	int status = diagram_from_policy(diagram, policy, &without, err);

	return status ? status : diagram_with_doors(diagram, without, policy, secret, ret_root, err);
}
