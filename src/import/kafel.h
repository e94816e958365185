/*
 * import/kafel.h - the words of Kafel's policies, over the files that they include, and its expressions
 */
#ifndef CALLGATE_IMPORT_KAFEL_H
#define CALLGATE_IMPORT_KAFEL_H

#include "import/import.h"

enum {
	KAFEL_DEPTH_MAX = 16,	 /* of files in each other, as there */
	KAFEL_NESTING_MAX = 200, /* of an expression, as there */
};

enum kafel_kind { KAFEL_END, KAFEL_WORD, KAFEL_NUMBER, KAFEL_SIGN };

struct kafel_token {
	enum kafel_kind kind;
	const char *text; /* in the arena; "" at the end */
	uint64_t number;  /* NUMBER; a negative one in two's complement */
	struct policy_position position;
};

/* A file that is being read; an outer one goes on behind the name of the inner. */
struct kafel_file {
	const char *name, *text;
	size_t length, at, line_start;
	unsigned line;
	bool is_including; /* names of files come, up to the end of the line or a semicolon */
};

struct kafel_lexer {
	struct import *import;
	struct kafel_file files[KAFEL_DEPTH_MAX + 1];
	unsigned depth, includes;
	struct kafel_token token; /* the one that is looked at */
};

void kafel_lexer_init(struct kafel_lexer *lexer, struct import *import);

/* The next token, of whatever file. E_SYNTAX, E_LIMIT, E_NOMEM, and what reading a file fails with. */
int kafel_next(struct kafel_lexer *lexer);
bool kafel_is(const struct kafel_lexer *lexer, const char *text);
/* Fails with what was expected in place of the token. */
int kafel_fail_expected(struct kafel_lexer *lexer, const char *what);
/* Goes over a token of this text. */
int kafel_expect(struct kafel_lexer *lexer, const char *text);

/* Fails at the current token. */
#define kafel_fail(lexer, status, ...)                                                                 \
	(error_set((lexer)->import->err, (status), __VA_ARGS__),                                       \
	 error_place((lexer)->import->err, (lexer)->token.position.file, (lexer)->token.position.line, \
		     (lexer)->token.position.col),                                                     \
	 (status))

/* `#define`d. */
struct kafel_constant {
	const char *name;
	uint64_t value;
};

struct kafel_constants {
	VEC(struct kafel_constant);
};

bool kafel_constant_find(const struct kafel_constants *constants, const char *name, uint64_t *ret_value);

/* What names in an expression can be. */
struct kafel_scope {
	const struct kafel_constants *constants;
	const struct abi_syscall *syscall;
	bool is_declared;     /* the rule names the arguments itself */
	const char *names[6]; /* of those; each is 64 bits wide */
	unsigned count;
};

/* What stands in a rule's braces, up to the one that closes them. */
int kafel_expression(struct kafel_lexer *lexer, const struct kafel_scope *scope,
		     const struct policy_condition **ret_condition);

#endif
