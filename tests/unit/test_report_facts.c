#include "unit.h"

#include "report/facts.h"

#include <ctype.h>
#include <string.h>

/* Every word of the list is a syscall. */
static void assert_syscalls(const char *words)
{
	char name[64];

	while (*words) {
		size_t length = strcspn(words, " ");

		assert_in_range(length, 1, sizeof(name) - 1);
		memcpy(name, words, length);
		name[length] = '\0';
		if (!abi_syscall_by_name(name))
			fail_msg("no syscall is called '%s'", name);
		words += length + (words[length] == ' ');
	}
}

static void every_name_in_the_tables_is_a_syscall(void **state)
{
#define GROUP(heading, syscalls) assert_syscalls(syscalls);
#include "report/groups.def"
#undef GROUP
#define RISK(level, why, syscalls) assert_syscalls(syscalls);
#include "report/risks.def"
#undef RISK
	for (size_t i = 0; i < facts_cve_count(); i++)
		assert_syscalls(facts_cve_at(i)->syscalls);
}

static void a_call_has_one_group(void **state)
{
	for (size_t i = 0; i < abi_syscall_count(); i++) {
		size_t rows = 0;

#define GROUP(heading, syscalls) rows += facts_lists(syscalls, abi_syscall_at(i)->name);
#include "learn/groups.def"
#include "report/groups.def"
#undef GROUP
		if (rows > 1)
			fail_msg("'%s' stands in %zu groups", abi_syscall_at(i)->name, rows);
	}
	assert_string_equal(facts_group(abi_syscall_by_name("openat")), "files");
	assert_string_equal(facts_group(abi_syscall_by_name("bpf")), "kernel and machine");
	assert_string_equal(facts_group(abi_syscall_by_name("vserver")), "other");
}

static void a_call_has_one_risk(void **state)
{
	const char *why;

	for (size_t i = 0; i < abi_syscall_count(); i++) {
		size_t rows = 0;

#define RISK(level, why, syscalls) rows += facts_lists(syscalls, abi_syscall_at(i)->name);
#include "report/risks.def"
#undef RISK
		if (rows > 1)
			fail_msg("'%s' stands in %zu risks", abi_syscall_at(i)->name, rows);
	}
	assert_int_equal(facts_risk(abi_syscall_by_name("bpf"), &why), FACTS_KERNEL);
	assert_int_equal(facts_risk(abi_syscall_by_name("ptrace"), &why), FACTS_HIGH);
	assert_int_equal(facts_risk(abi_syscall_by_name("getpid"), &why), FACTS_LOW);
	assert_string_equal(why, "");
}

static bool is_commit(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return length == 12;
}

static void a_hole_is_whole_and_stands_there_once(void **state)
{
	for (size_t i = 0; i < facts_cve_count(); i++) {
		const struct facts_cve *cve = facts_cve_at(i);

		assert_int_equal(strncmp(cve->id, "CVE-", 4), 0);
		assert_true(is_commit(cve->source));
		assert_true(isdigit((unsigned char)*cve->until));
		assert_in_range(strlen(cve->what), 10, 100);
		assert_true(cve->argument < 6);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(cve->id, facts_cve_at(j)->id);
	}
}

static void words_are_found_whole(void **state)
{
	assert_true(facts_lists("open openat", "open"));
	assert_true(facts_lists("openat2 openat", "openat"));
	assert_false(facts_lists("openat2", "openat"));
	assert_false(facts_lists("", "openat"));
}

UNIT_TESTS(test_report_facts, cmocka_unit_test(every_name_in_the_tables_is_a_syscall),
	   cmocka_unit_test(a_call_has_one_group), cmocka_unit_test(a_call_has_one_risk),
	   cmocka_unit_test(a_hole_is_whole_and_stands_there_once), cmocka_unit_test(words_are_found_whole), )
