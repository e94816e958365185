/*
 * Two meanings in one diagram become a third: a function from a call to the pair of their actions, where pairs of
 * equal actions are one value. Where that function is constant, there is one line to write; its conditions are read
 * back from the diagram, so that a difference is neither missed nor invented however the two were written.
 */
#include "filter/diff.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "filter/runs.h"
#include "filter/subject.h"
#include "prove/describe.h"
#include "prove/prove.h"

#include <stdlib.h>
#include <string.h>

/* The value of pairs whose actions are equal; DIAGRAM_FALSE, so that one that differs is a condition. */
#define PAIR_EQUAL DIAGRAM_FALSE

struct pair {
	uint32_t a, b;
};

/* What is needed while the differences are written down. */
struct comparison {
	struct callgate_diff *diff;
	struct diagram *diagram;
	struct callgate_error *err;
	struct {
		VEC(struct pair);
	} pairs;     /* pair i is the terminal i + 1 */
	bool failed; /* a pair found no memory */
};

void diff_free_pointer(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

void callgate_diff_free(struct callgate_diff *diff)
{
	if (diff)
		arena_fini(&diff->arena);
	free(diff);
}

size_t callgate_diff_count(const struct callgate_diff *diff)
{
	return diff->differences.length;
}

const struct callgate_difference *callgate_diff_at(const struct callgate_diff *diff, size_t index)
{
	return &diff->differences.items[index].said;
}

void callgate_diff_keep_looser(struct callgate_diff *diff)
{
	size_t kept = 0;

	for (size_t i = 0; i < diff->differences.length; i++) {
		const struct callgate_difference *said = &diff->differences.items[i].said;

		if (said->a_rules || callgate_action_overrides(said->a, said->b))
			diff->differences.items[kept++] = diff->differences.items[i];
	}
	diff->differences.length = kept;
}

/* A diagram_combine: the number of the pair. */
static uint32_t pair_number(uint32_t a, uint32_t b, void *context)
{
	struct comparison *comparison = context;

	if (a == b)
		return PAIR_EQUAL;
	for (size_t i = 0; i < comparison->pairs.length; i++)
		if (comparison->pairs.items[i].a == a && comparison->pairs.items[i].b == b)
			return (uint32_t)i + 1;
	if (!VEC_PUSH(&comparison->diff->arena, &comparison->pairs, ((struct pair){ a, b })))
		comparison->failed = true;
	return (uint32_t)comparison->pairs.length;
}

static uint32_t is_pair(uint32_t value, void *context)
{
	return value == *(const uint32_t *)context ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

/* A call of the run on which the condition holds. */
static const char *witness(struct comparison *comparison, const struct run *run, uint32_t condition)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct diagram_input input = { 0 };
	struct seccomp_data data;

	prove_witness(comparison->diagram, condition, DIAGRAM_FALSE, &input);
	input.words[DIAGRAM_ARCH] = run->audit_low;
	input.words[DIAGRAM_NR] = run->low;
	prove_input_to_data(&input, &data);
	prove_format_call(&data, &text);
	return text.failed ? NULL : arena_strdup(&comparison->diff->arena, buf_text(&text));
}

static int fail_budget(const struct comparison *comparison)
{
	return fail(comparison->err, diagram_status(comparison->diagram),
		    "the difference is beyond the diagram's budget");
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Arches that nothing tells apart lie between those that something does: what is said of one run of them is said. */
static bool is_said(const struct callgate_diff *diff, const struct callgate_difference *difference)
{
	for (size_t i = 0; i < diff->differences.length; i++) {
		const struct callgate_difference *said = &diff->differences.items[i].said;

		if (said->a.ret == difference->a.ret && said->b.ret == difference->b.ret &&
		    same_text(said->arch, difference->arch) && same_text(said->syscall, difference->syscall) &&
		    same_text(said->condition, difference->condition))
			return true;
	}
	return false;
}

static bool is_any_number(const struct run *run)
{
	return run->low == 0 && run->high == UINT32_MAX;
}

/* The calls of the run that have this pair of actions. */
static int add_difference(struct comparison *comparison, const struct run *run, uint32_t pair)
{
	struct arena *arena = &comparison->diff->arena;
	uint32_t condition = diagram_map(comparison->diagram, is_pair, &pair, run->function);
	struct callgate_difference difference = {
		.arch = run_arch_name(run, arena),
		.is_native = run_is_native(run),
		.syscall = !run->arch && is_any_number(run) ? "*" : run_name(run, arena),
		.a = { comparison->pairs.items[pair - 1].a },
		.b = { comparison->pairs.items[pair - 1].b },
	};
	int status;

	if (condition == DIAGRAM_NONE)
		return fail_budget(comparison);
	if (condition == DIAGRAM_FALSE)
		return CALLGATE_OK;
	if (!difference.arch || !difference.syscall)
		return fail_nomem(comparison->err);
	status = describe_condition(comparison->diagram, condition, run->arch ? run->arch : abi_arch_native(),
				    run->syscall, arena, &difference.condition, comparison->err);
	if (status)
		return status;
	if (!run->arch && is_said(comparison->diff, &difference))
		return CALLGATE_OK;
	difference.witness = witness(comparison, run, condition);
	if (!difference.witness || !VEC_PUSH(arena, &comparison->diff->differences,
					     ((struct difference){ difference, run->arch, run->low, run->high })))
		return fail_nomem(comparison->err);
	return CALLGATE_OK;
}

static int add_run(struct comparison *comparison, const struct run *run)
{
	int status = CALLGATE_OK;

	if (run->function == PAIR_EQUAL)
		return CALLGATE_OK;
	for (uint32_t pair = 1; !status && pair <= comparison->pairs.length; pair++)
		status = add_difference(comparison, run, pair);
	return status;
}

static int add_all(struct comparison *comparison, uint32_t pairs)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct runs runs = { 0 };
	int status = runs_of(comparison->diagram, pairs, &arena, &runs, comparison->err);

	for (size_t i = 0; !status && i < runs.length; i++)
		status = add_run(comparison, &runs.items[i]);
	return status;
}

int diff_meanings(struct diagram *diagram, uint32_t a, uint32_t b, struct callgate_diff **ret_diff,
		  struct callgate_error *err)
{
	cleanup(diff_free_pointer) struct callgate_diff *diff = calloc(1, sizeof(*diff));
	struct comparison comparison = { .diff = diff, .diagram = diagram, .err = err };
	uint32_t pairs;
	int status;

	if (!diff)
		return fail_nomem(err);
	pairs = diagram_apply(diagram, pair_number, &comparison, a, b);
	if (comparison.failed)
		return fail_nomem(err);
	if (pairs == DIAGRAM_NONE)
		return fail_budget(&comparison);
	status = add_all(&comparison, pairs);
	if (status)
		return status;
	*ret_diff = take_ptr(diff);
	return CALLGATE_OK;
}

int callgate_diff_new(const struct callgate_subject *a, const struct callgate_subject *b,
		      struct callgate_diff **ret_diff, struct callgate_error *err)
{
	cleanup(subject_diagram_free) struct diagram *diagram = diagram_new(a->nodes_max);
	uint32_t root_a, root_b;
	int status;

	if (!diagram)
		return fail_nomem(err);
	status = subject_meaning(a, NULL, diagram, &root_a, err);
	if (!status)
		status = subject_meaning(b, NULL, diagram, &root_b, err);
	return status ? status : diff_meanings(diagram, root_a, root_b, ret_diff, err);
}
