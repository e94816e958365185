/*
 * Rules that decide nothing: each call's rules are walked once, in order, with what the earlier ones leave; a rule that
 * takes nothing of it, whatever the call and the arch, is idle. It says the same again when all that it would take was
 * taken for its own action.
 *
 * Thousands of rules about one call can need more than the diagram's budget, which is one call's own here: what is
 * not known of one call leaves the rest of the answers whole, and its rules count as deciding something.
 */
#include "check/check.h"

#include "base/cleanup.h"
#include "diagram/condition.h"

/* What one rule comes to over all of its calls. */
struct check_share {
	bool lists;   /* a call that an arch of the policy has */
	bool decides; /* some call */
	bool differs; /* some of what it would decide, an earlier rule decides in another way */
};

/* The rules that list one syscall, by their index, in order. */
struct listing {
	VEC(uint32_t);
};

/* What earlier rules took of one call for one action. */
struct taken {
	uint32_t action, condition;
};

struct walk {
	struct check *check;
	struct diagram *diagram; /* of this call alone */
	enum abi_arch_id arch;
	const struct abi_syscall *syscall;
	uint32_t left; /* what no rule has taken so far */
	struct {
		VEC(struct taken);
	} taken;
};

static uint32_t *walk_taken(struct walk *walk, uint32_t action)
{
	struct taken none = { action, diagram_terminal(walk->diagram, DIAGRAM_FALSE) };

	for (size_t i = 0; i < walk->taken.length; i++)
		if (walk->taken.items[i].action == action)
			return &walk->taken.items[i].condition;
	if (!VEC_PUSH(&walk->check->arena, &walk->taken, none))
		return NULL;
	return &walk->taken.items[walk->taken.length - 1].condition;
}

static int walk_rule(struct walk *walk, const struct policy_rule *rule, struct check_share *share)
{
	struct check *check = walk->check;
	struct diagram *diagram = walk->diagram;
	uint32_t *same = walk_taken(walk, policy_action_value(&rule->action, walk->arch).ret);
	uint32_t never = diagram_terminal(diagram, DIAGRAM_FALSE);
	const struct policy_bound *bound;
	uint32_t condition, takes;
	int status;

	if (!same)
		return CALLGATE_E_NOMEM;
	status = policy_bind(rule->condition, walk->syscall, walk->arch, &check->arena, &bound, NULL);
	if (status < 0)
		return status;
	condition = diagram_choose(diagram, bound, abi_arch(walk->arch)->big_endian,
				   diagram_terminal(diagram, DIAGRAM_TRUE), never, &check->arena);
	takes = diagram_and(diagram, walk->left, condition);
	share->lists = true;
	share->decides |= takes != never;
	share->differs |= diagram_and(diagram, condition, *same) != condition;
	*same = diagram_or(diagram, *same, takes);
	walk->left = diagram_and(diagram, walk->left, diagram_not(diagram, condition));
	return CALLGATE_OK;
}

static void walk_fini(struct walk *walk)
{
	diagram_free(walk->diagram);
}

static int walk_call(struct check *check, enum abi_arch_id arch, const struct abi_syscall *syscall,
		     const struct listing *listing)
{
	cleanup(walk_fini) struct walk walk = { .check = check, .arch = arch, .syscall = syscall };
	int status = CALLGATE_OK;

	/* Who is alone decides: a condition that never holds is not the fault of another rule. */
	if (listing->length == 1)
		check->shares[listing->items[0]] = (struct check_share){ .lists = true, .decides = true };
	if (listing->length <= 1)
		return CALLGATE_OK;
	walk.diagram = diagram_new(0);
	if (!walk.diagram)
		return CALLGATE_E_NOMEM;
	walk.left = diagram_terminal(walk.diagram, DIAGRAM_TRUE);
	for (size_t i = 0; status == CALLGATE_OK && i < listing->length; i++) {
		uint32_t index = listing->items[i];

		if (policy_rule_is_on(&check->subject->policy->rules.items[index], arch))
			status = walk_rule(&walk, &check->subject->policy->rules.items[index], &check->shares[index]);
	}
	return status == CALLGATE_OK && diagram_status(walk.diagram) == CALLGATE_E_NOMEM ? CALLGATE_E_NOMEM : status;
}

/* The rules by what they list; NULL without memory. */
static struct listing *list_rules(struct check *check)
{
	const struct policy *policy = check->subject->policy;
	struct listing *listings = arena_array(&check->arena, abi_syscall_count(), sizeof(*listings));

	for (size_t i = 0; listings && i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		for (size_t j = 0; j < rule->name_count; j++) {
			struct listing *listing = &listings[rule->names[j].syscall - abi_syscall_at(0)];

			if (listing->length && listing->items[listing->length - 1] == i)
				continue;
			if (!VEC_PUSH(&check->arena, listing, (uint32_t)i))
				return NULL;
		}
	}
	return listings;
}

static int compute_shares(struct check *check)
{
	struct listing *listings = list_rules(check);
	int status = CALLGATE_OK;

	check->shares = arena_array(&check->arena, check->subject->policy->rules.length, sizeof(*check->shares));
	if (!listings || !check->shares)
		return CALLGATE_E_NOMEM;
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++)
		for (size_t i = 0; status == CALLGATE_OK && i < abi_syscall_count(); i++)
			if (abi_syscall_at(i)->nr[arch] >= 0)
				status = walk_call(check, arch, abi_syscall_at(i), &listings[i]);
	return status;
}

static void report_idle_rules(struct check *check, bool differs, const char *detail)
{
	const struct policy *policy = check->subject->policy;

	if (!policy)
		return;
	if (!check->shares)
		check->status = compute_shares(check);
	for (size_t i = 0; !check->status && i < policy->rules.length; i++) {
		const struct check_share *share = &check->shares[i];

		if (share->lists && !share->decides && share->differs == differs)
			check_report_at(check, NULL, &policy->rules.items[i].position, "%s", detail);
	}
}

void check_shadowed_rule(struct check *check)
{
	report_idle_rules(check, true, "earlier rules decide all that this one lists");
}

void check_duplicate_rule(struct check *check)
{
	report_idle_rules(check, false, "an earlier rule says the same");
}
