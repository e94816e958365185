/*
 * Names, numbers, tokens and return codes: what the system's libseccomp says, ours says.
 */
#include "library.h"
#include "unit.h"

#include "abi/abi.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that the system's library knows. */
static const uint32_t arches[] = {
	SCMP_ARCH_X86_64,    SCMP_ARCH_X86,	    SCMP_ARCH_X32,    SCMP_ARCH_ARM,	  SCMP_ARCH_AARCH64,
	SCMP_ARCH_RISCV64,   SCMP_ARCH_PPC64LE,	    SCMP_ARCH_PPC64,  SCMP_ARCH_PPC,	  SCMP_ARCH_S390X,
	SCMP_ARCH_S390,	     SCMP_ARCH_MIPS64,	    SCMP_ARCH_MIPS,   SCMP_ARCH_MIPSEL,	  SCMP_ARCH_MIPSEL64,
	SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PARISC, SCMP_ARCH_PARISC64,
};

#define ARCHES (sizeof(arches) / sizeof(*arches))

static void tokens_have_the_same_names(void **state)
{
	static const char *const names[] = { "x86",	    "x86_64", "x32",	"arm",	    "aarch64", "mips",
					     "mips64",	    "ppc",    "ppc64",	"ppc64le",  "s390",    "s390x",
					     "mips64n32",   "mipsel", "parisc", "parisc64", "riscv64", "mipsel64",
					     "mipsel64n32", "i386",   "amd64",	"",	    "X86" };

	NEED_SYSTEM_LIBRARY();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(library_ours()->arch_resolve_name(names[i]),
				 library_system()->arch_resolve_name(names[i]));
	assert_int_equal(library_ours()->arch_resolve_name(NULL), 0);
	assert_int_equal(library_ours()->arch_native(), library_system()->arch_native());
}

/* arm's number 341 has two names, of which our tables have the one that other arches have too. */
static bool is_known_to_differ(uint32_t arch, int number)
{
	return arch == SCMP_ARCH_ARM && (number == 341 || number == __PNR_sync_file_range2);
}

/* A newer kernel's call is unknown to an older library. */
static void calls_have_the_same_numbers(void **state)
{
	unsigned compared = 0;

	NEED_SYSTEM_LIBRARY();
	for (size_t i = 0; i < abi_syscall_count(); i++) {
		const char *name = abi_syscall_at(i)->name;

		if (library_system()->resolve_name(name) == __NR_SCMP_ERROR)
			continue;
		for (size_t j = 0; j < ARCHES; j++) {
			if (is_known_to_differ(arches[j], library_ours()->resolve_name_arch(arches[j], name)))
				continue;
			assert_int_equal(library_ours()->resolve_name_arch(arches[j], name),
					 library_system()->resolve_name_arch(arches[j], name));
			assert_int_equal(library_ours()->resolve_name_rewrite(arches[j], name),
					 library_system()->resolve_name_rewrite(arches[j], name));
		}
		compared++;
	}
	assert_true(compared > 400);
}

static bool number_has_the_same_name(uint32_t arch, int number)
{
	char *theirs = library_system()->resolve_num_arch(arch, number);
	char *ours = library_ours()->resolve_num_arch(arch, number);
	/* A call may have got its number after the system's library was made. */
	bool same = theirs ? ours && strcmp(theirs, ours) == 0
			   : !ours || library_system()->resolve_name_arch(arch, ours) == __NR_SCMP_ERROR;

	same = same || is_known_to_differ(arch, number);
	if (!same)
		print_message("arch %x number %d: theirs %s, ours %s\n", arch, number, theirs ? theirs : "none",
			      ours ? ours : "none");
	free(theirs);
	free(ours);
	return same;
}

static void numbers_have_the_same_names(void **state)
{
	bool same = true;

	NEED_SYSTEM_LIBRARY();
	for (size_t i = 0; i < ARCHES; i++) {
		for (int number = -300; number < 600; number++)
			same = number_has_the_same_name(arches[i], number) && same;
		for (int number = -10260; number < -9990; number++)
			same = number_has_the_same_name(arches[i], number) && same;
		for (int number = 4000; number < 6500; number++)
			same = number_has_the_same_name(arches[i], number) && same;
	}
	assert_true(same);
}

