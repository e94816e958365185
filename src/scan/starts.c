/*
 * Every live call of a function that is one of starts.def in the module that defines it. Inside that module (the C
 * library, or a static program's) its own functions pass on what they were given: only a constant counts there.
 */
#include "scan/starts.h"

#include "base/error.h"

#include <string.h>

#define START_SHELL_PATH "/bin/sh"

struct start_row {
	const char *name;
	unsigned argument;
	enum start_how how;
};

static const struct start_row start_rows[] = {
#define STARTS(name, argument, how) { name, argument, how },
#include "scan/starts.def"
#undef STARTS
};

enum { START_ROWS = sizeof(start_rows) / sizeof(*start_rows) };

/* A function of the table where a module defines it. libc has some of them twice, for programs of other times. */
struct start_function {
	uint32_t module, number;
	const struct start_row *row;
};

struct starts {
	const struct reach *reach;
	struct start_list *list;
	struct {
		VEC(struct start_function);
	} functions;
	bool failed;
};

static void starts_add(struct starts *starts, const struct start *start)
{
	struct start_list *list = starts->list;

	for (size_t i = 0; i < list->starts.length; i++)
		if (list->starts.items[i].module == start->module && list->starts.items[i].site == start->site)
			return;
	if (!VEC_PUSH(&list->arena, &list->starts, *start))
		starts->failed = true;
}

static void starts_name(struct starts *starts, uint32_t module, const struct module_symbol *symbol)
{
	const struct summary *summary = starts->reach->modules.items[module]->summary;

	for (unsigned i = 0; symbol->is_defined && i < START_ROWS; i++) {
		struct start_function function = { module, SUMMARY_NONE, &start_rows[i] };

		if (symbol->name[0] != start_rows[i].name[0] || strcmp(symbol->name, start_rows[i].name) != 0)
			continue;
		function.number = summary_function_at(summary, symbol->value);
		if (function.number != SUMMARY_NONE && !VEC_PUSH(&starts->list->arena, &starts->functions, function))
			starts->failed = true;
	}
}

static void starts_names(struct starts *starts, uint32_t module)
{
	const struct module *file = starts->reach->modules.items[module]->module;

	for (size_t i = 1; i < file->dynamic_symbols.length; i++)
		starts_name(starts, module, &file->dynamic_symbols.items[i]);
	for (size_t i = 0; i < file->symbols.length; i++)
		starts_name(starts, module, &file->symbols.items[i]);
}

static const struct start_row *starts_row(const struct starts *starts, uint32_t module, uint32_t number)
{
	for (size_t i = 0; number != SUMMARY_NONE && i < starts->functions.length; i++)
		if (starts->functions.items[i].module == module && starts->functions.items[i].number == number)
			return starts->functions.items[i].row;
	return NULL;
}

/* Whether the module holds functions of the table, and so passes on what others gave them. */
static bool starts_defines(const struct starts *starts, uint32_t module)
{
	for (size_t i = 0; i < starts->functions.length; i++)
		if (starts->functions.items[i].module == module)
			return true;
	return false;
}

static const struct start_row *starts_slot_row(const struct starts *starts, uint32_t module, uint64_t slot)
{
	struct reach_target target = reach_slot(starts->reach, module, slot);
	const struct reach_module *into;

	if (target.module >= starts->reach->modules.length)
		return NULL;
	into = starts->reach->modules.items[target.module];
	return starts_row(starts, target.module, summary_function_at(into->summary, target.address));
}

/* A stub of the linkage table is a function of one effect: a jump through a slot. */
static const struct effect *starts_stub(const struct summary *summary, uint32_t number)
{
	const struct summary_function *function = &summary->functions.items[number];
	const struct effect *effect = &summary->effects.items[function->first_effect];

	return function->effect_count == 1 && effect->kind == EFFECT_CALL_SLOT ? effect : NULL;
}

