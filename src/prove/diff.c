/*
 * Both functions are cut into ranges, first of the arch, then of the number, and the two lists are laid over each
 * other: a piece with two different functions of the arguments has changes. Those are found by one operation that makes
 * each pair of actions a value, described, and put with others that say the same.
 */
#include "prove/diff.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "prove/describe.h"
#include "prove/prove.h"

#include <string.h>

enum {
	PAIRS_MAX = 63,
	NUMBERS_SPAN = 8192, /* no arch numbers its calls beyond its base and this */
};

#define X32_BIT 0x40000000u

/* Values of a word for which both functions are each one and the same. */
struct piece {
	uint32_t low, high;
	uint32_t older, newer;
};

struct pieces {
	VEC(struct piece);
};

struct pair {
	uint32_t older, newer;
};

struct pairs {
	struct pair items[PAIRS_MAX];
	uint32_t count;
	bool too_many;
};

struct diff {
	struct diagram *diagram;
	struct arena *arena;
	struct diff_changes *changes;
	size_t first;		   /* of the changes of the arches that are being compared */
	struct diff_ranges arches; /* those */
	const struct abi_arch *arch;
	struct callgate_error *err;
};

/* Lays two lists of ranges that each cover all values over each other. */
static bool lay_over(struct arena *arena, const struct describe_ranges *older, const struct describe_ranges *newer,
		     struct pieces *ret_pieces)
{
	uint32_t low = 0;

	for (size_t i = 0, j = 0; i < older->length && j < newer->length;) {
		const struct describe_numbers *a = &older->items[i], *b = &newer->items[j];
		struct piece piece = { low, a->high < b->high ? a->high : b->high, a->function, b->function };

		if (piece.older != piece.newer && !VEC_PUSH(arena, ret_pieces, piece))
			return false;
		i += a->high == piece.high;
		j += b->high == piece.high;
		low = piece.high + 1;
	}
	return true;
}

/* 0 where nothing changes, else 1 + the index of the pair of actions. */
static uint32_t pair_value(uint32_t older, uint32_t newer, void *context)
{
	struct pairs *pairs = context;
	uint32_t i = 0;

	if (older == newer)
		return 0;
	while (i < pairs->count && (pairs->items[i].older != older || pairs->items[i].newer != newer))
		i++;
	if (i == PAIRS_MAX) {
		pairs->too_many = true;
		return 0;
	}
	if (i == pairs->count)
		pairs->items[pairs->count++] = (struct pair){ older, newer };
	return i + 1;
}

