/*
 * lang/print.h - policies as text, in the one form that all of them have
 *
 * What is printed parses to the same rules. Lines are kept to PRINT_WIDTH columns; a longer statement goes on,
 * indented, behind a comma or an operator, its `if` on a line of its own. Failure is that of the buf.
 */
#ifndef CALLGATE_LANG_PRINT_H
#define CALLGATE_LANG_PRINT_H

#include "base/buf.h"
#include "policy/broker.h"

enum { PRINT_WIDTH = 100, PRINT_INDENT = 4 };

/* The parts, without a newline and without wrapping. */
void print_action(struct buf *out, const struct policy_action *action);
void print_value(struct buf *out, const struct policy_value *value);
void print_condition(struct buf *out, const struct policy_condition *condition);

/* "kernel 6.1", "arch …", "default …", "newer …" (when it is not errno ENOSYS) and "foreign …" (when stated), a line
 * each. */
void print_header(struct buf *out, const struct policy *policy);

/* One rule, wrapped, with its newline. comment (or NULL) is one line that stands behind it: "  # comment". */
void print_rule(struct buf *out, const struct policy_rule *rule, const char *comment);

/* Text as comment lines, "# " before each, wrapped between words; a newline in it starts a new line. */
void print_comment(struct buf *out, const char *text);

/* A phase with its braces, and an empty line before it. */
void print_phase(struct buf *out, const struct policy_phase *phase);

/* "phase NAME at MARK {"; mark may be NULL. */
void print_phase_name(struct buf *out, const char *name, const char *mark);
/* Each line that is not empty with a tab before it. */
void print_indented(struct buf *out, const char *lines);

/* The header and all rules; includes and comments are not part of a struct policy. */
void print_policy(struct buf *out, const struct policy *policy);

/* A rule before its names are looked up: what the formatter has. */
struct print_rule {
	const struct policy_action *action;
	const char *const *names;
	size_t count;
	const struct policy_broker *broker; /* or NULL */
	const struct policy_condition *condition;
};

void print_named_rule(struct buf *out, const struct print_rule *rule, const char *comment);

/* The three parts of one whose broker has clauses, for whoever has comments between them: its first line, a clause,
 * and the rest. */
void print_rule_head(struct buf *out, const struct print_rule *rule, const char *comment);
void print_clause(struct buf *out, const struct policy_clause *clause, const char *comment);
void print_rule_tail(struct buf *out, const struct print_rule *rule, const char *comment);
/* One that is not wrapped further than behind commas: "arch a, b". */
void print_word_list(struct buf *out, const char *word, const char *const *names, size_t count, const char *comment);

#endif
