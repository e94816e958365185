/*
 * Random rule sets, to the system's libseccomp and to ours. Where the two filters differ, a third judge tells which one
 * the manual promised: it goes through the rules one by one, and knows neither library. It must always side with ours.
 *
 * Every call has rules of one action only, since for others the manual gives no order.
 */
#include "library.h"
#include "unit.h"

#include "prove/prove.h"

#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 250, INPUTS = 40, RULES_MAX = 14, ARCHES_MAX = 3 };

#define SEED_DEFAULT 20250101u

struct random_rule {
	const char *name;
	uint32_t action;
	unsigned count;
	struct scmp_arg_cmp comparisons[6];
};

struct random_filter {
	uint32_t arches[ARCHES_MAX]; /* 0: no more */
	bool big_endian;
	uint32_t default_action;
	struct random_rule rules[RULES_MAX];
	unsigned rule_count;
};

static uint64_t state;

/* xorshift64* */
static uint32_t draw(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * UINT64_C(2685821657736338717)) >> 32) % below;
}

static uint64_t draw_value(void)
{
	static const uint64_t edges[] = { 0,	       1,	    2,		 3,
					  0x7fffffff,  0x80000000,  0xfffffffe,	 0xffffffff,
					  0x100000000, 0x100000001, 0x1ffffffff, 0xffffffff00000000,
					  UINT64_MAX,  7,	    0x200000000, 0x300000003 };

	return draw(8) ? edges[draw(sizeof(edges) / sizeof(*edges))]
		       : (uint64_t)draw(UINT32_MAX) << 32 | draw(UINT32_MAX);
}

/* Each has a call's own number on every arch that is drawn. */
static const char *const names[] = { "read", "write", "close", "ioctl", "fcntl", "openat" };

#define NAMES (sizeof(names) / sizeof(*names))

static void draw_rule(struct random_rule *rule, const uint32_t actions[NAMES])
{
	unsigned name = draw(NAMES), used = 0;

	*rule = (struct random_rule){ .name = names[name], .action = actions[name] };
	for (unsigned wanted = draw(12) ? 1 + draw(2) : 0; wanted > 0; wanted--) {
		unsigned arg = draw(3);

		if (used & 1u << arg)
			continue;
		used |= 1u << arg;
		rule->comparisons[rule->count++] =
			(struct scmp_arg_cmp){ arg, (enum scmp_compare)(1 + draw(7)), draw_value(), draw_value() };
	}
}

static void draw_filter(struct random_filter *filter)
{
	static const struct {
		uint32_t arches[ARCHES_MAX];
		bool big_endian;
	} sets[] = { { { SCMP_ARCH_X86_64 } },
		     { { SCMP_ARCH_X86 } },
		     { { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32 } },
		     { { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM } },
		     { { SCMP_ARCH_S390X }, true },
		     { { SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32 } },
		     { { SCMP_ARCH_PPC, SCMP_ARCH_PPC64 }, true },
		     { { SCMP_ARCH_PARISC, SCMP_ARCH_S390, SCMP_ARCH_MIPS64N32 }, true } };
	uint32_t actions[NAMES];
	unsigned set = draw(sizeof(sets) / sizeof(*sets));

	*filter = (struct random_filter){ .big_endian = sets[set].big_endian,
					  .default_action = draw(2) ? SCMP_ACT_KILL : SCMP_ACT_TRAP,
					  .rule_count = 1 + draw(RULES_MAX) };
	for (unsigned i = 0; i < ARCHES_MAX; i++)
		filter->arches[i] = sets[set].arches[i];
	for (unsigned i = 0; i < NAMES; i++)
		actions[i] = draw(2) ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(1 + draw(40));
	for (unsigned i = 0; i < filter->rule_count; i++)
		draw_rule(&filter->rules[i], actions);
}

static uint32_t build(const struct library *l, const struct random_filter *filter, struct diagram *diagram)
{
	scmp_filter_ctx context = l->init(filter->default_action);
	uint32_t root;

	assert_non_null(context);
	assert_int_equal(l->arch_remove(context, SCMP_ARCH_NATIVE), 0);
	for (unsigned i = 0; i < ARCHES_MAX && filter->arches[i]; i++)
		assert_int_equal(l->arch_add(context, filter->arches[i]), 0);
	for (unsigned i = 0; i < filter->rule_count; i++) {
		const struct random_rule *rule = &filter->rules[i];

		assert_int_equal(l->rule_add_array(context, rule->action, l->resolve_name(rule->name), rule->count,
						   rule->comparisons),
				 0);
	}
	root = library_meaning(l, context, filter->big_endian, diagram);
	l->release(context);
	return root;
}

static bool is_narrow(uint32_t arch)
{
	static const uint32_t narrow[] = { SCMP_ARCH_X86,    SCMP_ARCH_X32,	  SCMP_ARCH_ARM,
					   SCMP_ARCH_MIPSEL, SCMP_ARCH_PPC,	  SCMP_ARCH_MIPSEL64N32,
					   SCMP_ARCH_S390,   SCMP_ARCH_MIPS64N32, SCMP_ARCH_PARISC };

	for (size_t i = 0; i < sizeof(narrow) / sizeof(*narrow); i++)
		if (arch == narrow[i])
			return true;
	return false;
}

