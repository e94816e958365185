/*
 * prove/expression.h - a condition as the parts of a sentence: comparisons joined by and, or, not
 */
#ifndef CALLGATE_PROVE_EXPRESSION_H
#define CALLGATE_PROVE_EXPRESSION_H

#include "abi/abi.h"
#include "base/arena.h"
#include "base/buf.h"
#include "diagram/diagram.h"

enum {
	EXPRESSION_ARGS = 6,
	EXPRESSION_IP = 6,	  /* in place of an argument: the instruction pointer, which the language cannot name */
	EXPRESSION_TESTS_MAX = 96 /* values compared with, beyond which a condition is cut */
};

/* Values as bit patterns of the width that is compared; ordered as signed numbers when the argument is signed. */
struct expression_range {
	uint64_t low, high;
};

enum expression_kind {
	EXPRESSION_ALWAYS,
	EXPRESSION_NEVER,
	EXPRESSION_CUT, /* too irregular to be said: "…" */
	EXPRESSION_TEST,
	EXPRESSION_AND,
	EXPRESSION_OR,
};

struct expression {
	enum expression_kind kind;
	const struct expression *left, *right; /* AND, OR */
	unsigned cost;			       /* values compared with, more or less */
	unsigned arg;			       /* TEST: 0 to 5, or EXPRESSION_IP */
	bool typed;			       /* TEST: by the argument's name, with its width and sign; else raw */
	bool negated;			       /* TEST: it is in none of the ranges */
	uint64_t mask;			       /* TEST: all bits when no mask stands */
	const struct expression_range *ranges; /* TEST */
	size_t range_count;
};

/* What the names in a sentence mean. */
struct expression_context {
	struct diagram *diagram;
	struct arena *arena;
	enum abi_arch_id arch; /* whose constants; ABI_ARCH_NONE: numbers only */
	struct abi_arg args[EXPRESSION_ARGS];
	unsigned arg_count;
	unsigned work_left; /* steps that the search for a short sentence may still take */
	int status;	    /* why NULL was given */
};

/* arch and syscall may be NULL. */
struct expression_context expression_context(struct diagram *diagram, struct arena *arena, const struct abi_arch *arch,
					     const struct abi_syscall *syscall);

/* A condition on arguments (halves in little-endian order) as a sentence; NULL with .status set. Exact unless a part
 * of it is EXPRESSION_CUT. */
const struct expression *expression_of(struct expression_context *context, uint32_t condition);

/* The sentence in the policy language; nothing for EXPRESSION_ALWAYS. */
void expression_write(const struct expression_context *context, const struct expression *expression, struct buf *text);

#endif
