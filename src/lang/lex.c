/*
 * The lexer looks at each byte once and copies none. Every byte that is not of the language is an error with its
 * place, since a policy that was damaged must not become another policy.
 */
#include "lang/lex.h"

#include "base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void lex_init(struct lex *lex, const char *name, const char *text, size_t length, struct arena *arena,
	      bool keeps_comments)
{
	*lex = (struct lex){
		.name = name,
		.next = text,
		.end = text + length,
		.line_start = text,
		.line = 1,
		.last = LEX_NEWLINE,
		.arena = arena,
		.keeps_comments = keeps_comments,
	};
}

bool lex_is(const struct lex_token *token, const char *word)
{
	return token->kind == LEX_WORD && strlen(word) == token->length && !memcmp(token->text, word, token->length);
}

const char *lex_describe(const struct lex_token *token, char *text, size_t size)
{
	if (token->kind == LEX_END)
		return "the end of the file";
	if (token->kind == LEX_NEWLINE)
		return "the end of the line";
	if (token->kind == LEX_STRING)
		snprintf(text, size, "\"%.*s\"", token->length > 60 ? 60 : (int)token->length, token->text);
	else
		snprintf(text, size, "'%.*s'", token->length > 60 ? 60 : (int)token->length, token->text);
	return text;
}

static int fail_here(const struct lex *lex, const char *at, struct callgate_error *err, int status)
{
	error_place(err, lex->name, lex->line, (unsigned)(at - lex->line_start) + 1);
	return status;
}

static bool starts_word(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const char *text, const char *end)
{
	const char *next = text;

	while (next < end && (in_word(*next) || (*next == '-' && next + 1 < end && starts_word(next[1]))))
		next++;
	return (size_t)(next - text);
}

/* Whether the line that begins here goes on with the statement before it. */
static bool line_continues(const char *text, const char *end)
{
	static const char *const words[] = { "if", "and", "or", "in", "has" };
	size_t length;

	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	length = word_length(text, end);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == length && !memcmp(text, words[i], length))
			return true;
	return false;
}

/* Whether a statement may end behind this kind of token. */
static bool ends_statement(enum lex_kind kind)
{
	switch (kind) {
	case LEX_COMMA:
	case LEX_AND:
	case LEX_OR:
	case LEX_NOT:
	case LEX_EQ:
	case LEX_NE:
	case LEX_LT:
	case LEX_LE:
	case LEX_GT:
	case LEX_GE:
	case LEX_RANGE:
		return false;
	default:
		return true;
	}
}

static bool keep_comment(struct lex *lex, const char *start)
{
	const char *end = lex->next;

	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	return VEC_PUSH(lex->arena, &lex->comments, ((struct lex_comment){ start, (size_t)(end - start), lex->line }));
}

static int skip_comment(struct lex *lex, struct callgate_error *err)
{
	const char *start = lex->next;
	const char *newline = memchr(start, '\n', (size_t)(lex->end - start));

	lex->next = newline ? newline : lex->end;
	for (const char *at = start; at < lex->next; at++)
		if ((unsigned char)*at < ' ' && *at != '\t' && !(*at == '\r' && at + 1 == lex->next))
			return fail_here(lex, at, err,
					 fail(err, CALLGATE_E_SYNTAX, "byte 0x%02x in a comment", (unsigned char)*at));
	if (lex->keeps_comments && !keep_comment(lex, start))
		return fail_nomem(err);
	return CALLGATE_OK;
}

static int enter_line(struct lex *lex, struct callgate_error *err)
{
	const char *newline = memchr(lex->next, '\n', (size_t)(lex->end - lex->next));
	size_t length = (size_t)((newline ? newline : lex->end) - lex->next);

	lex->line_start = lex->next;
	if (length <= LEX_LINE_MAX)
		return CALLGATE_OK;
	error_set(err, CALLGATE_E_LIMIT, "the line is longer than %d bytes", LEX_LINE_MAX);
	error_hint(err, "a statement goes on over lines behind a comma");
	return fail_here(lex, lex->next, err, CALLGATE_E_LIMIT);
}

