/*
 * The same calls to the system's libseccomp and to ours: they return the same, and the filters that come out are the
 * same function.
 */
#include "library.h"
#include "rules.h"
#include "unit.h"

#include "base/cleanup.h"
#include "prove/prove.h"

#include <string.h>

enum { ARCHES = 4, RULES = 8 };

struct case_rule {
	uint32_t action; /* 0 with no name: there are no more */
	const char *name;
	unsigned count;
	struct scmp_arg_cmp comparisons[6];
};

struct filter_case {
	const char *says;
	uint32_t default_action;
	uint32_t arches[ARCHES]; /* 0: no more; the native one alone when there is none */
	struct case_rule rules[RULES];
	uint32_t bad_arch; /* 0: not set */
	bool big_endian, exact, skip;
};

/* clang-format off */
#define IF(...) sizeof((struct scmp_arg_cmp[]){ __VA_ARGS__ }) / sizeof(struct scmp_arg_cmp), { __VA_ARGS__ }
#define ARG(arg, op, ...) { arg, SCMP_CMP_##op, __VA_ARGS__ }
#define NATIVE { 0 }
#define X86_ALL { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32 }
#define KILL SCMP_ACT_KILL
#define ALLOW SCMP_ACT_ALLOW
#define ERRNO(n) SCMP_ACT_ERRNO(n)

