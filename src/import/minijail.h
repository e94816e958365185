/*
 * import/minijail.h - the words of Minijail's policies, a line at a time
 */
#ifndef CALLGATE_IMPORT_MINIJAIL_H
#define CALLGATE_IMPORT_MINIJAIL_H

#include "import/import.h"

enum minijail_kind {
	MINIJAIL_END,	   /* of the line; a backslash before a newline continues it */
	MINIJAIL_WORD,	   /* a name, an action, an argument, a constant, a directive */
	MINIJAIL_NUMBER,   /* as C writes it, maybe with a minus */
	MINIJAIL_OPERATOR, /* a comparison */
	MINIJAIL_MARK,	   /* any other sign */
	MINIJAIL_PATH,	   /* begins with / or . */
};

struct minijail_token {
	enum minijail_kind kind;
	const char *text; /* in the arena; "" at the end */
	uint64_t number;  /* NUMBER; a negative one in two's complement */
	struct policy_position position;
};

struct minijail_lexer {
	const char *name, *text;
	size_t length, at, line_start;
	unsigned line;
	struct arena *arena;
	struct callgate_error *err;
	struct minijail_token token; /* the one that is looked at */
};

void minijail_lexer_init(struct minijail_lexer *lexer, const char *name, const char *text, size_t length,
			 struct arena *arena, struct callgate_error *err);

/* The first token of the next line that has one; *ret_end when there is none. E_SYNTAX, E_NOMEM. */
int minijail_next_line(struct minijail_lexer *lexer, bool *ret_end);

/* The next token of this line. */
int minijail_next(struct minijail_lexer *lexer);

/* Fails at the current token. */
#define minijail_fail(lexer, status, ...)                                                      \
	(error_set((lexer)->err, (status), __VA_ARGS__),                                       \
	 error_place((lexer)->err, (lexer)->token.position.file, (lexer)->token.position.line, \
		     (lexer)->token.position.col),                                             \
	 (status))

#endif
