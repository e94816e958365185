/*
 * A diagram tests the bits of a word from the most significant down, so a walk that takes 0 before 1 meets the word's
 * values in ascending order: what it finds in a row with one function is a range.
 */
#include "prove/ranges.h"

#include "base/error.h"
#include "prove/describe.h"

enum {
	WORD_BITS = 32,
	RANGES_MAX = 1 << 16, /* of nr or arch; a filter by bit tricks on nr may have more */
};

struct walk {
	const struct diagram *diagram;
	struct field field;
	size_t limit;
	struct arena *arena;
	struct field_ranges *ranges;
	int status;
};

static void walk_found(struct walk *walk, uint64_t low, unsigned depth, uint32_t node)
{
	struct field_range range = { .low = low, .node = node };
	struct field_ranges *ranges = walk->ranges;

	range.high = depth == walk->field.bits ? low : low | field_max(walk->field) >> depth;
	if (ranges->length && ranges->items[ranges->length - 1].node == node)
		ranges->items[ranges->length - 1].high = range.high;
	else if (ranges->length == walk->limit)
		walk->status = CALLGATE_E_LIMIT;
	else if (!VEC_PUSH(walk->arena, ranges, range))
		walk->status = CALLGATE_E_NOMEM;
}

/* low: the value's first `depth` bits, the others 0. */
static void walk_node(struct walk *walk, uint64_t low, unsigned depth, uint32_t node)
{
	struct diagram_node at = diagram_node(walk->diagram, node);
	bool tested = at.variable == walk->field.first + depth;

	if (walk->status != CALLGATE_OK)
		return;
	if (at.variable >= walk->field.first + walk->field.bits) {
		walk_found(walk, low, depth, node);
		return;
	}
	walk_node(walk, low, depth + 1, tested ? at.low : node);
	walk_node(walk, low | UINT64_C(1) << (walk->field.bits - 1 - depth), depth + 1, tested ? at.high : node);
}

int field_ranges(const struct diagram *diagram, uint32_t root, struct field field, size_t limit, struct arena *arena,
		 struct field_ranges *ret_ranges)
{
	struct field_ranges ranges = { 0 };
	struct walk walk = { diagram, field, limit, arena, &ranges, CALLGATE_OK };

	walk_node(&walk, 0, 0, root);
	if (walk.status == CALLGATE_OK)
		*ret_ranges = ranges;
	return walk.status;
}

/* The values of a whole word, in the form that describe.h gives out. */
static int describe_word(struct diagram *diagram, uint32_t root, enum diagram_word word, struct arena *arena,
			 struct describe_ranges *ret_ranges, struct callgate_error *err)
{
	struct field field = { word * WORD_BITS, WORD_BITS };
	struct describe_ranges described = { 0 };
	struct field_ranges ranges;
	int status = field_ranges(diagram, root, field, RANGES_MAX, arena, &ranges);

	if (status == CALLGATE_E_LIMIT)
		return fail(err, CALLGATE_E_LIMIT, "the filter tells more than %d ranges of %s apart", RANGES_MAX,
			    word == DIAGRAM_NR ? "numbers" : "arches");
	if (status != CALLGATE_OK)
		return fail_nomem(err);
	for (size_t i = 0; i < ranges.length; i++) {
		struct describe_numbers numbers = { (uint32_t)ranges.items[i].low, (uint32_t)ranges.items[i].high,
						    ranges.items[i].node };

		if (!VEC_PUSH(arena, &described, numbers))
			return fail_nomem(err);
	}
	*ret_ranges = described;
	return CALLGATE_OK;
}

int describe_numbers(struct diagram *diagram, uint32_t root, uint32_t audit, struct arena *arena,
		     struct describe_ranges *ret_ranges, struct callgate_error *err)
{
	uint32_t function = diagram_restrict(diagram, root, DIAGRAM_ARCH, audit);

	if (function == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	return describe_word(diagram, function, DIAGRAM_NR, arena, ret_ranges, err);
}

int describe_arches(struct diagram *diagram, uint32_t root, struct arena *arena, struct describe_ranges *ret_ranges,
		    struct callgate_error *err)
{
	return describe_word(diagram, root, DIAGRAM_ARCH, arena, ret_ranges, err);
}
