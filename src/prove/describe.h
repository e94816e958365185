/*
 * prove/describe.h - a meaning read back in the policy language
 *
 * For one arch and number, the diagram's cases as conditions a person reads: `flags & O_ACCMODE == O_RDONLY`,
 * `request in {TIOCSTI, TIOCLINUX}`, `arg0 in 3..7`. Exact: what is printed, parsed and compiled again gives the same
 * diagram.
 */
#ifndef CALLGATE_PROVE_DESCRIBE_H
#define CALLGATE_PROVE_DESCRIBE_H

#include "abi/abi.h"
#include "base/arena.h"
#include "diagram/diagram.h"

/* One case: under condition, the function has this value. */
struct describe_case {
	const char *condition; /* policy language after `if`, NULL for always or for the rest */
	uint32_t value;	       /* the terminal */
	uint32_t where;	       /* the same condition as a boolean diagram over the argument words */
};

struct describe_cases {
	VEC(struct describe_case);
};

/* The cases of a function of arguments only (arch and nr already restricted): the most common value comes last with
 * a NULL condition, the others before it, each condition to be read in order. Syscall may be NULL (raw arg0…arg5).
 * A function too irregular for a condition of sane length (DESCRIBE_TESTS_MAX comparisons) is cut and says "…". */
int describe_function(struct diagram *diagram, uint32_t root, const struct abi_arch *arch,
		      const struct abi_syscall *syscall, struct arena *arena, struct describe_cases *ret_cases,
		      struct callgate_error *err);

/* One condition on arguments (no case of others before it), as describe_function writes it. NULL for always. */
int describe_condition(struct diagram *diagram, uint32_t where, const struct abi_arch *arch,
		       const struct abi_syscall *syscall, struct arena *arena, const char **ret_text,
		       struct callgate_error *err);

/* Numbers of one audit arch grouped by equal meaning: the values of the nr word as ranges, each with its cofactor. */
struct describe_numbers {
	uint32_t low, high; /* of nr, inclusive */
	uint32_t function;  /* of the arguments */
};
struct describe_ranges {
	VEC(struct describe_numbers);
};
int describe_numbers(struct diagram *diagram, uint32_t root, uint32_t audit, struct arena *arena,
		     struct describe_ranges *ret_ranges, struct callgate_error *err);

/* The values of the arch word that are told apart, as ranges with their cofactors. */
int describe_arches(struct diagram *diagram, uint32_t root, struct arena *arena, struct describe_ranges *ret_ranges,
		    struct callgate_error *err);

#endif
