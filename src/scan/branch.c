/*
 * A comparison with a number decides a branch where the value is a set of numbers, and is a fact where it is something
 * that the function was given. Facts are what makes a function mean less to a caller that gives it a constant.
 */
#include "scan/branch.h"

/* The neighbours of a number, of which the greatest is next to the least: a relation that has none is refused apart. */
static int64_t number_above(int64_t number)
{
	return (int64_t)((uint64_t)number + 1);
}

static int64_t number_below(int64_t number)
{
	return (int64_t)((uint64_t)number - 1);
}

/* The relation of a flag's value to flags_number under which the condition holds; false for what is not understood. */
static bool relation_of(const struct state *state, uint8_t condition, struct fact *fact)
{
	int64_t number = state->flags_number;

	fact->number = number;
	switch ((enum insn_condition)condition) {
	case CONDITION_EQUAL:
		fact->relation = state->flags == FLAGS_TEST ? FACT_NO_BIT : FACT_EQUAL;
		return true;
	case CONDITION_NOT_EQUAL:
		fact->relation = state->flags == FLAGS_TEST ? FACT_ANY : FACT_DIFFERS;
		return true;
	default:
		break;
	}
	if (state->flags != FLAGS_COMPARE || state->flags_width < 4)
		return false;
	switch ((enum insn_condition)condition) {
	case CONDITION_BELOW:
		fact->relation = FACT_BELOW;
		fact->number = number_below(number);
		return number != 0;
	case CONDITION_NOT_BELOW:
		fact->relation = FACT_ABOVE;
		return true;
	case CONDITION_NOT_ABOVE:
		fact->relation = FACT_BELOW;
		return true;
	case CONDITION_ABOVE:
		fact->relation = FACT_ABOVE;
		fact->number = number_above(number);
		return (state->flags_width == 4 ? (int32_t)number : number) != -1;
	case CONDITION_LESS:
		fact->relation = FACT_LESS;
		fact->number = number_below(number);
		return number > INT32_MIN;
	case CONDITION_NOT_LESS:
		fact->relation = FACT_GREATER;
		return true;
	case CONDITION_NOT_GREATER:
		fact->relation = FACT_LESS;
		return true;
	case CONDITION_GREATER:
		fact->relation = FACT_GREATER;
		fact->number = number_above(number);
		return number < INT32_MAX;
	case CONDITION_SIGN:
		fact->relation = FACT_LESS;
		fact->number = -1;
		return number == 0;
	case CONDITION_NOT_SIGN:
		fact->relation = FACT_GREATER;
		fact->number = 0;
		return number == 0;
	default:
		return false;
	}
}

/* A byte or two that are compared say so much of the register only when they are tested for bits. */
static bool fact_widen(const struct state *state, struct fact *fact)
{
	if (state->flags_width >= 4) {
		fact->width = state->flags_width;
		return true;
	}
	fact->width = 4;
	fact->number &= state->flags_width == 1 ? 0xff : 0xffff;
	return fact->relation == FACT_ANY || fact->relation == FACT_NO_BIT;
}

/* Leaves of a set what the branch lets through. */
static const struct state *branch_narrow(struct values *values, const struct state *state, const struct fact *fact,
					 struct state *room)
{
	uint8_t count = value_at(values, state->flags_value)->count;
	const int64_t *numbers = value_numbers(values, state->flags_value);
	int64_t left[VALUE_NUMBERS_MAX];
	size_t kept = 0;

	for (uint8_t i = 0; i < count; i++)
		if (fact_holds(fact, numbers[i]))
			left[kept++] = numbers[i];
	if (kept == 0)
		return NULL;
	if (kept == count || state->flags_register == REGISTER_NONE ||
	    state_get(state, state->flags_register) != state->flags_value)
		return state;
	state_copy(room, state);
	room->flags_value = value_set(values, left, kept);
	room->registers[state->flags_register] = room->flags_value;
	return room;
}

/* Keeps a fact of what the function was given. */
static const struct state *branch_note(struct values *values, const struct state *state, struct fact fact,
				       struct state *room)
{
	const struct value *value = value_at(values, state->flags_value);
	bool contradiction = false;
	uint32_t facts;

	fact.param = value->param;
	fact.offset = value->offset;
	facts = facts_add(values, state->facts, fact, &contradiction);
	if (contradiction)
		return NULL;
	if (facts == state->facts)
		return state;
	state_copy(room, state);
	room->facts = facts;
	return room;
}

const struct state *branch_take(struct values *values, const struct state *state, const struct insn *insn, bool taken,
				struct state *room)
{
	uint8_t condition = taken ? insn->condition : insn->condition ^ 1;
	const struct value *value = value_at(values, state->flags_value);
	struct fact fact = { 0 };

	if (insn->condition >= CONDITION_OTHER || state->flags == FLAGS_UNKNOWN ||
	    !relation_of(state, condition, &fact) || !fact_widen(state, &fact))
		return state;
	if (value->kind == VALUE_NUMBERS)
		return branch_narrow(values, state, &fact, room);
	if (value->kind == VALUE_PARAM && value->width >= fact.width)
		return branch_note(values, state, fact, room);
	if (value->kind != VALUE_UNKNOWN || fact.relation != FACT_EQUAL || state->flags_register == REGISTER_NONE)
		return state;
	state_copy(room, state);
	state_set(room, state->flags_register,
		  value_number(values, fact.width == 4 ? (int64_t)(uint32_t)fact.number : fact.number));
	return room;
}
