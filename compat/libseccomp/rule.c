/*
 * A rule names a call by its native number, and is added to each arch of the filter under that arch's own number. An
 * arch that lacks the call has nothing to add, which only the exact functions refuse.
 *
 * Where socketcall or ipc can carry the call, the multiplexer gets a rule too: the number that it carries stands in
 * place of the first comparison. The others are kept, as libseccomp does, though the arguments lie in memory then,
 * where no filter sees them; the exact functions refuse a rule that has any.
 */
#include "rule.h"
#include "level.h"
#include "syscall.h"

#include <errno.h>
#include <stdarg.h>

static bool rules_match_alike(const struct rule *a, const struct rule *b)
{
	for (unsigned arg = 0; arg < ARGS; arg++) {
		const struct comparison *left = &a->comparisons[arg], *right = &b->comparisons[arg];

		if (left->op != right->op || left->mask != right->mask || left->value != right->value)
			return false;
	}
	return true;
}

bool rule_is_unconditional(const struct rule *rule)
{
	for (unsigned arg = 0; arg < ARGS; arg++)
		if (rule->comparisons[arg].op)
			return false;
	return true;
}

/* What of a comparison the arch has: the low word of an argument where it has no more. */
static void fit_comparisons(struct rule *rule, const struct token *token)
{
	uint64_t all = token->bits == 32 ? UINT32_MAX : UINT64_MAX;

	for (unsigned arg = 0; arg < ARGS; arg++) {
		rule->comparisons[arg].mask &= all;
		rule->comparisons[arg].value &= rule->comparisons[arg].mask;
	}
}

/* Adds a rule unless it is there. The same comparisons cannot lead to two actions. */
static int add_rule(struct filter *filter, const struct rule *wanted)
{
	struct rule rule = *wanted;
	size_t others = filter_may_have(filter, rule.number) ? filter->count : 0;

	fit_comparisons(&rule, filter->token);
	for (size_t i = 0; i < others; i++) {
		const struct rule *other = &filter->rules[i];

		if (other->number != rule.number || !rules_match_alike(other, &rule))
			continue;
		return other->action == rule.action || rule_is_unconditional(&rule) ? 0 : -EEXIST;
	}
	return filter_push(filter, &rule);
}

static int add_carried(struct filter *filter, const struct rule *wanted, const struct policy_multiplexed *carried,
		       bool exact)
{
	struct rule rule = *wanted;
	int status = 0;

	if (exact && !rule_is_unconditional(wanted))
		return -EINVAL;
	rule.number = syscall_direct_number(filter->token, carried->carried);
	if (rule.number >= 0)
		status = add_rule(filter, &rule);
	if (status)
		return status;
	rule.comparisons[0] = (struct comparison){ SCMP_CMP_EQ, UINT64_MAX, carried->number };
	rule.number = syscall_direct_number(filter->token, carried->multiplexer);
	return add_rule(filter, &rule);
}

/* Adds a rule with the native number, which is that of `name`, to one arch. */
static int add_to_arch(struct filter *filter, const struct rule *native, const char *name, bool exact)
{
	const struct policy_multiplexed *carried = name ? syscall_carried(filter->token, name) : NULL;
	struct rule rule = *native;

	if (native->number == SCMP_SYS_SKIP)
		return add_rule(filter, &rule);
	if (filter->token != token_native()) {
		if (!name)
			return -EFAULT;
		rule.number = syscall_direct_number(filter->token, name);
	}
	if (carried)
		return add_carried(filter, native, carried, exact);
	if (rule.number < 0)
		return exact ? -EDOM : 0;
	return add_rule(filter, &rule);
}

/* All arches or none. */
static int add_to_all(struct context *context, const struct rule *native, bool exact)
{
	const char *name = syscall_name(token_native(), native->number);
	size_t counts[CONTEXT_ARCHES_MAX] = { 0 };
	struct content *content = &context->content;
	int status = 0;

	context_forget_program(context);
	for (size_t i = 0; i < content->filter_count; i++)
		counts[i] = content->filters[i].count;
	for (size_t i = 0; i < content->filter_count && !status; i++)
		status = add_to_arch(&content->filters[i], native, name, exact);
	for (size_t i = 0; i < content->filter_count && status; i++)
		content->filters[i].count = counts[i];
	return status;
}

