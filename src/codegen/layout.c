/*
 * A program is laid out from its end: a step is placed when all that follows it stands, so every jump is forward and
 * its distance known. Of two successors the larger is placed first, for then the nearer one hides it by little.
 *
 * A conditional jump reaches 255 instructions. Beyond that a return is repeated, which costs nothing when it runs;
 * any other step gets a JA near by. A load runs into its comparison, so where that already stands elsewhere the one
 * instruction is repeated rather than jumped to.
 */
#include "codegen/layout.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* 255, less the two JA that may come between a jump and its measured targets. */
#define REACH 253u

int layout_too_long(struct callgate_error *err)
{
	error_set(err, CALLGATE_E_LIMIT, "the filter is longer than the %d instructions that the kernel takes",
		  BPF_MAXINSNS);
	error_hint(err, "ranges (in a..b) and masks take fewer than many single values");
	return CALLGATE_E_LIMIT;
}

struct layout {
	struct steps *steps;
	struct {
		VEC(struct sock_filter);
	} reversed; /* the program, last instruction first */
	int status;
};

static struct step *step_at(const struct layout *layout, uint32_t step)
{
	return &layout->steps->list.items[step];
}

static void push(struct layout *layout, struct sock_filter insn)
{
	if (layout->status != CALLGATE_OK)
		return;
	if (layout->reversed.length == BPF_MAXINSNS)
		layout->status = CALLGATE_E_LIMIT;
	else if (!VEC_PUSH(layout->steps->arena, &layout->reversed, insn))
		layout->status = CALLGATE_E_NOMEM;
}

/* How many instructions a jump placed now would skip. */
static uint32_t distance(const struct layout *layout, uint32_t step)
{
	return (uint32_t)layout->reversed.length - step_at(layout, step)->position - 1;
}

/* Brings a step that stands within a jump's reach. */
static void bring_near(struct layout *layout, uint32_t index)
{
	struct step *step = step_at(layout, index);

	if (distance(layout, index) <= REACH)
		return;
	if (BPF_CLASS(step->code) == BPF_RET)
		push(layout, (struct sock_filter)BPF_STMT(step->code, step->k));
	else
		push(layout, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
							  (uint32_t)layout->reversed.length - step->home - 1));
	step->position = (uint32_t)layout->reversed.length - 1;
}

/* Places a step whose successors stand, once more if need be. */
static void place(struct layout *layout, uint32_t index)
{
	struct step *step = step_at(layout, index);
	struct sock_filter insn = { .code = step->code, .k = step->k };

	if (step->yes != STEP_NONE && step->no == STEP_NONE && distance(layout, step->yes) != 0)
		place(layout, step->yes);
	if (BPF_CLASS(step->code) == BPF_JMP) {
		bring_near(layout, step->yes);
		bring_near(layout, step->no);
		insn.jt = (uint8_t)distance(layout, step->yes);
		insn.jf = (uint8_t)distance(layout, step->no);
	}
	push(layout, insn);
	step->position = (uint32_t)layout->reversed.length - 1;
	step->home = step->position;
}

static void place_all(struct layout *layout, uint32_t index);

static void place_successors(struct layout *layout, const struct step *step)
{
	bool yes_first;

	if (step->no == STEP_NONE) {
		if (step->yes != STEP_NONE)
			place_all(layout, step->yes);
		return;
	}
	yes_first = step_at(layout, step->yes)->size > step_at(layout, step->no)->size;
	place_all(layout, yes_first ? step->yes : step->no);
	place_all(layout, yes_first ? step->no : step->yes);
}

/* Places a step and all that follows it, unless it stands. Its depth is that of the program: at most STEPS_MAX. */
static void place_all(struct layout *layout, uint32_t index)
{
	const struct step *step = step_at(layout, index);

	if (layout->status != CALLGATE_OK || step->position != STEP_NONE)
		return;
	place_successors(layout, step);
	if (layout->status == CALLGATE_OK)
		place(layout, index);
}

int layout_program(struct steps *steps, uint32_t root, struct bpf_program *ret_program, struct callgate_error *err)
{
	struct layout layout = { .steps = steps };
	struct sock_filter *insns;
	size_t length;

	place_all(&layout, root);
	length = layout.reversed.length;
	if (layout.status == CALLGATE_E_LIMIT)
		return layout_too_long(err);
	insns = layout.status == CALLGATE_OK && length ? calloc(length, sizeof(*insns)) : NULL;
	if (!insns)
		return fail_nomem(err);
	for (size_t i = 0; i < length; i++)
		insns[i] = layout.reversed.items[length - 1 - i];
	*ret_program = (struct bpf_program){ insns, length };
	return CALLGATE_OK;
}
