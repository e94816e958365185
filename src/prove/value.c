/*
 * Values are kept by content, so that the lifter can compare the states of two paths by number. The bits of an input
 * word are made only when something is computed from them: most filters only compare.
 */
#include "prove/value.h"

#include "diagram/action.h"

#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

enum {
	VALUES_FIRST = 16,
	VALUES_MAX = 1 << 16,
	GATES_MAX = 1 << 25, /* bit operations in one lift: about a second */
};

static bool values_grow(struct values *values)
{
	size_t capacity = values->capacity ? values->capacity * 2 : VALUES_FIRST;
	struct value *items = realloc(values->items, capacity * sizeof(*items));

	if (!items) {
		values->status = CALLGATE_E_NOMEM;
		return false;
	}
	values->items = items;
	values->capacity = capacity;
	return true;
}

static uint32_t values_add(struct values *values, const struct value *value)
{
	if (values->count == VALUES_MAX) {
		values->status = CALLGATE_E_LIMIT;
		return VALUE_NONE;
	}
	if (values->count == values->capacity && !values_grow(values))
		return VALUE_NONE;
	values->items[values->count] = *value;
	return (uint32_t)values->count++;
}

static size_t value_hash(const struct value *value)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < VALUE_BITS; i++)
		hash = (hash ^ value->bits[i]) * 0x9e3779b97f4a7c15u;
	return (size_t)(hash >> 32);
}

/* Puts an unfolded value into the slots, which have room. */
static void values_index(struct values *values, uint32_t number)
{
	size_t slot = value_hash(&values->items[number]) & (values->slot_count - 1);

	while (values->slots[slot])
		slot = (slot + 1) & (values->slot_count - 1);
	values->slots[slot] = number + 1;
}

static bool values_grow_slots(struct values *values)
{
	size_t slot_count = values->slot_count ? values->slot_count * 2 : 2 * VALUES_FIRST;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));

	if (!slots) {
		values->status = CALLGATE_E_NOMEM;
		return false;
	}
	free(values->slots);
	values->slots = slots;
	values->slot_count = slot_count;
	for (size_t i = 0; i < values->count; i++)
		if (values->items[i].unfolded)
			values_index(values, (uint32_t)i);
	return true;
}

/* Bits that are all terminals are a constant; says so in the value. */
static void value_recognise(struct value *value)
{
	value->is_constant = true;
	value->constant = 0;
	for (unsigned i = 0; i < VALUE_BITS; i++) {
		if (value->bits[i] > DIAGRAM_TRUE)
			value->is_constant = false;
		else
			value->constant |= value->bits[i] << i;
	}
}

/* The number of the value with these bits. */
static uint32_t values_intern(struct values *values, struct value *value)
{
	size_t slot;
	uint32_t number;

	for (unsigned i = 0; i < VALUE_BITS; i++)
		if (value->bits[i] == DIAGRAM_NONE)
			return VALUE_NONE;
	if (values->count * 2 >= values->slot_count && !values_grow_slots(values))
		return VALUE_NONE;
	slot = value_hash(value) & (values->slot_count - 1);
	for (; values->slots[slot]; slot = (slot + 1) & (values->slot_count - 1)) {
		const struct value *found = &values->items[values->slots[slot] - 1];

		if (memcmp(found->bits, value->bits, sizeof(value->bits)) == 0)
			return values->slots[slot] - 1;
	}
	value->unfolded = true;
	value_recognise(value);
	number = values_add(values, value);
	if (number != VALUE_NONE)
		values->slots[slot] = number + 1;
	return number;
}

bool values_init(struct values *values, struct diagram *diagram)
{
	*values = (struct values){ .diagram = diagram };
	return value_constant(values, 0) == VALUE_ZERO;
}

void values_fini(struct values *values)
{
	free(values->items);
	free(values->slots);
}

int values_status(const struct values *values)
{
	int status = diagram_status(values->diagram);

	return status != CALLGATE_OK ? status : values->status;
}

