/*
 * Operations on sets of numbers go number by number. Of other values only what compilers do with them is followed:
 * addresses and places of the frame move by numbers, a table's entry added to its table is a switch's target, and a few
 * bits cut out of something unknown are as many numbers.
 */
#include "scan/arithmetic.h"

#include <string.h>

enum { FEW_BITS = 4 };

static int64_t cut(int64_t number, uint8_t width)
{
	switch (width) {
	case 1:
		return (uint8_t)number;
	case 2:
		return (uint16_t)number;
	case 4:
		return (int64_t)(uint32_t)number;
	default:
		return number;
	}
}

static bool number_operate(uint8_t op, uint8_t width, int64_t a, int64_t b, int64_t *ret)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b, result;

	switch (op) {
	case INSN_ADD:
		result = x + y;
		break;
	case INSN_SUB:
		result = x - y;
		break;
	case INSN_AND:
		result = x & y;
		break;
	case INSN_OR:
		result = x | y;
		break;
	case INSN_XOR:
		result = x ^ y;
		break;
	case INSN_SHL:
		result = y < 64 ? x << y : 0;
		break;
	case INSN_SHR:
		result = y < 64 ? (uint64_t)cut(a, width) >> y : 0;
		break;
	default:
		return false;
	}
	*ret = cut((int64_t)result, width);
	return true;
}

static uint32_t sets_operate(struct values *values, uint8_t op, uint8_t width, uint32_t a, uint32_t b)
{
	int64_t results[VALUE_NUMBERS_MAX * VALUE_NUMBERS_MAX];
	const int64_t *left = value_numbers(values, a), *right = value_numbers(values, b);
	uint8_t left_count = value_at(values, a)->count, right_count = value_at(values, b)->count;
	size_t count = 0;

	for (uint8_t i = 0; i < left_count; i++)
		for (uint8_t j = 0; j < right_count; j++)
			if (!number_operate(op, width, left[i], right[j], &results[count++]))
				return UNKNOWN;
	return value_set(values, results, count);
}

static bool value_single(const struct values *values, uint32_t value, int64_t *ret_number)
{
	const struct value *all = value_at(values, value);

	if (all->kind != VALUE_NUMBERS || all->count != 1)
		return false;
	*ret_number = all->number;
	return true;
}

/* All numbers that have no bit outside mask, where those are few. */
static uint32_t value_under_mask(struct values *values, uint64_t mask)
{
	int64_t numbers[1 << FEW_BITS];
	uint64_t part = 0;
	size_t count = 0;

	if (__builtin_popcountll(mask) > FEW_BITS)
		return UNKNOWN;
	do {
		numbers[count++] = (int64_t)part;
		part = (part - mask) & mask;
	} while (part != 0);
	return value_set(values, numbers, count);
}

static uint32_t value_move(struct values *values, uint32_t value, int64_t distance)
{
	struct value moved = *value_at(values, value);

	moved.number += distance;
	return value_make(values, moved);
}

uint32_t value_target(struct values *values, uint32_t entry, uint32_t base, uint8_t shift)
{
	struct value target = { .kind = VALUE_TARGET, .offset = (int32_t)entry, .count = shift };

	target.number = value_at(values, base)->number;
	return value_make(values, target);
}

/* An entry of a table plus the table's address. */
static uint32_t value_add_entry(struct values *values, uint32_t entry, uint32_t table)
{
	if (value_at(values, entry)->number != value_at(values, table)->number)
		return UNKNOWN;
	return value_target(values, entry, table, 0);
}

/* A parameter plus a number; 32 bits of it are all that is known then. */
static uint32_t value_add_param(struct values *values, uint32_t param, uint8_t width, int64_t number)
{
	struct value moved = *value_at(values, param);
	int64_t offset = moved.offset + (width == 4 ? (int32_t)number : number);

	if (width < 4 || offset < INT32_MIN || offset > INT32_MAX || (width == 8 && moved.width == 4))
		return UNKNOWN;
	moved.offset = (int32_t)offset;
	moved.width = width;
	return value_make(values, moved);
}