static const struct filter_case cases[] = {
	{ "no rule", KILL, NATIVE, { { 0 } } },
	{ "allowed by default", ALLOW, NATIVE, { { ERRNO(1), "open" }, { KILL, "ptrace" } } },
	{ "every action", ERRNO(38), NATIVE,
	  { { ALLOW, "read" }, { SCMP_ACT_TRAP, "write" }, { SCMP_ACT_TRACE(77), "open" }, { SCMP_ACT_LOG, "close" },
	    { SCMP_ACT_KILL_PROCESS, "stat" }, { SCMP_ACT_NOTIFY, "lstat" }, { ERRNO(4094), "poll" },
	    { KILL, "lseek" } } },
	{ "another bad-arch action", KILL, X86_ALL, { { ALLOW, "open" } }, .bad_arch = SCMP_ACT_TRAP },
	{ "x86-64 with a bad-arch action takes x32 for one", KILL, NATIVE, { { ALLOW, "open" } },
	  .bad_arch = ERRNO(9) },
	{ "x32 alone", KILL, { SCMP_ARCH_X32 }, { { ALLOW, "open" }, { ALLOW, "readv" } } },
	{ "calls that some arch lacks", KILL, X86_ALL,
	  { { ALLOW, "waitpid" }, { ALLOW, "arch_prctl" }, { ALLOW, "mmap2" }, { ALLOW, "chown32" } } },
	{ "socketcall and ipc", KILL, X86_ALL,
	  { { ALLOW, "socket" }, { ERRNO(2), "shmat" }, { ALLOW, "send" }, { ERRNO(3), "semtimedop" },
	    { ALLOW, "accept" }, { ALLOW, "recvmmsg" } } },
	{ "socketcall itself takes in what it carries", KILL, X86_ALL,
	  { { ALLOW, "socket" }, { ERRNO(3), "socketcall" }, { ERRNO(4), "connect" } } },
	{ "a carried call with comparisons", KILL, X86_ALL,
	  { { ALLOW, "socket", IF(ARG(0, EQ, 1)) }, { ALLOW, "socket", IF(ARG(0, EQ, 2)) },
	    { ALLOW, "shmget", IF(ARG(0, EQ, 2)) } } },
	{ "a carried call with two actions is refused", KILL, { SCMP_ARCH_X86 },
	  { { ALLOW, "socket", IF(ARG(0, EQ, 1)) }, { ERRNO(1), "socket", IF(ARG(0, EQ, 2)) } } },
	{ "aarch64", KILL, { SCMP_ARCH_AARCH64 }, { { ALLOW, "openat", IF(ARG(2, MASKED_EQ, 3, 0)) } } },
	{ "arm and riscv64", KILL, { SCMP_ARCH_ARM, SCMP_ARCH_RISCV64 },
	  { { ALLOW, "openat", IF(ARG(0, GT, 0x100000002)) } } },
	{ "mips64el", KILL, { SCMP_ARCH_MIPSEL64 }, { { ALLOW, "openat", IF(ARG(0, LE, 0x1ffffffff)) } } },
	{ "ppc64le", KILL, { SCMP_ARCH_PPC64LE }, { { ALLOW, "socket" }, { ALLOW, "shmat" }, { ALLOW, "openat" } } },
	{ "s390x", KILL, { SCMP_ARCH_S390X },
	  { { ALLOW, "socket" }, { ERRNO(2), "shmat" }, { ALLOW, "open", IF(ARG(0, EQ, 0x100000002)) },
	    { ALLOW, "write", IF(ARG(1, GT, 0x100000002), ARG(2, LE, 0x200000001)) },
	    { ALLOW, "read", IF(ARG(1, MASKED_EQ, 0xff000000ff, 0x1200000034)) } }, .big_endian = true },
	{ "two big-endian arches", KILL, { SCMP_ARCH_S390X, SCMP_ARCH_PPC64 },
	  { { ALLOW, "open" }, { ALLOW, "fcntl", IF(ARG(1, LT, 7)) } }, .big_endian = true },
	{ "mips, o32", KILL, { SCMP_ARCH_MIPS },
	  { { ALLOW, "socket" }, { ERRNO(2), "shmat" }, { ALLOW, "mmap", IF(ARG(2, MASKED_EQ, 4, 0)) },
	    { ALLOW, "open", IF(ARG(0, LE, 0x1ffffffff)) } }, .big_endian = true },
	{ "mipsel, o32 and both n64 and n32", KILL, { SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32 },
	  { { ALLOW, "openat", IF(ARG(0, LE, 0x1ffffffff)) }, { ALLOW, "socket", IF(ARG(0, EQ, 0x100000001)) } } },
	{ "mips64, n64 and n32", KILL, { SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32 },
	  { { ALLOW, "read", IF(ARG(2, GT, 0x100000002)) }, { ERRNO(4), "lseek", IF(ARG(1, EQ, 0x100000001)) } },
	  .big_endian = true },
	{ "ppc and ppc64", KILL, { SCMP_ARCH_PPC, SCMP_ARCH_PPC64 },
	  { { ALLOW, "connect" }, { ERRNO(3), "semop" }, { ALLOW, "write", IF(ARG(1, GE, 0x100000002)) } },
	  .big_endian = true },
	{ "s390 beside s390x", KILL, { SCMP_ARCH_S390, SCMP_ARCH_S390X },
	  { { ALLOW, "accept4" }, { ERRNO(2), "msgget" }, { ALLOW, "chown", IF(ARG(1, EQ, 0x100000002)) },
	    { ALLOW, "clone", IF(ARG(1, MASKED_EQ, 0x7e020000, 0)) } }, .big_endian = true },
	{ "parisc and parisc64", KILL, { SCMP_ARCH_PARISC, SCMP_ARCH_PARISC64 },
	  { { ALLOW, "socket" }, { ERRNO(2), "shmat" }, { ALLOW, "open", IF(ARG(1, NE, 0x100000002)) } },
	  .big_endian = true },
	{ "every comparison of 64 bits", KILL, X86_ALL,
	  { { ALLOW, "read", IF(ARG(0, NE, 0x100000002)) }, { ALLOW, "write", IF(ARG(1, LT, 0x100000002)) },
	    { ALLOW, "open", IF(ARG(2, LE, 0x100000002)) }, { ALLOW, "close", IF(ARG(3, EQ, 0x100000002)) },
	    { ALLOW, "stat", IF(ARG(4, GE, 0x100000002)) }, { ALLOW, "lstat", IF(ARG(5, GT, 0x100000002)) } } },
	{ "edges of 64 bits", KILL, NATIVE,
	  { { ALLOW, "read", IF(ARG(0, GT, 0xffffffff)) }, { ALLOW, "write", IF(ARG(1, GE, 0x100000000)) },
	    { ALLOW, "open", IF(ARG(2, LE, 0)) }, { ALLOW, "close", IF(ARG(3, EQ, UINT64_MAX)) },
	    { ALLOW, "stat", IF(ARG(4, LT, UINT64_MAX)) }, { ALLOW, "lstat", IF(ARG(5, NE, 0)) } } },
	{ "masks", ERRNO(1), X86_ALL,
	  { { ALLOW, "clone", IF(ARG(0, MASKED_EQ, 0x7e020000, 0)) },
	    { ALLOW, "personality", IF(ARG(0, MASKED_EQ, 0xffffffff0000ffff, 0x100000008)) },
	    { ALLOW, "open", IF(ARG(1, MASKED_EQ, 3, 7)) }, { ALLOW, "read", IF(ARG(1, MASKED_EQ, 0, 0)) } } },
	{ "all six arguments", KILL, X86_ALL,
	  { { ALLOW, "open", IF(ARG(5, EQ, 5), ARG(4, EQ, 4), ARG(3, EQ, 3), ARG(2, EQ, 2), ARG(1, EQ, 1), ARG(0, EQ, 0)) } } },
	{ "a union of comparisons", ERRNO(1), NATIVE,
	  { { ALLOW, "personality", IF(ARG(0, EQ, 0)) }, { ALLOW, "personality", IF(ARG(0, EQ, 8)) },
	    { ALLOW, "personality", IF(ARG(0, EQ, 0x20000)) }, { ALLOW, "personality", IF(ARG(0, EQ, 0x20008)) },
	    { ALLOW, "personality", IF(ARG(0, EQ, 0xffffffff)) } } },
	{ "a rule without comparisons takes in the others", KILL, X86_ALL,
	  { { ALLOW, "open", IF(ARG(0, EQ, 1)) }, { ERRNO(1), "open" }, { ALLOW, "open", IF(ARG(1, EQ, 1)) },
	    { SCMP_ACT_TRAP, "open" } } },
	{ "two actions apart", KILL, NATIVE,
	  { { ALLOW, "socket", IF(ARG(0, EQ, 1)) }, { ERRNO(97), "socket", IF(ARG(0, EQ, 2)) } } },
	{ "the same comparisons with two actions are refused", KILL, NATIVE,
	  { { ALLOW, "open", IF(ARG(0, EQ, 1)) }, { ERRNO(1), "open", IF(ARG(0, EQ, 1)) } } },
	{ "the action that is the default is refused", KILL, NATIVE, { { KILL, "open" }, { ALLOW, "read" } } },
	{ "what no rule can mean is refused", KILL, NATIVE,
	  { { ERRNO(4095), "open" }, { SCMP_ACT_TRAP | 1, "open" }, { 0x12340000, "open" },
	    { ALLOW, "open", IF(ARG(6, EQ, 1)) }, { ALLOW, "open", IF(ARG(0, EQ, 1), ARG(0, EQ, 2)) },
	    { ALLOW, "open", 1, { { 0, 8, 1, 0 } } }, { ALLOW, "open", 7, { { 0 } } }, { ALLOW, "no_such_call" } } },
	{ "exact, of one arch", KILL, { SCMP_ARCH_X86 },
	  { { ERRNO(1), "connect" }, { ERRNO(1), "shmat" }, { ERRNO(1), "waitpid" }, { ALLOW, "open", IF(ARG(0, EQ, 1)) },
	    { ERRNO(2), "connect", IF(ARG(0, EQ, 1)) } }, .exact = true },
	{ "exact, of a call that the arch lacks", KILL, NATIVE, { { ALLOW, "waitpid" }, { ALLOW, "send" } }, .exact = true },
	{ "exact, of several arches", KILL, X86_ALL, { { ALLOW, "open" } }, .exact = true },
	{ "the call that a tracer skips", ERRNO(1), NATIVE, { { ALLOW, NULL } }, .skip = true },
	{ "the call that a tracer skips, on all", ERRNO(1), X86_ALL, { { ALLOW, NULL }, { ALLOW, "open" } }, .skip = true },
	{ "the call that a tracer skips, when it may not be", ERRNO(1), NATIVE, { { ALLOW, NULL } } },
};
/* clang-format on */