/* To the next token's first byte, or to the newline that ends a statement. */
static int skip_blanks(struct lex *lex, bool *ret_newline, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	*ret_newline = false;
	while (lex->next < lex->end && !status) {
		char c = *lex->next;

		if (c == '#') {
			status = skip_comment(lex, err);
		} else if (c == '\n') {
			lex->next++;
			lex->line++;
			status = enter_line(lex, err);
			if (status ||
			    (!lex->brackets && ends_statement(lex->last) && !line_continues(lex->next, lex->end))) {
				*ret_newline = true;
				return status;
			}
		} else if (c == ' ' || c == '\t' || (c == '\r' && lex->next + 1 < lex->end && lex->next[1] == '\n')) {
			lex->next++;
		} else {
			break;
		}
	}
	return status;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static int fail_number(const struct lex *lex, const struct lex_token *token, const char *why, const char *hint,
		       struct callgate_error *err)
{
	error_set(err, CALLGATE_E_SYNTAX, "'%.*s' %s", token->length > 40 ? 40 : (int)token->length, token->text, why);
	error_hint(err, "%s", hint);
	return fail_here(lex, token->text, err, CALLGATE_E_SYNTAX);
}

static int lex_number(struct lex *lex, struct lex_token *token, struct callgate_error *err)
{
	const char *at = token->text;
	unsigned base = 10;

	token->kind = LEX_NUMBER;
	token->length = word_length(at, lex->end);
	if (token->length > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'o'))
		base = at[1] == 'x' ? 16 : 8;
	else if (token->length > 1 && at[0] == '0')
		return fail_number(lex, token, "starts with 0", "an octal number is written 0o17", err);
	for (size_t i = base == 10 ? 0 : 2; i < token->length; i++) {
		unsigned digit = (unsigned)digit_value(at[i]);

		if (digit >= base)
			return fail_number(lex, token, "is not a number", "numbers are 10, 0xa or 0o12", err);
		if (__builtin_mul_overflow(token->number, base, &token->number) ||
		    __builtin_add_overflow(token->number, digit, &token->number))
			return fail_number(lex, token, "does not fit 64 bits", "no argument is wider than that", err);
	}
	lex->next = at + token->length;
	return CALLGATE_OK;
}

static int lex_string(struct lex *lex, struct lex_token *token, struct callgate_error *err)
{
	const char *at = token->text + 1;

	while (at < lex->end && *at != '"') {
		if ((unsigned char)*at < ' ') {
			error_set(err, CALLGATE_E_SYNTAX, "a string that does not end on its line");
			error_hint(err, "close it with \"");
			return fail_here(lex, token->text, err, CALLGATE_E_SYNTAX);
		}
		at++;
	}
	if (at == lex->end) {
		error_set(err, CALLGATE_E_SYNTAX, "a string that does not end");
		return fail_here(lex, token->text, err, CALLGATE_E_SYNTAX);
	}
	token->kind = LEX_STRING;
	token->text++;
	token->length = (size_t)(at - token->text);
	lex->next = at + 1;
	return CALLGATE_OK;
}

static const struct {
	const char *text;
	enum lex_kind kind;
} signs[] = {
	/* A sign stands before those that it starts with. */
	{ ",", LEX_COMMA },  { "(", LEX_OPEN }, { ")", LEX_CLOSE },	{ "{", LEX_BRACE }, { "}", LEX_UNBRACE },
	{ "==", LEX_EQ },    { "!=", LEX_NE },	{ "<=", LEX_LE },	{ ">=", LEX_GE },   { "<", LEX_LT },
	{ ">", LEX_GT },     { "&", LEX_AND },	{ "|", LEX_OR },	{ "~", LEX_NOT },   { "-", LEX_MINUS },
	{ "..", LEX_RANGE }, { ".", LEX_DOT },	{ ";", LEX_SEMICOLON },
};