uint32_t value_constant(struct values *values, uint32_t constant)
{
	struct value value = { 0 };

	for (unsigned i = 0; i < VALUE_BITS; i++)
		value.bits[i] = constant >> i & 1 ? DIAGRAM_TRUE : DIAGRAM_FALSE;
	return values_intern(values, &value);
}

uint32_t value_word(struct values *values, enum diagram_word word)
{
	struct value value = { .is_word = true, .word = word };
	uint32_t number;

	if (values->words[word])
		return values->words[word] - 1;
	number = values_add(values, &value);
	if (number != VALUE_NONE)
		values->words[word] = number + 1;
	return number;
}

/* Copies the value's bits out, making them first where they are not made yet. */
static bool value_unfold(struct values *values, uint32_t number, struct value *ret_value)
{
	struct value *value = &values->items[number];

	if (!value->unfolded) {
		if (values->count * 2 >= values->slot_count && !values_grow_slots(values))
			return false;
		for (unsigned i = 0; i < VALUE_BITS; i++) {
			unsigned variable = value->word * VALUE_BITS + VALUE_BITS - 1 - i;

			value->bits[i] = diagram_make(values->diagram, variable, DIAGRAM_FALSE, DIAGRAM_TRUE);
			if (value->bits[i] == DIAGRAM_NONE)
				return false;
		}
		value->unfolded = true;
		values_index(values, number);
	}
	*ret_value = *value;
	return true;
}

/* if condition then yes else no; every gate is made of it. */
static uint32_t gate(struct values *values, uint32_t condition, uint32_t yes, uint32_t no)
{
	if (++values->gates > GATES_MAX) {
		values->status = CALLGATE_E_LIMIT;
		return DIAGRAM_NONE;
	}
	return diagram_if(values->diagram, condition, yes, no);
}

static uint32_t gate_and(struct values *values, uint32_t a, uint32_t b)
{
	return gate(values, a, b, DIAGRAM_FALSE);
}

static uint32_t gate_or(struct values *values, uint32_t a, uint32_t b)
{
	return gate(values, a, DIAGRAM_TRUE, b);
}

static uint32_t gate_not(struct values *values, uint32_t a)
{
	return gate(values, a, DIAGRAM_FALSE, DIAGRAM_TRUE);
}

static uint32_t gate_xor(struct values *values, uint32_t a, uint32_t b)
{
	if (a == DIAGRAM_FALSE || b == DIAGRAM_FALSE)
		return a == DIAGRAM_FALSE ? b : a;
	return gate(values, a, gate_not(values, b), b);
}

/* a + b + carry, from the least significant bit up. */
static void bits_add(struct values *values, uint32_t *a, const uint32_t *b, uint32_t carry)
{
	for (unsigned i = 0; i < VALUE_BITS && carry != DIAGRAM_NONE; i++) {
		uint32_t differ = gate_xor(values, a[i], b[i]);
		uint32_t sum = gate_xor(values, differ, carry);

		carry = gate(values, differ, carry, a[i]);
		a[i] = sum;
	}
	if (carry == DIAGRAM_NONE)
		a[0] = DIAGRAM_NONE;
}

static void bits_subtract(struct values *values, uint32_t *a, const uint32_t *b)
{
	uint32_t inverse[VALUE_BITS];

	for (unsigned i = 0; i < VALUE_BITS; i++)
		inverse[i] = gate_not(values, b[i]);
	bits_add(values, a, inverse, DIAGRAM_TRUE);
}

/* Moved towards the more (distance above 0) or less significant end; zeros follow. */
static void bits_move(uint32_t *bits, int distance)
{
	uint32_t moved[VALUE_BITS];

	for (int i = 0; i < VALUE_BITS; i++) {
		int from = i - distance;

		moved[i] = from >= 0 && from < VALUE_BITS ? bits[from] : DIAGRAM_FALSE;
	}
	memcpy(bits, moved, sizeof(moved));
}

