/*
 * The table of nodes. Every node is made by diagram_make (or diagram_terminal), which gives the number of the equal
 * node that exists already, so that equal functions have equal numbers: all questions of equality are then free.
 *
 * A compilation of an ordinary policy makes under a thousand nodes and lasts a tenth of a millisecond, so the tables
 * start at a few KiB and double; nothing large is cleared or allocated for a small job.
 */
#include "diagram/diagram.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <assert.h>

enum { NODES_FIRST = 1024, SLOT_BITS_FIRST = 11, WORD_BITS = 32 };

unsigned diagram_word_offset(enum diagram_word word)
{
	static const unsigned char offsets[DIAGRAM_WORDS] = { 4,  0,  12, 8,  20, 16, 28, 24,
							      36, 32, 44, 40, 52, 48, 60, 56 };

	return offsets[word];
}

enum diagram_word diagram_word_at(unsigned offset)
{
	/* nr and arch lie the other way round; after them the higher of each pair comes first. */
	return (enum diagram_word)((offset / 4) ^ 1);
}

enum diagram_word diagram_arg_word(unsigned arg, bool high, bool big_endian)
{
	return (enum diagram_word)(DIAGRAM_ARG0 + 2 * arg + (high == big_endian));
}

struct diagram *diagram_new(size_t nodes_max)
{
	struct diagram *diagram = calloc(1, sizeof(*diagram));

	if (!diagram)
		return NULL;
	diagram->nodes_max = nodes_max && nodes_max < DIAGRAM_NODES_MAX ? nodes_max : DIAGRAM_NODES_MAX;
	diagram->capacity = NODES_FIRST;
	diagram->slot_bits = SLOT_BITS_FIRST;
	diagram->nodes = malloc(NODES_FIRST * sizeof(*diagram->nodes));
	diagram->slots = calloc((size_t)1 << SLOT_BITS_FIRST, sizeof(*diagram->slots));
	if (!diagram->nodes || !diagram->slots) {
		diagram_free(diagram);
		return NULL;
	}
	diagram_terminal(diagram, DIAGRAM_FALSE);
	diagram_terminal(diagram, DIAGRAM_TRUE);
	return diagram;
}

void diagram_free(struct diagram *diagram)
{
	if (!diagram)
		return;
	free(diagram->nodes);
	free(diagram->slots);
	free(diagram->memos);
	free(diagram);
}

int diagram_status(const struct diagram *diagram)
{
	return diagram->status;
}

int diagram_fail(const struct diagram *diagram, struct callgate_error *err)
{
	if (diagram->status != CALLGATE_E_LIMIT)
		return fail_nomem(err);
	return fail(err, CALLGATE_E_LIMIT, "this needs more than the budget of %zu diagram nodes", diagram->nodes_max);
}

void diagram_clear_status(struct diagram *diagram)
{
	diagram->status = CALLGATE_OK;
	diagram_renew_steps(diagram);
}

void diagram_renew_steps(struct diagram *diagram)
{
	diagram->steps = 0;
}

size_t diagram_size(const struct diagram *diagram)
{
	return diagram->count;
}

size_t diagram_budget(const struct diagram *diagram)
{
	return diagram->nodes_max;
}

/* Where the search for a node begins: the product's upper bits depend on all of it. */
static inline size_t node_slot(unsigned slot_bits, unsigned variable, uint32_t low, uint32_t high)
{
	uint64_t key = ((uint64_t)low << 32 | high) + (uint64_t)variable * 0xd6e8feb86659fd93u;

	return (size_t)((key ^ key >> 32) * 0x9e3779b97f4a7c15u >> (64 - slot_bits));
}

static bool table_grow_slots(struct diagram *diagram)
{
	unsigned slot_bits = diagram->slot_bits + 1;
	size_t last = ((size_t)1 << slot_bits) - 1;
	uint32_t *slots = calloc(last + 1, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < diagram->count; i++) {
		const struct diagram_node *node = &diagram->nodes[i];
		size_t slot = node_slot(slot_bits, node->variable, node->low, node->high);

		while (slots[slot])
			slot = (slot + 1) & last;
		slots[slot] = (uint32_t)i + 1;
	}
	free(diagram->slots);
	diagram->slots = slots;
	diagram->slot_bits = slot_bits;
	return true;
}

static bool table_grow_nodes(struct diagram *diagram)
{
	size_t capacity = diagram->capacity * 2;
	struct diagram_node *nodes = realloc(diagram->nodes, capacity * sizeof(*nodes));

	if (!nodes)
		return false;
	diagram->nodes = nodes;
	diagram->capacity = capacity;
	return true;
}