static bool comparison_holds(const struct scmp_arg_cmp *comparison, uint64_t value, bool narrow)
{
	uint64_t all = narrow ? UINT32_MAX : UINT64_MAX;
	uint64_t a = comparison->datum_a & all, b = comparison->datum_b & all;

	value &= all;
	switch (comparison->op) {
	case SCMP_CMP_NE:
		return value != a;
	case SCMP_CMP_LT:
		return value < a;
	case SCMP_CMP_LE:
		return value <= a;
	case SCMP_CMP_EQ:
		return value == a;
	case SCMP_CMP_GE:
		return value >= a;
	case SCMP_CMP_GT:
		return value > a;
	default:
		return (value & a) == (b & a);
	}
}

static bool rule_holds(const struct random_rule *rule, const struct seccomp_data *data, uint32_t arch)
{
	if (library_system()->resolve_name_arch(arch, rule->name) != data->nr)
		return false;
	for (unsigned i = 0; i < rule->count; i++)
		if (!comparison_holds(&rule->comparisons[i], data->args[rule->comparisons[i].arg], is_narrow(arch)))
			return false;
	return true;
}

/* The filter's arch that a call is of; 0 for none. */
static uint32_t arch_of(const struct random_filter *filter, const struct seccomp_data *data)
{
	bool is_x32 = data->arch == SCMP_ARCH_X86_64 && (uint32_t)data->nr >= 0x40000000u && data->nr != -1;
	uint32_t wanted = is_x32 ? SCMP_ARCH_X32 : data->arch;

	for (unsigned i = 0; i < ARCHES_MAX && filter->arches[i]; i++)
		if (filter->arches[i] == wanted)
			return wanted;
	return 0;
}

/* What the manual promises. */
static uint32_t judge(const struct random_filter *filter, const struct diagram_input *input)
{
	struct seccomp_data data;
	uint32_t arch;

	prove_input_to_data(input, &data);
	if (filter->big_endian)
		prove_exchange_halves(&data);
	arch = arch_of(filter, &data);
	if (!arch)
		return SCMP_ACT_KILL;
	for (unsigned i = 0; i < filter->rule_count; i++)
		if (rule_holds(&filter->rules[i], &data, arch))
			return filter->rules[i].action;
	return filter->default_action;
}

/* A call that some rule is about, with arguments near what the rules compare with. */
static void draw_input(const struct random_filter *filter, struct diagram_input *ret_input)
{
	unsigned arch = draw(ARCHES_MAX);
	uint32_t token = filter->arches[arch] ? filter->arches[arch] : filter->arches[0];
	struct seccomp_data data = {
		.nr = library_system()->resolve_name_arch(token, names[draw(NAMES)]),
		.arch = token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : token,
	};

	for (unsigned i = 0; i < 6; i++)
		data.args[i] = draw_value() + draw(3) - 1;
	if (filter->big_endian)
		prove_exchange_halves(&data);
	prove_data_to_input(&data, ret_input);
}

static void say_filter(const struct random_filter *filter)
{
	for (unsigned i = 0; i < ARCHES_MAX && filter->arches[i]; i++)
		print_message("arch %x\n", filter->arches[i]);
	for (unsigned i = 0; i < filter->rule_count; i++) {
		const struct random_rule *rule = &filter->rules[i];

		print_message("%x %s", rule->action, rule->name);
		for (unsigned j = 0; j < rule->count; j++)
			print_message(" %u:%u:%lx:%lx", rule->comparisons[j].arg, rule->comparisons[j].op,
				      rule->comparisons[j].datum_a, rule->comparisons[j].datum_b);
		print_message("\n");
	}
}

static void check_input(const struct random_filter *filter, const struct diagram *diagram, uint32_t root,
			const struct diagram_input *input)
{
	uint32_t promised = judge(filter, input), ours = diagram_evaluate(diagram, root, input);

	if (ours != promised)
		say_filter(filter);
	assert_int_equal(ours, promised);
}

/* Whether both libraries made the same filter. */
static bool run_once(void)
{
	struct diagram *diagram = diagram_new(0);
	struct random_filter filter;
	struct diagram_input input;
	uint32_t theirs, ours;

	assert_non_null(diagram);
	draw_filter(&filter);
	theirs = build(library_system(), &filter, diagram);
	ours = build(library_ours(), &filter, diagram);
	if (prove_witness(diagram, theirs, ours, &input))
		check_input(&filter, diagram, ours, &input);
	for (unsigned i = 0; i < INPUTS; i++) {
		draw_input(&filter, &input);
		check_input(&filter, diagram, ours, &input);
	}
	diagram_free(diagram);
	return theirs == ours;
}

static void random_filters_are_what_the_manual_promises(void **unused)
{
	const char *given = getenv("TEST_SEED");
	unsigned long seed = given ? strtoul(given, NULL, 0) : SEED_DEFAULT;
	unsigned equal = 0;

	NEED_SYSTEM_LIBRARY();
	print_message("TEST_SEED=%lu\n", seed);
	state = seed * 2 + 1;
	for (unsigned i = 0; i < RUNS; i++)
		equal += run_once();
	print_message("%u of %u the same; in the others the system's library strays\n", equal, RUNS);
	assert_true(equal > RUNS / 2);
}

UNIT_TESTS(test_compat_random, cmocka_unit_test(random_filters_are_what_the_manual_promises), )