static int fail_byte(const struct lex *lex, const char *at, struct callgate_error *err)
{
	if (*at == '=')
		return fail_here(lex, at, err,
				 (error_set(err, CALLGATE_E_SYNTAX, "a single '='"),
				  error_hint(err, "a comparison is written =="), CALLGATE_E_SYNTAX));
	if (*at == '!')
		return fail_here(lex, at, err,
				 (error_set(err, CALLGATE_E_SYNTAX, "a single '!'"),
				  error_hint(err, "a condition is negated by 'not'"), CALLGATE_E_SYNTAX));
	if ((unsigned char)*at > ' ' && (unsigned char)*at < 0x7f)
		return fail_here(lex, at, err, fail(err, CALLGATE_E_SYNTAX, "unexpected '%c'", *at));
	return fail_here(lex, at, err,
			 fail(err, CALLGATE_E_SYNTAX, "byte 0x%02x is not of the language", (unsigned char)*at));
}

static int lex_sign(struct lex *lex, struct lex_token *token, struct callgate_error *err)
{
	size_t left = (size_t)(lex->end - token->text);

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t length = strlen(signs[i].text);

		if (length > left || memcmp(signs[i].text, token->text, length) != 0)
			continue;
		token->kind = signs[i].kind;
		token->length = length;
		lex->next = token->text + length;
		if (token->kind == LEX_OPEN || token->kind == LEX_BRACE)
			lex->brackets++;
		else if ((token->kind == LEX_CLOSE || token->kind == LEX_UNBRACE) && lex->brackets)
			lex->brackets--;
		return CALLGATE_OK;
	}
	return fail_byte(lex, token->text, err);
}

static bool in_bare(char c)
{
	return (unsigned char)c > ' ' && (unsigned char)c < 0x7f && !strchr("\";{},#", c);
}

static int lex_bare_at(struct lex *lex, struct lex_token *token, struct callgate_error *err)
{
	size_t length = 0;

	if (*token->text == '"')
		return lex_string(lex, token, err);
	while (token->text + length < lex->end && in_bare(token->text[length]))
		length++;
	if (length == 0)
		return lex_sign(lex, token, err);
	token->kind = LEX_STRING;
	token->length = length;
	lex->next = token->text + length;
	return CALLGATE_OK;
}

static int lex_token_at(struct lex *lex, struct lex_token *token, struct callgate_error *err)
{
	if (starts_word(*token->text)) {
		token->kind = LEX_WORD;
		token->length = word_length(token->text, lex->end);
		lex->next = token->text + token->length;
		return CALLGATE_OK;
	}
	if (isdigit((unsigned char)*token->text))
		return lex_number(lex, token, err);
	if (*token->text == '"')
		return lex_string(lex, token, err);
	return lex_sign(lex, token, err);
}

/* `and` at the end of a line is an operator as good as a comma. */
static bool is_operator_word(const struct lex_token *token)
{
	static const char *const words[] = { "and", "or", "not", "if", "in", "has" };

	if (token->kind != LEX_WORD || token->length > 3)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (lex_is(token, words[i]))
			return true;
	return false;
}

static int lex_next_as(struct lex *lex, int (*token_at)(struct lex *, struct lex_token *, struct callgate_error *),
		       struct lex_token *ret_token, struct callgate_error *err)
{
	struct lex_token token = { .kind = LEX_END };
	unsigned line = lex->line;
	unsigned col = (unsigned)(lex->next - lex->line_start) + 1;
	bool newline;
	int status;

	if (lex->next == lex->line_start && lex->line == 1) {
		status = enter_line(lex, err);
		if (status)
			return status;
	}
	status = skip_blanks(lex, &newline, err);
	if (status)
		return status;
	if (newline) {
		token = (struct lex_token){ .kind = LEX_NEWLINE, .line = line, .col = col };
	} else {
		token.text = lex->next;
		token.line = lex->line;
		token.col = (unsigned)(lex->next - lex->line_start) + 1;
		status = lex->next < lex->end ? token_at(lex, &token, err) : CALLGATE_OK;
	}
	if (status)
		return status;
	lex->last = is_operator_word(&token) ? LEX_COMMA : token.kind;
	*ret_token = token;
	return CALLGATE_OK;
}

int lex_next(struct lex *lex, struct lex_token *ret_token, struct callgate_error *err)
{
	return lex_next_as(lex, lex_token_at, ret_token, err);
}

int lex_next_bare(struct lex *lex, struct lex_token *ret_token, struct callgate_error *err)
{
	return lex_next_as(lex, lex_bare_at, ret_token, err);
}
