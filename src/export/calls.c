/*
 * Every target but the policy language names the calls that are not like the rest, one after the other by name, and
 * what each gets. What differs is how they say it; what is to be said is found here.
 */
#include "export/calls.h"

#include "base/error.h"

#include <linux/seccomp.h>
#include <string.h>

static int name_order(const struct run *a, const struct run *b)
{
	return strcmp(a->syscall->name, b->syscall->name);
}

static bool has_call(const struct calls *calls, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < calls->length; i++)
		if (calls->items[i]->syscall == syscall)
			return true;
	return false;
}

static int collect_wide(struct export *export, const bool arches[ABI_ARCH_COUNT], bool is_wide, struct calls *calls)
{
	const struct outline *outline = &export->outline;

	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];

		if (!run->syscall || !run->arch || !arches[run->arch->id] || run->function == outline->unknown)
			continue;
		if (outline_is_wide(run->arch->id) != is_wide || has_call(calls, run->syscall))
			continue;
		if (!VEC_PUSH(&export->arena, calls, run))
			return fail_nomem(export->err);
	}
	return CALLGATE_OK;
}

static int collect(struct export *export, const bool arches[ABI_ARCH_COUNT], struct calls *ret_calls)
{
	struct calls calls = { 0 };
	int status = collect_wide(export, arches, true, &calls);

	if (!status)
		status = collect_wide(export, arches, false, &calls);
	if (status)
		return status;
	for (size_t i = 1; i < calls.length; i++) {
		const struct run *run = calls.items[i];
		size_t k = i;

		for (; k && name_order(run, calls.items[k - 1]) < 0; k--)
			calls.items[k] = calls.items[k - 1];
		calls.items[k] = run;
	}
	*ret_calls = calls;
	return CALLGATE_OK;
}

int calls_collect(struct export *export, struct calls *ret_calls)
{
	return collect(export, export->outline.arches, ret_calls);
}

int calls_collect_native(struct export *export, struct calls *ret_calls)
{
	bool arches[ABI_ARCH_COUNT] = { false };

	arches[abi_arch_native()->id] = true;
	return collect(export, arches, ret_calls);
}

int calls_clauses(struct export *export, const struct run *run, uint32_t except, struct clauses *ret_clauses)
{
	int status = clauses_of(export->subject->diagram, run->function, run->arch->big_endian, except, &export->arena,
				ret_clauses, export->err);

	if (status == CALLGATE_E_UNSUPPORTED || status == CALLGATE_E_LIMIT)
		error_hint(export->err, "it is %s of which this is said", run->syscall->name);
	return status;
}

static uint32_t is_value(uint32_t value, void *context)
{
	return value == *(const uint32_t *)context ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

bool calls_can_be(struct export *export, uint32_t function, uint32_t action)
{
	uint32_t condition = diagram_map(export->subject->diagram, is_value, &action, function);

	return condition != DIAGRAM_NONE && condition != diagram_terminal(export->subject->diagram, DIAGRAM_FALSE);
}

static uint32_t find_rest(const struct clauses *clauses)
{
	for (size_t i = 0; i < clauses->length; i++)
		if ((clauses->items[i].action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
			return clauses->items[i].action;
	return clauses->items[clauses->length - 1].action;
}

static void drop_action(struct clauses *clauses, uint32_t action)
{
	size_t kept = 0;

	for (size_t i = 0; i < clauses->length; i++)
		if (clauses->items[i].action != action)
			clauses->items[kept++] = clauses->items[i];
	clauses->length = kept;
}

/* What ends in one action stands together. */
static void sort_by_action(struct clauses *clauses)
{
	for (size_t i = 1; i < clauses->length; i++) {
		struct clause clause = clauses->items[i];
		size_t k = i;

		for (; k && clause.action > clauses->items[k - 1].action; k--)
			clauses->items[k] = clauses->items[k - 1];
		clauses->items[k] = clause;
	}
}

int calls_cases(struct export *export, const struct run *run, uint32_t common, struct cases *ret_cases)
{
	struct cases cases = { .rest = common };
	int status = calls_clauses(export, run, common, &cases.clauses);

	if (status)
		return status;
	if (cases.clauses.length && !calls_can_be(export, run->function, common)) {
		cases.has_rest = true;
		cases.rest = find_rest(&cases.clauses);
		drop_action(&cases.clauses, cases.rest);
	}
	sort_by_action(&cases.clauses);
	if (diagram_status(export->subject->diagram))
		return diagram_fail(export->subject->diagram, export->err);
	*ret_cases = cases;
	return CALLGATE_OK;
}
