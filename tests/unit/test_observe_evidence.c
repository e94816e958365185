#include "unit.h"

#include "observe/evidence.h"

#include <stdio.h>
#include <string.h>

static const struct abi_syscall *named(const char *name)
{
	const struct abi_syscall *syscall = abi_syscall_by_name(name);

	assert_non_null(syscall);
	return syscall;
}

static int count(struct evidence *evidence, const char *program, const char *name, const uint64_t args[6],
		 const char *module, uint64_t offset, struct callgate_error *err)
{
	const struct abi_arch *arch = abi_arch_native();
	struct evidence_call call = { .args = args, .count = 1, .phase = EVIDENCE_START, .offset = offset };
	struct evidence_program *made_by;
	struct evidence_entry *entry;
	int status = evidence_program(evidence, program, "", &made_by, err);

	if (status == CALLGATE_OK && module)
		status = evidence_module(evidence, module, &call.module, err);
	if (status == CALLGATE_OK)
		status = evidence_entry(evidence, made_by, arch->audit, (uint32_t)named(name)->nr[arch->id], &entry,
					err);
	return status == CALLGATE_OK ? evidence_count(evidence, entry, &call, err) : status;
}

static void see(struct evidence *evidence, const char *program, const char *name, uint64_t a0, uint64_t a1, uint64_t a2)
{
	const uint64_t args[6] = { a0, a1, a2, 0, 0, 0 };

	assert_int_equal(count(evidence, program, name, args, "/lib/libc.so.6", 0x1234, NULL), CALLGATE_OK);
}

static void calls_are_counted_by_program_and_syscall(void **state)
{
	struct evidence *evidence = evidence_new();

	see(evidence, "/bin/a", "getppid", 0, 0, 0);
	see(evidence, "/bin/a", "getppid", 0, 0, 0);
	see(evidence, "/bin/b", "getppid", 0, 0, 0);
	assert_int_equal(evidence->calls, 3);
	assert_int_equal(evidence->programs.length, 2);
	assert_int_equal(evidence->entries.length, 2);
	assert_int_equal(evidence->entries.items[0]->count, 2);
	assert_int_equal(evidence->entries.items[0]->phases[EVIDENCE_START], 2);
	assert_int_equal(evidence->entries.items[0]->sites.length, 1);
	assert_int_equal(evidence->entries.items[0]->sites.items[0].count, 2);
	evidence_free(evidence);
}

static void a_time_is_found_by_its_power_of_two(void **state)
{
	struct evidence *evidence = evidence_new();
	struct evidence *merged = evidence_new();

	assert_int_equal(evidence_time_at(0), 0);
	assert_int_equal(evidence_time_at((1 << 20) - 1), 0);
	assert_int_equal(evidence_time_at(1 << 20), 1);
	assert_int_equal(evidence_time_at((1 << 21) - 1), 1);
	assert_int_equal(evidence_time_at(1 << 21), 2);
	assert_int_equal(evidence_time_at(UINT64_MAX), EVIDENCE_TIMES - 1);
	see(evidence, "/bin/a", "getppid", 0, 0, 0);
	assert_int_equal(evidence_count_now(evidence, evidence->entries.items[0], NULL), CALLGATE_OK);
	assert_true(evidence->began > 0);
	assert_int_equal(evidence_close_run(evidence, "trace", false, NULL), CALLGATE_OK);
	assert_int_equal(evidence->times.length, 0);
	assert_int_equal(evidence_merge(merged, evidence, NULL), CALLGATE_OK);
	evidence_free(evidence);
	assert_int_equal(merged->run_list.items[0].times.items[0].counts[0], 1);
	assert_ptr_equal(merged->run_list.items[0].times.items[0].syscall, named("getppid"));
	evidence_free(merged);
}

static void only_arguments_of_constants_and_standard_descriptors_are_kept(void **state)
{
	struct evidence *evidence = evidence_new();
	const struct evidence_entry *entry;

	see(evidence, "/bin/a", "openat", (uint64_t)-100, 0x7ffff000, 0x80000);
	entry = evidence->entries.items[0];
	assert_int_equal(entry->args[0].length, 0);
	assert_int_equal(entry->args[1].length, 0);
	assert_false(entry->args[1].many);
	assert_int_equal(entry->args[2].length, 1);
	assert_int_equal(entry->args[2].items[0].value, 0x80000);
	see(evidence, "/bin/a", "write", 2, 0x1000, 77);
	see(evidence, "/bin/a", "write", 9, 0x1000, 77);
	entry = evidence->entries.items[1];
	assert_int_equal(entry->args[0].length, 1);
	assert_int_equal(entry->args[0].items[0].value, 2);
	assert_true(entry->args[0].many);
	assert_int_equal(entry->args[2].length, 0);
	evidence_free(evidence);
}

/* ioctl's request is 32 bits in the kernel, whatever the register holds. */
static void values_are_what_the_kernel_reads(void **state)
{
	struct evidence *evidence = evidence_new();

	see(evidence, "/bin/a", "ioctl", 1, 0xffffffff00005401, 0);
	assert_int_equal(evidence->entries.items[0]->args[1].items[0].value, 0x5401);
	evidence_free(evidence);
}

