/*
 * The diagram itself, for Graphviz (`dot -Tsvg`). It is drawn as it is: one node a bit, which is what a proof compares,
 * and shared tails are shared.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "filter/show.h"

#include <stdlib.h>
#include <string.h>

#define WORD_BITS 32

struct drawing {
	const struct diagram *diagram;
	struct buf *text;
	struct arena arena;
	unsigned char *seen; /* by node */
	struct {
		VEC(uint32_t);
	} waiting; /* seen and not yet drawn */
};

static void drawing_fini(struct drawing *drawing)
{
	arena_fini(&drawing->arena);
}

static const char *word_name(enum diagram_word word, char *text, size_t size)
{
	if (word == DIAGRAM_ARCH)
		return "arch";
	if (word == DIAGRAM_NR)
		return "nr";
	if (word < DIAGRAM_ARG0)
		snprintf(text, size, "ip+%u", diagram_word_offset(word) - 8);
	else
		snprintf(text, size, "arg%u+%u", (diagram_word_offset(word) - 16) / 8, diagram_word_offset(word) % 8);
	return text;
}

static bool wait_for(struct drawing *drawing, uint32_t node)
{
	if (drawing->seen[node])
		return true;
	drawing->seen[node] = 1;
	return VEC_PUSH(&drawing->arena, &drawing->waiting, node);
}

static bool draw(struct drawing *drawing, uint32_t number)
{
	struct diagram_node node = diagram_node(drawing->diagram, number);
	char text[64];

	if (node.variable == DIAGRAM_TERMINAL) {
		callgate_action_format((struct callgate_action){ node.low }, text, sizeof(text));
		buf_printf(drawing->text, "\tn%u [shape=box, label=\"%s\"];\n", number, text);
		return true;
	}
	buf_printf(drawing->text, "\tn%u [label=\"%s bit %u\"];\n", number,
		   word_name(node.variable / WORD_BITS, text, sizeof(text)), WORD_BITS - 1 - node.variable % WORD_BITS);
	buf_printf(drawing->text, "\tn%u -> n%u [style=dashed];\n\tn%u -> n%u;\n", number, node.low, number, node.high);
	return wait_for(drawing, node.low) && wait_for(drawing, node.high);
}

int show_diagram(const struct callgate_subject *subject, struct buf *text, struct callgate_error *err)
{
	cleanup(drawing_fini) struct drawing drawing = { .diagram = subject->diagram, .text = text };
	bool drawn;

	drawing.seen = arena_array(&drawing.arena, diagram_size(subject->diagram), 1);
	if (!drawing.seen)
		return fail_nomem(err);
	buf_puts(text, "digraph filter {\n\tnode [shape=ellipse];\n");
	for (drawn = wait_for(&drawing, subject->root); drawn && drawing.waiting.length;)
		drawn = draw(&drawing, drawing.waiting.items[--drawing.waiting.length]);
	buf_puts(text, "}\n");
	return drawn ? CALLGATE_OK : fail_nomem(err);
}
