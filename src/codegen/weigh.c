/*
 * How often a range is expected to be met.
 *
 * Numbers: as measured, when there are measurements. A number that is allowed whatever its arguments is answered by
 * the kernel's bitmap and never reaches the filter, so it weighs nothing (unless no_bitmap). Without measurements a
 * number weighs as much as its policy has ways to allow it: who writes eight ioctl requests expects more of them than
 * of one fcntl command. Where the bitmap is lacking, as it is popular.
 *
 * Arguments: programs do what they are allowed to do, so a way to be allowed weighs 1 and a refusal next to nothing.
 *
 * Nothing weighs 0: the attach walks through every number, and a tree must stay a tree where nothing is known.
 */
#include "codegen/generator.h"

#include <callgate/error.h>

/* What a refusal weighs against one way to be allowed. */
#define REFUSED_WEIGHT 0.02

/* More ways to be allowed do not make a call more frequent. */
#define PATHS_MAX 16.0f

/* The weight that ranges share in addition, against all others. */
#define FLOOR_SHARE 0.002

/* A number that is not known to be popular, in the measure of popular.def. */
#define UNPOPULAR_WEIGHT 2.0

/* So many numbers in a row are a call each; more are a range that no kernel has filled. */
#define NUMBERS_MAX 64.0

/* How often x32 is met, against x86-64. */
#define X32_SHARE 0.01

#define X32_BIT	     0x40000000u
#define AUDIT_X86_64 0xc000003eu
#define AUDIT_64BIT  0x80000000u

static bool is_terminal(const struct diagram *diagram, uint32_t node)
{
	return diagram_node(diagram, node).variable == DIAGRAM_TERMINAL;
}

/* Whether the call takes place, at once or when somebody lets it. */
static bool is_permissive(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return true;
	default:
		return false;
	}
}

/* In how many ways the diagram lets a call take place: paths through it, at most PATHS_MAX. */
static float count_paths(struct generator *g, uint32_t index)
{
	struct diagram_node node;
	float paths;

	if (g->notes[index].paths > 0)
		return g->notes[index].paths - 1;
	node = diagram_node(g->diagram, index);
	if (node.variable == DIAGRAM_TERMINAL)
		paths = is_permissive(node.low);
	else
		paths = count_paths(g, node.low) + count_paths(g, node.high);
	paths = paths < PATHS_MAX ? paths : PATHS_MAX;
	g->notes[index].paths = paths + 1;
	return paths;
}

bool weigh_is_permissive(struct generator *g, uint32_t node)
{
	return count_paths(g, node) > 0;
}

static double expected_weight(struct generator *g, uint32_t node)
{
	float paths = count_paths(g, node);

	return paths > 0 ? (double)paths : REFUSED_WEIGHT;
}

/* Whether the kernel answers these numbers without the filter. Its bitmap has no place for x32. */
static bool in_bitmap(const struct generator *g, const struct range *range, uint32_t audit)
{
	struct diagram_node node = diagram_node(g->diagram, range->node);

	return node.variable == DIAGRAM_TERMINAL && node.low == SECCOMP_RET_ALLOW &&
	       !(g->options && g->options->no_bitmap) && !(audit == AUDIT_X86_64 && range->low & X32_BIT);
}

static struct range *find_range(const struct ranges *ranges, uint32_t value)
{
	size_t low = 0, high = ranges->length - 1;

	while (low < high) {
		size_t middle = (low + high + 1) / 2;

		if (ranges->items[middle].low <= value)
			low = middle;
		else
			high = middle - 1;
	}
	return &ranges->items[low];
}

static void add_hot(struct hot hot[HOT_MAX], struct hot new)
{
	for (size_t i = 0; i < HOT_MAX; i++)
		if (new.weight > hot[i].weight) {
			struct hot moved = hot[i];

			hot[i] = new;
			new = moved;
		}
}

static void weigh_measured(const struct generator *g, struct ranges *ranges, uint32_t audit, struct hot hot[HOT_MAX])
{
	for (size_t i = 0; i < g->options->weight_count; i++) {
		const struct codegen_weight *weight = &g->options->weights[i];
		struct range *range = find_range(ranges, weight->nr & ranges->mask);

		if ((audit && weight->audit != audit) || !(weight->count > 0) || in_bitmap(g, range, audit))
			continue;
		range->weight += weight->count;
		add_hot(hot, (struct hot){ weight->nr & ranges->mask, weight->count });
	}
}

