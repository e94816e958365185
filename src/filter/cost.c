/*
 * The cost of a call is found by running the program on it. Arguments make cases; each case has a call that shows it,
 * and each is run, so that every figure here is one that a real call has.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "filter/filter.h"
#include "filter/frequency.h"
#include "filter/runs.h"
#include "filter/subject.h"
#include "prove/describe.h"
#include "prove/prove.h"

#include <callgate/cost.h>

#include <stdlib.h>

struct callgate_costs {
	struct arena arena;
	struct {
		VEC(struct callgate_cost);
	} items;
};

struct measuring {
	struct callgate_costs *costs;
	const struct callgate_subject *subject;
	const struct callgate_frequency *frequency;
	struct subject_stack stack;
	struct arena arena; /* dies with the measuring */
	struct callgate_error *err;
};

static void measuring_fini(struct measuring *measuring)
{
	arena_fini(&measuring->arena);
	subject_stack_fini(&measuring->stack);
}

static void costs_free_pointer(struct callgate_costs **costs)
{
	callgate_costs_free(*costs);
}

void callgate_costs_free(struct callgate_costs *costs)
{
	if (costs)
		arena_fini(&costs->arena);
	free(costs);
}

size_t callgate_costs_count(const struct callgate_costs *costs)
{
	return costs->items.length;
}

const struct callgate_cost *callgate_costs_at(const struct callgate_costs *costs, size_t index)
{
	return &costs->items.items[index];
}

double callgate_costs_expected(const struct callgate_costs *costs)
{
	double calls = 0, instructions = 0;

	for (size_t i = 0; i < costs->items.length; i++) {
		const struct callgate_cost *cost = &costs->items.items[i];

		calls += cost->count;
		instructions += cost->bitmap ? 0 : cost->count * cost->mean;
	}
	return calls > 0 ? instructions / calls : -1;
}

/* Runs the program on the first call for which the condition holds. */
static unsigned executed(const struct measuring *measuring, const struct run *run, uint32_t condition)
{
	struct diagram_input input = { 0 };
	struct seccomp_data data;

	prove_witness(measuring->subject->diagram, condition, DIAGRAM_FALSE, &input);
	input.words[DIAGRAM_ARCH] = run->audit_low;
	input.words[DIAGRAM_NR] = run->low;
	prove_input_to_data(&input, &data);
	return subject_stack_executed(&measuring->stack, &data);
}

/* Each case once: the conditions, and what none of them covers. */
static int measure_cases(struct measuring *measuring, const struct run *run, struct callgate_cost *cost)
{
	struct diagram *diagram = measuring->subject->diagram;
	struct describe_cases cases = { 0 };
	uint32_t rest = DIAGRAM_TRUE;
	double total = 0;
	int status = describe_function(diagram, run->function, run->arch, run->syscall, &measuring->arena, &cases,
				       measuring->err);

	if (status)
		return status;
	for (size_t i = 0; i < cases.length; i++) {
		uint32_t where = cases.items[i].condition ? diagram_and(diagram, rest, cases.items[i].where) : rest;
		unsigned count;

		if (where == DIAGRAM_NONE)
			return fail(measuring->err, diagram_status(diagram),
				    "the meaning is beyond the diagram's budget");
		count = executed(measuring, run, where);
		cost->low = i && cost->low < count ? cost->low : count;
		cost->high = cost->high > count ? cost->high : count;
		total += count;
		rest = diagram_and(diagram, rest, diagram_not(diagram, where));
	}
	cost->mean = total / (double)(cases.length ? cases.length : 1);
	return CALLGATE_OK;
}

static int measure(struct measuring *measuring, const struct run *run)
{
	struct callgate_cost cost = {
		.arch = run->arch->name,
		.is_native = run_is_native(run),
		.syscall = run->syscall->name,
		.bitmap = subject_stack_is_cacheable(&measuring->stack, run->audit_low, run->low),
		.count = frequency_of(measuring->frequency, run->arch->id, run->syscall),
	};
	int status = measure_cases(measuring, run, &cost);

	if (status)
		return status;
	return VEC_PUSH(&measuring->costs->arena, &measuring->costs->items, cost) ? CALLGATE_OK
										  : fail_nomem(measuring->err);
}

/* Whether the run's arch is refused as a whole: then nobody makes its calls. */
static bool arch_is_refused(const struct runs *runs, size_t at, const struct diagram *diagram)
{
	const struct run *run = &runs->items[at];
	struct diagram_node function = diagram_node(diagram, run->function);

	if (function.variable != DIAGRAM_TERMINAL || callgate_action_permits((struct callgate_action){ function.low }))
		return false;
	for (size_t i = 0; i < runs->length; i++)
		if (runs->items[i].arch == run->arch && runs->items[i].function != run->function)
			return false;
	return true;
}

static int measure_all(struct measuring *measuring)
{
	const struct callgate_subject *subject = measuring->subject;
	const struct abi_arch *refused = NULL;
	struct runs runs = { 0 };
	int status = runs_of(subject->diagram, subject->root, &measuring->arena, &runs, measuring->err);

	for (size_t i = 0; !status && i < runs.length; i++) {
		const struct run *run = &runs.items[i];

		if (!run->arch || !run->syscall || run->arch == refused)
			continue;
		if (arch_is_refused(&runs, i, subject->diagram))
			refused = run->arch;
		else
			status = measure(measuring, run);
	}
	return status;
}

int callgate_costs_new(const struct callgate_subject *subject, const struct callgate_frequency *frequency,
		       struct callgate_costs **ret_costs, struct callgate_error *err)
{
	cleanup(costs_free_pointer) struct callgate_costs *costs = calloc(1, sizeof(*costs));
	cleanup(measuring_fini) struct measuring measuring = {
		.costs = costs, .subject = subject, .frequency = frequency, .err = err
	};
	struct callgate_filter_options options = { .frequency = frequency };
	int status;

	if (!costs)
		return fail_nomem(err);
	status = subject_known(subject, err);
	if (!status)
		status = subject_stack_init(subject, &options, &measuring.stack, err);
	if (!status)
		status = measure_all(&measuring);
	if (status)
		return status;
	*ret_costs = take_ptr(costs);
	return CALLGATE_OK;
}