/* Barrel shifter: one stage for each of the low five bits of the distance. */
static void bits_shift(struct values *values, uint32_t *a, const uint32_t *distance, int direction)
{
	for (int stage = 0; stage < 5; stage++) {
		uint32_t moved[VALUE_BITS];

		memcpy(moved, a, sizeof(moved));
		bits_move(moved, direction * (1 << stage));
		for (unsigned i = 0; i < VALUE_BITS; i++)
			a[i] = gate(values, distance[stage], moved[i], a[i]);
	}
}

static void bits_multiply(struct values *values, uint32_t *a, const uint32_t *b)
{
	uint32_t product[VALUE_BITS] = { 0 };

	for (unsigned i = 0; i < VALUE_BITS && values_status(values) == CALLGATE_OK; i++) {
		uint32_t addend[VALUE_BITS];

		if (b[i] == DIAGRAM_FALSE)
			continue;
		memcpy(addend, a, sizeof(addend));
		bits_move(addend, (int)i);
		for (unsigned j = 0; j < VALUE_BITS; j++)
			addend[j] = gate_and(values, b[i], addend[j]);
		bits_add(values, product, addend, DIAGRAM_FALSE);
	}
	memcpy(a, product, sizeof(product));
}

/* a > b, or a >= b when `equal` is what equal values give; the most significant bit decides last, that is first. */
static uint32_t bits_greater(struct values *values, const uint32_t *a, const uint32_t *b, uint32_t equal)
{
	uint32_t greater = equal;

	for (unsigned i = 0; i < VALUE_BITS; i++) {
		if (b[i] == DIAGRAM_TRUE)
			greater = gate_and(values, a[i], greater);
		else if (b[i] == DIAGRAM_FALSE)
			greater = gate_or(values, a[i], greater);
		else
			greater = gate(values, gate_xor(values, a[i], b[i]), a[i], greater);
	}
	return greater;
}

/* Long division in base two: the remainder takes one bit after the other, the divisor is subtracted where it fits. */
static void bits_divide(struct values *values, uint32_t *a, const uint32_t *b)
{
	uint32_t rest[VALUE_BITS] = { 0 };

	for (int i = VALUE_BITS - 1; i >= 0 && values_status(values) == CALLGATE_OK; i--) {
		uint32_t beyond = rest[VALUE_BITS - 1]; /* the remainder's 33rd bit */
		uint32_t less[VALUE_BITS], fits;

		bits_move(rest, 1);
		rest[0] = a[i];
		fits = gate_or(values, beyond, bits_greater(values, rest, b, DIAGRAM_TRUE));
		memcpy(less, rest, sizeof(less));
		bits_subtract(values, less, b);
		for (unsigned j = 0; j < VALUE_BITS; j++)
			rest[j] = gate(values, fits, less[j], rest[j]);
		a[i] = fits;
	}
}

static uint32_t bits_equal(struct values *values, const uint32_t *a, const uint32_t *b)
{
	uint32_t equal = DIAGRAM_TRUE;

	for (unsigned i = 0; i < VALUE_BITS; i++)
		equal = gate(values, gate_xor(values, a[i], b[i]), DIAGRAM_FALSE, equal);
	return equal;
}

static uint32_t bits_meet(struct values *values, const uint32_t *a, const uint32_t *b)
{
	uint32_t meet = DIAGRAM_FALSE;

	for (unsigned i = 0; i < VALUE_BITS; i++)
		meet = gate_or(values, gate_and(values, a[i], b[i]), meet);
	return meet;
}

static uint32_t constant_binary(unsigned op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	default:
		return a >> (b & 31);
	}
}

