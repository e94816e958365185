/*
 * Which rule asked is found by looking at the call once more, at the very words that the filter was given: the rules
 * of a policy are bound to its arches when the broker is made, and of those that list the call the first whose
 * condition holds is the one. Where that one does not ask, or none is found, filter and rules disagree, and the call
 * is refused.
 */
#include "broker/broker.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "broker/work.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One rule that lists one call of one arch. */
struct broker_entry {
	const struct abi_syscall *syscall;
	enum abi_arch_id arch;
	uint32_t nr;
	size_t order; /* of the rule in the policy */
	const struct policy_bound *condition;
	struct broker_rule *rule; /* NULL for one that does not ask */
};

struct broker {
	const struct policy *policy;
	bool has_fixed_root;
	struct arena arena;
	struct {
		VEC(struct broker_entry);
	} entries; /* by arch, nr, order */
};

static bool rule_asks(const struct policy_rule *rule)
{
	return rule->action.kind == POLICY_NOTIFY;
}

bool broker_is_needed(const struct policy *policy)
{
	bool needed = policy->default_action.kind == POLICY_NOTIFY || policy->newer_action.kind == POLICY_NOTIFY ||
		      policy->foreign_action.kind == POLICY_NOTIFY;

	for (size_t i = 0; i < policy->rules.length && !needed; i++)
		needed = rule_asks(&policy->rules.items[i]);
	return needed;
}

static int fail_unanswered(const struct policy_position *position, struct callgate_error *err)
{
	error_set(err, CALLGATE_E_UNSUPPORTED, "'notify' leaves calls to a supervisor, and does not say to which");
	error_hint(err, "say `via files {...}`, `via network {...}`, `once` or `own-children`: callgate-policy(5)");
	error_place(err, position->file, position->line, position->col);
	return CALLGATE_E_UNSUPPORTED;
}

static int check_answered(const struct policy *policy, struct callgate_error *err)
{
	if (policy->default_action.kind == POLICY_NOTIFY)
		return fail_unanswered(&policy->default_position, err);
	if (policy->newer_action.kind == POLICY_NOTIFY)
		return fail_unanswered(&policy->newer_position, err);
	if (policy->foreign_action.kind == POLICY_NOTIFY)
		return fail_unanswered(&policy->foreign_position, err);
	for (size_t i = 0; i < policy->rules.length; i++)
		if (rule_asks(&policy->rules.items[i]) && !policy->rules.items[i].broker)
			return fail_unanswered(&policy->rules.items[i].position, err);
	return CALLGATE_OK;
}

/* The rule as its broker has it, with its addresses resolved. */
static int prepare_rule(struct broker *broker, const struct policy_rule *rule, struct broker_rule **ret_rule,
			struct callgate_error *err)
{
	struct broker_rule *prepared = arena_alloc(&broker->arena, sizeof(*prepared));
	struct broker_addresses *addresses = NULL;
	int status = CALLGATE_OK;

	if (!prepared)
		return fail_nomem(err);
	if (rule->broker->kind == POLICY_BROKER_NETWORK) {
		addresses = arena_array(&broker->arena, rule->broker->clause_count, sizeof(*addresses));
		if (!addresses)
			return fail_nomem(err);
		for (size_t i = 0; i < rule->broker->clause_count && !status; i++)
			status = broker_resolve(&rule->broker->clauses[i], &broker->arena, &addresses[i], err);
	}
	prepared->broker = rule->broker;
	prepared->addresses = addresses;
	*ret_rule = prepared;
	return status;
}

static int add_call(struct broker *broker, size_t order, const struct abi_syscall *syscall, struct broker_rule *rule,
		    struct callgate_error *err)
{
	const struct policy *policy = broker->policy;

	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		struct broker_entry entry = { .syscall = syscall,
					      .arch = arch,
					      .nr = (uint32_t)syscall->nr[arch],
					      .order = order,
					      .rule = rule };
		int status;

		if (!policy->arches[arch] || syscall->nr[arch] < 0 ||
		    !policy_rule_is_on(&policy->rules.items[order], arch))
			continue;
		status = policy_bind(policy->rules.items[order].condition, syscall, arch, &broker->arena,
				     &entry.condition, err);
		if (status)
			return status;
		if (!VEC_PUSH(&broker->arena, &broker->entries, entry))
			return fail_nomem(err);
	}
	return CALLGATE_OK;
}

/* Every rule: one that allows a call may stand before one that asks about it. */
static int add_rules(struct broker *broker, struct callgate_error *err)
{
	const struct policy *policy = broker->policy;
	int status = CALLGATE_OK;

	for (size_t i = 0; i < policy->rules.length && !status; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];
		struct broker_rule *prepared = NULL;

		if (rule_asks(rule))
			status = prepare_rule(broker, rule, &prepared, err);
		for (size_t j = 0; j < rule->name_count && !status; j++)
			status = add_call(broker, i, rule->names[j].syscall, prepared, err);
	}
	return status;
}

static int compare_calls(const struct broker_entry *a, enum abi_arch_id arch, uint32_t nr)
{
	if (a->arch != arch)
		return a->arch < arch ? -1 : 1;
	return (a->nr > nr) - (a->nr < nr);
}

