/*
 * One statement at a time, by recursive descent. The parser knows the shape of the language and no name: what a
 * statement names is looked up by those who need it, so that a policy for a kernel of tomorrow can still be formatted.
 */
#include "base/error.h"
#include "lang/syntax.h"
#include "lang/words.h"

#include <string.h>

bool syntax_advance(struct syntax_parser *parser)
{
	if (parser->status)
		return false;
	parser->last_line = parser->token.line;
	parser->status = lex_next(&parser->lex, &parser->token, parser->err);
	return !parser->status;
}

bool syntax_advance_bare(struct syntax_parser *parser)
{
	if (parser->status)
		return false;
	parser->last_line = parser->token.line;
	parser->status = lex_next_bare(&parser->lex, &parser->token, parser->err);
	return !parser->status;
}

bool syntax_fail(struct syntax_parser *parser, const char *expected)
{
	char text[80];

	if (parser->status)
		return false;
	error_set(parser->err, CALLGATE_E_SYNTAX, "expected %s, not %s", expected,
		  lex_describe(&parser->token, text, sizeof(text)));
	error_place(parser->err, parser->lex.name, parser->token.line, parser->token.col);
	parser->status = CALLGATE_E_SYNTAX;
	return false;
}

bool syntax_fail_nomem(struct syntax_parser *parser)
{
	if (!parser->status)
		parser->status = fail_nomem(parser->err);
	return false;
}

bool syntax_fail_limit(struct syntax_parser *parser, const char *what, unsigned limit)
{
	if (parser->status)
		return false;
	parser->status = fail(parser->err, CALLGATE_E_LIMIT, "more than %u %s", limit, what);
	error_place(parser->err, parser->lex.name, parser->token.line, parser->token.col);
	return false;
}

bool syntax_spend_node(struct syntax_parser *parser)
{
	if (parser->nodes++ < SYNTAX_NODES_MAX)
		return true;
	return syntax_fail_limit(parser, "operators in one statement", SYNTAX_NODES_MAX);
}

bool syntax_accept(struct syntax_parser *parser, enum lex_kind kind)
{
	return !parser->status && parser->token.kind == kind && syntax_advance(parser);
}

bool syntax_expect(struct syntax_parser *parser, enum lex_kind kind, const char *what)
{
	if (!parser->status && parser->token.kind == kind)
		return syntax_advance(parser);
	return syntax_fail(parser, what);
}

struct policy_position syntax_position(const struct syntax_parser *parser)
{
	return (struct policy_position){ parser->lex.name, parser->token.line, parser->token.col };
}

const char *syntax_text(struct syntax_parser *parser)
{
	const char *text = arena_strndup(parser->arena, parser->token.text, parser->token.length);

	if (!text)
		syntax_fail_nomem(parser);
	return text;
}

static bool parse_names(struct syntax_parser *parser, struct syntax_names *names, const char *what)
{
	do {
		struct syntax_name name = { .position = syntax_position(parser) };

		if (parser->token.kind != LEX_WORD || lex_is(&parser->token, "if"))
			return syntax_fail(parser, what);
		if (names->length >= SYNTAX_ITEMS_MAX)
			return syntax_fail_limit(parser, "names in one list", SYNTAX_ITEMS_MAX);
		name.text = syntax_text(parser);
		if (!name.text)
			return false;
		if (!VEC_PUSH(parser->arena, names, name))
			return syntax_fail_nomem(parser);
		if (!syntax_advance(parser))
			return false;
	} while (syntax_accept(parser, LEX_COMMA));
	return !parser->status;
}

static bool parse_kernel(struct syntax_parser *parser, struct syntax_statement *statement)
{
	static const char what[] = "a release like 6.1";

	statement->major = parser->token.number;
	if (!syntax_expect(parser, LEX_NUMBER, what) || !syntax_expect(parser, LEX_DOT, what))
		return false;
	statement->minor = parser->token.number;
	return syntax_expect(parser, LEX_NUMBER, what);
}

static bool parse_include(struct syntax_parser *parser, struct syntax_statement *statement)
{
	static const char what[] = "a file in quotes";

	if (parser->token.kind != LEX_STRING || !parser->token.length)
		return syntax_fail(parser, what);
	statement->path = syntax_text(parser);
	return statement->path && syntax_advance(parser);
}

/* The number behind trace, trap and errno, or errno's name. */
static bool parse_data(struct syntax_parser *parser, const struct words_action *row, struct policy_action *action)
{
	if (action->kind == POLICY_ERRNO && parser->token.kind == LEX_WORD) {
		action->position = syntax_position(parser);
		action->errno_name = syntax_text(parser);
		return action->errno_name && syntax_advance(parser);
	}
	if (parser->token.kind != LEX_NUMBER)
		return syntax_fail(parser, action->kind == POLICY_ERRNO ? "an errno, by name or number" : "a number");
	if (parser->token.number > row->data_max) {
		parser->status =
			fail(parser->err, CALLGATE_E_SYNTAX, "the data of %s is at most %u", row->word, row->data_max);
		error_place(parser->err, parser->lex.name, parser->token.line, parser->token.col);
		return false;
	}
	action->data = (uint16_t)parser->token.number;
	return syntax_advance(parser);
}

static bool fail_action(struct syntax_parser *parser, const char *word, const char *expected)
{
	const char *near = words_nearest(word);

	syntax_fail(parser, expected);
	if (near)
		error_hint(parser->err, "did you mean '%s'?", near);
	else
		error_hint(parser->err, "an action is allow, log, notify, trace N, errno NAME, trap N, kill-thread or "
					"kill-process");
	return false;
}

