/*
 * A statement is first written as one line in which the places where it may be broken are marked, then laid out: as it
 * is when it fits, else filled line by line, with `if` at the start of a line. Brackets are printed where the
 * language's precedence needs them and nowhere else, so that one meaning has one form.
 */
#include "lang/print.h"

#include "base/cleanup.h"
#include "lang/words.h"

#include <inttypes.h>
#include <string.h>

/* Marks in a line that is not laid out yet; no byte of the language is one of them. */
#define MAY_BREAK "\001"
#define BEFORE_IF "\002"

/* How tightly an operator binds; one that binds looser than its surroundings gets brackets. */
enum level { LEVEL_OR = 1, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE };
enum value_level { VALUE_OR = 1, VALUE_AND, VALUE_UNARY };

/* What an address is made of; with anything else in it, it stands in quotes. */
#define BARE_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_[]*/"

/* The largest number that is printed in decimal when no spelling is kept. */
enum { DECIMAL_MAX = 65535 };

static void write_number(struct buf *out, const struct policy_value *value)
{
	if (value->negative)
		buf_putc(out, '-');
	if (value->name)
		buf_puts(out, value->name);
	else if (value->number <= DECIMAL_MAX)
		buf_printf(out, "%" PRIu64, value->number);
	else
		buf_printf(out, "0x%" PRIx64, value->number);
}

static void write_value(struct buf *out, const struct policy_value *value, enum value_level around)
{
	bool is_or = value->kind == POLICY_VALUE_OR;
	enum value_level level = is_or ? VALUE_OR : value->kind == POLICY_VALUE_AND ? VALUE_AND : VALUE_UNARY;
	bool bracket = level < around;

	if (bracket)
		buf_putc(out, '(');
	if (value->kind == POLICY_VALUE_NUMBER) {
		write_number(out, value);
	} else if (value->kind == POLICY_VALUE_NAME) {
		buf_puts(out, value->name);
	} else if (value->kind == POLICY_VALUE_NOT) {
		buf_putc(out, '~');
		write_value(out, value->left, VALUE_UNARY);
	} else {
		write_value(out, value->left, level);
		buf_puts(out, is_or ? " |" MAY_BREAK : " & ");
		write_value(out, value->right, level);
	}
	if (bracket)
		buf_putc(out, ')');
}

static void write_range(struct buf *out, const struct policy_range *range)
{
	write_value(out, range->low, VALUE_OR);
	if (range->high == range->low)
		return;
	buf_puts(out, "..");
	write_value(out, range->high, VALUE_OR);
}

static void write_ranges(struct buf *out, const struct policy_condition *condition)
{
	bool bare = condition->range_count == 1 && condition->ranges[0].low != condition->ranges[0].high;

	if (!bare)
		buf_putc(out, '{');
	for (size_t i = 0; i < condition->range_count; i++) {
		if (i)
			buf_puts(out, "," MAY_BREAK);
		write_range(out, &condition->ranges[i]);
	}
	if (!bare)
		buf_putc(out, '}');
}

static void write_compare(struct buf *out, const struct policy_condition *condition)
{
	static const char *const operators[] = {
		[POLICY_OP_EQ] = "==", [POLICY_OP_NE] = "!=",	[POLICY_OP_LT] = "<",
		[POLICY_OP_LE] = "<=", [POLICY_OP_GT] = ">",	[POLICY_OP_GE] = ">=",
		[POLICY_OP_ANY] = "&", [POLICY_OP_ALL] = "has", [POLICY_OP_IN] = "in",
	};

	buf_puts(out, condition->arg);
	if (condition->mask) {
		buf_puts(out, " & ");
		write_value(out, condition->mask, VALUE_AND);
	}
	buf_printf(out, " %s ", operators[condition->op]);
	if (condition->op == POLICY_OP_IN)
		write_ranges(out, condition);
	else
		write_value(out, condition->value, condition->op == POLICY_OP_ANY ? VALUE_AND : VALUE_OR);
}

static void write_condition(struct buf *out, const struct policy_condition *condition, enum level around)
{
	static const enum level levels[] = {
		[POLICY_ALWAYS] = LEVEL_COMPARE, [POLICY_AND] = LEVEL_AND,	   [POLICY_OR] = LEVEL_OR,
		[POLICY_NOT] = LEVEL_NOT,	 [POLICY_COMPARE] = LEVEL_COMPARE,
	};
	enum level level = levels[condition->kind];
	bool bracket = level < around;

	if (bracket)
		buf_putc(out, '(');
	if (condition->kind == POLICY_COMPARE) {
		write_compare(out, condition);
	} else if (condition->kind == POLICY_NOT) {
		buf_puts(out, "not ");
		write_condition(out, condition->left, level);
	} else if (condition->kind != POLICY_ALWAYS) {
		write_condition(out, condition->left, level);
		buf_puts(out, condition->kind == POLICY_AND ? MAY_BREAK "and " : MAY_BREAK "or ");
		write_condition(out, condition->right, level);
	}
	if (bracket)
		buf_putc(out, ')');
}

