/*
 * lang/syntax.h - policy text as statements, before any name in it is looked up
 *
 * The formatter prints them again; the reader looks their names up and makes rules of them. Conditions and values are
 * already those of policy/policy.h, which hold names as text.
 */
#ifndef CALLGATE_LANG_SYNTAX_H
#define CALLGATE_LANG_SYNTAX_H

#include "lang/lex.h"
#include "policy/policy.h"

enum {
	SYNTAX_DEPTH_MAX = 64,	  /* of brackets and `not` within each other */
	SYNTAX_NODES_MAX = 4096,  /* operators of one statement: what bounds the depth of every walk over it */
	SYNTAX_ITEMS_MAX = 65536, /* of one list */
};

enum syntax_kind {
	SYNTAX_KERNEL,
	SYNTAX_ARCH,
	SYNTAX_DEFAULT,
	SYNTAX_NEWER,
	SYNTAX_FOREIGN,
	SYNTAX_INCLUDE,
	SYNTAX_PHASE, /* up to its brace */
	SYNTAX_PHASE_END,
	SYNTAX_RULE
};

struct syntax_name {
	const char *text;
	struct policy_position position;
};

struct syntax_names {
	VEC(struct syntax_name);
};

struct syntax_statement {
	enum syntax_kind kind;
	struct policy_position position;
	unsigned last_line;			  /* of its last token */
	uint64_t major, minor;			  /* KERNEL */
	struct syntax_names names;		  /* ARCH: arches; RULE: syscalls */
	const char *path;			  /* INCLUDE, as it stands between the quotes */
	struct syntax_name phase, mark;		  /* PHASE: its name, and what stands behind `at`, or no text */
	struct policy_action action;		  /* DEFAULT, NEWER, FOREIGN, RULE */
	const struct policy_broker *broker;	  /* RULE, or NULL */
	const struct policy_condition *condition; /* RULE; POLICY_ALWAYS without `if` */
};

struct syntax_parser {
	struct lex lex;
	struct lex_token token; /* the one that is looked at */
	struct arena *arena;	/* owns all that statements point to */
	struct callgate_error *err;
	int status;	       /* sticky: the first failure, which err tells of */
	unsigned last_line;    /* of the token before it */
	unsigned depth, nodes; /* spent of the limits, in this statement */
};

/* name (of the file, for positions) and text outlive the parser; arena outlives what comes of it. */
int syntax_init(struct syntax_parser *parser, const char *name, const char *text, size_t length, struct arena *arena,
		bool keeps_comments, struct callgate_error *err);

/* The next statement. ret_end tells that there was none. Fails with E_SYNTAX, E_LIMIT, E_NOMEM. */
int syntax_next(struct syntax_parser *parser, struct syntax_statement *ret_statement, bool *ret_end);

/* What the parts of a statement share. Each gives false (or NULL) when the parser has failed, and fails at its token. */
bool syntax_advance(struct syntax_parser *parser);
bool syntax_advance_bare(struct syntax_parser *parser); /* to a path or an address, as lex_next_bare() has it */
bool syntax_accept(struct syntax_parser *parser, enum lex_kind kind);
bool syntax_expect(struct syntax_parser *parser, enum lex_kind kind, const char *what);
bool syntax_fail(struct syntax_parser *parser, const char *expected);
bool syntax_fail_nomem(struct syntax_parser *parser);
bool syntax_fail_limit(struct syntax_parser *parser, const char *what, unsigned limit);
bool syntax_spend_node(struct syntax_parser *parser);
struct policy_position syntax_position(const struct syntax_parser *parser);
const char *syntax_text(struct syntax_parser *parser); /* of the current token, copied */

/* The action that stands there; expected is what to say when none does. */
bool syntax_action(struct syntax_parser *parser, struct policy_action *action, const char *expected);

/* The broker of a `notify` rule, behind its names; *ret_broker is NULL when there is none. False on failure. */
bool syntax_broker(struct syntax_parser *parser, const struct policy_broker **ret_broker);

/* What stands behind `if`. */
const struct policy_condition *syntax_condition(struct syntax_parser *parser);

#endif
