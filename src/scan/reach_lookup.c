/*
 * dlsym: what is entered because its name is looked up. A constant name, or one that a module's own callers give as
 * constants, is found in whatever module has it. Of a name that nobody knows, libraries that were opened for it answer
 * with all that they export (reach_load.c); where some handle means what was loaded at the start, the program's own
 * exports count too, and those of the libraries that it opens by their names, and a place that is given
 * such a handle itself is unresolved (call_list.c). Where lookups.def says how names end, all that end so count.
 */
#include "scan/reach.h"

#include <string.h>

enum { LOOKUP_HANDLE = 0, LOOKUP_NAME = 1 };

static const struct value *effect_argument(const struct reach_module *all, const struct effect *effect,
					   unsigned argument)
{
	const struct values *values = &all->summary->values;

	return value_at(values, values->arguments.items[effect->arguments].values[argument]);
}

static const char *argument_text(const struct reach_module *all, const struct effect *effect, unsigned argument)
{
	const struct value *value = effect_argument(all, effect, argument);

	return value->kind == VALUE_ADDRESS ? module_text(all->module, (uint64_t)value->number) : NULL;
}

/* Keeps who looks a name up; false: memory is out. */
static bool look_up_note(struct reach *reach, const char *name, uint32_t module, uint64_t site)
{
	struct reach_named named = { name, module, site };

	for (size_t i = 0; i < reach->named.length; i++)
		if (reach->named.items[i].site == site && reach->named.items[i].module == module &&
		    strcmp(reach->named.items[i].name, name) == 0)
			return true;
	return VEC_PUSH(&reach->arena, &reach->named, named);
}

static void look_up(struct reach *reach, const char *name, uint32_t module, uint64_t site)
{
	struct link_definition definition;

	if (!look_up_note(reach, name, module, site))
		reach->failed = true;
	for (uint32_t at = 0; link_next_definition(reach->link, name, &at, &definition);) {
		const struct module_symbol *symbol =
			&reach->link->modules.items[definition.module]->module->dynamic_symbols.items[definition.symbol];

		if (definition.module < reach->modules.length && !symbol->is_hidden)
			reach_root(reach, definition.module, symbol->value, "dlsym looks its name up");
	}
}

/* Names that callers of the same module give as an argument; false: one of them is not known. */
static bool look_up_of_function(struct reach *reach, uint32_t module, uint32_t number, uint32_t callee,
				unsigned argument)
{
	const struct reach_module *all = reach->modules.items[module];
	const struct summary_function *function = &all->summary->functions.items[number];
	bool known = true;

	for (uint32_t i = 0; i < function->effect_count; i++) {
		const struct effect *effect = &all->summary->effects.items[function->first_effect + i];
		const char *text;

		if (effect->kind != EFFECT_CALL || effect->target != callee ||
		    !reach_holds(reach, module, number, effect))
			continue;
		text = argument_text(all, effect, argument);
		if (text)
			look_up(reach, text, module, effect->site);
		known &= text != NULL;
	}
	return known;
}

static bool look_up_of_callers(struct reach *reach, uint32_t module, uint32_t callee, unsigned argument)
{
	const struct reach_module *all = reach->modules.items[module];
	bool known = !all->functions[callee].is_entered;

	for (uint32_t i = 0; i < all->summary->functions.length; i++)
		if (all->functions[i].is_live)
			known &= look_up_of_function(reach, module, i, callee, argument);
	return known;
}

/* RTLD_DEFAULT and RTLD_NEXT mean all that was loaded at the start, whoever gives them. */
static bool is_everything(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect)
{
	const struct values *own = &reach->modules.items[module]->summary->values;
	uint32_t handle = own->arguments.items[effect->arguments].values[LOOKUP_HANDLE];
	uint32_t given = reach_value(reach, module, number, effect, handle);
	const int64_t *numbers;

	if (value_kind(&reach->values, given) != VALUE_NUMBERS)
		return false;
	numbers = value_numbers(&reach->values, given);
	for (uint8_t i = 0; i < value_at(&reach->values, given)->count; i++)
		if (numbers[i] == 0 || numbers[i] == -1)
			return true;
	return false;
}

