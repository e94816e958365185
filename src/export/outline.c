/*
 * Tools differ in the words for what is common: which arches a filter is for, what happens to the rest of the calls,
 * to numbers that have no name, and to other arches. They are found by counting.
 */
#include "export/export.h"

#include "base/error.h"
#include "lang/lang.h"

#include <string.h>

#define X32_BIT 0x40000000u

bool outline_is_constant(const struct callgate_subject *subject, uint32_t function)
{
	return diagram_node(subject->diagram, function).variable == DIAGRAM_TERMINAL;
}

bool outline_is_wide(enum abi_arch_id arch)
{
	return abi_arch(arch)->pointer_bits == 64;
}

/* The function of the arches that nothing tells apart; they lie between those that something does. */
static uint32_t foreign_of(const struct outline *outline)
{
	for (size_t i = 0; i < outline->runs.length; i++)
		if (outline->runs.items[i].audit_low != outline->runs.items[i].audit_high)
			return outline->runs.items[i].function;
	return outline->runs.items[0].function;
}

/* -1 is x32's by its bits, and no call of it. */
static bool is_minus_one(const struct run *run)
{
	return run->low == UINT32_MAX;
}

static void find_arches(struct outline *outline)
{
	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];

		if (run->arch && run->function != outline->foreign && !is_minus_one(run) && run->low < 2 * X32_BIT)
			outline->arches[run->arch->id] = true;
	}
}

static enum abi_arch_id first_arch(const struct outline *outline)
{
	enum abi_arch_id native = abi_arch_native()->id;

	if (outline->arches[native])
		return native;
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (outline->arches[arch])
			return arch;
	return native;
}

/* The widest run without a name says what numbers without one get. */
static uint32_t unknown_of(const struct outline *outline, enum abi_arch_id arch)
{
	uint32_t function = outline->foreign, widest = 0;

	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];

		if (!run->arch || run->arch->id != arch || run->syscall || run->high - run->low < widest)
			continue;
		if (arch == ABI_X86_64 && run->low >= X32_BIT)
			continue;
		widest = run->high - run->low;
		function = run->function;
	}
	return function;
}

static size_t count_calls(const struct outline *outline, enum abi_arch_id arch, uint32_t function)
{
	size_t count = 0;

	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];

		count += run->syscall && run->arch && run->arch->id == arch && run->function == function;
	}
	return count;
}

static uint32_t common_of(const struct callgate_subject *subject, const struct outline *outline, enum abi_arch_id arch)
{
	uint32_t common = outline->unknown;
	size_t most = count_calls(outline, arch, common);

	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];
		size_t count;

		if (!run->syscall || !run->arch || run->arch->id != arch || run->function == common ||
		    !outline_is_constant(subject, run->function))
			continue;
		count = count_calls(outline, arch, run->function);
		if (count > most) {
			most = count;
			common = run->function;
		}
	}
	return common;
}

/* What an arch gets as a whole, DIAGRAM_NONE where its calls differ. */
static uint32_t whole_of(const struct callgate_subject *subject, const struct outline *outline, enum abi_arch_id arch)
{
	uint32_t whole = DIAGRAM_NONE;

	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];

		if (!run->arch || run->arch->id != arch || is_minus_one(run))
			continue;
		if ((whole != DIAGRAM_NONE && whole != run->function) || !outline_is_constant(subject, run->function))
			return DIAGRAM_NONE;
		whole = run->function;
	}
	return whole;
}

static bool overrides(const struct callgate_subject *subject, uint32_t a, uint32_t b)
{
	return callgate_action_overrides((struct callgate_action){ diagram_node(subject->diagram, a).low },
					 (struct callgate_action){ diagram_node(subject->diagram, b).low });
}

/* An arch that is refused as a whole need not be named where the others are refused as strictly; where they are not, it
 * is better that they are than that its calls are let through. */
static void leave_out_refused(const struct callgate_subject *subject, struct outline *outline)
{
	enum abi_arch_id first = first_arch(outline);

	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		uint32_t whole =
			outline->arches[arch] && arch != first ? whole_of(subject, outline, arch) : DIAGRAM_NONE;

		if (whole == DIAGRAM_NONE || !outline_is_constant(subject, outline->foreign) ||
		    !callgate_action_refuses((struct callgate_action){ diagram_node(subject->diagram, whole).low }))
			continue;
		outline->arches[arch] = false;
		if (overrides(subject, whole, outline->foreign))
			outline->foreign = whole;
	}
}

int outline_of(const struct callgate_subject *subject, struct arena *arena, struct outline *ret_outline,
	       struct callgate_error *err)
{
	struct outline outline = { 0 };
	int status = runs_of(subject->diagram, subject->root, arena, &outline.runs, err);

	if (status)
		return status;
	outline.foreign = foreign_of(&outline);
	if (subject->policy)
		memcpy(outline.arches, subject->policy->policy->arches, sizeof(outline.arches));
	else
		find_arches(&outline);
	if (subject->policy && !policy_is_uniform(subject->policy->policy))
		leave_out_refused(subject, &outline);
	outline.unknown = unknown_of(&outline, first_arch(&outline));
	outline.common = common_of(subject, &outline, first_arch(&outline));
	*ret_outline = outline;
	return CALLGATE_OK;
}
