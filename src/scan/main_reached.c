/*
 * What a program can still do once it has come to its main.
 *
 * Code that runs before is entered at known places: the interpreter's entry, the program's own, constructors. What
 * these reach by calls alone is early; it is over when main begins. But whatever address they let escape may be called
 * later (a handler, a thread's function, the exit's, what a table holds), so what such an address leads to is late, and
 * all that late code reaches is late in turn.
 *
 * Two things are in the middle of something when main begins. The entry called a function that never returns, which
 * called one that never returns, which calls main and then exit: the last of them is late. And the dynamic linker's own
 * start calls back what it hands to functions of its own, and compares the program's entry with its own; that is over
 * before it enters the program (models.def).
 */
#include "scan/reach.h"

#include "scan/model.h"

static bool function_returns(const struct reach *reach, struct reach_item item)
{
	return reach->modules.items[item.module]->summary->functions.items[item.number].flags & FUNCTION_RETURNS;
}

bool reach_calls_early(const struct reach *reach, struct reach_item caller, struct reach_item callee)
{
	const struct reach_function *function = reach_function(reach, caller.module, caller.number);

	if (function->is_late)
		return false;
	return function->start != START_OF_LIBC || function_returns(reach, callee);
}

bool reach_is_constructor(const struct reach *reach, uint32_t module, uint64_t address)
{
	const struct module *file = reach->modules.items[module]->module;

	for (size_t i = 0; reach_is_early(reach, module) && i < file->arrays.length; i++)
		if (!file->arrays.items[i].is_fini && address >= file->arrays.items[i].start &&
		    address < file->arrays.items[i].end)
			return true;
	return false;
}

/* Whether the value is the address of a function of the program's. */
static bool is_main(const struct reach *reach, uint32_t module, uint32_t number)
{
	const struct reach_module *all = reach->modules.items[module];
	const struct value *value = value_at(&all->summary->values, number);
	struct reach_target target = { .module = module, .address = (uint64_t)value->number };

	if (value->kind == VALUE_SLOT)
		target = reach_slot(reach, module, (uint64_t)value->number);
	else if (value->kind != VALUE_ADDRESS)
		return false;
	return target.module == 0 && module_is_code(reach->modules.items[0]->module, target.address);
}

void reach_note_start(struct reach *reach, struct reach_item caller, struct reach_item callee,
		      const struct effect *effect)
{
	const struct reach_function *function = reach_function(reach, caller.module, caller.number);
	const struct values *values = &reach->modules.items[caller.module]->summary->values;

	if (!function->start || caller.module != 0)
		return;
	reach->has_main |= is_main(reach, caller.module, values->arguments.items[effect->arguments].values[0]);
	if (function->start == START_ENTRY && !reach_function(reach, callee.module, callee.number)->start)
		reach_function(reach, callee.module, callee.number)->start =
			function_returns(reach, callee) ? START_OTHER : START_OF_LIBC;
}

bool reach_start_is_strange(const struct reach *reach, struct reach_item item)
{
	const struct reach_function *function = reach_function(reach, item.module, item.number);
	const struct summary *summary = reach->modules.items[item.module]->summary;
	const struct summary_function *code = &summary->functions.items[item.number];

	if ((function->start != START_ENTRY && function->start != START_OF_LIBC) || function->is_late)
		return false;
	for (uint32_t i = 0; i < code->effect_count; i++) {
		struct reach_item callee;

		if (reach_callee(reach, item.module, &summary->effects.items[code->first_effect + i], &callee) &&
		    !function_returns(reach, callee))
			return false;
	}
	return true;
}

bool reach_hands_early(const struct reach *reach, struct reach_item item, const struct effect *effect)
{
	const struct reach_module *all = reach->modules.items[item.module];
	const struct summary *summary = all->summary;
	const struct summary_function *code = &summary->functions.items[item.number];
	uint64_t address = summary->functions.items[effect->target].address;

	if (item.module != reach->link->interpreter || reach_function(reach, item.module, item.number)->is_late ||
	    model_find(all->tried, MODEL_IS_CALLBACKS, 0) == model_count)
		return false;
	if (address == all->module->entry)
		return true;
	for (uint32_t i = 0; i < code->effect_count; i++) {
		const struct effect *call = &summary->effects.items[code->first_effect + i];
		const uint32_t *arguments = summary->values.arguments.items[call->arguments].values;

		for (unsigned j = 0; call->kind == EFFECT_CALL && call->site == effect->site && j < VALUE_ARGUMENTS;
		     j++) {
			const struct value *value = value_at(&summary->values, arguments[j]);

			if (value->kind == VALUE_ADDRESS && (uint64_t)value->number == address)
				return true;
		}
	}
	return false;
}
