/*
 * A subject for a person to read. The table is by arch, and says what is common once: the function that most calls
 * with a name have stands last, so that a policy of sixty calls has about sixty lines.
 */
#include "filter/show.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "filter/runs.h"
#include "prove/describe.h"

#include <inttypes.h>
#include <string.h>

struct table {
	const struct callgate_subject *subject;
	struct arena arena;
	struct runs runs;
	struct buf *text;
	struct callgate_error *err;
};

static void table_fini(struct table *table)
{
	arena_fini(&table->arena);
}

static bool covers_all_numbers(const struct run *run)
{
	return run->low == 0 && run->high == UINT32_MAX;
}

/* Whether two runs stand under the same heading: those of an arch, and arches that are treated alike. */
static bool same_arch(const struct run *a, const struct run *b)
{
	if (a->arch || b->arch)
		return a->arch == b->arch;
	if (a->audit_low == b->audit_low)
		return true;
	return a->function == b->function && covers_all_numbers(a) && covers_all_numbers(b);
}

/* How much of an arch has this function: calls with a name first, then numbers. */
static uint64_t share_of(const struct table *table, const struct run *first, uint32_t function)
{
	uint64_t share = 0;

	for (size_t i = 0; i < table->runs.length; i++) {
		const struct run *run = &table->runs.items[i];

		if (run->function == function && same_arch(run, first))
			share += run->syscall ? UINT64_C(1) << 32 : (uint64_t)run->high - run->low + 1;
	}
	return share;
}

/* The function that most of an arch has. */
static uint32_t most_common(const struct table *table, const struct run *first)
{
	uint32_t best = first->function;
	uint64_t best_share = 0;

	for (const struct run *run = first; run < table->runs.items + table->runs.length; run++) {
		uint64_t share =
			same_arch(run, first) && run->function != best ? share_of(table, first, run->function) : 0;

		if (!best_share)
			best_share = share_of(table, first, best);
		if (share > best_share) {
			best_share = share;
			best = run->function;
		}
	}
	return best;
}

static void add_action(struct table *table, uint32_t value)
{
	char action[64];

	callgate_action_format((struct callgate_action){ value }, action, sizeof(action));
	buf_puts(table->text, action);
}

/* "allow if flags & 3 == 0; else kill-process" */
static int add_function(struct table *table, const struct run *run)
{
	const struct abi_arch *arch = run->arch ? run->arch : abi_arch_native();
	struct describe_cases cases = { 0 };
	int status = describe_function(table->subject->diagram, run->function, arch, run->syscall, &table->arena,
				       &cases, table->err);

	for (size_t i = 0; !status && i < cases.length; i++) {
		buf_puts(table->text, i ? cases.items[i].condition ? "; " : "; else " : "");
		add_action(table, cases.items[i].value);
		if (cases.items[i].condition)
			buf_printf(table->text, " if %s", cases.items[i].condition);
	}
	buf_putc(table->text, '\n');
	return status;
}

static int add_run(struct table *table, const struct run *run)
{
	const char *name = run_name(run, &table->arena);

	if (!name)
		return fail_nomem(table->err);
	if (run->syscall)
		buf_printf(table->text, "  %-24s %10" PRIu32 "  ", name, run->low);
	else
		buf_printf(table->text, "  %-35s  ", name);
	return add_function(table, run);
}

/* All runs of the arch whose first one this is. */
static int add_arch(struct table *table, const struct run *first)
{
	const char *arch = run_arch_name(first, &table->arena);
	struct run rest = *first;
	int status = CALLGATE_OK;

	if (!arch)
		return fail_nomem(table->err);
	buf_printf(table->text, "%s\n", arch);
	rest.function = most_common(table, first);
	rest.syscall = NULL;
	for (const struct run *run = first; !status && run < table->runs.items + table->runs.length; run++)
		if (run->function != rest.function && same_arch(run, first))
			status = add_run(table, run);
	if (status)
		return status;
	buf_printf(table->text, "  %-35s  ", "*");
	return add_function(table, &rest);
}

static bool is_first_of_arch(const struct table *table, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same_arch(&table->runs.items[i], &table->runs.items[index]))
			return false;
	return true;
}

/* Arches with a name first: what the rest gets is what a reader looks for last. */
static int show_table(const struct callgate_subject *subject, struct buf *text, struct callgate_error *err)
{
	cleanup(table_fini) struct table table = { .subject = subject, .text = text, .err = err };
	int status = runs_of(subject->diagram, subject->root, &table.arena, &table.runs, err);

	for (int named = 1; named >= 0; named--)
		for (size_t i = 0; !status && i < table.runs.length; i++)
			if (!table.runs.items[i].arch == !named && is_first_of_arch(&table, i))
				status = add_arch(&table, &table.runs.items[i]);
	return status;
}

static int show_asm(const struct callgate_subject *subject, struct buf *text, struct callgate_error *err)
{
	cleanup(subject_stack_fini) struct subject_stack stack = { 0 };
	int status = subject_stack_init(subject, NULL, &stack, err);

	for (size_t i = 0; !status && i < stack.count; i++) {
		if (subject->is_strict)
			buf_puts(text, "; strict mode, as a filter of the same meaning\n");
		if (stack.count > 1)
			buf_printf(text, "; filter %zu of %zu, %s\n", i + 1, stack.count,
				   i == 0		  ? "the oldest"
				   : i + 1 == stack.count ? "the newest"
							  : "newer");
		bpf_disassemble(stack.programs[i].insns, stack.programs[i].length, text);
	}
	return status;
}

int callgate_subject_show(const struct callgate_subject *subject, enum callgate_form form, char **ret_text,
			  struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	char *taken;
	int status = form == CALLGATE_FORM_ASM ? CALLGATE_OK : subject_known(subject, err);

	if (!status && form == CALLGATE_FORM_TABLE && subject->kind == CALLGATE_SUBJECT_PROCESS)
		status = show_stack(subject, &text, err);
	if (status)
		return status;
	if (form == CALLGATE_FORM_TABLE)
		status = show_table(subject, &text, err);
	else if (form == CALLGATE_FORM_ASM)
		status = show_asm(subject, &text, err);
	else if (form == CALLGATE_FORM_DIAGRAM)
		status = show_diagram(subject, &text, err);
	else
		return fail(err, CALLGATE_E_INVALID, "there is no form %d", (int)form);
	if (status)
		return status;
	taken = buf_take(&text);
	if (!taken)
		return fail_nomem(err);
	*ret_text = taken;
	return CALLGATE_OK;
}