static void what_is_no_context_is_refused(void **state)
{
	const struct library *l = library_ours();
	uint32_t value;

	assert_null(l->init(0x12340000));
	assert_int_equal(l->reset(NULL, 0x12340000), 0);
	assert_int_equal(l->api_set(6), 0); /* the reset forgot it */
	assert_int_equal(l->merge(NULL, NULL), -EINVAL);
	assert_int_equal(l->arch_add(NULL, SCMP_ARCH_X86), -EINVAL);
	assert_int_equal(l->arch_remove(NULL, SCMP_ARCH_X86), -EINVAL);
	assert_int_equal(l->arch_exist(NULL, SCMP_ARCH_X86), -EINVAL);
	assert_int_equal(l->attr_get(NULL, SCMP_FLTATR_CTL_NNP, &value), -EINVAL);
	assert_int_equal(l->attr_set(NULL, SCMP_FLTATR_CTL_NNP, 1), -EINVAL);
	assert_int_equal(l->rule_add_array(NULL, SCMP_ACT_ALLOW, 0, 0, NULL), -EINVAL);
	assert_int_equal(l->priority(NULL, 0, 1), -EINVAL);
	assert_int_equal(l->export_bpf(NULL, 1), -EINVAL);
	assert_int_equal(l->export_pfc(NULL, 1), -EINVAL);
	l->release(NULL);
}

/* One code for each call that a script of many makes. */
struct script {
	int codes[128];
	unsigned count;
};

static void note(struct script *script, int code)
{
	assert_true(script->count < sizeof(script->codes) / sizeof(*script->codes));
	script->codes[script->count++] = code;
}

static void run_arches(const struct library *l, struct script *script)
{
	static const uint32_t tokens[] = { SCMP_ARCH_X86_64, SCMP_ARCH_NATIVE, SCMP_ARCH_S390X, 77,
					   SCMP_ARCH_X86,    SCMP_ARCH_X86 };
	scmp_filter_ctx context = l->init(SCMP_ACT_KILL);

	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		note(script, l->arch_exist(context, tokens[i]));
		note(script, l->arch_add(context, tokens[i]));
	}
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++)
		note(script, l->arch_remove(context, tokens[i]));
	note(script, l->rule_add_array(context, SCMP_ACT_ALLOW, 0, 0, NULL));
	note(script, l->export_bpf(context, 1));
	note(script, l->priority(context, 0, 1));
	note(script, l->arch_add(context, SCMP_ARCH_S390X));
	note(script, l->arch_add(context, SCMP_ARCH_X86));
	note(script, l->arch_add(context, SCMP_ARCH_PPC64));
	note(script, l->reset(context, SCMP_ACT_ALLOW));
	note(script, l->reset(context, 0x12340000));
	note(script, l->arch_exist(context, SCMP_ARCH_NATIVE));
	note(script, l->export_bpf(context, -1));
	note(script, l->attr_set(context, SCMP_FLTATR_API_SYSRAWRC, 1));
	note(script, l->export_bpf(context, -1));
	note(script, l->export_pfc(context, -1));
	l->release(context);
}

static void run_attributes(const struct library *l, struct script *script)
{
	static const uint32_t values[] = { 0, 1, 2, 3, SCMP_ACT_TRAP, 0x12340000 };
	scmp_filter_ctx context = l->init(SCMP_ACT_KILL);

	for (int attribute = 0; attribute <= 9; attribute++)
		for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
			uint32_t value = 99;

			note(script, l->attr_set(context, (enum scmp_filter_attr)attribute, values[i]));
			l->attr_get(context, (enum scmp_filter_attr)attribute, &value);
			note(script, (int)value);
		}
	l->release(context);
}

static void run_levels(const struct library *l, struct script *script)
{
	for (unsigned level = 0; level <= 6; level++) {
		scmp_filter_ctx context = l->init(SCMP_ACT_KILL);

		note(script, l->api_set(level));
		note(script, (int)l->api_get());
		for (enum scmp_filter_attr a = SCMP_FLTATR_CTL_TSYNC; a <= SCMP_FLTATR_CTL_SSB; a++)
			note(script, l->attr_set(context, a, 1));
		note(script, l->rule_add_array(context, SCMP_ACT_NOTIFY, 0, 0, NULL));
		note(script, l->rule_add_array(context, SCMP_ACT_LOG, 1, 0, NULL));
		note(script, l->rule_add_array(context, SCMP_ACT_KILL_PROCESS, 2, 0, NULL));
		note(script, l->attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1));
		l->release(context);
	}
	note(script, l->api_set(6));
}

/* A context for one arch other than the native one. */
static scmp_filter_ctx foreign(const struct library *l, uint32_t arch)
{
	scmp_filter_ctx context = l->init(SCMP_ACT_KILL);

	assert_int_equal(l->arch_remove(context, SCMP_ARCH_NATIVE), 0);
	if (arch)
		assert_int_equal(l->arch_add(context, arch), 0);
	return context;
}

