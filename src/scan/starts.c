/*
 * Every live call of a function of the family (scan/start_family.h) from outside it is a start, and so is every place
 * that lets such a function's address go. Inside the family its functions pass on what they were given: only a constant
 * counts there.
 */
#include "scan/starts.h"

#include "base/error.h"
#include "scan/command.h"
#include "scan/start_family.h"

#include <string.h>

#define START_SHELL_PATH "/bin/sh"

struct starts {
	const struct reach *reach;
	struct start_list *list;
	struct start_family family;
	bool failed;
};

static bool is_same_path(const char *left, const char *right)
{
	return left == right || (left && right && strcmp(left, right) == 0);
}

static void starts_add(struct starts *starts, const struct start *start)
{
	struct start_list *list = starts->list;

	for (size_t i = 0; i < list->starts.length; i++)
		if (list->starts.items[i].module == start->module && list->starts.items[i].site == start->site &&
		    is_same_path(list->starts.items[i].path, start->path))
			return;
	if (!VEC_PUSH(&list->arena, &list->starts, *start))
		starts->failed = true;
}

static void starts_unknown(struct starts *starts, uint32_t module, uint64_t site)
{
	struct start start = { NULL, false, module, site };

	starts_add(starts, &start);
}

/* The row of what an effect calls, NULL for any other function. */
static const struct start_row *starts_called(const struct starts *starts, uint32_t module, const struct effect *effect)
{
	if (effect->kind == EFFECT_CALL_SLOT)
		return start_family_slot(&starts->family, module, effect->target);
	if (effect->kind != EFFECT_CALL)
		return NULL;
	return start_family_behind(&starts->family, module, (uint32_t)effect->target);
}

static const struct value *starts_argument(const struct starts *starts, uint32_t module, const struct effect *effect,
					   unsigned argument)
{
	const struct values *values = &starts->reach->modules.items[module]->summary->values;

	return value_at(values, values->arguments.items[effect->arguments].values[argument]);
}

/* Text that a function is given as an argument, NULL where it is no constant. */
static const char *starts_text(const struct starts *starts, uint32_t module, const struct effect *effect,
			       unsigned argument)
{
	const struct value *value = starts_argument(starts, module, effect, argument);

	return value->kind == VALUE_ADDRESS
		       ? module_text(starts->reach->modules.items[module]->module, (uint64_t)value->number)
		       : NULL;
}

/* What the shell starts for a command. */
static void starts_command(struct starts *starts, struct start start, const char *text)
{
	struct command command = { .is_open = false };

	if (!command_parse(&starts->list->arena, text, &command))
		starts->failed = true;
	for (size_t i = 0; i < command.programs.length; i++) {
		start.path = command.programs.items[i];
		start.is_searched = true;
		starts_add(starts, &start);
	}
	if (command.is_open)
		starts_unknown(starts, start.module, start.site);
}

static void starts_shell(struct starts *starts, struct start start, const struct start_row *row,
			 const struct effect *effect)
{
	const struct value *value = starts_argument(starts, start.module, effect, row->argument);
	const char *text = starts_text(starts, start.module, effect, row->argument);
	bool is_none = value->kind == VALUE_NUMBERS && value->count == 1 && value->number == 0;

	start.path = START_SHELL_PATH;
	starts_add(starts, &start);
	if (row->how == START_WORDS || (!text && !is_none))
		starts_unknown(starts, start.module, start.site);
	else if (text)
		starts_command(starts, start, text);
}

/* A call of a function of the table. */
static void starts_call(struct starts *starts, uint32_t module, const struct effect *effect,
			const struct start_row *row, bool is_inner)
{
	struct start start = { NULL, row->how == START_SEARCH, module, effect->site };

	if (row->how == START_SHELL || row->how == START_WORDS) {
		starts_shell(starts, start, row, effect);
		return;
	}
	if (row->how != START_UNKNOWN)
		start.path = starts_text(starts, module, effect, row->argument);
	if (start.path && !*start.path)
		start.path = NULL;
	if (start.path || !is_inner)
		starts_add(starts, &start);
}

