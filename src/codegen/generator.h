/*
 * codegen/generator.h - what the files of this room share while they make one program
 */
#ifndef CALLGATE_CODEGEN_GENERATOR_H
#define CALLGATE_CODEGEN_GENERATOR_H

#include "codegen/codegen.h"
#include "codegen/ranges.h"
#include "codegen/steps.h"
#include "codegen/tree.h"

/* What is known of a node of the diagram. */
struct note {
	uint32_t loaded;  /* 1 + the step that decides it with nothing in A; 0: not made yet */
	uint32_t decided; /* 1 + the step that decides it with its word in A; 0: not made yet */
	float paths;	  /* weigh_paths, plus 1; 0: not counted yet */
};

struct generator {
	struct diagram *diagram; /* nodes are made of parts of a function */
	const struct codegen_options *options;
	struct arena arena;
	struct steps steps;
	struct tree tree;
	struct note *notes; /* by node */
	uint32_t *marks;    /* by node, for ranges_support */
	size_t room;	    /* nodes that notes and marks have a place for */
	uint32_t mark;	    /* the last that was used */
};

/* A number that is compared first because it is so frequent. */
struct hot {
	uint32_t value;
	double weight;
};

#define HOT_MAX 3

/* Sets the weights of a word's ranges, none of them 0. audit is the arch of the call, 0 when it is not known. For nr,
 * ret_hot gets the heaviest numbers, descending; weight 0 where there is none. */
void weigh_ranges(struct generator *g, struct ranges *ranges, enum diagram_word word, uint32_t audit,
		  struct hot ret_hot[HOT_MAX]);

/* Whether a function has a way to let the call take place. */
bool weigh_is_permissive(struct generator *g, uint32_t node);

/* Gives nodes that were made meanwhile their places. False when g->steps failed. */
bool generator_fit(struct generator *g);

/* The step that decides a node with nothing in A; STEP_NONE when g->steps failed. */
uint32_t generate_node(struct generator *g, uint32_t node, uint32_t audit);

#endif