static void run_merges(const struct library *l, struct script *script)
{
	static const uint32_t others[] = { SCMP_ARCH_X86, SCMP_ARCH_X86_64, SCMP_ARCH_S390X, 0 };
	scmp_filter_ctx to = l->init(SCMP_ACT_KILL), from;

	note(script, l->merge(to, to));
	note(script, l->merge(to, NULL));
	from = foreign(l, SCMP_ARCH_X86);
	note(script, l->attr_set(from, SCMP_FLTATR_CTL_NNP, 0));
	note(script, l->merge(to, from));
	l->release(from);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		from = foreign(l, others[i]);
		note(script, l->merge(to, from));
		if (script->codes[script->count - 1])
			l->release(from);
	}
	note(script, l->arch_exist(to, SCMP_ARCH_X86));
	l->release(to);
}

static void run_numbers(const struct library *l, struct script *script)
{
	static const int numbers[] = { -1,     -2,     -50,    -99,  -100,	 -101,	   -109,
				       -10001, -10200, -99999, 9999, 0x40000005, 100000000 };

	for (unsigned with_x86 = 0; with_x86 < 2; with_x86++)
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
			scmp_filter_ctx context = l->init(SCMP_ACT_KILL);

			if (with_x86)
				assert_int_equal(l->arch_add(context, SCMP_ARCH_X86), 0);
			note(script, l->rule_add_array(context, SCMP_ACT_ALLOW, numbers[i], 0, NULL));
			note(script, l->rule_add_exact_array(context, SCMP_ACT_ALLOW, numbers[i], 0, NULL));
			if (!with_x86)
				note(script, l->priority(context, numbers[i], 3));
			l->release(context);
		}
}

static void compare_scripts(void (*run)(const struct library *, struct script *))
{
	struct script theirs = { 0 }, ours = { 0 };

	run(library_system(), &theirs);
	run(library_ours(), &ours);
	assert_int_equal(theirs.count, ours.count);
	for (unsigned i = 0; i < ours.count; i++)
		if (theirs.codes[i] != ours.codes[i])
			print_message("call %u: theirs %d, ours %d\n", i, theirs.codes[i], ours.codes[i]);
	assert_memory_equal(theirs.codes, ours.codes, sizeof(ours.codes));
}

static void calls_return_the_same(void **state)
{
	NEED_SYSTEM_LIBRARY();
	compare_scripts(run_arches);
	compare_scripts(run_attributes);
	compare_scripts(run_levels);
	compare_scripts(run_merges);
	compare_scripts(run_numbers);
}

static void rules_are_taken_as_arguments_too(void **state)
{
	const struct library *l = library_ours();
	scmp_filter_ctx contexts[2] = { l->init(SCMP_ACT_KILL), l->init(SCMP_ACT_KILL) };
	struct diagram *diagram = diagram_new(0);
	struct scmp_arg_cmp comparisons[] = { SCMP_A0(SCMP_CMP_EQ, 5), SCMP_A3(SCMP_CMP_GT, 1ull << 40) };

	assert_non_null(diagram);
	assert_int_equal(l->rule_add(contexts[0], SCMP_ACT_ALLOW, 0, 2, comparisons[0], comparisons[1]), 0);
	assert_int_equal(l->rule_add_array(contexts[1], SCMP_ACT_ALLOW, 0, 2, comparisons), 0);
	assert_int_equal(library_meaning(l, contexts[0], false, diagram),
			 library_meaning(l, contexts[1], false, diagram));
	diagram_free(diagram);
	l->release(contexts[0]);
	l->release(contexts[1]);
}

/* The public header's functions are all there, the core's are not to be seen. */
static void the_symbols_are_the_interface(void **state)
{
	static const char *const newer[] = { "seccomp_export_bpf_mem",
					     "seccomp_precompute",
					     "seccomp_transaction_start",
					     "seccomp_transaction_commit",
					     "seccomp_transaction_reject",
					     "seccomp_notify_alloc",
					     "seccomp_notify_free",
					     "seccomp_notify_receive",
					     "seccomp_notify_respond",
					     "seccomp_notify_id_valid",
					     "seccomp_notify_fd",
					     "seccomp_notify_addfd",
					     "seccomp_load",
					     "seccomp_version",
					     "seccomp_rule_add_exact" };
	static const char *const hidden[] = { "callgate_filter_compile", "diagram_new", "codegen_program",
					      "abi_syscall_by_name", "context_program" };

	for (size_t i = 0; i < sizeof(newer) / sizeof(*newer); i++)
		assert_non_null(dlsym(library_ours()->handle, newer[i]));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		assert_null(dlsym(library_ours()->handle, hidden[i]));
}

UNIT_TESTS(test_compat_interface, cmocka_unit_test(tokens_have_the_same_names),
	   cmocka_unit_test(calls_have_the_same_numbers), cmocka_unit_test(numbers_have_the_same_names),
	   cmocka_unit_test(what_is_no_context_is_refused), cmocka_unit_test(calls_return_the_same),
	   cmocka_unit_test(rules_are_taken_as_arguments_too), cmocka_unit_test(the_symbols_are_the_interface), )