static int add_case_rule(const struct library *l, scmp_filter_ctx context, const struct case_rule *rule, bool exact)
{
	int number = rule->name ? l->resolve_name(rule->name) : -1;

	if (exact)
		return l->rule_add_exact_array(context, rule->action, number, rule->count, rule->comparisons);
	return l->rule_add_array(context, rule->action, number, rule->count, rule->comparisons);
}

/* The context, and what each rule returned. */
static scmp_filter_ctx build(const struct library *l, const struct filter_case *c, int ret_codes[RULES])
{
	scmp_filter_ctx context = l->init(c->default_action);

	assert_non_null(context);
	if (c->arches[0])
		assert_int_equal(l->arch_remove(context, SCMP_ARCH_NATIVE), 0);
	for (unsigned i = 0; i < ARCHES && c->arches[i]; i++)
		assert_int_equal(l->arch_add(context, c->arches[i]), 0);
	if (c->bad_arch)
		assert_int_equal(l->attr_set(context, SCMP_FLTATR_ACT_BADARCH, c->bad_arch), 0);
	if (c->skip)
		assert_int_equal(l->attr_set(context, SCMP_FLTATR_API_TSKIP, 1), 0);
	for (unsigned i = 0; i < RULES; i++)
		ret_codes[i] =
			c->rules[i].action || c->rules[i].name ? add_case_rule(l, context, &c->rules[i], c->exact) : 0;
	return context;
}

static void say_difference(struct diagram *diagram, uint32_t a, uint32_t b)
{
	struct diagram_input input;
	struct seccomp_data data;
	cleanup(buf_fini) struct buf text = { 0 };

	if (!prove_witness(diagram, a, b, &input))
		return;
	prove_input_to_data(&input, &data);
	prove_format_call(&data, &text);
	print_message("differ on %s (nr %d, arch %x): theirs %x, ours %x\n", buf_text(&text), data.nr, data.arch,
		      diagram_evaluate(diagram, a, &input), diagram_evaluate(diagram, b, &input));
}