static int compare_entries(const void *left, const void *right)
{
	const struct broker_entry *a = left, *b = right;
	int order = compare_calls(a, b->arch, b->nr);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* The first entry of a call. */
static size_t find_call(const struct broker *broker, enum abi_arch_id arch, uint32_t nr)
{
	size_t low = 0, high = broker->entries.length;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_calls(&broker->entries.items[middle], arch, nr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The rule that asked about the call; NULL when none did. */
static const struct broker_entry *find_rule(const struct broker *broker, const struct callgate_notify_call *call)
{
	const struct abi_arch *arch = abi_arch_of_call(call->audit, call->nr);
	uint32_t nr = arch ? call->nr : 0;

	if (!arch)
		return NULL;
	for (size_t i = find_call(broker, arch->id, nr); i < broker->entries.length; i++) {
		const struct broker_entry *entry = &broker->entries.items[i];

		if (compare_calls(entry, arch->id, nr) != 0)
			break;
		if (policy_bound_holds(entry->condition, call->args))
			return entry->rule ? entry : NULL;
	}
	return NULL;
}

/* A path in which a byte would mean something else to a clause is proposed to nobody. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || strchr("*?\"\\", *text))
			return false;
	return true;
}

void broker_want(const struct broker_call *work, enum policy_clause_kind kind, const char *transport, const char *text)
{
	char *wanted = work->verdict->wanted;
	bool is_path = text[0] == '/' || text[0] == '@';
	int length = snprintf(wanted, BROKER_WANTED_MAX, is_path ? "%s%s%s \"%s\"" : "%s%s%s %s",
			      policy_clause_word(kind), *transport ? " " : "", transport, text);

	if (length >= BROKER_WANTED_MAX || !is_plain(text))
		wanted[0] = '\0';
}

struct callgate_notify_answer broker_deny(const struct broker_call *work, const struct policy_clause *clause)
{
	const struct abi_arch *arch = abi_arch_of_call(work->call->audit, work->call->nr);
	uint32_t ret;

	work->verdict->denies = true;
	work->verdict->clause = clause;
	if (!clause || !arch)
		return broker_refuse(EACCES);
	ret = policy_action_value(&clause->denial, arch->id).ret;
	if ((ret & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
		return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_KILL };
	return broker_refuse((int)(ret & SECCOMP_RET_DATA));
}

/* The rule that asked about the call, and a verdict that does not deny yet; without a rule it does. */
static const struct broker_entry *find_judge(const struct broker *broker, const struct callgate_notify_call *call,
					     struct broker_verdict *ret_verdict)
{
	const struct broker_entry *entry = find_rule(broker, call);

	*ret_verdict = (struct broker_verdict){ .denies = !entry,
						.rule = entry ? &broker->policy->rules.items[entry->order] : NULL };
	return entry;
}

/* By numbers alone: what only counts is let go, the rest has to be looked at. */
struct callgate_notify_decision broker_decide(struct broker *broker, const struct callgate_notify_call *call,
					      struct broker_verdict *ret_verdict)
{
	const struct broker_entry *entry = find_judge(broker, call, ret_verdict);

	if (!entry || entry->rule->broker->kind != POLICY_BROKER_ONCE)
		return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_EXAMINE };
	if (!__atomic_exchange_n(&entry->rule->spent, 1, __ATOMIC_SEQ_CST))
		return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_CONTINUE };
	ret_verdict->denies = true;
	return (struct callgate_notify_decision){ CALLGATE_NOTIFY_ANSWERED, broker_refuse(EACCES) };
}

struct callgate_notify_answer broker_examine(struct broker *broker, struct callgate_notify_target *target,
					     struct broker_verdict *ret_verdict)
{
	struct broker_call work = { .target = target, .call = callgate_notify_call(target), .verdict = ret_verdict };
	const struct broker_entry *entry = find_judge(broker, work.call, ret_verdict);

	if (!entry)
		return broker_refuse(EACCES);
	work.syscall = entry->syscall;
	work.rule = entry->rule;
	work.has_fixed_root = broker->has_fixed_root;
	switch (entry->rule->broker->kind) {
	case POLICY_BROKER_FILES:
		return broker_files(&work);
	case POLICY_BROKER_NETWORK:
		return broker_network(&work);
	case POLICY_BROKER_OWN_CHILDREN:
		return broker_own_children(&work);
	default:
		return broker_refuse(EACCES);
	}
}

int broker_new(const struct policy *policy, struct broker **ret_broker, struct callgate_error *err)
{
	struct broker *broker;
	int status = check_answered(policy, err);

	if (status)
		return status;
	broker = calloc(1, sizeof(*broker));
	if (!broker)
		return fail_nomem(err);
	broker->policy = policy;
	broker->has_fixed_root = broker_fixes_root(policy);
	status = add_rules(broker, err);
	if (status) {
		broker_free(broker);
		return status;
	}
	if (broker->entries.length)
		qsort(broker->entries.items, broker->entries.length, sizeof(*broker->entries.items), compare_entries);
	*ret_broker = broker;
	return CALLGATE_OK;
}

void broker_free(struct broker *broker)
{
	if (!broker)
		return;
	arena_fini(&broker->arena);
	free(broker);
}

static struct callgate_notify_decision decide(const struct callgate_notify_call *call, void *context)
{
	struct broker_verdict verdict;

	return broker_decide(context, call, &verdict);
}

static struct callgate_notify_answer examine(struct callgate_notify_target *target, void *context)
{
	struct broker_verdict verdict;

	return broker_examine(context, target, &verdict);
}

struct callgate_notify_handler broker_handler(struct broker *broker)
{
	return (struct callgate_notify_handler){ .decide = decide, .examine = examine, .context = broker };
}