/* Puts a new node into its free slot. */
__attribute__((noinline)) static uint32_t table_add(struct diagram *diagram, struct diagram_node node, size_t slot)
{
	assert(node.variable == DIAGRAM_TERMINAL || (diagram->nodes[node.low].variable > node.variable &&
						     diagram->nodes[node.high].variable > node.variable));
	if (diagram->count >= diagram->nodes_max) {
		diagram->status = CALLGATE_E_LIMIT;
		return DIAGRAM_NONE;
	}
	if (diagram->count == diagram->capacity && !table_grow_nodes(diagram)) {
		diagram->status = CALLGATE_E_NOMEM;
		return DIAGRAM_NONE;
	}
	diagram->nodes[diagram->count] = node;
	diagram->slots[slot] = (uint32_t)++diagram->count;
	if (diagram->count > (size_t)1 << (diagram->slot_bits - 1) && !table_grow_slots(diagram)) {
		/* Without room to spare the next search might not end. */
		diagram->slots[slot] = 0;
		diagram->count--;
		diagram->status = CALLGATE_E_NOMEM;
		return DIAGRAM_NONE;
	}
	return (uint32_t)diagram->count - 1;
}

static inline uint32_t table_find_or_add(struct diagram *diagram, unsigned variable, uint32_t low, uint32_t high)
{
	size_t last = ((size_t)1 << diagram->slot_bits) - 1;
	size_t slot = node_slot(diagram->slot_bits, variable, low, high);

	for (; diagram->slots[slot]; slot = (slot + 1) & last) {
		const struct diagram_node *found = &diagram->nodes[diagram->slots[slot] - 1];

		if (found->low == low && found->high == high && found->variable == variable)
			return diagram->slots[slot] - 1;
	}
	return table_add(diagram, (struct diagram_node){ (uint16_t)variable, low, high }, slot);
}

/* Not inline: gcc 12 would follow it into diagram_new and miss that an empty slot is never looked through. */
__attribute__((noinline)) uint32_t diagram_terminal(struct diagram *diagram, uint32_t value)
{
	return table_find_or_add(diagram, DIAGRAM_TERMINAL, value, 0);
}

uint32_t diagram_make(struct diagram *diagram, unsigned variable, uint32_t low, uint32_t high)
{
	if (low == DIAGRAM_NONE || high == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	if (low == high)
		return low;
	return table_find_or_add(diagram, variable, low, high);
}

/* Where diagram_switch stands in its ranges: they are passed once, from left to right. */
struct switch_walk {
	struct diagram *diagram;
	const struct diagram_range *next, *end;
	uint32_t otherwise;
};

/* The function for the values from first to last, which are all that variable and the later ones of its word make. */
static uint32_t switch_build(struct switch_walk *walk, unsigned variable, uint32_t first, uint32_t last)
{
	uint32_t middle = first + (last - first) / 2;
	uint32_t low, high;

	while (walk->next < walk->end && walk->next->high < first)
		walk->next++;
	if (walk->next == walk->end || walk->next->low > last)
		return walk->otherwise;
	if (walk->next->low <= first && walk->next->high >= last)
		return walk->next->result;
	low = switch_build(walk, variable + 1, first, middle);
	high = switch_build(walk, variable + 1, middle + 1, last);
	return diagram_make(walk->diagram, variable, low, high);
}

uint32_t diagram_switch(struct diagram *diagram, enum diagram_word word, const struct diagram_range *ranges,
			size_t count, uint32_t otherwise)
{
	struct switch_walk walk = { diagram, ranges, count ? ranges + count : ranges, otherwise };

	return switch_build(&walk, word * WORD_BITS, 0, UINT32_MAX);
}

uint32_t diagram_word_equals(struct diagram *diagram, enum diagram_word word, uint32_t mask, uint32_t value)
{
	uint32_t node = DIAGRAM_TRUE;

	for (; mask && node != DIAGRAM_NONE; mask &= mask - 1) {
		unsigned bit = (unsigned)__builtin_ctz(mask);
		unsigned variable = word * WORD_BITS + WORD_BITS - 1 - bit;

		node = value >> bit & 1 ? diagram_make(diagram, variable, DIAGRAM_FALSE, node)
					: diagram_make(diagram, variable, node, DIAGRAM_FALSE);
	}
	return node;
}

uint32_t diagram_evaluate(const struct diagram *diagram, uint32_t root, const struct diagram_input *input)
{
	const struct diagram_node *node = &diagram->nodes[root];

	while (node->variable != DIAGRAM_TERMINAL) {
		uint32_t word = input->words[node->variable / WORD_BITS];
		bool bit = word >> (WORD_BITS - 1 - node->variable % WORD_BITS) & 1;

		node = &diagram->nodes[bit ? node->high : node->low];
	}
	return node->low;
}

size_t diagram_count(const struct diagram *diagram, uint32_t root)
{
	cleanup_free bool *seen = calloc(diagram->count, sizeof(*seen));
	size_t count = 0;

	if (!seen || root == DIAGRAM_NONE)
		return 0;
	/* Operands have smaller numbers, so one pass downwards reaches all that the root uses. */
	seen[root] = true;
	for (size_t i = root + (size_t)1; i-- > 0;) {
		const struct diagram_node *node = &diagram->nodes[i];

		if (!seen[i])
			continue;
		count++;
		if (node->variable != DIAGRAM_TERMINAL)
			seen[node->low] = seen[node->high] = true;
	}
	return count;
}