static uint32_t is_value(uint32_t value, void *context)
{
	return value == *(uint32_t *)context ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool add_numbers(struct arena *arena, struct diff_ranges *numbers, struct diff_range range)
{
	struct diff_range *last = numbers->length ? &numbers->items[numbers->length - 1] : NULL;

	if (last && last->high + 1 == range.low) {
		last->high = range.high;
		return true;
	}
	return VEC_PUSH(arena, numbers, range);
}

/* The change that says this already, or a new one. */
static struct diff_change *find_change(struct diff *diff, const struct diff_change *wanted)
{
	for (size_t i = diff->first; i < diff->changes->length; i++) {
		struct diff_change *change = &diff->changes->items[i];

		if (change->arch == wanted->arch && change->old_action == wanted->old_action &&
		    change->new_action == wanted->new_action && same_text(change->condition, wanted->condition))
			return change;
	}
	if (!VEC_PUSH(diff->arena, diff->changes, *wanted))
		return NULL;
	return &diff->changes->items[diff->changes->length - 1];
}

static void set_witness(const struct diff *diff, uint32_t where, uint32_t nr, struct diff_change *change)
{
	struct diagram_input input = { 0 };

	prove_witness(diff->diagram, where, DIAGRAM_FALSE, &input);
	input.words[DIAGRAM_ARCH] = diff->arches.items[0].low;
	input.words[DIAGRAM_NR] = nr;
	prove_input_to_data(&input, &change->witness);
}

/* Numbers that are one known call, or none is known, with their changes. */
static int add_changes(struct diff *diff, struct diff_range numbers, const struct abi_syscall *syscall,
		       const struct pairs *pairs, uint32_t changes)
{
	for (uint32_t i = 0; i < pairs->count; i++) {
		uint32_t value = i + 1;
		uint32_t where = diagram_map(diff->diagram, is_value, &value, changes);
		struct diff_change wanted = {
			.arch = diff->arch,
			.arches = diff->arches,
			.old_action = pairs->items[i].older,
			.new_action = pairs->items[i].newer,
		};
		struct diff_change *change;
		int status = CALLGATE_OK;

		if (where == DIAGRAM_NONE)
			return diagram_fail(diff->diagram, diff->err);
		if (where != DIAGRAM_TRUE)
			status = describe_condition(diff->diagram, where, diff->arch, syscall, diff->arena,
						    &wanted.condition, diff->err);
		if (status != CALLGATE_OK)
			return status;
		set_witness(diff, where, numbers.low, &wanted);
		change = find_change(diff, &wanted);
		if (!change || !add_numbers(diff->arena, &change->numbers, numbers))
			return fail_nomem(diff->err);
	}
	return CALLGATE_OK;
}

/* The first known call from `nr` to `high`, or NULL. */
static const struct abi_syscall *next_call(const struct diff *diff, uint32_t nr, uint32_t high, uint32_t *ret_nr)
{
	uint64_t end = diff->arch ? (uint64_t)diff->arch->nr_base + NUMBERS_SPAN : 0;

	if (diff->arch && nr < diff->arch->nr_base)
		nr = diff->arch->nr_base;
	for (uint64_t at = nr; at < end && at <= high; at++) {
		const struct abi_syscall *syscall = abi_syscall_by_nr(diff->arch->id, (uint32_t)at);

		*ret_nr = (uint32_t)at;
		if (syscall)
			return syscall;
	}
	return NULL;
}

/* A piece whose changes depend on arguments, whose names depend on the call: one call after the other. */
static int add_by_call(struct diff *diff, struct diff_range numbers, const struct pairs *pairs, uint32_t changes)
{
	uint64_t nr = numbers.low;
	int status = CALLGATE_OK;

	while (nr <= numbers.high && status == CALLGATE_OK) {
		uint32_t known = 0;
		const struct abi_syscall *syscall = next_call(diff, (uint32_t)nr, numbers.high, &known);
		struct diff_range before = { (uint32_t)nr, syscall ? known - 1 : numbers.high };

		if (!syscall || known > nr)
			status = add_changes(diff, before, NULL, pairs, changes);
		if (syscall && status == CALLGATE_OK)
			status = add_changes(diff, (struct diff_range){ known, known }, syscall, pairs, changes);
		nr = syscall ? (uint64_t)known + 1 : (uint64_t)numbers.high + 1;
	}
	return status;
}

static int diff_piece(struct diff *diff, struct diff_range numbers, const struct piece *piece)
{
	struct pairs pairs = { .count = 0 };
	uint32_t changes = diagram_apply(diff->diagram, pair_value, &pairs, piece->older, piece->newer);

	if (changes == DIAGRAM_NONE)
		return diagram_fail(diff->diagram, diff->err);
	if (pairs.too_many)
		return fail(diff->err, CALLGATE_E_LIMIT, "one call changes between more than %d pairs of actions",
			    PAIRS_MAX);
	if (diagram_node(diff->diagram, changes).variable == DIAGRAM_TERMINAL)
		return add_changes(diff, numbers, NULL, &pairs, changes);
	return add_by_call(diff, numbers, &pairs, changes);
}

/* The part of a piece that lies in low..high, all of one arch. */
static int diff_part(struct diff *diff, const struct piece *piece, uint32_t low, uint32_t high)
{
	struct diff_range numbers = { piece->low > low ? piece->low : low, piece->high < high ? piece->high : high };

	if (numbers.low > numbers.high)
		return CALLGATE_OK;
	if (diff->arches.length == 1 && diff->arches.items[0].low == diff->arches.items[0].high)
		diff->arch = abi_arch_of_call(diff->arches.items[0].low, numbers.low);
	return diff_piece(diff, numbers, piece);
}

/* x86-64's numbers with bit 30 set are another arch. */
static int diff_numbers(struct diff *diff, const struct piece *piece)
{
	static const struct diff_range parts[] = { { 0, X32_BIT - 1 },
						   { X32_BIT, 2 * X32_BIT - 1 },
						   { 2 * X32_BIT, 3 * X32_BIT - 1 },
						   { 3 * X32_BIT, UINT32_MAX } };
	const struct diff_range *arches = diff->arches.items;

	if (diff->arches.length > 1 || arches->low != arches->high || arches->low != abi_arch(ABI_X86_64)->audit)
		return diff_part(diff, piece, 0, UINT32_MAX);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		int status = diff_part(diff, piece, parts[i].low, parts[i].high);

		if (status != CALLGATE_OK)
			return status;
	}
	return CALLGATE_OK;
}