static int read_comparisons(struct rule *rule, unsigned count, const struct scmp_arg_cmp *comparisons)
{
	for (unsigned i = 0; i < count; i++) {
		const struct scmp_arg_cmp *given = &comparisons[i];
		bool masked = given->op == SCMP_CMP_MASKED_EQ;

		if (given->arg >= ARGS || given->op < SCMP_CMP_NE || given->op >= SCMP_CMP_END ||
		    rule->comparisons[given->arg].op)
			return -EINVAL;
		rule->comparisons[given->arg] = (struct comparison){
			.op = given->op,
			.mask = masked ? given->datum_a : UINT64_MAX,
			.value = masked ? given->datum_b : given->datum_a,
		};
	}
	return 0;
}

/* Whether the number can name a call. */
static bool number_is_valid(const struct context *context, int number)
{
	if (number == SCMP_SYS_SKIP)
		return context->content.attributes[SCMP_FLTATR_API_TSKIP];
	return number >= 0 || number <= PSEUDO_FIRST;
}

static int check_rule(const struct context *context, uint32_t action, int number, bool exact)
{
	const uint32_t *attributes = context->content.attributes;

	if (!action_is_valid(action))
		return -EINVAL;
	if (action == attributes[SCMP_FLTATR_ACT_DEFAULT])
		return -EACCES;
	if (!number_is_valid(context, number))
		return -EINVAL;
	if (action == SECCOMP_RET_USER_NOTIF && attributes[SCMP_FLTATR_CTL_TSYNC] && level_now() < LEVEL_BOTH)
		return -EINVAL;
	return exact && context->content.filter_count > 1 ? -EOPNOTSUPP : 0;
}

static int rule_add(struct context *context, uint32_t action, int number, unsigned count,
		    const struct scmp_arg_cmp *comparisons, bool exact)
{
	struct rule rule = { .number = number, .action = action };
	int status;

	if (!context_is_valid(context) || count > ARGS || (count && !comparisons))
		return -EINVAL;
	status = check_rule(context, action, number, exact);
	if (!status)
		status = read_comparisons(&rule, count, comparisons);
	return status ? status : add_to_all(context, &rule, exact);
}

int seccomp_rule_add_array(struct context *context, uint32_t action, int number, unsigned int count,
			   const struct scmp_arg_cmp *comparisons)
{
	return rule_add(context, action, number, count, comparisons, false);
}

int seccomp_rule_add_exact_array(struct context *context, uint32_t action, int number, unsigned int count,
				 const struct scmp_arg_cmp *comparisons)
{
	return rule_add(context, action, number, count, comparisons, true);
}

/* No more than a rule may have: with more, none is read and the rule is refused. */
static void take_arguments(struct scmp_arg_cmp comparisons[ARGS], unsigned count, va_list arguments)
{
	for (unsigned i = 0; i < count && count <= ARGS; i++)
		comparisons[i] = va_arg(arguments, struct scmp_arg_cmp);
}

int seccomp_rule_add(struct context *context, uint32_t action, int number, unsigned int count, ...)
{
	struct scmp_arg_cmp comparisons[ARGS];
	va_list arguments;

	va_start(arguments, count);
	take_arguments(comparisons, count, arguments);
	va_end(arguments);
	return rule_add(context, action, number, count, comparisons, false);
}

int seccomp_rule_add_exact(struct context *context, uint32_t action, int number, unsigned int count, ...)
{
	struct scmp_arg_cmp comparisons[ARGS];
	va_list arguments;

	va_start(arguments, count);
	take_arguments(comparisons, count, arguments);
	va_end(arguments);
	return rule_add(context, action, number, count, comparisons, true);
}

/* The number of a call on an arch of the filter, SCMP_SYS_ERROR where there is nothing to weigh. */
static int arch_number(const struct token *token, int native)
{
	const char *name = syscall_name(token_native(), native);

	if (token == token_native() || native == SCMP_SYS_SKIP)
		return native;
	return name ? syscall_direct_number(token, name) : SCMP_SYS_ERROR;
}

int seccomp_syscall_priority(struct context *context, int number, uint8_t priority)
{
	struct content *content;
	size_t before;

	if (!context_is_valid(context) || !number_is_valid(context, number))
		return -EINVAL;
	content = &context->content;
	before = content->priority_count;
	for (size_t i = 0; i < content->filter_count; i++) {
		const struct token *token = content->filters[i].token;
		int on_arch = arch_number(token, number);
		struct priority entry = { token_audit(token), (uint32_t)on_arch, priority };

		if (on_arch < 0)
			continue;
		if (content_push_priority(content, &entry)) {
			content->priority_count = before;
			return -ENOMEM;
		}
	}
	context_forget_program(context);
	return 0;
}
