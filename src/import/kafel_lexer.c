/*
 * Tokens of a text and of what it includes, in place: `#include "a" "b"` ends with its line or with a semicolon, and
 * may stand between any two words. Files are looked for from the folder of the one that includes them.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "import/kafel.h"

#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20, INCLUDES_MAX = 256 };

void kafel_lexer_init(struct kafel_lexer *lexer, struct import *import)
{
	*lexer = (struct kafel_lexer){ .import = import };
	lexer->files[0] = (struct kafel_file){
		.name = import->name, .text = import->source->text, .length = import->source->length, .line = 1
	};
}

static struct kafel_file *file(struct kafel_lexer *lexer)
{
	return &lexer->files[lexer->depth];
}

static int peek(struct kafel_lexer *lexer, size_t ahead)
{
	const struct kafel_file *top = file(lexer);

	return top->at + ahead < top->length ? (unsigned char)top->text[top->at + ahead] : -1;
}

static void step(struct kafel_lexer *lexer)
{
	struct kafel_file *top = file(lexer);

	if (top->text[top->at++] != '\n')
		return;
	top->line++;
	top->line_start = top->at;
}

static void begin_token(struct kafel_lexer *lexer)
{
	const struct kafel_file *top = file(lexer);

	lexer->token =
		(struct kafel_token){ .text = "",
				      .position = { top->name, top->line, (unsigned)(top->at - top->line_start) + 1 } };
}

/* The block comment at hand, whole. */
static int skip_comment(struct kafel_lexer *lexer)
{
	begin_token(lexer);
	for (file(lexer)->at += 2; peek(lexer, 0) != '*' || peek(lexer, 1) != '/'; step(lexer))
		if (peek(lexer, 0) < 0)
			return kafel_fail(lexer, CALLGATE_E_SYNTAX, "the comment does not end");
	file(lexer)->at += 2;
	return CALLGATE_OK;
}

static int skip_blanks(struct kafel_lexer *lexer)
{
	for (;;) {
		int c = peek(lexer, 0), status;

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			step(lexer);
		} else if (c == '/' && peek(lexer, 1) == '/') {
			while (peek(lexer, 0) >= 0 && peek(lexer, 0) != '\n')
				step(lexer);
		} else if (c == '/' && peek(lexer, 1) == '*') {
			status = skip_comment(lexer);
			if (status)
				return status;
		} else {
			return CALLGATE_OK;
		}
	}
}

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int keep(struct kafel_lexer *lexer, enum kafel_kind kind, size_t length)
{
	struct kafel_file *top = file(lexer);

	lexer->token.kind = kind;
	lexer->token.text = arena_strndup(&lexer->import->policy->arena, top->text + top->at, length);
	top->at += length;
	return lexer->token.text ? CALLGATE_OK : fail_nomem(lexer->import->err);
}

static unsigned digit_value(int c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

/* Decimal, maybe negative, 0x, 0b, and octal behind a 0. */
static int take_number(struct kafel_lexer *lexer)
{
	bool is_negative = peek(lexer, 0) == '-';
	size_t length = is_negative, digits = 0;
	unsigned base = 10;
	uint64_t number = 0;

	if (peek(lexer, 0) == '0' && (peek(lexer, 1) == 'x' || peek(lexer, 1) == 'b'))
		base = peek(lexer, 1) == 'x' ? 16 : 2, length += 2;
	else if (peek(lexer, 0) == '0')
		base = 8;
	for (; digit_value(peek(lexer, length)) < base; length++, digits++)
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit_value(peek(lexer, length)), &number))
			return kafel_fail(lexer, CALLGATE_E_SYNTAX, "the number does not fit in 64 bits");
	if (!digits || is_letter(peek(lexer, length)) || is_digit(peek(lexer, length)))
		return kafel_fail(lexer, CALLGATE_E_SYNTAX, "this is no number");
	lexer->token.number = is_negative ? -number : number;
	return keep(lexer, KAFEL_NUMBER, length);
}

static int take_sign(struct kafel_lexer *lexer)
{
	static const char *const signs[] = {
		/* longer ones first */
		"#include", "||", "&&", "==", "!=", "<=", ">=", "<", ">", "|",
		"&",	    "[",  "]",	"(",  ")",  "{",  "}",	",", "!", "#",
	};
	const struct kafel_file *top = file(lexer);

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t length = strlen(signs[i]);

		if (top->length - top->at >= length && memcmp(top->text + top->at, signs[i], length) == 0)
			return keep(lexer, KAFEL_SIGN, length);
	}
	return kafel_fail(lexer, CALLGATE_E_SYNTAX, "the byte 0x%02x begins no word", (unsigned)peek(lexer, 0));
}