/* All changes of the arches in diff, for which the two functions are these. */
static int diff_arches(struct diff *diff, uint32_t older, uint32_t newer)
{
	uint32_t audit = diff->arches.items[0].low;
	struct describe_ranges old_numbers, new_numbers;
	struct pieces pieces = { 0 };
	int status = describe_numbers(diff->diagram, older, audit, diff->arena, &old_numbers, diff->err);

	if (status == CALLGATE_OK)
		status = describe_numbers(diff->diagram, newer, audit, diff->arena, &new_numbers, diff->err);
	if (status != CALLGATE_OK)
		return status;
	if (!lay_over(diff->arena, &old_numbers, &new_numbers, &pieces))
		return fail_nomem(diff->err);
	diff->first = diff->changes->length;
	diff->arch = NULL;
	for (size_t i = 0; i < pieces.length && status == CALLGATE_OK; i++)
		status = diff_numbers(diff, &pieces.items[i]);
	return status;
}

/* Whether abi names the arch: such a one is compared by itself, the others together. */
static bool is_named_arch(const struct piece *piece)
{
	return piece->low == piece->high && abi_arch_of_call(piece->low, 0);
}

/* The arches from the i-th piece on that differ in the same way and have no names. */
static bool gather_arches(struct arena *arena, const struct pieces *pieces, size_t i, struct diff_ranges *ret_arches)
{
	const struct piece *first = &pieces->items[i];

	for (size_t j = i; j < pieces->length; j++) {
		const struct piece *piece = &pieces->items[j];
		struct diff_range range = { piece->low, piece->high };

		if (piece->older != first->older || piece->newer != first->newer)
			continue;
		if (j != i && (is_named_arch(first) || is_named_arch(piece)))
			continue;
		if (!VEC_PUSH(arena, ret_arches, range))
			return false;
	}
	return true;
}

static bool was_gathered(const struct pieces *pieces, size_t i)
{
	const struct piece *piece = &pieces->items[i];

	for (size_t j = 0; j < i && !is_named_arch(piece); j++)
		if (!is_named_arch(&pieces->items[j]) && pieces->items[j].older == piece->older &&
		    pieces->items[j].newer == piece->newer)
			return true;
	return false;
}

static int find_pieces(struct diagram *diagram, uint32_t older, uint32_t newer, struct arena *arena,
		       struct pieces *ret_pieces, struct callgate_error *err)
{
	struct describe_ranges old_arches, new_arches;
	int status = describe_arches(diagram, older, arena, &old_arches, err);

	if (status == CALLGATE_OK)
		status = describe_arches(diagram, newer, arena, &new_arches, err);
	if (status != CALLGATE_OK)
		return status;
	return lay_over(arena, &old_arches, &new_arches, ret_pieces) ? CALLGATE_OK : fail_nomem(err);
}

int diff_functions(struct diagram *diagram, uint32_t older, uint32_t newer, struct arena *arena,
		   struct diff_changes *ret_changes, struct callgate_error *err)
{
	struct diff_changes changes = { 0 };
	struct pieces pieces = { 0 };
	int status;

	diagram_renew_steps(diagram);
	status = find_pieces(diagram, older, newer, arena, &pieces, err);
	for (size_t i = 0; i < pieces.length && status == CALLGATE_OK; i++) {
		struct diff diff = { .diagram = diagram, .arena = arena, .changes = &changes, .err = err };

		if (was_gathered(&pieces, i))
			continue;
		if (!gather_arches(arena, &pieces, i, &diff.arches))
			return fail_nomem(err);
		status = diff_arches(&diff, pieces.items[i].older, pieces.items[i].newer);
	}
	for (size_t i = 0; i < changes.length && status == CALLGATE_OK; i++)
		status = diff_spell_calls(&changes.items[i], arena, err);
	if (status == CALLGATE_OK)
		*ret_changes = changes;
	return status;
}