static void too_many_values_and_sites_are_said_to_be_many(void **state)
{
	const uint64_t args[6] = { 1, 0, 0, 0, 0, 0 };
	struct evidence *evidence = evidence_new();
	const struct evidence_entry *entry;

	for (unsigned i = 0; i < EVIDENCE_VALUES_MAX + 5; i++)
		see(evidence, "/bin/a", "ioctl", 1, i, 0);
	entry = evidence->entries.items[0];
	assert_int_equal(entry->count, EVIDENCE_VALUES_MAX + 5);
	assert_int_equal(entry->args[1].length, EVIDENCE_VALUES_MAX);
	assert_true(entry->args[1].many);
	assert_false(entry->sites_many);
	for (unsigned i = 0; i < EVIDENCE_SITES_MAX + 5; i++)
		assert_int_equal(count(evidence, "/bin/a", "ioctl", args, "/bin/a", i, NULL), CALLGATE_OK);
	assert_int_equal(entry->sites.length, EVIDENCE_SITES_MAX);
	assert_true(entry->sites_many);
	evidence_free(evidence);
}

static void a_number_without_a_name_is_counted_too(void **state)
{
	struct evidence *evidence = evidence_new();
	struct evidence_program *program;
	struct evidence_entry *entry;
	char name[32];

	assert_int_equal(evidence_program(evidence, "/bin/a", "", &program, NULL), CALLGATE_OK);
	assert_int_equal(evidence_entry(evidence, program, abi_arch_native()->audit, 4242, &entry, NULL), CALLGATE_OK);
	assert_null(entry->syscall);
	evidence_entry_name(entry, name, sizeof(name));
	assert_string_equal(name, "syscall_4242");
	assert_int_equal(evidence_entry(evidence, program, 0xdead, 1, &entry, NULL), CALLGATE_OK);
	assert_null(entry->arch);
	evidence_free(evidence);
}

static void programs_beyond_the_limit_fail(void **state)
{
	struct evidence *evidence = evidence_new();
	struct evidence_program *program;
	struct callgate_error err;
	char path[32];

	for (int i = 0; i < EVIDENCE_PROGRAMS_MAX; i++) {
		snprintf(path, sizeof(path), "/bin/%d", i);
		assert_int_equal(evidence_program(evidence, path, "", &program, &err), CALLGATE_OK);
	}
	assert_int_equal(evidence_program(evidence, "/bin/more", "", &program, &err), CALLGATE_E_LIMIT);
	evidence_free(evidence);
}

static void merged_runs_add_up(void **state)
{
	struct evidence *first = evidence_new(), *second = evidence_new();

	see(first, "/bin/a", "getppid", 0, 0, 0);
	see(first, "/bin/a", "ioctl", 1, 0x5401, 0);
	evidence_close_run(first, "trace", false, NULL);
	see(second, "/bin/a", "ioctl", 1, 0x5413, 0);
	evidence_close_run(second, "trace", false, NULL);
	assert_int_equal(evidence_merge(first, second, NULL), CALLGATE_OK);
	assert_int_equal(first->run_list.length, 2);
	assert_int_equal(first->calls, 3);
	assert_int_equal(first->entries.items[0]->seen.runs, 1);
	assert_int_equal(first->entries.items[1]->seen.runs, 2);
	assert_int_equal(first->entries.items[1]->count, 2);
	assert_int_equal(first->entries.items[1]->args[1].length, 2);
	assert_int_equal(first->entries.items[1]->sites.length, 1);
	evidence_free(first);
	evidence_free(second);
}

static void every_allocation_may_fail(void **state)
{
	static const uint64_t args[6] = { 1, 2, 3, 0, 0, 0 };

	FOR_EACH_ALLOCATION({
		struct evidence *evidence = evidence_new();
		struct evidence *other = evidence_new();

		if (evidence && other) {
			int status = count(evidence, "/bin/a", "ioctl", args, "/bin/a", 1, NULL);

			if (status == CALLGATE_OK)
				status = count(other, "/bin/b", "fcntl", args, "/bin/b", 2, NULL);
			if (status == CALLGATE_OK)
				status = evidence_merge(evidence, other, NULL);
			assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		}
		evidence_free(evidence);
		evidence_free(other);
	});
}

UNIT_TESTS(test_observe_evidence, cmocka_unit_test(calls_are_counted_by_program_and_syscall),
	   cmocka_unit_test(a_time_is_found_by_its_power_of_two),
	   cmocka_unit_test(only_arguments_of_constants_and_standard_descriptors_are_kept),
	   cmocka_unit_test(values_are_what_the_kernel_reads),
	   cmocka_unit_test(too_many_values_and_sites_are_said_to_be_many),
	   cmocka_unit_test(a_number_without_a_name_is_counted_too), cmocka_unit_test(programs_beyond_the_limit_fail),
	   cmocka_unit_test(merged_runs_add_up), cmocka_unit_test(every_allocation_may_fail), )
