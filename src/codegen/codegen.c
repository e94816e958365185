/*
 * From a diagram to a program, word by word in the diagram's order: arch, nr, then what the rest looks at. That order
 * keeps every unconditional ALLOW in the kernel's bitmap, for nothing but arch and nr is looked at before it is
 * decided. A node is decided once, whoever comes to it.
 */
#include "codegen/codegen.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "codegen/generator.h"
#include "codegen/layout.h"
#include "codegen/word.h"

#include <string.h>

/* With measurements an exact plan is worth its time; without, halving by weight loses little of a guess. */
#define PLAN_MEASURED 100
#define PLAN_GUESSED  48

bool generator_fit(struct generator *g)
{
	size_t room = diagram_size(g->diagram);
	struct note *notes;
	uint32_t *marks;

	if (g->notes && room <= g->room)
		return true;
	room += g->room;
	notes = arena_array(&g->arena, room, sizeof(*notes));
	marks = arena_array(&g->arena, room, sizeof(*marks));
	if (!notes || !marks) {
		g->steps.status = CALLGATE_E_NOMEM;
		return false;
	}
	if (g->room) {
		memcpy(notes, g->notes, g->room * sizeof(*notes));
		memcpy(marks, g->marks, g->room * sizeof(*marks));
	}
	g->notes = notes;
	g->marks = marks;
	g->room = room;
	return true;
}

uint32_t generate_node(struct generator *g, uint32_t index, uint32_t audit)
{
	struct diagram_node node;
	uint32_t step;

	if (g->steps.status != CALLGATE_OK)
		return STEP_NONE;
	if (g->notes[index].loaded)
		return g->notes[index].loaded - 1;
	node = diagram_node(g->diagram, index);
	if (node.variable == DIAGRAM_TERMINAL)
		step = steps_return(&g->steps, node.low);
	else
		step = steps_load(&g->steps, diagram_word_offset(node.variable / 32), word_decide(g, index, audit));
	g->notes[index].loaded = step + 1;
	return step;
}

static void generator_fini(struct generator *g)
{
	tree_fini(&g->tree);
	arena_fini(&g->arena);
}

static int codegen_failure(int status, struct callgate_error *err)
{
	if (status == CALLGATE_E_LIMIT)
		return layout_too_long(err);
	return fail_nomem(err);
}

int codegen_program(struct diagram *diagram, uint32_t root, const struct codegen_options *options,
		    struct bpf_program *ret_program, struct callgate_error *err)
{
	cleanup(generator_fini) struct generator g = { .diagram = diagram, .options = options };
	uint32_t step;

	g.steps.arena = &g.arena;
	g.tree.plan_max = options && options->weights ? PLAN_MEASURED : PLAN_GUESSED;
	if (!generator_fit(&g))
		return fail_nomem(err);
	step = generate_node(&g, root, 0);
	if (step == STEP_NONE)
		return codegen_failure(g.steps.status, err);
	return layout_program(&g.steps, step, ret_program, err);
}