/* Columns up to the next place where the line may be broken. */
static size_t piece_length(const char *text)
{
	return strcspn(text, MAY_BREAK BEFORE_IF);
}

static void lay_out(struct buf *out, const char *text)
{
	bool fits = strlen(text) <= PRINT_WIDTH;
	size_t col = 0;

	for (;;) {
		size_t length = piece_length(text);

		buf_add(out, text, length);
		col += length;
		text += length;
		if (!*text)
			break;
		if (fits || (*text != BEFORE_IF[0] && col + 1 + piece_length(text + 1) <= PRINT_WIDTH)) {
			buf_putc(out, ' ');
			col++;
		} else {
			buf_printf(out, "\n%*s", PRINT_INDENT, "");
			col = PRINT_INDENT;
		}
		text++;
	}
}

static void lay_out_line(struct buf *out, const char *text, const char *comment)
{
	lay_out(out, text);
	if (comment)
		buf_printf(out, "%s%s", comment[0] == '#' ? "  " : "  # ", comment);
	buf_putc(out, '\n');
}

static void take_scratch(struct buf *out, struct buf *scratch, const char *comment)
{
	out->failed |= scratch->failed;
	lay_out_line(out, buf_text(scratch), comment);
}

static void write_names(struct buf *out, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? "," MAY_BREAK : " ", names[i]);
}

/* Where a part is wanted in one line, it is laid out with room for all of it. */
static void unmark(struct buf *out, size_t from)
{
	for (size_t i = from; i < out->length; i++)
		if (out->data[i] == MAY_BREAK[0])
			out->data[i] = ' ';
}

void print_action(struct buf *out, const struct policy_action *action)
{
	const struct words_action *row = words_action(action->kind);

	buf_puts(out, row->word);
	if (action->kind == POLICY_ERRNO && action->errno_name)
		buf_printf(out, " %s", action->errno_name);
	else if (row->has_data)
		buf_printf(out, " %u", action->data);
}

void print_value(struct buf *out, const struct policy_value *value)
{
	size_t from = out->length;

	write_value(out, value, VALUE_OR);
	unmark(out, from);
}

void print_condition(struct buf *out, const struct policy_condition *condition)
{
	size_t from = out->length;

	write_condition(out, condition, LEVEL_OR);
	unmark(out, from);
}

static void write_condition_behind(struct buf *out, const struct policy_condition *condition)
{
	if (condition->kind == POLICY_ALWAYS)
		return;
	buf_puts(out, BEFORE_IF "if ");
	write_condition(out, condition, LEVEL_OR);
}

static void write_rule(struct buf *out, const struct print_rule *rule)
{
	print_action(out, rule->action);
	write_names(out, rule->names, rule->count);
	if (!rule->broker)
		return;
	if (policy_broker_has_clauses(rule->broker->kind))
		buf_printf(out, " via %s {", policy_broker_word(rule->broker->kind));
	else
		buf_printf(out, " %s", policy_broker_word(rule->broker->kind));
}

void print_rule_head(struct buf *out, const struct print_rule *rule, const char *comment)
{
	cleanup(buf_fini) struct buf scratch = { 0 };

	write_rule(&scratch, rule);
	take_scratch(out, &scratch, comment);
}

void print_clause(struct buf *out, const struct policy_clause *clause, const char *comment)
{
	bool is_bare = clause->transport != POLICY_TRANSPORT_UNIX && clause->transport != POLICY_TRANSPORT_ANY &&
		       clause->text[strspn(clause->text, BARE_BYTES)] == '\0';
	bool is_address = clause->kind == POLICY_CLAUSE_ALLOW || clause->kind == POLICY_CLAUSE_DENY_ADDRESS;

	buf_printf(out, "%*s%s ", PRINT_INDENT, "", policy_clause_word(clause->kind));
	if (is_address && clause->transport != POLICY_TRANSPORT_ANY)
		buf_printf(out, "%s ", policy_transport_word(clause->transport));
	buf_printf(out, is_address && is_bare ? "%s" : "\"%s\"", clause->text);
	if (policy_clause_denies(clause->kind)) {
		buf_putc(out, ' ');
		print_action(out, &clause->denial);
	}
	if (comment)
		buf_printf(out, "%s%s", comment[0] == '#' ? "  " : "  # ", comment);
	buf_putc(out, '\n');
}

void print_rule_tail(struct buf *out, const struct print_rule *rule, const char *comment)
{
	cleanup(buf_fini) struct buf scratch = { 0 };

	buf_putc(&scratch, '}');
	write_condition_behind(&scratch, rule->condition);
	take_scratch(out, &scratch, comment);
}

