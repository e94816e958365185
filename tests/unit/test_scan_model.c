/* Rows of models.def name what is there: a word that is misspelt would silently say less, or too much. */
#include "unit.h"

#include "abi/abi.h"
#include "base/cleanup.h"
#include "elf/module.h"
#include "scan/model.h"

#include <string.h>

static void free_module(struct module **module)
{
	module_free(*module);
}

static void check_syscalls(const char *at)
{
	char name[64];

	while (model_word(&at, name, sizeof(name)))
		if (!abi_syscall_by_name(name))
			fail_msg("there is no syscall '%s'", name);
}

static void every_syscall_of_a_row_exists(void **state)
{
	for (size_t i = 0; i < model_count; i++) {
		if (models[i].kind == MODEL_IS_HANDLER || models[i].kind == MODEL_IS_NUMBERS)
			check_syscalls(models[i].words);
		if (models[i].kind == MODEL_IS_NEVER || models[i].kind == MODEL_IS_CALLS_WITH)
			check_syscalls(models[i].prefix);
	}
}

static void the_c_library_exports_every_function_that_lets_it_make_a_call(void **state)
{
	cleanup(free_module) struct module *module = NULL;
	struct model_request request;

	assert_int_equal(module_open("/lib/x86_64-linux-gnu/libc.so.6", &module, NULL), CALLGATE_OK);
	for (size_t row = model_find("libc.so.6", MODEL_IS_CALLS_WITH, 0); row < model_count;
	     row = model_find("libc.so.6", MODEL_IS_CALLS_WITH, row + 1))
		for (const char *at = models[row].words; model_next_request(&at, &request);)
			if (module_find_symbol(module, request.name, NULL) == 0)
				fail_msg("libc.so.6 does not export '%s'", request.name);
}

static void rows_are_of_the_versions_that_they_were_tried_on(void **state)
{
	static const char *const paths[] = { "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2" };
	static const char words[] = "stable release version ";

	for (int i = 0; i < 2; i++) {
		cleanup(free_module) struct module *module = NULL;
		cleanup(free_module) struct module *other = NULL;
		cleanup_free uint8_t *bytes = NULL;
		uint8_t *version;

		assert_int_equal(module_open(paths[i], &module, NULL), CALLGATE_OK);
		bytes = malloc(module->size);
		assert_non_null(bytes);
		memcpy(bytes, module->bytes, module->size);
		version = memmem(bytes, module->size, words, strlen(words));
		assert_non_null(version);
		assert_int_equal(model_is_tried(module), memcmp(version + strlen(words), "2.36.", 5) == 0);
		memcpy(version + strlen(words), "9.99.", 5);
		assert_int_equal(module_parse("other", bytes, module->size, &other, NULL), CALLGATE_OK);
		assert_false(model_is_tried(other));
	}
}

static void a_library_of_no_known_version_is_taken_by_its_name(void **state)
{
	cleanup(free_module) struct module *module = NULL;

	assert_int_equal(module_open("/bin/true", &module, NULL), CALLGATE_OK);
	assert_true(model_is_tried(module));
}

static void a_word_is_found_whole(void **state)
{
	assert_true(model_has_word("setsid setpgid", "setsid"));
	assert_true(model_has_word("setsid setpgid", "setpgid"));
	assert_false(model_has_word("setsid setpgid", "setpg"));
	assert_false(model_has_word("setpgid", "pgid"));
	assert_true(model_has_word("setpgid pgid", "pgid"));
	assert_false(model_has_word("", "setsid"));
}

static void a_request_may_be_about_an_argument(void **state)
{
	const char *at = "setsid flags(1&0x80)  bits(2&3) number(0=84)";
	struct model_request request;

	assert_true(model_next_request(&at, &request));
	assert_string_equal(request.name, "setsid");
	assert_int_equal(request.bits, 0);
	assert_true(model_next_request(&at, &request));
	assert_string_equal(request.name, "flags");
	assert_int_equal(request.argument, 1);
	assert_int_equal(request.bits, 0x80);
	assert_true(model_next_request(&at, &request));
	assert_int_equal(request.argument, 2);
	assert_int_equal(request.bits, 3);
	assert_false(request.is_number);
	assert_true(model_next_request(&at, &request));
	assert_string_equal(request.name, "number");
	assert_int_equal(request.argument, 0);
	assert_int_equal(request.bits, 84);
	assert_true(request.is_number);
	assert_false(model_next_request(&at, &request));
}

UNIT_TESTS(test_scan_model, cmocka_unit_test(a_request_may_be_about_an_argument),
	   cmocka_unit_test(every_syscall_of_a_row_exists),
	   cmocka_unit_test(the_c_library_exports_every_function_that_lets_it_make_a_call),
	   cmocka_unit_test(rows_are_of_the_versions_that_they_were_tried_on),
	   cmocka_unit_test(a_library_of_no_known_version_is_taken_by_its_name),
	   cmocka_unit_test(a_word_is_found_whole), )