/* The row of what an effect calls, NULL for any other function. */
static const struct start_row *starts_called(const struct starts *starts, uint32_t module, const struct effect *effect)
{
	const struct summary *summary = starts->reach->modules.items[module]->summary;
	const struct effect *stub;

	if (effect->kind == EFFECT_CALL_SLOT)
		return starts_slot_row(starts, module, effect->target);
	if (effect->kind != EFFECT_CALL)
		return NULL;
	stub = starts_stub(summary, (uint32_t)effect->target);
	return stub ? starts_slot_row(starts, module, stub->target)
		    : starts_row(starts, module, (uint32_t)effect->target);
}

static const char *starts_text(const struct starts *starts, uint32_t module, const struct effect *effect,
			       unsigned argument)
{
	const struct reach_module *all = starts->reach->modules.items[module];
	const struct values *values = &all->summary->values;
	const struct value *value = value_at(values, values->arguments.items[effect->arguments].values[argument]);

	return value->kind == VALUE_ADDRESS ? module_text(all->module, (uint64_t)value->number) : NULL;
}

static void starts_effect(struct starts *starts, uint32_t module, uint32_t number, const struct effect *effect)
{
	const struct start_row *row = starts_called(starts, module, effect);
	struct start start = { .module = module, .site = effect->site };

	if (!row || !reach_holds(starts->reach, module, number, effect))
		return;
	start.how = row->how;
	if (row->how == START_SHELL)
		start.path = START_SHELL_PATH;
	else if (row->how != START_UNKNOWN)
		start.path = starts_text(starts, module, effect, row->argument);
	if (start.path && !*start.path)
		start.path = NULL;
	if (!start.path && starts_defines(starts, module))
		return;
	starts_add(starts, &start);
}

static void starts_module(struct starts *starts, uint32_t module)
{
	const struct reach_module *all = starts->reach->modules.items[module];
	const struct summary *summary = all->summary;

	for (uint32_t i = 0; i < summary->functions.length; i++) {
		const struct summary_function *function = &summary->functions.items[i];

		if (!all->functions[i].is_live || starts_stub(summary, i))
			continue;
		for (uint32_t j = 0; j < function->effect_count; j++)
			starts_effect(starts, module, i, &summary->effects.items[function->first_effect + j]);
	}
}

/* A program that runs others by no function of the table does so by the bare call: of what, nobody knows. */
static void starts_bare(struct starts *starts, const struct call_list *calls)
{
	static const char *const names[] = { "execve", "execveat" };

	for (unsigned i = 0; i < 2; i++) {
		int32_t nr = abi_syscall_by_name(names[i])->nr[reach_abi(starts->reach)];
		const struct call *call = nr < 0 ? NULL : call_list_find(calls, (uint32_t)nr);

		for (size_t j = 0; call && j < call->sites.length; j++) {
			struct start start = { NULL, START_UNKNOWN, call->sites.items[j].module,
					       call->sites.items[j].site };

			/* The interpreter executes only when it is itself what the user started. */
			if (start.module == starts->reach->link->interpreter)
				continue;
			if (starts->list->starts.length == 0 || !starts_defines(starts, start.module))
				starts_add(starts, &start);
		}
	}
}

int start_list_collect(const struct reach *reach, const struct call_list *calls, struct start_list *ret_starts,
		       struct callgate_error *err)
{
	struct starts starts = { .reach = reach, .list = ret_starts };

	*ret_starts = (struct start_list){ 0 };
	for (uint32_t i = 0; i < reach->modules.length; i++)
		starts_names(&starts, i);
	for (uint32_t i = 0; i < reach->modules.length; i++)
		starts_module(&starts, i);
	starts_bare(&starts, calls);
	return starts.failed ? fail_nomem(err) : CALLGATE_OK;
}

void start_list_fini(struct start_list *starts)
{
	arena_fini(&starts->arena);
	*starts = (struct start_list){ 0 };
}
