/*
 * A function's own values are spoken in its parameters; here they become numbers, for the callers that it has.
 */
#include "scan/reach.h"

#include <string.h>

/* Numbers of the module's table as those of the program's. */
static uint32_t reach_numbers(struct reach *reach, uint32_t module, uint32_t value)
{
	struct reach_module *all = reach->modules.items[module];
	const struct values *values = &all->summary->values;

	if (!all->values[value])
		all->values[value] =
			value_set(&reach->values, value_numbers(values, value), value_at(values, value)->count) + 1;
	return all->values[value] - 1;
}

static const struct facts *effect_facts(const struct reach *reach, uint32_t module, const struct effect *effect)
{
	return &reach->modules.items[module]->summary->values.facts.items[effect->facts];
}

static bool facts_allow(const struct facts *facts, uint8_t param, int64_t number)
{
	for (uint64_t i = 0; i < facts->count; i++)
		if (facts->items[i].param == param && !fact_holds(&facts->items[i], number))
			return false;
	return true;
}

bool reach_holds(const struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect)
{
	const struct facts *facts = effect_facts(reach, module, effect);
	const struct reach_function *function = reach_function(reach, module, number);

	for (uint64_t i = 0; i < facts->count; i++) {
		uint8_t param = facts->items[i].param;
		const struct value *given;
		const int64_t *numbers;
		bool holds = false;

		given = value_at(&reach->values, function->given[param]);
		if (given->kind != VALUE_NUMBERS)
			continue;
		numbers = value_numbers(&reach->values, function->given[param]);
		for (uint8_t j = 0; j < given->count && !holds; j++)
			holds = facts_allow(facts, param, numbers[j]);
		if (!holds)
			return false;
	}
	return true;
}

static int64_t param_number(const struct value *param, int64_t number)
{
	int64_t moved = (int64_t)((uint64_t)number + (uint64_t)(int64_t)param->offset);

	return param->width == 4 ? (int64_t)(uint32_t)moved : moved;
}

/* The one number that an argument is, where a fact says it. */
static bool facts_name(const struct facts *facts, uint8_t param, int64_t *ret_number)
{
	for (uint64_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->items[i];

		if (fact->param != param || fact->relation != FACT_EQUAL)
			continue;
		*ret_number = fact->number - fact->offset;
		if (fact->width == 4)
			*ret_number = (int64_t)(uint32_t)*ret_number;
		return true;
	}
	return false;
}

/* What is left of the numbers that are given for an argument when its facts are considered; facts that name one number
 * say it even where nothing is given. */
static uint32_t reach_given(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect,
			    const struct value *param)
{
	const struct facts *facts = effect_facts(reach, module, effect);
	uint32_t given = reach_function(reach, module, number)->given[param->param];
	int64_t left[VALUE_NUMBERS_MAX];
	size_t count = 0;
	int64_t named;

	if (value_kind(&reach->values, given) == VALUE_NUMBERS) {
		const int64_t *numbers = value_numbers(&reach->values, given);
		uint8_t all = value_at(&reach->values, given)->count;

		for (uint8_t i = 0; i < all; i++)
			if (facts_allow(facts, param->param, numbers[i]))
				left[count++] = param_number(param, numbers[i]);
		return count > 0 ? value_set(&reach->values, left, count) : UNKNOWN;
	}
	if (facts_name(facts, param->param, &named))
		return value_number(&reach->values, param_number(param, named));
	return UNKNOWN;
}

uint32_t reach_value(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect, uint32_t value)
{
	const struct values *values = &reach->modules.items[module]->summary->values;
	const struct value *all = value_at(values, value);

	if (value == UNKNOWN)
		return UNKNOWN;
	switch ((enum value_kind)all->kind) {
	case VALUE_NUMBERS:
		return reach_numbers(reach, module, value);
	case VALUE_PARAM:
		return reach_given(reach, module, number, effect, all);
	default:
		return UNKNOWN;
	}
}
