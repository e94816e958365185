/*
 * What each effect of a live function makes live.
 */
#include "scan/reach.h"

static struct reach_cause follow_cause(const struct reach *reach, enum reach_cause_kind kind, uint32_t module,
				       uint32_t number, const struct effect *effect)
{
	return (struct reach_cause){ .kind = kind,
				     .by_early = !reach_function(reach, module, number)->is_late,
				     .module = module,
				     .number = number,
				     .site = effect->site };
}

/* The call of a function by its number; a resolver of an IFUNC is given other things than its function. */
static void follow_into(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect,
			struct reach_item callee, bool is_resolver)
{
	const struct reach_item caller = { module, number };
	struct reach_cause cause = follow_cause(reach, CAUSE_CALL, module, number, effect);
	const struct reach_module *from = reach->modules.items[module];
	const struct value_arguments *arguments = &from->summary->values.arguments.items[effect->arguments];
	unsigned passed = reach_passes_on(reach, module, number, callee);
	uint32_t given[VALUE_ARGUMENTS];

	cause.is_early = reach_calls_early(reach, caller, callee);
	reach_note_start(reach, caller, callee, effect);
	for (unsigned i = 0; i < VALUE_ARGUMENTS; i++)
		given[i] = is_resolver || arguments->values[i] == UNKNOWN
				   ? UNKNOWN
				   : reach_value(reach, module, number, effect, arguments->values[i]);
	if (passed < VALUE_ARGUMENTS)
		given[passed] = reach_function(reach, module, number)->given[passed];
	reach_call(reach, callee.module, callee.number, given, &cause);
}

static void follow_call(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect,
			struct reach_target target)
{
	struct reach_item callee = { target.module, SUMMARY_NONE };
	const struct reach_module *into;

	if (target.module >= reach->modules.length)
		return;
	into = reach->modules.items[target.module];
	callee.number = summary_function_for(into->summary, into->module, target.address);
	if (callee.number != SUMMARY_NONE)
		follow_into(reach, module, number, effect, callee, target.is_resolver);
}

static void follow_field(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect)
{
	struct reach_cause cause = follow_cause(reach, CAUSE_ADDRESS, module, number, effect);
	struct reach_target object = reach_slot(reach, module, effect->target), field;

	if (object.module >= reach->modules.length)
		return;
	field = reach_slot(reach, object.module, object.address + (uint64_t)(int64_t)effect->offset);
	if (field.module >= reach->modules.length)
		return;
	if (effect->kind == EFFECT_CALL_FIELD)
		follow_call(reach, module, number, effect, field);
	else
		reach_address(reach, field.module, field.address, &cause);
}

static void follow_effect(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect)
{
	struct reach_cause cause = follow_cause(reach, CAUSE_ADDRESS, module, number, effect);
	struct reach_target target;

	switch ((enum effect_kind)effect->kind) {
	case EFFECT_CALL:
		follow_into(reach, module, number, effect, (struct reach_item){ module, (uint32_t)effect->target },
			    false);
		break;
	case EFFECT_CALL_SLOT:
		follow_call(reach, module, number, effect, reach_slot(reach, module, effect->target));
		break;
	case EFFECT_ESCAPE:
		reach_address(reach, module, effect->target, &cause);
		break;
	case EFFECT_ESCAPE_CODE:
		cause.is_early = reach_hands_early(reach, (struct reach_item){ module, number }, effect);
		reach_take(reach, module, (uint32_t)effect->target, &cause);
		break;
	case EFFECT_ESCAPE_SLOT:
		target = reach_slot(reach, module, effect->target);
		if (target.module < reach->modules.length)
			reach_address(reach, target.module, target.address, &cause);
		break;
	case EFFECT_CALL_FIELD:
	case EFFECT_ESCAPE_FIELD:
		follow_field(reach, module, number, effect);
		break;
	default:
		break;
	}
}

void reach_follow(struct reach *reach, uint32_t module, uint32_t number)
{
	const struct summary *summary = reach->modules.items[module]->summary;
	const struct summary_function *function = &summary->functions.items[number];

	for (uint32_t i = 0; i < function->effect_count && !reach->failed; i++) {
		const struct effect *effect = &summary->effects.items[function->first_effect + i];

		if ((effect->facts == 0 || reach_holds(reach, module, number, effect)) &&
		    !reach_shuns(reach, module, number, effect))
			follow_effect(reach, module, number, effect);
	}
}
