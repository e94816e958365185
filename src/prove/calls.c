/*
 * The numbers of a change as a person says them: known calls by name, runs of others by their ends.
 */
#include "prove/diff.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

enum { NUMBERS_SPAN = 8192 };

/* Bit 30 tells x86-64 and x32 apart, so that each has two stretches of numbers. */
#define HALF_STEP UINT32_C(0x40000000)

static bool is_halved(const struct abi_arch *arch)
{
	return arch && (arch->id == ABI_X86_64 || arch->id == ABI_X32);
}

/* The second stretch holds no calls: where all of it follows the end of the first, it goes without saying. */
static bool is_understood(const struct diff_change *change, size_t i)
{
	const struct diff_range *range = &change->numbers.items[i];

	if (!is_halved(change->arch) || i == 0 || range->low != (2 * HALF_STEP | change->arch->nr_base))
		return false;
	return range->high - range->low == HALF_STEP - 1 && range[-1].high == range->low - HALF_STEP - 1;
}

static void add_item(struct buf *text, const char *item)
{
	buf_puts(text, text->length ? ", " : "");
	buf_puts(text, item);
}

/* Numbers that no call has. To the end of what the arch can number, the end goes without saying. */
static void add_run(struct buf *text, const struct abi_arch *arch, uint32_t low, uint32_t high)
{
	uint32_t end = is_halved(arch) ? arch->nr_base | (HALF_STEP - 1) : UINT32_MAX;

	buf_puts(text, text->length ? ", " : "");
	buf_printf(text, low > NUMBERS_SPAN ? "0x%x" : "%u", low);
	if (high == end || high == UINT32_MAX)
		buf_puts(text, "..");
	else if (high > low)
		buf_printf(text, high > NUMBERS_SPAN ? "..0x%x" : "..%u", high);
}

static void add_range(struct buf *text, const struct abi_arch *arch, const struct diff_range *range)
{
	uint64_t base = arch ? arch->nr_base : 0, run = range->low;

	for (uint64_t nr = range->low; arch && nr <= range->high && nr < base + NUMBERS_SPAN; nr++) {
		const struct abi_syscall *syscall;

		if (nr < base)
			nr = base;
		syscall = nr <= range->high ? abi_syscall_by_nr(arch->id, (uint32_t)nr) : NULL;
		if (!syscall)
			continue;
		if (run < nr)
			add_run(text, arch, (uint32_t)run, (uint32_t)nr - 1);
		add_item(text, syscall->name);
		run = nr + 1;
	}
	if (run <= range->high)
		add_run(text, arch, (uint32_t)run, range->high);
}

static uint64_t count_numbers(const struct diff_ranges *numbers)
{
	uint64_t count = 0;

	for (size_t i = 0; i < numbers->length; i++)
		count += (uint64_t)numbers->items[i].high - numbers->items[i].low + 1;
	return count;
}

/* Whether the numbers are all that the arch can be asked for: half of them where bit 30 tells two arches apart. */
static bool is_any_call(const struct diff_change *change)
{
	return count_numbers(&change->numbers) == UINT64_C(1) << (is_halved(change->arch) ? 31 : 32);
}

int diff_spell_calls(struct diff_change *change, struct arena *arena, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };

	if (is_any_call(change))
		buf_puts(&text, "any call");
	for (size_t i = 0; i < change->numbers.length && !is_any_call(change); i++)
		if (!is_understood(change, i))
			add_range(&text, change->arch, &change->numbers.items[i]);
	change->calls = text.failed ? NULL : arena_strdup(arena, buf_text(&text));
	return change->calls ? CALLGATE_OK : fail_nomem(err);
}