bool syntax_action(struct syntax_parser *parser, struct policy_action *action, const char *expected)
{
	const char *word;

	if (parser->token.kind != LEX_WORD)
		return syntax_fail(parser, expected);
	word = syntax_text(parser);
	if (!word)
		return false;
	action->position = syntax_position(parser);
	if (!words_find_action(word, &action->kind))
		return fail_action(parser, word, expected);
	if (!syntax_advance(parser))
		return false;
	return !words_action(action->kind)->has_data || parse_data(parser, words_action(action->kind), action);
}

static bool parse_rule(struct syntax_parser *parser, struct syntax_statement *statement)
{
	static const struct policy_condition always = { .kind = POLICY_ALWAYS };

	statement->kind = SYNTAX_RULE;
	statement->condition = &always;
	if (!syntax_action(parser, &statement->action,
			   "an action or one of kernel, arch, default, newer, foreign, include, phase") ||
	    !parse_names(parser, &statement->names, "the name of a syscall"))
		return false;
	if (statement->action.kind == POLICY_NOTIFY && !syntax_broker(parser, &statement->broker))
		return false;
	if (!lex_is(&parser->token, "if"))
		return true;
	if (!syntax_advance(parser))
		return false;
	statement->condition = syntax_condition(parser);
	return statement->condition;
}

static bool parse_name(struct syntax_parser *parser, struct syntax_name *name, const char *what)
{
	name->position = syntax_position(parser);
	if (parser->token.kind != LEX_WORD)
		return syntax_fail(parser, what);
	name->text = syntax_text(parser);
	return name->text && syntax_advance(parser);
}

/* NAME, `at` and a mark or not, and the brace, within which lines are statements again. */
static bool parse_phase(struct syntax_parser *parser, struct syntax_statement *statement)
{
	if (!parse_name(parser, &statement->phase, "the name of a phase"))
		return false;
	if (lex_is(&parser->token, "at") &&
	    (!syntax_advance(parser) || !parse_name(parser, &statement->mark, "a mark: a syscall, main, or marker")))
		return false;
	if (parser->token.kind != LEX_BRACE)
		return syntax_fail(parser, "{");
	parser->lex.brackets = 0;
	return syntax_advance(parser);
}

static bool parse_statement(struct syntax_parser *parser, struct syntax_statement *statement)
{
	static const struct {
		const char *word;
		enum syntax_kind kind;
	} words[] = {
		{ "kernel", SYNTAX_KERNEL }, { "arch", SYNTAX_ARCH },	    { "default", SYNTAX_DEFAULT },
		{ "newer", SYNTAX_NEWER },   { "foreign", SYNTAX_FOREIGN }, { "include", SYNTAX_INCLUDE },
		{ "phase", SYNTAX_PHASE },
	};
	size_t i = 0;

	if (parser->token.kind == LEX_UNBRACE) {
		statement->kind = SYNTAX_PHASE_END;
		return syntax_advance(parser);
	}
	while (i < sizeof(words) / sizeof(*words) && !lex_is(&parser->token, words[i].word))
		i++;
	if (i == sizeof(words) / sizeof(*words))
		return parse_rule(parser, statement);
	statement->kind = words[i].kind;
	if (!syntax_advance(parser))
		return false;
	if (statement->kind == SYNTAX_KERNEL)
		return parse_kernel(parser, statement);
	if (statement->kind == SYNTAX_ARCH)
		return parse_names(parser, &statement->names, "the name of an arch");
	if (statement->kind == SYNTAX_INCLUDE)
		return parse_include(parser, statement);
	if (statement->kind == SYNTAX_PHASE)
		return parse_phase(parser, statement);
	return syntax_action(parser, &statement->action, "an action");
}

int syntax_init(struct syntax_parser *parser, const char *name, const char *text, size_t length, struct arena *arena,
		bool keeps_comments, struct callgate_error *err)
{
	*parser = (struct syntax_parser){ .arena = arena, .err = err };
	lex_init(&parser->lex, name, text, length, arena, keeps_comments);
	if (length > LEX_FILE_MAX) {
		parser->status = fail(err, CALLGATE_E_LIMIT, "the text is longer than %d bytes", LEX_FILE_MAX);
		error_place(err, name, 0, 0);
		return parser->status;
	}
	syntax_advance(parser);
	return parser->status;
}

static bool ends_statement(struct syntax_parser *parser)
{
	if (parser->token.kind == LEX_END || parser->token.kind == LEX_NEWLINE)
		return true;
	if (parser->token.kind == LEX_OR) {
		syntax_fail(parser, "the end of the line");
		error_hint(parser->err, "& binds tighter than |: write flags & (A | B)");
		return false;
	}
	return syntax_fail(parser, "the end of the line");
}

int syntax_next(struct syntax_parser *parser, struct syntax_statement *ret_statement, bool *ret_end)
{
	struct syntax_statement statement = { 0 };

	while (syntax_accept(parser, LEX_NEWLINE))
		;
	if (parser->status)
		return parser->status;
	*ret_end = parser->token.kind == LEX_END;
	if (*ret_end)
		return CALLGATE_OK;
	statement.position = syntax_position(parser);
	parser->nodes = 0;
	parser->depth = 0;
	if (!parse_statement(parser, &statement) || !ends_statement(parser))
		return parser->status;
	statement.last_line = parser->last_line;
	*ret_statement = statement;
	return CALLGATE_OK;
}
