/*
 * Rules to a diagram, by the diagram room's own operations: one function for each number that a rule names, one switch
 * an arch, one switch over arches.
 */
#include "rules.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT 0x40000000u

static uint32_t parse_action(const char *name, unsigned data)
{
	if (strcmp(name, "SCMP_ACT_ALLOW") == 0)
		return SECCOMP_RET_ALLOW;
	return strcmp(name, "SCMP_ACT_ERRNO") == 0 ? SECCOMP_RET_ERRNO | data : SECCOMP_RET_KILL_THREAD;
}

static bool parse_condition(const char *text, struct rule_condition *ret)
{
	return sscanf(text, "%u:%23[A-Z_]:%lu:%lu", &ret->arg, ret->op, &ret->value, &ret->value2) == 4;
}

static bool parse_line(char *line, struct arena *arena, struct rules *rules)
{
	struct rule rule = { 0 };
	char action[32];
	unsigned data;
	char *word, *rest = NULL;

	if (sscanf(line, "DEFAULT %31s %u", action, &data) == 2) {
		rules->otherwise = parse_action(action, data);
		return true;
	}
	if (sscanf(line, "%31s %u %39s", action, &data, rule.name) != 3)
		return false;
	rule.action = parse_action(action, data);
	strtok_r(line, " \n", &rest);
	for (unsigned skip = 0; skip < 2; skip++)
		strtok_r(NULL, " \n", &rest);
	while ((word = strtok_r(NULL, " \n", &rest)))
		if (rule.condition_count == 6 || !parse_condition(word, &rule.conditions[rule.condition_count++]))
			return false;
	return VEC_PUSH(arena, rules, rule);
}

bool rules_read(const char *path, struct arena *arena, struct rules *ret_rules)
{
	FILE *file = fopen(path, "re");
	char line[512];

	*ret_rules = (struct rules){ 0 };
	if (!file) {
		perror(path);
		return false;
	}
	while (fgets(line, sizeof(line), file))
		if (!parse_line(line, arena, ret_rules)) {
			fprintf(stderr, "%s: not a rule: %s\n", path, line);
			fclose(file);
			return false;
		}
	fclose(file);
	return true;
}

/* Both halves of the argument against mask and value. */
static uint32_t masked_equal(struct diagram *d, const struct abi_arch *arch, unsigned arg, uint64_t mask,
			     uint64_t value)
{
	uint32_t high = diagram_word_equals(d, diagram_arg_word(arg, true, arch->big_endian), (uint32_t)(mask >> 32),
					    (uint32_t)(value >> 32));
	uint32_t low =
		diagram_word_equals(d, diagram_arg_word(arg, false, arch->big_endian), (uint32_t)mask, (uint32_t)value);

	return diagram_and(d, high, low);
}

static uint32_t word_below(struct diagram *d, enum diagram_word word, uint32_t value)
{
	struct diagram_range range = { 0, value - 1, DIAGRAM_TRUE };

	return diagram_switch(d, word, &range, value ? 1 : 0, DIAGRAM_FALSE);
}

static uint32_t below(struct diagram *d, const struct abi_arch *arch, unsigned arg, uint64_t value)
{
	enum diagram_word high = diagram_arg_word(arg, true, arch->big_endian);
	enum diagram_word low = diagram_arg_word(arg, false, arch->big_endian);
	uint32_t equal = diagram_word_equals(d, high, UINT32_MAX, (uint32_t)(value >> 32));

	return diagram_or(d, word_below(d, high, (uint32_t)(value >> 32)),
			  diagram_and(d, equal, word_below(d, low, (uint32_t)value)));
}

static uint32_t condition_diagram(struct diagram *d, const struct abi_arch *arch, const struct rule_condition *c)
{
	uint64_t full = arch->word_bits == 32 ? UINT32_MAX : UINT64_MAX;

	if (strcmp(c->op, "SCMP_CMP_MASKED_EQ") == 0)
		return masked_equal(d, arch, c->arg, c->value & full, c->value2 & c->value & full);
	if (strcmp(c->op, "SCMP_CMP_EQ") == 0)
		return masked_equal(d, arch, c->arg, full, c->value & full);
	if (arch->word_bits == 32) {
		enum diagram_word low = diagram_arg_word(c->arg, false, arch->big_endian);

		if (strcmp(c->op, "SCMP_CMP_LT") == 0)
			return word_below(d, low, (uint32_t)c->value);
		return diagram_not(d, word_below(d, low, (uint32_t)c->value + 1));
	}
	if (strcmp(c->op, "SCMP_CMP_LT") == 0)
		return below(d, arch, c->arg, c->value);
	return diagram_not(d, below(d, arch, c->arg, c->value + 1));
}

static uint32_t rule_diagram(struct diagram *d, const struct abi_arch *arch, const struct rule *rule)
{
	uint32_t condition = DIAGRAM_TRUE;

	for (unsigned i = 0; i < rule->condition_count; i++)
		condition = diagram_and(d, condition, condition_diagram(d, arch, &rule->conditions[i]));
	return condition;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct diagram_range *left = a, *right = b;

	return left->low < right->low ? -1 : left->low > right->low;
}