static int take_token(struct kafel_lexer *lexer)
{
	size_t length = 0;
	int c = peek(lexer, 0);

	begin_token(lexer);
	if (c < 0)
		return CALLGATE_OK;
	if (is_digit(c) || (c == '-' && is_digit(peek(lexer, 1))))
		return take_number(lexer);
	if (!is_letter(c))
		return take_sign(lexer);
	while (is_letter(peek(lexer, length)) || is_digit(peek(lexer, length)) || peek(lexer, length) == '_')
		length++;
	return keep(lexer, KAFEL_WORD, length);
}

static int enter_file(struct kafel_lexer *lexer, const char *path)
{
	const char *outer = file(lexer)->name, *slash = strrchr(outer, '/'), *text;
	cleanup(buf_fini) struct buf bytes = { 0 };
	const char *name = path;
	int status;

	if (lexer->depth >= KAFEL_DEPTH_MAX || ++lexer->includes > INCLUDES_MAX)
		return kafel_fail(lexer, CALLGATE_E_LIMIT,
				  "files include each other more than %d deep, or more than %d", KAFEL_DEPTH_MAX,
				  INCLUDES_MAX);
	if (path[0] != '/' && slash)
		name = arena_printf(&lexer->import->policy->arena, "%.*s/%s", (int)(slash - outer), outer, path);
	if (!name)
		return fail_nomem(lexer->import->err);
	status = file_read(name, FILE_BYTES_MAX, &bytes, lexer->import->err);
	if (status) {
		error_place(lexer->import->err, outer, lexer->token.position.line, lexer->token.position.col);
		return status;
	}
	status = import_keep_source(lexer->import, name, buf_text(&bytes), bytes.length, &name, &text);
	if (!status)
		lexer->files[++lexer->depth] =
			(struct kafel_file){ .name = name, .text = text, .length = bytes.length, .line = 1 };
	return status;
}

/* Of the names behind #include, the next; or what ends them. */
static int go_on_including(struct kafel_lexer *lexer)
{
	struct kafel_file *top = file(lexer);
	const char *path;
	size_t length = 1;

	while (peek(lexer, 0) == ' ' || peek(lexer, 0) == '\t' || peek(lexer, 0) == '\r')
		top->at++;
	begin_token(lexer);
	if (peek(lexer, 0) == '\n' || peek(lexer, 0) == ';') {
		top->is_including = false;
		step(lexer);
		return CALLGATE_OK;
	}
	while (peek(lexer, length) >= 0 && peek(lexer, length) != '"' && peek(lexer, length) != '\n')
		length++;
	if (peek(lexer, 0) != '"' || peek(lexer, length) != '"' || length == 1)
		return kafel_fail(lexer, CALLGATE_E_SYNTAX,
				  "expected the name of a file in quotes, or the end of the line");
	path = arena_strndup(&lexer->import->policy->arena, top->text + top->at + 1, length - 1);
	top->at += length + 1;
	return path ? enter_file(lexer, path) : fail_nomem(lexer->import->err);
}

int kafel_next(struct kafel_lexer *lexer)
{
	for (;;) {
		int status = file(lexer)->is_including ? go_on_including(lexer) : skip_blanks(lexer);

		if (status)
			return status;
		if (file(lexer)->is_including)
			continue;
		status = skip_blanks(lexer);
		if (!status)
			status = take_token(lexer);
		if (status)
			return status;
		if (lexer->token.kind == KAFEL_SIGN && strcmp(lexer->token.text, "#include") == 0)
			file(lexer)->is_including = true;
		else if (lexer->token.kind == KAFEL_END && lexer->depth)
			lexer->depth--;
		else
			return CALLGATE_OK;
	}
}

bool kafel_is(const struct kafel_lexer *lexer, const char *text)
{
	return lexer->token.kind != KAFEL_END && strcmp(lexer->token.text, text) == 0;
}

int kafel_fail_expected(struct kafel_lexer *lexer, const char *what)
{
	if (lexer->token.kind == KAFEL_END)
		return kafel_fail(lexer, CALLGATE_E_SYNTAX, "expected %s before the end of the file", what);
	return kafel_fail(lexer, CALLGATE_E_SYNTAX, "expected %s, not '%s'", what, lexer->token.text);
}

int kafel_expect(struct kafel_lexer *lexer, const char *text)
{
	char what[16] = "'";

	if (kafel_is(lexer, text))
		return kafel_next(lexer);
	strncat(what, text, sizeof(what) - 3);
	strcat(what, "'");
	return kafel_fail_expected(lexer, what);
}
