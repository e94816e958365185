/*
 * The formatter prints what the parser understood, so it cannot keep what means nothing: brackets that change nothing
 * and the breaking of lines. Comments it keeps, in their order: one on a line of its own stays above what follows it,
 * one at the end of a statement stays there, and one inside a statement that spans lines moves above it.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "lang/lang.h"
#include "lang/print.h"
#include "lang/syntax.h"

struct formatter {
	struct buf out;
	struct arena arena;
	size_t next_comment; /* the first that is not printed */
	unsigned last_line;  /* of the source, that is printed */
	bool is_inside;	     /* a phase's braces */
	size_t begun;	     /* where in out its inside begins */
};

static void formatter_fini(struct formatter *formatter)
{
	buf_fini(&formatter->out);
	arena_fini(&formatter->arena);
}

/* One empty line stays where there were some, but not at the start. */
static void keep_gap(struct formatter *formatter, unsigned line)
{
	if (formatter->out.length && line > formatter->last_line + 1)
		buf_putc(&formatter->out, '\n');
	if (line > formatter->last_line)
		formatter->last_line = line;
}

/* The comments on lines before `line`. */
static void print_comments(struct formatter *formatter, const struct lex *lex, unsigned line)
{
	for (; formatter->next_comment < lex->comments.length; formatter->next_comment++) {
		const struct lex_comment *comment = &lex->comments.items[formatter->next_comment];

		if (comment->line >= line)
			break;
		keep_gap(formatter, comment->line);
		buf_add(&formatter->out, comment->text, comment->length);
		buf_putc(&formatter->out, '\n');
	}
}

/* The comment at the end of a statement, NULL when there is none. */
static const char *take_trailing(struct formatter *formatter, const struct lex *lex, unsigned line)
{
	const struct lex_comment *comment;
	char *text;

	if (formatter->next_comment >= lex->comments.length)
		return NULL;
	comment = &lex->comments.items[formatter->next_comment];
	if (comment->line != line)
		return NULL;
	formatter->next_comment++;
	text = arena_strndup(&formatter->arena, comment->text, comment->length);
	formatter->out.failed |= !text;
	return text;
}

static void print_line(struct formatter *formatter, const char *comment)
{
	if (comment)
		buf_printf(&formatter->out, "  %s", comment);
	buf_putc(&formatter->out, '\n');
}

/* The comments on lines before `line`, as far inside as the clauses are. */
static void print_inner_comments(struct formatter *formatter, const struct lex *lex, unsigned line)
{
	for (; formatter->next_comment < lex->comments.length; formatter->next_comment++) {
		const struct lex_comment *comment = &lex->comments.items[formatter->next_comment];

		if (comment->line >= line)
			break;
		buf_printf(&formatter->out, "%*s", PRINT_INDENT, "");
		buf_add(&formatter->out, comment->text, comment->length);
		buf_putc(&formatter->out, '\n');
	}
}

/* A rule whose broker has clauses: comments between them stay there, above a clause or behind the last of a line. */
static void print_block(struct formatter *formatter, const struct lex *lex, const struct syntax_statement *statement,
			const struct print_rule *rule)
{
	const struct policy_broker *broker = rule->broker;

	print_rule_head(&formatter->out, rule, NULL);
	for (size_t i = 0; i < broker->clause_count; i++) {
		unsigned line = broker->clauses[i].position.line;
		unsigned next =
			i + 1 < broker->clause_count ? broker->clauses[i + 1].position.line : statement->last_line;

		print_inner_comments(formatter, lex, line);
		print_clause(&formatter->out, &broker->clauses[i],
			     line < next ? take_trailing(formatter, lex, line) : NULL);
	}
	print_inner_comments(formatter, lex, statement->last_line);
	formatter->last_line = statement->last_line;
	print_rule_tail(&formatter->out, rule, take_trailing(formatter, lex, statement->last_line));
}