/* The numbers that rules name, sorted, each with what it does. */
static size_t collect_numbers(const struct rules *rules, struct diagram *d, const struct abi_arch *arch,
			      struct diagram_range *numbers)
{
	uint32_t otherwise = diagram_terminal(d, rules->otherwise);
	size_t count = 0;

	for (size_t i = 0; i < rules->length; i++) {
		const struct rule *rule = &rules->items[i];
		const struct abi_syscall *syscall = abi_syscall_by_name(rule->name);
		size_t at = 0;

		if (!syscall || syscall->nr[arch->id] < 0)
			continue;
		while (at < count && numbers[at].low != (uint32_t)syscall->nr[arch->id])
			at++;
		if (at == count)
			numbers[count++] = (struct diagram_range){ (uint32_t)syscall->nr[arch->id],
								   (uint32_t)syscall->nr[arch->id], otherwise };
		numbers[at].result = diagram_if(d, rule_diagram(d, arch, rule), diagram_terminal(d, rule->action),
						numbers[at].result);
	}
	qsort(numbers, count, sizeof(*numbers), compare_ranges);
	return count;
}

static bool has_arch(const enum abi_arch_id *arches, size_t count, enum abi_arch_id id)
{
	for (size_t i = 0; i < count; i++)
		if (arches[i] == id)
			return true;
	return false;
}

static uint32_t arch_diagram(const struct rules *rules, struct diagram *d, const struct abi_arch *arch, bool with_x32)
{
	struct diagram_range numbers[2 * ABI_ARCH_COUNT * 100];
	size_t count = collect_numbers(rules, d, arch, numbers);

	if (arch->id == ABI_X86_64 && with_x32) {
		size_t more = collect_numbers(rules, d, abi_arch(ABI_X32), numbers + count);

		count += more;
	} else if (arch->id == ABI_X86_64) {
		numbers[count++] = (struct diagram_range){ X32_BIT, UINT32_MAX - 1, diagram_terminal(d, 0) };
	}
	return diagram_switch(d, DIAGRAM_NR, numbers, count, diagram_terminal(d, rules->otherwise));
}

uint32_t rules_diagram(const struct rules *rules, struct diagram *diagram, const enum abi_arch_id *arches,
		       size_t arch_count)
{
	struct diagram_range ranges[ABI_ARCH_COUNT];
	size_t count = 0;

	for (size_t i = 0; i < arch_count; i++) {
		const struct abi_arch *arch = abi_arch(arches[i]);

		if (arches[i] == ABI_X32)
			continue;
		ranges[count++] = (struct diagram_range){ arch->audit, arch->audit,
							  arch_diagram(rules, diagram, arch,
								       has_arch(arches, arch_count, ABI_X32)) };
	}
	qsort(ranges, count, sizeof(*ranges), compare_ranges);
	return diagram_switch(diagram, DIAGRAM_ARCH, ranges, count, diagram_terminal(diagram, 0));
}

static void put_action(struct buf *text, uint32_t action)
{
	if (action == SECCOMP_RET_ALLOW)
		buf_puts(text, "allow");
	else if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		buf_printf(text, "errno %u", action & SECCOMP_RET_DATA);
	else
		buf_puts(text, "kill-thread");
}

static void put_condition(struct buf *text, const struct rule_condition *c)
{
	if (strcmp(c->op, "SCMP_CMP_MASKED_EQ") == 0)
		buf_printf(text, "arg%u & 0x%lx == 0x%lx", c->arg, c->value, c->value2);
	else
		buf_printf(text, "arg%u %s 0x%lx", c->arg,
			   strcmp(c->op, "SCMP_CMP_EQ") == 0   ? "=="
			   : strcmp(c->op, "SCMP_CMP_LT") == 0 ? "<"
							       : ">",
			   c->value);
}

static void put_rule(struct buf *text, const struct rule *rule)
{
	put_action(text, rule->action);
	buf_printf(text, " %s", rule->name);
	for (unsigned i = 0; i < rule->condition_count; i++) {
		buf_puts(text, i ? " and " : " if ");
		put_condition(text, &rule->conditions[i]);
	}
	buf_putc(text, '\n');
}

bool rules_policy(const struct rules *rules, const enum abi_arch_id *arches, size_t arch_count, struct buf *ret_text)
{
	buf_puts(ret_text, "kernel 7.1\narch ");
	for (size_t i = 0; i < arch_count; i++)
		buf_printf(ret_text, "%s%s", i ? ", " : "", abi_arch(arches[i])->name);
	buf_puts(ret_text, "\ndefault ");
	put_action(ret_text, rules->otherwise);
	buf_puts(ret_text, "\nnewer ");
	put_action(ret_text, rules->otherwise);
	buf_putc(ret_text, '\n');
	for (size_t i = 0; i < rules->length; i++)
		if (abi_syscall_by_name(rules->items[i].name))
			put_rule(ret_text, &rules->items[i]);
	return !ret_text->failed;
}
