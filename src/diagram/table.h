/*
 * diagram/table.h - how a diagram is kept, for this room's own files
 */
#ifndef CALLGATE_DIAGRAM_TABLE_H
#define CALLGATE_DIAGRAM_TABLE_H

#include "diagram/diagram.h"

/* One remembered operation: `operation` on a, b and c gave result. */
struct diagram_memo {
	uint32_t operation; /* 0: nothing is remembered here */
	uint32_t a, b, c;
	uint32_t result;
};

struct diagram {
	struct diagram_node *nodes; /* by number; operands always have smaller numbers than what uses them */
	size_t count, capacity;
	size_t nodes_max;	    /* the budget */
	uint32_t *slots;	    /* node numbers + 1, open addressing by hash; 0 is free */
	unsigned slot_bits;	    /* there are 1 << slot_bits slots */
	struct diagram_memo *memos; /* one place for each hash: a later result takes it from an earlier one */
	unsigned memo_bits;
	size_t memos_kept;	 /* results kept since the places were last doubled */
	uint32_t last_operation; /* the number that the latest one-off operation was given */
	uint64_t steps;		 /* recursions since the budget was renewed */
	int status;
};

#endif
