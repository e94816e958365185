/*
 * lang/lex.h - policy text as tokens
 *
 * A statement is a line. It goes on over the end of the line inside brackets, behind a comma or an operator, and when
 * the next line starts with `if`, `and`, `or`, `in` or `has`, none of which can begin a statement. Comments run from #
 * to the end of the line; they are kept aside for the formatter.
 */
#ifndef CALLGATE_LANG_LEX_H
#define CALLGATE_LANG_LEX_H

#include "base/arena.h"

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LEX_FILE_MAX = 4 << 20, /* bytes of one file */
	LEX_LINE_MAX = 1 << 16, /* bytes of one line */
};

enum lex_kind {
	LEX_END,     /* of the text */
	LEX_NEWLINE, /* of a statement */
	LEX_WORD,    /* letters, digits and _; a - between letters belongs to it: kill-process */
	LEX_NUMBER,
	LEX_STRING,
	LEX_COMMA,
	LEX_SEMICOLON,
	LEX_OPEN, /* ( */
	LEX_CLOSE,
	LEX_BRACE, /* { */
	LEX_UNBRACE,
	LEX_AND, /* & */
	LEX_OR,
	LEX_NOT, /* ~ */
	LEX_MINUS,
	LEX_DOT,
	LEX_RANGE, /* .. */
	LEX_EQ,
	LEX_NE,
	LEX_LT,
	LEX_LE,
	LEX_GT,
	LEX_GE,
};

struct lex_token {
	enum lex_kind kind;
	const char *text; /* into the source; of a string what stands between its quotes */
	size_t length;
	uint64_t number; /* of LEX_NUMBER */
	unsigned line, col;
};

struct lex_comment {
	const char *text; /* into the source, from # on, without blanks at its end */
	size_t length;
	unsigned line;
};

struct lex {
	const char *name; /* of the file, for errors */
	const char *next, *end;
	const char *line_start;
	unsigned line;
	unsigned brackets;   /* that are open */
	enum lex_kind last;  /* kind of the last token */
	struct arena *arena; /* for comments */
	bool keeps_comments;
	struct {
		VEC(struct lex_comment);
	} comments;
};

/* Text of length bytes, which outlives the lexer. arena may be NULL when no comments are kept. */
void lex_init(struct lex *lex, const char *name, const char *text, size_t length, struct arena *arena,
	      bool keeps_comments);

/* The next token. E_SYNTAX at a byte that begins none, E_LIMIT for a line beyond LEX_LINE_MAX, E_NOMEM. */
int lex_next(struct lex *lex, struct lex_token *ret_token, struct callgate_error *err);

/* The same, but what begins there is taken as a LEX_STRING, in quotes or not: without them up to a blank, `;`, a brace
 * or a comma, so that an address need not be quoted. */
int lex_next_bare(struct lex *lex, struct lex_token *ret_token, struct callgate_error *err);

bool lex_is(const struct lex_token *token, const char *word);
/* What to call a token in an error: "'opne'", "the end of the line". */
const char *lex_describe(const struct lex_token *token, char *text, size_t size);

#endif
