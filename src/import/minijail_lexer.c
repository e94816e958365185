/*
 * Lines matter in this format, and a comment ends one; everything else is signs and words.
 */
#include "base/error.h"
#include "import/minijail.h"

#include <string.h>

void minijail_lexer_init(struct minijail_lexer *lexer, const char *name, const char *text, size_t length,
			 struct arena *arena, struct callgate_error *err)
{
	*lexer = (struct minijail_lexer){
		.name = name, .text = text, .length = length, .line = 1, .arena = arena, .err = err
	};
}

static int peek(const struct minijail_lexer *lexer, size_t ahead)
{
	return lexer->at + ahead < lexer->length ? (unsigned char)lexer->text[lexer->at + ahead] : -1;
}

static void step_line(struct minijail_lexer *lexer)
{
	lexer->at++;
	lexer->line++;
	lexer->line_start = lexer->at;
}

/* Blanks, a comment, and the end of a line that goes on. */
static void skip_blanks(struct minijail_lexer *lexer)
{
	for (;;) {
		int c = peek(lexer, 0);

		if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
			lexer->at++;
		} else if (c == '#') {
			while (peek(lexer, 0) >= 0 && peek(lexer, 0) != '\n')
				lexer->at++;
		} else if (c == '\\' && peek(lexer, 1) == '\n') {
			lexer->at++;
			step_line(lexer);
		} else {
			return;
		}
	}
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

static int keep(struct minijail_lexer *lexer, enum minijail_kind kind, size_t length)
{
	lexer->token.kind = kind;
	lexer->token.text = arena_strndup(lexer->arena, lexer->text + lexer->at, length);
	lexer->at += length;
	return lexer->token.text ? CALLGATE_OK : fail_nomem(lexer->err);
}

static unsigned digit_value(int c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

/* Decimal, 0x and C's octal. */
static int take_number(struct minijail_lexer *lexer)
{
	bool is_negative = peek(lexer, 0) == '-';
	size_t length = is_negative, digits = 0;
	unsigned base = 10;
	uint64_t number = 0;

	if (peek(lexer, length) == '0' && (peek(lexer, length + 1) | 0x20) == 'x')
		base = 16, length += 2;
	else if (peek(lexer, length) == '0')
		base = 8;
	for (; digit_value(peek(lexer, length)) < base; length++, digits++)
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit_value(peek(lexer, length)), &number))
			return minijail_fail(lexer, CALLGATE_E_SYNTAX, "the number does not fit in 64 bits");
	if (!digits || is_letter(peek(lexer, length)) || is_digit(peek(lexer, length)))
		return minijail_fail(lexer, CALLGATE_E_SYNTAX, "this is no number");
	if (is_negative && number > UINT64_C(1) << 63)
		return minijail_fail(lexer, CALLGATE_E_SYNTAX, "the number does not fit in 64 bits");
	lexer->token.number = is_negative ? -number : number;
	return keep(lexer, MINIJAIL_NUMBER, length);
}

static int take_sign(struct minijail_lexer *lexer)
{
	static const struct {
		const char *text; /* longer ones first */
		enum minijail_kind kind;
	} signs[] = {
		{ "&&", MINIJAIL_MARK },     { "||", MINIJAIL_MARK },	  { "==", MINIJAIL_OPERATOR },
		{ "!=", MINIJAIL_OPERATOR }, { "<=", MINIJAIL_OPERATOR }, { ">=", MINIJAIL_OPERATOR },
		{ "<", MINIJAIL_OPERATOR },  { ">", MINIJAIL_OPERATOR },  { "&", MINIJAIL_OPERATOR },
		{ "|", MINIJAIL_MARK },	     { "~", MINIJAIL_MARK },	  { "(", MINIJAIL_MARK },
		{ ")", MINIJAIL_MARK },	     { "{", MINIJAIL_MARK },	  { "}", MINIJAIL_MARK },
		{ "[", MINIJAIL_MARK },	     { "]", MINIJAIL_MARK },	  { ":", MINIJAIL_MARK },
		{ ";", MINIJAIL_MARK },	     { ",", MINIJAIL_MARK },	  { "=", MINIJAIL_MARK },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t length = strlen(signs[i].text);

		if (lexer->length - lexer->at >= length && memcmp(lexer->text + lexer->at, signs[i].text, length) == 0)
			return keep(lexer, signs[i].kind, length);
	}
	return minijail_fail(lexer, CALLGATE_E_SYNTAX, "the byte 0x%02x begins no word", (unsigned)peek(lexer, 0));
}

int minijail_next(struct minijail_lexer *lexer)
{
	size_t length = 0;
	int c;

	skip_blanks(lexer);
	c = peek(lexer, 0);
	lexer->token = (struct minijail_token){
		.text = "", .position = { lexer->name, lexer->line, (unsigned)(lexer->at - lexer->line_start) + 1 }
	};
	if (c < 0 || c == '\n')
		return CALLGATE_OK;
	if (is_digit(c) || (c == '-' && is_digit(peek(lexer, 1))))
		return take_number(lexer);
	if (is_letter(c)) {
		while (is_letter(peek(lexer, length)) || is_digit(peek(lexer, length)) || peek(lexer, length) == '-')
			length++;
		return keep(lexer, MINIJAIL_WORD, length);
	}
	if (c != '/' && c != '.')
		return take_sign(lexer);
	while (peek(lexer, length) > ' ')
		length++;
	return keep(lexer, MINIJAIL_PATH, length);
}

int minijail_next_line(struct minijail_lexer *lexer, bool *ret_end)
{
	for (;;) {
		int status = minijail_next(lexer);

		*ret_end = false;
		if (status || lexer->token.kind != MINIJAIL_END)
			return status;
		*ret_end = peek(lexer, 0) < 0;
		if (*ret_end)
			return CALLGATE_OK;
		step_line(lexer);
	}
}