static void print_formatted_rule(struct formatter *formatter, const struct lex *lex,
				 const struct syntax_statement *statement, const char *const *names)
{
	const struct print_rule rule = { &statement->action, names, statement->names.length, statement->broker,
					 statement->condition };

	if (rule.broker && rule.broker->clause_count) {
		print_block(formatter, lex, statement, &rule);
		return;
	}
	print_comments(formatter, lex, statement->last_line);
	print_named_rule(&formatter->out, &rule, take_trailing(formatter, lex, statement->last_line));
}

static void print_header_statement(struct formatter *formatter, const struct syntax_statement *statement,
				   const char *const *names, const char *comment)
{
	struct buf *out = &formatter->out;

	if (statement->kind == SYNTAX_PHASE) {
		print_phase_name(out, statement->phase.text, statement->mark.text);
		print_line(formatter, comment);
	} else if (statement->kind == SYNTAX_PHASE_END) {
		buf_putc(out, '}');
		print_line(formatter, comment);
	} else if (statement->kind == SYNTAX_ARCH) {
		print_word_list(out, "arch", names, statement->names.length, comment);
	} else if (statement->kind == SYNTAX_KERNEL) {
		buf_printf(out, "kernel %llu.%llu", (unsigned long long)statement->major,
			   (unsigned long long)statement->minor);
		print_line(formatter, comment);
	} else if (statement->kind == SYNTAX_INCLUDE) {
		buf_printf(out, "include \"%s\"", statement->path);
		print_line(formatter, comment);
	} else {
		buf_puts(out, statement->kind == SYNTAX_DEFAULT ? "default "
			      : statement->kind == SYNTAX_NEWER ? "newer "
								: "foreign ");
		print_action(out, &statement->action);
		print_line(formatter, comment);
	}
}

static void print_statement(struct formatter *formatter, const struct lex *lex,
			    const struct syntax_statement *statement)
{
	size_t count = statement->names.length;
	const char **names = arena_array(&formatter->arena, count, sizeof(*names));

	if (!names) {
		formatter->out.failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		names[i] = statement->names.items[i].text;
	if (statement->kind == SYNTAX_RULE) {
		print_formatted_rule(formatter, lex, statement, names);
		return;
	}
	print_comments(formatter, lex, statement->last_line);
	print_header_statement(formatter, statement, names, take_trailing(formatter, lex, statement->last_line));
}

/* What was printed since a phase began stands one step to the right. */
static void indent_inside(struct formatter *formatter)
{
	struct buf *out = &formatter->out;
	char *inside = out->failed ? NULL : arena_strdup(&formatter->arena, buf_text(out) + formatter->begun);

	if (!inside) {
		out->failed = true;
		return;
	}
	out->length = formatter->begun;
	print_indented(out, inside);
}

static void follow_phases(struct formatter *formatter, const struct syntax_statement *statement)
{
	if (statement->kind == SYNTAX_PHASE_END && formatter->is_inside)
		indent_inside(formatter);
	if (statement->kind == SYNTAX_PHASE_END)
		formatter->is_inside = false;
}

static int format_text(struct formatter *formatter, struct syntax_parser *parser)
{
	for (;;) {
		struct syntax_statement statement;
		bool end;
		int status = syntax_next(parser, &statement, &end);

		if (status || end) {
			print_comments(formatter, &parser->lex, UINT32_MAX);
			return status;
		}
		print_comments(formatter, &parser->lex, statement.position.line);
		follow_phases(formatter, &statement);
		keep_gap(formatter, statement.position.line);
		formatter->last_line = statement.last_line;
		print_statement(formatter, &parser->lex, &statement);
		if (statement.kind == SYNTAX_PHASE) {
			formatter->is_inside = true;
			formatter->begun = formatter->out.length;
		}
	}
}

int callgate_policy_format(const char *name, const char *text, size_t length, char **ret_text,
			   struct callgate_error *err)
{
	cleanup(formatter_fini) struct formatter formatter = { 0 };
	struct syntax_parser parser;
	int status = syntax_init(&parser, name, text, length, &formatter.arena, true, err);

	if (!status)
		status = format_text(&formatter, &parser);
	if (status)
		return status;
	text = buf_take(&formatter.out);
	if (!text)
		return fail_nomem(err);
	*ret_text = (char *)text;
	return CALLGATE_OK;
}