/* For kernels without the bitmap: every call runs the filter, so the popular ones count. */
static void weigh_popular(struct generator *g, struct ranges *ranges, uint32_t audit, struct hot hot[HOT_MAX])
{
	static const struct {
		const char *name;
		double share;
	} popular[] = {
#define POPULAR(name_, share_) { (name_), (share_) },
#include "codegen/popular.def"
	};
	const struct abi_arch *arch = abi_arch_of_call(audit, 0);

	for (size_t i = 0; arch && i < sizeof(popular) / sizeof(*popular); i++) {
		const struct abi_syscall *syscall = abi_syscall_by_name(popular[i].name);

		if (!syscall || syscall->nr[arch->id] < 0)
			continue;
		find_range(ranges, (uint32_t)syscall->nr[arch->id] & ranges->mask)->weight += popular[i].share;
		add_hot(hot, (struct hot){ (uint32_t)syscall->nr[arch->id] & ranges->mask, popular[i].share });
	}
	for (size_t i = 0; i < ranges->length; i++) {
		struct range *range = &ranges->items[i];
		double numbers = (double)(range->high - range->low) + 1;

		numbers = numbers < NUMBERS_MAX ? numbers : NUMBERS_MAX;
		range->weight += numbers * UNPOPULAR_WEIGHT * (count_paths(g, range->node) > 0 ? 1 : REFUSED_WEIGHT);
	}
}

/* For kernels with the bitmap: only what looks at arguments, or is refused, runs the filter. */
static void weigh_conditional(struct generator *g, struct ranges *ranges, uint32_t audit)
{
	for (size_t i = 0; i < ranges->length; i++) {
		struct range *range = &ranges->items[i];
		double numbers = (double)(range->high - range->low) + 1;

		if (in_bitmap(g, range, audit))
			continue;
		range->weight = expected_weight(g, range->node);
		if (audit == AUDIT_X86_64 && range->low & X32_BIT)
			range->weight *= X32_SHARE;
		if (numbers < NUMBERS_MAX && !is_terminal(g->diagram, range->node))
			range->weight *= numbers;
	}
}

static void weigh_numbers(struct generator *g, struct ranges *ranges, uint32_t audit, struct hot hot[HOT_MAX])
{
	if (g->options && g->options->weights)
		weigh_measured(g, ranges, audit, hot);
	else if (g->options && g->options->no_bitmap)
		weigh_popular(g, ranges, audit, hot);
	else
		weigh_conditional(g, ranges, audit);
}

/* The arch with the longer words is the one that a machine mostly runs. */
static void weigh_arches(struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->length; i++)
		if (ranges->items[i].low == ranges->items[i].high)
			ranges->items[i].weight = ranges->items[i].low & AUDIT_64BIT ? 16 : 1;
}

static void add_floor(struct ranges *ranges)
{
	double total = 0, floor;

	for (size_t i = 0; i < ranges->length; i++)
		total += ranges->items[i].weight;
	floor = total > 0 ? total * FLOOR_SHARE / (double)ranges->length : 1;
	for (size_t i = 0; i < ranges->length; i++)
		ranges->items[i].weight += floor;
}

void weigh_ranges(struct generator *g, struct ranges *ranges, enum diagram_word word, uint32_t audit,
		  struct hot ret_hot[HOT_MAX])
{
	for (size_t i = 0; i < HOT_MAX; i++)
		ret_hot[i] = (struct hot){ 0 };
	for (size_t i = 0; i < ranges->length; i++)
		ranges->items[i].weight = 0;
	if (word == DIAGRAM_ARCH)
		weigh_arches(ranges);
	else if (word == DIAGRAM_NR)
		weigh_numbers(g, ranges, audit, ret_hot);
	else
		for (size_t i = 0; i < ranges->length; i++)
			ranges->items[i].weight = expected_weight(g, ranges->items[i].node);
	add_floor(ranges);
}
