/*
 * What is known of libraries beyond their code (models.def), applied to what is reached of a program: functions that
 * wait for others, calls that are never made, calls that an argument must ask for.
 */
#include "scan/reach.h"

#include "scan/model.h"

#include <string.h>

/* The function that a definition is, SUMMARY_NONE for one of a module that was not read yet, or for none. */
static uint32_t definition_number(const struct reach *reach, struct link_definition definition)
{
	const struct reach_module *all;

	if (definition.module >= reach->modules.length)
		return SUMMARY_NONE;
	all = reach->modules.items[definition.module];
	return summary_function_at(all->summary, all->module->dynamic_symbols.items[definition.symbol].value);
}

bool reach_has_live(const struct reach *reach, uint32_t module, const char *name)
{
	struct link_definition definition;

	for (uint32_t at = 0; link_next_definition(reach->link, name, &at, &definition);) {
		uint32_t number = definition_number(reach, definition);

		if ((module == LINK_NOWHERE || module == definition.module) && number != SUMMARY_NONE &&
		    reach_function(reach, definition.module, number)->is_live)
			return true;
	}
	return false;
}

/* Whether an argument, as all callers give it, has none of a mask's bits, or (is_number, of 32 bits) is never that. */
static bool lacks(const struct reach *reach, uint32_t given, int64_t mask, bool is_number)
{
	const int64_t *numbers;

	if (value_kind(&reach->values, given) != VALUE_NUMBERS)
		return value_kind(&reach->values, given) == VALUE_NONE;
	numbers = value_numbers(&reach->values, given);
	for (uint8_t i = 0; i < value_at(&reach->values, given)->count; i++)
		if (is_number ? (uint32_t)numbers[i] == (uint32_t)mask : (numbers[i] & mask) != 0)
			return false;
	return true;
}

bool reach_is_asked(const struct reach *reach, uint32_t module, const struct model_request *request)
{
	struct link_definition definition;

	for (uint32_t at = 0; link_next_definition(reach->link, request->name, &at, &definition);) {
		uint32_t number = definition_number(reach, definition);
		const struct reach_function *function;

		if ((module != LINK_NOWHERE && module != definition.module) || number == SUMMARY_NONE)
			continue;
		function = reach_function(reach, definition.module, number);
		if (function->is_entered && (!request->bits || !lacks(reach, function->given[request->argument],
								      request->bits, request->is_number)))
			return true;
	}
	return false;
}

/* Functions of a name, in every version that a module has of it, get a row. */
static void hold_functions(struct reach *reach, uint32_t module, size_t row)
{
	struct reach_module *all = reach->modules.items[module];
	bool is_prefix = models[row].kind == MODEL_IS_ONLY_WITH;
	size_t length = strlen(models[row].prefix) + !is_prefix;

	for (size_t i = 1; i < all->module->dynamic_symbols.length; i++) {
		const struct module_symbol *symbol = &all->module->dynamic_symbols.items[i];
		uint32_t number;

		if (!symbol->is_defined || strncmp(symbol->name, models[row].prefix, length) != 0)
			continue;
		number = summary_function_at(all->summary, symbol->value);
		if (number != SUMMARY_NONE && is_prefix)
			all->functions[number].model = (uint8_t)(row + 1);
		else if (number != SUMMARY_NONE)
			all->functions[number].asked = (uint8_t)(row + 1);
	}
}

/* The slots through which a module would call what it never calls. */
static bool hold_slots(struct reach *reach, uint32_t module, size_t row)
{
	struct reach_module *all = reach->modules.items[module];

	for (size_t i = 0; i < all->pointers.length; i++) {
		uint64_t slot = all->pointers.items[i].address;
		const char *name = reach_slot_name(all->module, &all->pointers, slot);

		if (*name && model_has_word(models[row].words, name) &&
		    !VEC_PUSH(&reach->arena, &all->shunned_slots, slot))
			return false;
	}
	return true;
}

bool reach_hold(struct reach *reach, uint32_t module)
{
	const char *soname = reach->modules.items[module]->tried;

	for (size_t row = 0; soname && row < model_count; row++) {
		if (strcmp(models[row].soname, soname) != 0)
			continue;
		if (models[row].kind == MODEL_IS_ONLY_WITH || models[row].kind == MODEL_IS_ASKED)
			hold_functions(reach, module, row);
		else if (models[row].kind == MODEL_IS_SHUNNED && !hold_slots(reach, module, row))
			return false;
	}
	return true;
}

/* Whether one of these names is a function of the module. */
static bool is_among(const struct reach *reach, const char *words, uint32_t module, uint32_t number)
{
	struct link_definition definition;
	char name[64];

	while (model_word(&words, name, sizeof(name)))
		for (uint32_t at = 0; link_next_definition(reach->link, name, &at, &definition);)
			if (definition.module == module && definition_number(reach, definition) == number)
				return true;
	return false;
}

bool reach_shuns(const struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect)
{
	const struct reach_module *all = reach->modules.items[module];
	const struct reach_function *function = &all->functions[number];
	const struct model *asked = function->asked ? &models[function->asked - 1] : NULL;

	if (effect->kind == EFFECT_CALL_SLOT)
		for (size_t i = 0; i < all->shunned_slots.length; i++)
			if (all->shunned_slots.items[i] == effect->target)
				return true;
	return asked && effect->kind == EFFECT_CALL &&
	       lacks(reach, function->given[asked->argument], asked->number, false) &&
	       is_among(reach, asked->words, module, (uint32_t)effect->target);
}

unsigned reach_passes_on(const struct reach *reach, uint32_t module, uint32_t number, struct reach_item callee)
{
	const struct reach_function *function = reach_function(reach, module, number);

	if (!function->asked || callee.module != module || callee.number != number)
		return VALUE_ARGUMENTS;
	return models[function->asked - 1].argument;
}

void reach_meet(struct reach *reach, bool *ret_grew)
{
	uint64_t before = reach->models_met;
	char name[64];

	for (uint32_t i = 0; i < reach->modules.length; i++) {
		const char *soname = reach->modules.items[i]->tried;

		for (size_t row = model_find(soname, MODEL_IS_ONLY_WITH, 0); row < model_count;
		     row = model_find(soname, MODEL_IS_ONLY_WITH, row + 1))
			for (const char *at = models[row].words; model_word(&at, name, sizeof(name));)
				if (reach_has_live(reach, i, name))
					reach->models_met |= (uint64_t)1 << row;
	}
	if (reach->models_met != before)
		reach_release(reach, ret_grew);
}