static uint32_t value_add(struct values *values, uint32_t a, uint32_t b, int64_t sign)
{
	enum value_kind left = value_kind(values, a), right = value_kind(values, b);
	int64_t number;

	if ((left == VALUE_ADDRESS || left == VALUE_STACK) && value_single(values, b, &number))
		return value_move(values, a, sign * number);
	if (sign < 0)
		return UNKNOWN;
	if ((right == VALUE_ADDRESS || right == VALUE_STACK) && value_single(values, a, &number))
		return value_move(values, b, number);
	if (left == VALUE_TABLE && right == VALUE_ADDRESS)
		return value_add_entry(values, a, b);
	if (right == VALUE_TABLE && left == VALUE_ADDRESS)
		return value_add_entry(values, b, a);
	return UNKNOWN;
}

uint32_t value_operate(struct values *values, uint8_t op, uint8_t width, uint32_t a, uint32_t b)
{
	int64_t number;

	if (a == UNKNOWN && op != INSN_OR && op != INSN_AND && op != INSN_SHR && op != INSN_ADD)
		return UNKNOWN;
	if (value_kind(values, a) == VALUE_NUMBERS && value_kind(values, b) == VALUE_NUMBERS)
		return sets_operate(values, op, width, a, b);
	if ((op == INSN_ADD || op == INSN_SUB) && value_kind(values, a) == VALUE_PARAM &&
	    value_single(values, b, &number))
		return value_add_param(values, a, width, op == INSN_ADD ? number : -number);
	if (width == 8 && (op == INSN_ADD || op == INSN_SUB))
		return value_add(values, a, b, op == INSN_ADD ? 1 : -1);
	if (op == INSN_OR && value_single(values, b, &number) && cut(number, width) == cut(-1, width))
		return value_number(values, cut(-1, width));
	if (op == INSN_AND && width >= 4 && value_single(values, b, &number))
		return value_under_mask(values, (uint64_t)cut(number, width));
	if (op == INSN_SHR && width >= 4 && value_single(values, b, &number) && number < width * 8 &&
	    width * 8 - number <= FEW_BITS)
		return value_under_mask(values, ((uint64_t)1 << (width * 8 - number)) - 1);
	return UNKNOWN;
}

uint32_t value_invert(struct values *values, uint8_t op, uint8_t width, uint32_t a)
{
	uint32_t zero = value_number(values, 0), ones = value_number(values, -1);

	if (value_kind(values, a) != VALUE_NUMBERS)
		return UNKNOWN;
	return op == INSN_NEG ? sets_operate(values, INSN_SUB, width, zero, a)
			      : sets_operate(values, INSN_XOR, width, a, ones);
}

/* What is kept of an entry is all of it, or nothing. */
static uint32_t value_extend_entry(struct values *values, uint32_t entry, uint8_t from, bool is_signed)
{
	struct value value = *value_at(values, entry);
	uint8_t bytes = value.count & TABLE_BYTES;

	if (from < bytes)
		return UNKNOWN;
	if (from == bytes)
		value.count = is_signed ? bytes | TABLE_SIGNED : bytes;
	return value_make(values, value);
}

uint32_t value_extend(struct values *values, uint32_t a, uint8_t from, uint8_t width, bool is_signed)
{
	int64_t numbers[VALUE_NUMBERS_MAX];
	struct value value;

	if (a == UNKNOWN)
		return UNKNOWN;
	value = *value_at(values, a);
	if (value.kind == VALUE_PARAM && from >= 4) {
		if (from >= value.width)
			return a;
		value.width = from;
		return value_make(values, value);
	}
	if (value.kind == VALUE_POINTEE && from == value.width)
		return a;
	if (value.kind == VALUE_TABLE)
		return value_extend_entry(values, a, from, is_signed);
	if (value.kind != VALUE_NUMBERS)
		return from == 8 ? a : UNKNOWN;
	if (from >= width && value.count == 1 && value.number >= 0 && value.number == cut(value.number, width))
		return a;
	memcpy(numbers, value_numbers(values, a), value.count * sizeof(*numbers));
	for (uint8_t i = 0; i < value.count; i++) {
		int64_t low = cut(numbers[i], from);

		if (is_signed)
			low = from == 1 ? (int8_t)low : from == 2 ? (int16_t)low : from == 4 ? (int32_t)low : low;
		numbers[i] = cut(low, width);
	}
	return value_set(values, numbers, value.count);
}
