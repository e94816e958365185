/*
 * prove/form.h - sentences about one argument, and what they are made with
 */
#ifndef CALLGATE_PROVE_FORM_H
#define CALLGATE_PROVE_FORM_H

#include "prove/expression.h"
#include "prove/ranges.h"

enum {
	FORM_COST_VALUE = 2, /* of one value that is compared with */
	FORM_COST_CUT = 10 * FORM_COST_VALUE * EXPRESSION_TESTS_MAX,
};

extern const struct expression expression_always, expression_never, expression_cut;

/* A copy in the arena; NULL with .status set. */
const struct expression *expression_new(struct expression_context *context, struct expression expression);

/* left and/or right, less what goes without saying; NULL when one of them is. */
const struct expression *expression_join(struct expression_context *context, enum expression_kind kind,
					 const struct expression *left, const struct expression *right);

/* NULL, and why: no memory, or no node. */
const struct expression *expression_no_memory(struct expression_context *context);
const struct expression *expression_no_node(struct expression_context *context);

/* A condition by what is asked before this word and what from it on; NULL with .status OK where one of the two is
 * not asked at all. */
const struct expression *expression_split(struct expression_context *context, uint32_t condition,
					  enum diagram_word word);

/* All 64 bits of an argument, or of the instruction pointer. */
struct field form_field(unsigned arg);

/* The shortest sentence for a condition that reads this argument only. */
const struct expression *form_of_argument(struct expression_context *context, uint32_t condition, unsigned arg);

#endif
