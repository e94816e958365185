#include "unit.h"

#include "base/cleanup.h"
#include "elf/module.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void free_module(struct module **module)
{
	module_free(*module);
}

#define cleanup_module cleanup(free_module)

/* The bytes of the C library's loader, which every test machine runs on. */
static uint8_t *read_loader(size_t *ret_size)
{
	cleanup_module struct module *module = NULL;
	uint8_t *bytes;

	assert_int_equal(module_open("/lib64/ld-linux-x86-64.so.2", &module, NULL), CALLGATE_OK);
	bytes = malloc(module->size);
	assert_non_null(bytes);
	memcpy(bytes, module->bytes, module->size);
	*ret_size = module->size;
	return bytes;
}

static void a_program_is_read_with_what_it_needs(void **state)
{
	cleanup_module struct module *module = NULL;
	struct callgate_error err;

	assert_int_equal(module_open("/bin/true", &module, &err), CALLGATE_OK);
	assert_true(module->is_executable);
	assert_true(module->is_position_free);
	assert_string_equal(module->interpreter, "/lib64/ld-linux-x86-64.so.2");
	assert_int_equal(module->needed.length, 1);
	assert_string_equal(module->needed.items[0], "libc.so.6");
	assert_true(module_is_code(module, module->entry));
	assert_true(module->frames.length > 10);
	assert_true(module->relocations.length > 10);
	assert_int_equal(module->build_id_size, 20);
}

static void a_symbol_is_found_by_its_version(void **state)
{
	cleanup_module struct module *module = NULL;
	size_t current;

	assert_int_equal(module_open("/lib/x86_64-linux-gnu/libc.so.6", &module, NULL), CALLGATE_OK);
	current = module_find_symbol(module, "pthread_cond_wait", NULL);
	assert_true(current != 0);
	assert_string_equal(module->dynamic_symbols.items[current].version, "GLIBC_2.3.2");
	assert_true(module_find_symbol(module, "pthread_cond_wait", "GLIBC_2.2.5") != 0);
	assert_true(module_find_symbol(module, "pthread_cond_wait", "GLIBC_2.2.5") != current);
	assert_int_equal(module_find_symbol(module, "pthread_cond_wait", "GLIBC_9"), 0);
}

static void a_signal_restorer_begins_where_it_decodes(void **state)
{
	static const uint8_t restorer[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 }; /* mov $15,%rax; syscall */
	cleanup_module struct module *module = NULL;
	size_t found = 0;

	assert_int_equal(module_open("/lib/x86_64-linux-gnu/libc.so.6", &module, NULL), CALLGATE_OK);
	for (size_t i = 0; i < module->frames.length; i++) {
		const struct module_frame *frame = &module->frames.items[i];
		const uint8_t *code = module_bytes(module, frame->start, sizeof(restorer));

		if (frame->is_signal_frame && code && memcmp(code, restorer, sizeof(restorer)) == 0)
			found++;
	}
	assert_int_equal(found, 1);
}

static void frames_are_in_order_and_apart(void **state)
{
	cleanup_module struct module *module = NULL;

	assert_int_equal(module_open("/lib/x86_64-linux-gnu/libc.so.6", &module, NULL), CALLGATE_OK);
	for (size_t i = 1; i < module->frames.length; i++)
		assert_true(module->frames.items[i - 1].end <= module->frames.items[i].start);
}

static void what_is_no_module_is_refused_by_name(void **state)
{
	char folder[] = "/tmp/callgate-elf-XXXXXX", path[64];
	struct module *module = NULL;
	struct callgate_error err;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(module_open(folder, &module, &err), CALLGATE_E_NOT_EXECUTABLE);
	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(module_open(path, &module, &err), CALLGATE_E_NOT_EXECUTABLE);
	unlink(path);
	rmdir(folder);
	assert_int_equal(module_open(path, &module, &err), CALLGATE_E_OS);
	assert_int_equal(module_parse("text", (const uint8_t *)"#!/bin/sh\n", 10, &module, &err),
			 CALLGATE_E_UNSUPPORTED);
	assert_null(module);
}

static void another_machine_is_refused_by_name(void **state)
{
	size_t size;
	cleanup_free uint8_t *bytes = read_loader(&size);
	struct module *module = NULL;
	struct callgate_error err;

	bytes[EI_NIDENT + 2] = EM_RISCV;
	bytes[EI_NIDENT + 3] = 0;
	assert_int_equal(module_parse("other", bytes, size, &module, &err), CALLGATE_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "RISC-V"));
	assert_null(module);
}

static void a_file_cut_off_anywhere_is_refused_or_read(void **state)
{
	size_t size;
	cleanup_free uint8_t *bytes = read_loader(&size);

	for (size_t cut = 0; cut < size; cut = cut * 5 / 4 + 1) {
		cleanup_module struct module *module = NULL;
		cleanup_free uint8_t *copy = malloc(cut ? cut : 1);

		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		module_parse("cut", copy, cut, &module, NULL);
	}
}

static void a_file_that_is_cut_afterwards_stays_what_it_was(void **state)
{
	char folder[] = "/tmp/callgate-elf-XXXXXX", path[64];
	cleanup_module struct module *module = NULL;
	cleanup_free uint8_t *bytes = NULL;
	size_t size;
	FILE *file;

	bytes = read_loader(&size);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/module", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(module_open(path, &module, NULL), CALLGATE_OK);
	assert_int_equal(truncate(path, 0), 0);
	assert_memory_equal(module->bytes, bytes, size);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		cleanup_module struct module *module = NULL;
		int status = module_open("/bin/true", &module, NULL);

		assert_true(status == CALLGATE_OK || (status != CALLGATE_OK && !module));
	});
}

UNIT_TESTS(test_elf_module, cmocka_unit_test(a_program_is_read_with_what_it_needs),
	   cmocka_unit_test(a_symbol_is_found_by_its_version),
	   cmocka_unit_test(a_signal_restorer_begins_where_it_decodes), cmocka_unit_test(frames_are_in_order_and_apart),
	   cmocka_unit_test(what_is_no_module_is_refused_by_name), cmocka_unit_test(another_machine_is_refused_by_name),
	   cmocka_unit_test(a_file_cut_off_anywhere_is_refused_or_read),
	   cmocka_unit_test(a_file_that_is_cut_afterwards_stays_what_it_was),
	   cmocka_unit_test(every_allocation_may_fail))