static bool case_is_equal(const struct filter_case *c)
{
	const struct library *libraries[2] = { library_system(), library_ours() };
	struct diagram *diagram = diagram_new(0);
	uint32_t roots[2];
	int codes[2][RULES];
	bool equal;

	assert_non_null(diagram);
	for (unsigned i = 0; i < 2; i++) {
		scmp_filter_ctx context = build(libraries[i], c, codes[i]);

		roots[i] = library_meaning(libraries[i], context, c->big_endian, diagram);
		libraries[i]->release(context);
	}
	equal = roots[0] == roots[1] && memcmp(codes[0], codes[1], sizeof(codes[0])) == 0;
	for (unsigned i = 0; i < RULES; i++)
		if (codes[0][i] != codes[1][i])
			print_message("%s: rule %u: theirs %d, ours %d\n", c->says, i, codes[0][i], codes[1][i]);
	if (roots[0] != roots[1])
		print_message("%s:\n", c->says);
	say_difference(diagram, roots[0], roots[1]);
	diagram_free(diagram);
	return equal;
}

static void each_case_is_the_same_filter_with_both(void **state)
{
	bool equal = true;

	NEED_SYSTEM_LIBRARY();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		equal = case_is_equal(&cases[i]) && equal;
	assert_true(equal);
}

static enum scmp_compare file_operator(const char *op)
{
	if (strcmp(op, "SCMP_CMP_EQ") == 0)
		return SCMP_CMP_EQ;
	if (strcmp(op, "SCMP_CMP_LT") == 0)
		return SCMP_CMP_LT;
	return strcmp(op, "SCMP_CMP_GT") == 0 ? SCMP_CMP_GT : SCMP_CMP_MASKED_EQ;
}

static void add_file_rule(const struct library *l, scmp_filter_ctx context, const struct rule *rule)
{
	struct scmp_arg_cmp comparisons[6];
	int number = l->resolve_name(rule->name);

	if (number == __NR_SCMP_ERROR)
		return;
	for (unsigned i = 0; i < rule->condition_count; i++)
		comparisons[i] = (struct scmp_arg_cmp){ rule->conditions[i].arg, file_operator(rule->conditions[i].op),
							rule->conditions[i].value, rule->conditions[i].value2 };
	assert_int_equal(l->rule_add_array(context, rule->action, number, rule->condition_count, comparisons), 0);
}

/* Calls that the system's library does not know yet are left out of both. */
static uint32_t file_meaning(const struct library *l, const struct rules *rules, const uint32_t *arches,
			     struct diagram *diagram)
{
	scmp_filter_ctx context = l->init(rules->otherwise);
	uint32_t root;

	assert_non_null(context);
	for (; *arches; arches++)
		assert_int_equal(l->arch_add(context, *arches), 0);
	for (size_t i = 0; i < rules->length; i++)
		if (rules->items[i].action != rules->otherwise &&
		    library_system()->resolve_name(rules->items[i].name) != __NR_SCMP_ERROR)
			add_file_rule(l, context, &rules->items[i]);
	root = library_meaning(l, context, false, diagram);
	l->release(context);
	return root;
}

static void compare_file(const char *path, const uint32_t *arches)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct diagram *diagram = diagram_new(0);
	struct rules rules;
	uint32_t theirs, ours;

	assert_non_null(diagram);
	assert_true(rules_read(path, &arena, &rules));
	theirs = file_meaning(library_system(), &rules, arches, diagram);
	ours = file_meaning(library_ours(), &rules, arches, diagram);
	if (theirs != ours)
		print_message("%s:\n", path);
	say_difference(diagram, theirs, ours);
	assert_int_equal(theirs, ours);
	diagram_free(diagram);
}

static void real_policies_are_the_same_filter_with_both(void **state)
{
	static const uint32_t native[] = { 0 };
	static const uint32_t x86[] = { SCMP_ARCH_X86, SCMP_ARCH_X32, 0 };
	static const uint32_t arm[] = { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM, 0 };
	static const char *const files[] = { TEST_SOURCE_ROOT "/bench/policies/docker.rules",
					     TEST_SOURCE_ROOT "/bench/policies/vmm.rules",
					     TEST_SOURCE_ROOT "/bench/policies/vmm64.rules" };

	NEED_SYSTEM_LIBRARY();
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		compare_file(files[i], native);
		compare_file(files[i], x86);
		compare_file(files[i], arm);
	}
}

UNIT_TESTS(test_compat_equal, cmocka_unit_test(each_case_is_the_same_filter_with_both),
	   cmocka_unit_test(real_policies_are_the_same_filter_with_both), )