bool reach_look_up_unknown(struct reach *reach, struct reach_open place)
{
	for (size_t i = 0; i < reach->lookups.length; i++)
		if (reach->lookups.items[i].module == place.module && reach->lookups.items[i].site == place.site) {
			reach->lookups.items[i].is_everywhere |= place.is_everywhere;
			return true;
		}
	return VEC_PUSH(&reach->arena, &reach->lookups, place);
}

/* Whether a module exports a function by that name. */
static bool is_named(const struct reach_module *all, uint32_t number, const char *name)
{
	const struct module *file = all->module;
	uint64_t address = all->summary->functions.items[number].address;

	for (size_t i = 1; i < file->dynamic_symbols.length; i++)
		if (file->dynamic_symbols.items[i].is_defined && file->dynamic_symbols.items[i].value == address &&
		    strcmp(file->dynamic_symbols.items[i].name, name) == 0)
			return true;
	return false;
}

/* Whether a function gives a constant text to one that it calls. */
static bool hands_text(const struct reach_module *all, uint32_t number, const char *text)
{
	const struct summary_function *function = &all->summary->functions.items[number];

	for (uint32_t i = 0; i < function->effect_count; i++)
		for (unsigned j = 0; j < VALUE_ARGUMENTS; j++) {
			const char *given =
				argument_text(all, &all->summary->effects.items[function->first_effect + i], j);

			if (given && strcmp(given, text) == 0)
				return true;
		}
	return false;
}

/* How the names end that a function looks up, NULL where nobody knows. */
static const char *look_up_suffix(const struct reach_module *all, uint32_t number)
{
	static const struct {
		const char *function, *suffix;
	} rows[] = {
#define LOOKUP(function, suffix) { function, suffix },
#include "scan/lookups.def"
#undef LOOKUP
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is_named(all, number, rows[i].function) && hands_text(all, number, rows[i].suffix))
			return rows[i].suffix;
	return NULL;
}

static void look_up_ending(struct reach *reach, const char *suffix)
{
	size_t length = strlen(suffix);

	for (uint32_t i = 0; i < reach->modules.length; i++) {
		const struct module *file = reach->modules.items[i]->module;

		for (size_t j = 1; j < file->dynamic_symbols.length; j++) {
			const struct module_symbol *symbol = &file->dynamic_symbols.items[j];
			size_t named = strlen(symbol->name);

			if (symbol->is_defined && !symbol->is_hidden && named >= length &&
			    strcmp(symbol->name + named - length, suffix) == 0)
				reach_root(reach, i, symbol->value, "dlsym looks up names that end as its does");
		}
	}
}

bool reach_look_up(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect)
{
	const struct reach_module *all = reach->modules.items[module];
	const struct value *name = effect_argument(all, effect, LOOKUP_NAME);
	const char *text = argument_text(all, effect, LOOKUP_NAME), *suffix;
	struct reach_open place = { module, number, effect->site, false };

	if (text) {
		look_up(reach, text, module, effect->site);
		return true;
	}
	suffix = look_up_suffix(all, number);
	if (suffix) {
		look_up_ending(reach, suffix);
		return true;
	}
	if (name->kind == VALUE_PARAM && name->offset == 0 && look_up_of_callers(reach, module, number, name->param))
		return true;
	place.is_everywhere = is_everything(reach, module, number, effect);
	reach->looks_everywhere |= place.is_everywhere;
	return reach_look_up_unknown(reach, place);
}

void reach_settle_lookups(struct reach *reach)
{
	for (uint32_t i = 0; i < reach->modules.length && reach->lookups.length > 0; i++)
		if (reach->modules.items[i]->is_named || (i == 0 && reach->looks_everywhere))
			reach_root_exports(reach, i);
}
