/*
 * systemd.syntax(7): sections, assignments, comments that are lines of their own, and lines that go on behind a
 * backslash, between which comments may stand.
 */
#include "base/error.h"
#include "import/systemd.h"

#include <string.h>

/* Longest line, in words: what a hostile one may cost. */
#define WORDS_MAX 16384

void systemd_lexer_init(struct systemd_lexer *lexer, const char *name, const char *text, size_t length,
			struct arena *arena, struct callgate_error *err)
{
	*lexer = (struct systemd_lexer){
		.name = name, .text = text, .length = length, .line = 1, .arena = arena, .err = err
	};
}

static int peek(const struct systemd_lexer *lexer, size_t ahead)
{
	return lexer->at + ahead < lexer->length ? (unsigned char)lexer->text[lexer->at + ahead] : -1;
}

static struct policy_position here(const struct systemd_lexer *lexer)
{
	return (struct policy_position){ lexer->name, lexer->line, (unsigned)(lexer->at - lexer->line_start) + 1 };
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_line(int c)
{
	return c < 0 || c == '\n';
}

static void skip_blanks(struct systemd_lexer *lexer)
{
	while (is_blank(peek(lexer, 0)))
		lexer->at++;
}

/* To the first byte of the next line, or the end. */
static void skip_line(struct systemd_lexer *lexer)
{
	while (!ends_line(peek(lexer, 0)))
		lexer->at++;
	if (peek(lexer, 0) < 0)
		return;
	lexer->at++;
	lexer->line++;
	lexer->line_start = lexer->at;
}

static bool at_comment(const struct systemd_lexer *lexer)
{
	return peek(lexer, 0) == '#' || peek(lexer, 0) == ';';
}

static bool at_continuation(const struct systemd_lexer *lexer)
{
	return peek(lexer, 0) == '\\' && peek(lexer, 1) == '\n';
}

/* Blanks between the words of one assignment, over the lines that it has. */
static void skip_to_word(struct systemd_lexer *lexer)
{
	skip_blanks(lexer);
	while (at_continuation(lexer)) {
		skip_line(lexer);
		skip_blanks(lexer);
		while (at_comment(lexer)) {
			skip_line(lexer);
			skip_blanks(lexer);
		}
	}
}

static int read_section(struct systemd_lexer *lexer)
{
	struct policy_position position = here(lexer);
	size_t start = lexer->at + 1, end;

	while (!ends_line(peek(lexer, 0)))
		lexer->at++;
	for (end = lexer->at; end > start && is_blank((unsigned char)lexer->text[end - 1]); end--)
		;
	if (end <= start || lexer->text[end - 1] != ']')
		return systemd_fail(lexer->err, &position, CALLGATE_E_SYNTAX, "expected ']' behind the section's name");
	lexer->section = arena_strndup(lexer->arena, lexer->text + start, end - 1 - start);
	return lexer->section ? CALLGATE_OK : fail_nomem(lexer->err);
}

static int read_words(struct systemd_lexer *lexer, struct systemd_line *line)
{
	struct {
		VEC(struct systemd_word);
	} words = { NULL, 0, 0 };

	for (skip_to_word(lexer); !ends_line(peek(lexer, 0)); skip_to_word(lexer)) {
		struct systemd_word word = { .position = here(lexer) };
		size_t start = lexer->at;

		while (!ends_line(peek(lexer, 0)) && !is_blank(peek(lexer, 0)) && !at_continuation(lexer))
			lexer->at++;
		if (words.length >= WORDS_MAX)
			return systemd_fail(lexer->err, &word.position, CALLGATE_E_LIMIT, "more than %d words",
					    WORDS_MAX);
		word.text = arena_strndup(lexer->arena, lexer->text + start, lexer->at - start);
		if (!word.text || !VEC_PUSH(lexer->arena, &words, word))
			return fail_nomem(lexer->err);
	}
	line->words = words.items;
	line->word_count = words.length;
	return CALLGATE_OK;
}

static int read_assignment(struct systemd_lexer *lexer, struct systemd_line *line)
{
	size_t start = lexer->at, end;

	*line = (struct systemd_line){ .section = lexer->section, .position = here(lexer) };
	while (!ends_line(peek(lexer, 0)) && peek(lexer, 0) != '=')
		lexer->at++;
	if (peek(lexer, 0) != '=' || lexer->at == start)
		return systemd_fail(lexer->err, &line->position, CALLGATE_E_SYNTAX, "expected KEY=VALUE");
	if (!lexer->section)
		return systemd_fail(lexer->err, &line->position, CALLGATE_E_SYNTAX,
				    "an assignment before the first section");
	for (end = lexer->at; end > start && is_blank((unsigned char)lexer->text[end - 1]); end--)
		;
	line->key = arena_strndup(lexer->arena, lexer->text + start, end - start);
	lexer->at++;
	return line->key ? read_words(lexer, line) : fail_nomem(lexer->err);
}

int systemd_next(struct systemd_lexer *lexer, struct systemd_line *ret_line, bool *ret_end)
{
	struct systemd_line line;
	int status;

	for (;; skip_line(lexer)) {
		skip_blanks(lexer);
		*ret_end = peek(lexer, 0) < 0;
		if (*ret_end)
			return CALLGATE_OK;
		if (at_comment(lexer) || peek(lexer, 0) == '\n')
			continue;
		if (peek(lexer, 0) == '[') {
			status = read_section(lexer);
			if (status)
				return status;
			continue;
		}
		status = read_assignment(lexer, &line);
		if (!status)
			*ret_line = line;
		return status;
	}
}