/* Whether an effect lets the address of a function of the table go. */
static bool starts_hands_on(const struct starts *starts, uint32_t module, const struct effect *effect)
{
	struct reach_target object, field;

	switch ((enum effect_kind)effect->kind) {
	case EFFECT_ESCAPE_CODE:
		return start_family_behind(&starts->family, module, (uint32_t)effect->target);
	case EFFECT_ESCAPE_SLOT:
		return start_family_slot(&starts->family, module, effect->target);
	case EFFECT_ESCAPE_FIELD:
		object = reach_slot(starts->reach, module, effect->target);
		if (object.module >= starts->reach->modules.length)
			return false;
		field.address = object.address + (uint64_t)(int64_t)effect->offset;
		return start_family_slot(&starts->family, object.module, field.address);
	default:
		return false;
	}
}

static void starts_effect(struct starts *starts, uint32_t module, uint32_t number, const struct effect *effect)
{
	const struct start_row *row = starts_called(starts, module, effect);
	bool is_inner = start_family_has(&starts->family, module, number);

	if (row && reach_holds(starts->reach, module, number, effect))
		starts_call(starts, module, effect, row, is_inner);
	else if (!row && !is_inner && starts_hands_on(starts, module, effect) &&
		 reach_holds(starts->reach, module, number, effect))
		starts_unknown(starts, module, effect->site);
}

static void starts_module(struct starts *starts, uint32_t module)
{
	const struct reach_module *all = starts->reach->modules.items[module];
	const struct summary *summary = all->summary;

	for (uint32_t i = 0; i < summary->functions.length; i++) {
		const struct summary_function *function = &summary->functions.items[i];

		if (!all->functions[i].is_live || reach_is_stub(all, i))
			continue;
		for (uint32_t j = 0; j < function->effect_count; j++)
			starts_effect(starts, module, i, &summary->effects.items[function->first_effect + j]);
	}
}

/* Pointers to such functions in data that is in reach. */
static void starts_pointers(struct starts *starts, uint32_t module)
{
	const struct reach_module *all = starts->reach->modules.items[module];

	for (size_t i = 0; i < all->pointers.length; i++) {
		uint64_t address = all->pointers.items[i].address;

		if (all->objects[reach_object_place(all->summary, address)] &&
		    start_family_slot(&starts->family, module, address))
			starts_unknown(starts, module, address);
	}
}

/* Such functions that are looked up by their names. */
static void starts_named(struct starts *starts)
{
	for (size_t i = 0; i < starts->reach->named.length; i++) {
		const struct reach_named *named = &starts->reach->named.items[i];

		if (start_row_named(named->name))
			starts_unknown(starts, named->module, named->site);
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
			const struct call_site *site = &call->sites.items[j];

			/* The interpreter executes only when it is itself what the user started. */
			if (site->module == starts->reach->link->interpreter && !starts->reach->link->is_musl)
				continue;
			if (starts->list->starts.length == 0 ||
			    !start_family_has(&starts->family, site->module, site->number))
				starts_unknown(starts, site->module, site->site);
		}
	}
}

int start_list_collect(const struct reach *reach, const struct call_list *calls, struct start_list *ret_starts,
		       struct callgate_error *err)
{
	struct starts starts = { .reach = reach, .list = ret_starts };

	*ret_starts = (struct start_list){ 0 };
	starts.failed = !start_family_find(reach, &starts.family);
	for (uint32_t i = 0; !starts.failed && i < reach->modules.length; i++) {
		starts_module(&starts, i);
		starts_pointers(&starts, i);
	}
	if (!starts.failed) {
		starts_named(&starts);
		starts_bare(&starts, calls);
	}
	start_family_fini(&starts.family);
	return starts.failed ? fail_nomem(err) : CALLGATE_OK;
}

void start_list_fini(struct start_list *starts)
{
	arena_fini(&starts->arena);
	*starts = (struct start_list){ 0 };
}