void print_named_rule(struct buf *out, const struct print_rule *rule, const char *comment)
{
	cleanup(buf_fini) struct buf scratch = { 0 };

	if (rule->broker && policy_broker_has_clauses(rule->broker->kind)) {
		print_rule_head(out, rule, NULL);
		for (size_t i = 0; i < rule->broker->clause_count; i++)
			print_clause(out, &rule->broker->clauses[i], NULL);
		print_rule_tail(out, rule, comment);
		return;
	}
	write_rule(&scratch, rule);
	write_condition_behind(&scratch, rule->condition);
	take_scratch(out, &scratch, comment);
}

void print_word_list(struct buf *out, const char *word, const char *const *names, size_t count, const char *comment)
{
	cleanup(buf_fini) struct buf scratch = { 0 };

	buf_puts(&scratch, word);
	write_names(&scratch, names, count);
	take_scratch(out, &scratch, comment);
}

void print_rule(struct buf *out, const struct policy_rule *rule, const char *comment)
{
	const char **names = calloc(rule->name_count, sizeof(*names));

	if (!names) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < rule->name_count; i++)
		names[i] = rule->names[i].syscall->name;
	print_named_rule(out,
			 &(struct print_rule){ &rule->action, names, rule->name_count, rule->broker, rule->condition },
			 comment);
	free(names);
}

/* One line of a comment from text; gives what is left of it. */
static const char *comment_line(struct buf *out, const char *text)
{
	size_t room = PRINT_WIDTH - 2;
	size_t length = strcspn(text, "\n");

	if (length > room) {
		size_t cut = room;

		while (cut && text[cut] != ' ')
			cut--;
		length = cut ? cut : room;
	}
	buf_puts(out, length ? "# " : "#");
	buf_add(out, text, length);
	buf_putc(out, '\n');
	text += length;
	return *text == '\n' || *text == ' ' ? text + 1 : text;
}

void print_comment(struct buf *out, const char *text)
{
	do {
		text = comment_line(out, text);
	} while (*text);
}

static void print_header_action(struct buf *out, const char *word, const struct policy_action *action)
{
	buf_printf(out, "%s ", word);
	print_action(out, action);
	buf_putc(out, '\n');
}

void print_header(struct buf *out, const struct policy *policy)
{
	const char *names[ABI_ARCH_COUNT];
	size_t count = 0;

	buf_printf(out, "kernel %u.%u\n", policy->kernel >> 8, policy->kernel & 0xff);
	for (enum abi_arch_id id = 0; id < ABI_ARCH_COUNT; id++)
		if (policy->arches[id])
			names[count++] = abi_arch(id)->name;
	if (count)
		print_word_list(out, "arch", names, count, NULL);
	print_header_action(out, "default", &policy->default_action);
	if (policy->newer_action.kind != POLICY_ERRNO || !policy->newer_action.errno_name ||
	    strcmp(policy->newer_action.errno_name, "ENOSYS") != 0)
		print_header_action(out, "newer", &policy->newer_action);
	if (policy->has_foreign)
		print_header_action(out, "foreign", &policy->foreign_action);
}

void print_indented(struct buf *out, const char *lines)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		if (length)
			buf_putc(out, '\t');
		buf_add(out, lines, length);
		buf_putc(out, '\n');
		lines += length + (lines[length] == '\n');
	}
}

void print_phase_name(struct buf *out, const char *name, const char *mark)
{
	buf_printf(out, "phase %s%s%s {", name, mark ? " at " : "", mark ? mark : "");
}

void print_phase(struct buf *out, const struct policy_phase *phase)
{
	cleanup(buf_fini) struct buf inside = { 0 };

	if (phase->has_default)
		print_header_action(&inside, "default", &phase->default_action);
	for (size_t i = 0; i < phase->rules.length; i++)
		print_rule(&inside, &phase->rules.items[i], NULL);
	buf_putc(out, '\n');
	print_phase_name(out, phase->name,
			 phase->at_marker ? "marker"
			 : phase->at_main ? "main"
			 : phase->at	  ? phase->at->name
					  : NULL);
	buf_putc(out, '\n');
	print_indented(out, buf_text(&inside));
	buf_puts(out, "}\n");
	out->failed |= inside.failed;
}

void print_policy(struct buf *out, const struct policy *policy)
{
	print_header(out, policy);
	if (policy->rules.length)
		buf_putc(out, '\n');
	for (size_t i = 0; i < policy->rules.length; i++)
		print_rule(out, &policy->rules.items[i], NULL);
	for (size_t i = 0; i < policy->phases.length; i++)
		print_phase(out, &policy->phases.items[i]);
}