static void bits_binary(struct values *values, unsigned op, uint32_t *a, const uint32_t *b)
{
	switch (op) {
	case BPF_ADD:
		bits_add(values, a, b, DIAGRAM_FALSE);
		break;
	case BPF_SUB:
		bits_subtract(values, a, b);
		break;
	case BPF_MUL:
		bits_multiply(values, a, b);
		break;
	case BPF_DIV:
		bits_divide(values, a, b);
		break;
	case BPF_LSH:
		bits_shift(values, a, b, 1);
		break;
	case BPF_RSH:
		bits_shift(values, a, b, -1);
		break;
	default:
		for (unsigned i = 0; i < VALUE_BITS; i++)
			a[i] = op == BPF_AND  ? gate_and(values, a[i], b[i])
			       : op == BPF_OR ? gate_or(values, a[i], b[i])
					      : gate_xor(values, a[i], b[i]);
	}
}

static bool is_power_of_two(uint32_t number)
{
	return number && !(number & (number - 1));
}

uint32_t value_binary(struct values *values, unsigned op, uint32_t a, uint32_t b)
{
	struct value left, right;

	if (values->items[a].is_constant && values->items[b].is_constant)
		return value_constant(values,
				      constant_binary(op, values->items[a].constant, values->items[b].constant));
	if (!value_unfold(values, a, &left) || !value_unfold(values, b, &right))
		return VALUE_NONE;
	left.is_word = false;
	if (op == BPF_DIV && right.is_constant && is_power_of_two(right.constant))
		bits_move(left.bits, -__builtin_ctz(right.constant));
	else
		bits_binary(values, op, left.bits, right.bits);
	if (values_status(values) != CALLGATE_OK)
		return VALUE_NONE;
	return values_intern(values, &left);
}

uint32_t value_compare(struct values *values, unsigned op, uint32_t a, uint32_t b)
{
	struct value left, right;

	if (!value_unfold(values, a, &left) || !value_unfold(values, b, &right))
		return DIAGRAM_NONE;
	switch (op) {
	case BPF_JEQ:
		return bits_equal(values, left.bits, right.bits);
	case BPF_JGT:
		return bits_greater(values, left.bits, right.bits, DIAGRAM_FALSE);
	case BPF_JGE:
		return bits_greater(values, left.bits, right.bits, DIAGRAM_TRUE);
	default:
		return bits_meet(values, left.bits, right.bits);
	}
}

static uint32_t add_data(uint32_t action, void *data)
{
	return action | *(uint32_t *)data;
}

/* The actions of one class, told apart by the low bits of what is returned. */
static uint32_t class_actions(struct values *values, const struct diagram_action_class *class, const uint32_t *bits)
{
	uint32_t actions = diagram_terminal(values->diagram, class->low);
	uint32_t beyond = DIAGRAM_FALSE;

	for (unsigned i = 0; i < 16 && class->data_max; i++) {
		uint32_t data = UINT32_C(1) << i;

		if (bits[i] == DIAGRAM_FALSE)
			continue;
		if (data > class->data_max)
			beyond = gate_or(values, bits[i], beyond);
		else
			actions =
				gate(values, bits[i], diagram_map(values->diagram, add_data, &data, actions), actions);
	}
	return gate(values, beyond, diagram_terminal(values->diagram, class->low | class->data_max), actions);
}

uint32_t value_action(struct values *values, uint32_t number)
{
	uint32_t actions = DIAGRAM_FALSE;
	struct value value;

	if (values->items[number].is_constant)
		return diagram_terminal(values->diagram, diagram_action(values->items[number].constant));
	if (!value_unfold(values, number, &value))
		return DIAGRAM_NONE;
	/* From the lowest class up: if the value reaches the class, it is of this class or of a later one. */
	for (size_t i = 0; i < DIAGRAM_ACTION_CLASSES; i++) {
		const struct diagram_action_class *class = diagram_action_class(i);
		uint32_t low = value_constant(values, class->low);
		uint32_t reached = low == VALUE_NONE ? DIAGRAM_NONE : value_compare(values, BPF_JGE, number, low);

		if (reached != DIAGRAM_FALSE)
			actions = gate(values, reached, class_actions(values, class, value.bits), actions);
	}
	return actions;
}
