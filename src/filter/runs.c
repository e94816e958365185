/*
 * The number word has 2^32 values and a few hundred names. The names that an arch word has are sorted once, and each
 * range of equal function is cut at them.
 */
#include "filter/runs.h"

#include "base/error.h"
#include "prove/describe.h"

#include <inttypes.h>
#include <stdlib.h>

#define X32_BIT 0x40000000u

struct name {
	uint32_t nr;
	const struct abi_arch *arch;
	const struct abi_syscall *syscall;
};

struct names {
	VEC(struct name);
};

struct laying {
	struct arena *arena;
	struct runs *runs;
	struct names names; /* of the arch word that is laid out, by number */
	struct run run;	    /* what all its runs share: the arch word */
	struct callgate_error *err;
};

static int compare_names(const void *a, const void *b)
{
	uint32_t left = ((const struct name *)a)->nr, right = ((const struct name *)b)->nr;

	return (left > right) - (left < right);
}

static int collect_names(struct laying *laying, uint32_t audit)
{
	laying->names.length = 0;
	for (int id = 0; id < ABI_ARCH_COUNT; id++) {
		const struct abi_arch *arch = abi_arch(id);

		if (arch->audit != audit)
			continue;
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			const struct abi_syscall *syscall = abi_syscall_at(i);
			struct name name = { (uint32_t)syscall->nr[id], arch, syscall };

			if (syscall->nr[id] >= 0 && !VEC_PUSH(laying->arena, &laying->names, name))
				return fail_nomem(laying->err);
		}
	}
	if (laying->names.length)
		qsort(laying->names.items, laying->names.length, sizeof(struct name), compare_names);
	return CALLGATE_OK;
}

static int add_run(struct laying *laying, uint32_t low, uint32_t high, const struct abi_syscall *syscall)
{
	struct run run = laying->run;

	run.low = low;
	run.high = high;
	run.syscall = syscall;
	run.arch = run.audit_low == run.audit_high ? abi_arch_of_call(run.audit_low, low) : NULL;
	return VEC_PUSH(laying->arena, laying->runs, run) ? CALLGATE_OK : fail_nomem(laying->err);
}

/* Numbers without a name; x32's bit tells two arches apart. */
static int add_unnamed(struct laying *laying, uint32_t low, uint32_t high)
{
	for (;;) {
		uint32_t end = low | (X32_BIT - 1);
		int status;

		if (end > high ||
		    abi_arch_of_call(laying->run.audit_low, low) == abi_arch_of_call(laying->run.audit_low, high))
			end = high;
		status = add_run(laying, low, end, NULL);
		if (status || end == high)
			return status;
		low = end + 1;
	}
}

static int add_range(struct laying *laying, const struct describe_numbers *range)
{
	uint32_t low = range->low;

	laying->run.function = range->function;
	for (size_t i = 0; i < laying->names.length; i++) {
		const struct name *name = &laying->names.items[i];
		int status = CALLGATE_OK;

		if (name->nr < low || name->nr > range->high)
			continue;
		if (name->nr > low)
			status = add_unnamed(laying, low, name->nr - 1);
		if (!status)
			status = add_run(laying, name->nr, name->nr, name->syscall);
		if (status || name->nr == range->high)
			return status;
		low = name->nr + 1;
	}
	return add_unnamed(laying, low, range->high);
}

static int add_arch(struct diagram *diagram, struct laying *laying, const struct describe_numbers *arches)
{
	/* describe_numbers restricts the arch word itself, which a cofactor no longer tests. */
	struct describe_ranges ranges = { 0 };
	int status = describe_numbers(diagram, arches->function, arches->low, laying->arena, &ranges, laying->err);

	laying->run = (struct run){ .audit_low = arches->low, .audit_high = arches->high };
	if (!status && arches->low == arches->high)
		status = collect_names(laying, arches->low);
	else
		laying->names.length = 0;
	for (size_t i = 0; !status && i < ranges.length; i++)
		status = add_range(laying, &ranges.items[i]);
	return status;
}

int runs_of(struct diagram *diagram, uint32_t root, struct arena *arena, struct runs *ret_runs,
	    struct callgate_error *err)
{
	struct runs runs = { 0 };
	struct laying laying = { .arena = arena, .runs = &runs, .err = err };
	struct describe_ranges arches = { 0 };
	int status = describe_arches(diagram, root, arena, &arches, err);

	for (size_t i = 0; !status && i < arches.length; i++)
		status = add_arch(diagram, &laying, &arches.items[i]);
	if (!status)
		*ret_runs = runs;
	return status;
}

const char *run_arch_name(const struct run *run, struct arena *arena)
{
	if (run->arch)
		return run->arch->name;
	if (run->audit_low == 0 && run->audit_high == UINT32_MAX)
		return "any";
	return run->audit_low == run->audit_high ? arena_printf(arena, "0x%08" PRIx32, run->audit_low) : "other";
}

const char *run_name(const struct run *run, struct arena *arena)
{
	if (run->syscall)
		return run->syscall->name;
	return run->low == run->high ? arena_printf(arena, "#%" PRIu32, run->low)
				     : arena_printf(arena, "#%" PRIu32 "..#%" PRIu32, run->low, run->high);
}

bool run_is_native(const struct run *run)
{
	return run->arch && run->arch->id == abi_arch_native()->id;
}
