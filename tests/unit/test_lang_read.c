/*
 * Reading policies: what the table tests cannot say because it is not about one text in memory.
 */
#include "unit.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "lang/lang.h"
#include "lang/lex.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct callgate_policy_options options = { .group_folder = TEST_SOURCE_ROOT "/policies" };

static const char whole[] =
	"kernel 6.1\n"
	"arch x86_64, aarch64\n"
	"default kill-process\n"
	"newer errno ENOSYS\n"
	"include \"@base\"\n"
	"allow openat, openat2 # a comment\n"
	"allow socket if domain in {AF_UNIX, AF_INET} and not (type & SOCK_NONBLOCK or protocol == 0)\n"
	"notify connect via network { allow tcp 127.0.0.1:5432; allow unix \"/run/x\"; deny \"**\" errno EPERM }\n"
	"notify execve once\n"
	"errno ENOSYS clone3\n";

static int parse(const char *text, size_t length, struct callgate_error *err)
{
	struct callgate_policy *policy = NULL;
	int status = callgate_policy_parse("test.policy", text, length, &options, &policy, err);

	if (status)
		assert_null(policy);
	callgate_policy_free(policy);
	return status;
}

static void a_failing_allocation_fails_the_policy(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_error err = { 0 };
		int status = parse(whole, sizeof(whole) - 1, &err);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		assert_int_equal(err.status, status);
	});
}

static void every_prefix_is_a_policy_or_an_error_with_a_place(void **state)
{
	for (size_t length = 0; length < sizeof(whole); length++) {
		struct callgate_error err = { 0 };

		if (parse(whole, length, &err)) {
			assert_in_range(err.line, 1, 11);
			assert_true(err.col > 0);
			assert_true(err.message[0]);
			assert_string_equal(err.file, "test.policy");
		}
	}
}

static void every_damaged_byte_is_survived(void **state)
{
	char text[sizeof(whole)];

	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct callgate_error err = { 0 };

			memcpy(text, whole, sizeof(whole));
			text[i] ^= (char)(1u << bit);
			parse(text, sizeof(whole) - 1, &err);
		}
	}
}

static void a_line_of_many_megabytes_is_refused(void **state)
{
	size_t length = (size_t)100 << 20;
	cleanup_free char *text = malloc(length);
	struct callgate_error err = { 0 };

	assert_non_null(text);
	memset(text, 'a', length);
	assert_int_equal(parse(text, length, &err), CALLGATE_E_LIMIT);
	assert_int_equal(parse(text, LEX_FILE_MAX, &err), CALLGATE_E_LIMIT);
	assert_int_equal(err.line, 1);
}

static void nesting_has_a_limit(void **state)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err = { 0 };

	buf_puts(&text, "kernel 6.1\ndefault allow\nlog getpid if ");
	for (unsigned i = 0; i < 30000; i++)
		buf_putc(&text, '(');
	assert_int_equal(parse(text.data, text.length, &err), CALLGATE_E_LIMIT);
	text.length = 0;
	buf_puts(&text, "kernel 6.1\ndefault allow\nlog getpid if arg0 == 1");
	for (unsigned i = 0; i < 30000; i++)
		buf_puts(&text, "\nor arg0 == 1");
	assert_int_equal(parse(text.data, text.length, &err), CALLGATE_E_LIMIT);
	text.length = 0;
	buf_puts(&text, "kernel 6.1\ndefault allow\nlog getpid if arg0 == ");
	for (unsigned i = 0; i < 30000; i++)
		buf_putc(&text, '~');
	assert_int_equal(parse(text.data, text.length, &err), CALLGATE_E_LIMIT);
}

static void random_bytes_are_an_error(void **state)
{
	unsigned char text[4096];
	uint64_t seed = 88172645463325252u;

	for (unsigned round = 0; round < 200; round++) {
		struct callgate_error err = { 0 };

		for (size_t i = 0; i < sizeof(text); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			text[i] = (unsigned char)(seed >> 32);
		}
		assert_int_not_equal(parse((const char *)text, sizeof(text), &err), CALLGATE_OK);
	}
}

static void ten_thousand_rules_are_a_policy(void **state)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err = { 0 };

	buf_puts(&text, "kernel 6.1\ndefault kill-process\n");
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(&text, "allow openat, getpid if arg%u == %u\n", i % 6, i);
	assert_int_equal(parse(text.data, text.length, &err), CALLGATE_OK);
}

struct folder {
	char path[64];
};

static void folder_open(struct folder *folder)
{
	strcpy(folder->path, "/tmp/callgate-test-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

static void folder_write(const struct folder *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int folder_read(const struct folder *folder, const char *name, struct callgate_policy **ret_policy,
		       struct callgate_error *err)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return callgate_policy_read(path, &options, ret_policy, err);
}

static void folder_remove(const struct folder *folder, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	unlink(path);
}

static void an_include_is_found_beside_the_file_that_names_it(void **state)
{
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	struct folder folder;

	folder_open(&folder);
	folder_write(&folder, "a.policy",
		     "kernel 6.1\ndefault kill-process\nallow read\ninclude \"b.policy\"\nallow close\n");
	folder_write(&folder, "b.policy", "allow write\n");
	assert_int_equal(folder_read(&folder, "a.policy", &policy, &err), CALLGATE_OK);
	assert_int_equal(policy->policy->rules.length, 3);
	assert_string_equal(policy->policy->rules.items[1].names[0].syscall->name, "write");
	assert_int_equal(policy->policy->rules.items[1].position.line, 1);
	assert_true(strstr(policy->policy->rules.items[1].position.file, "/b.policy") != NULL);
	assert_int_equal(policy->sources.length, 2);
	callgate_policy_free(policy);
	folder_remove(&folder, "a.policy");
	folder_remove(&folder, "b.policy");
	rmdir(folder.path);
}

static void a_policy_that_includes_itself_is_an_error(void **state)
{
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	struct folder folder;

	folder_open(&folder);
	folder_write(&folder, "a.policy", "kernel 6.1\ndefault kill-process\ninclude \"b.policy\"\n");
	folder_write(&folder, "b.policy", "allow read\ninclude \"./a.policy\"\n");
	assert_int_equal(folder_read(&folder, "a.policy", &policy, &err), CALLGATE_E_SYNTAX);
	assert_null(policy);
	assert_true(strstr(err.message, "includes itself") != NULL);
	assert_int_equal(err.line, 2);
	assert_true(strstr(err.file, "/b.policy") != NULL);
	folder_remove(&folder, "a.policy");
	folder_remove(&folder, "b.policy");
	rmdir(folder.path);
}

static void headers_are_not_included(void **state)
{
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	struct folder folder;

	folder_open(&folder);
	folder_write(&folder, "a.policy", "kernel 6.1\ndefault kill-process\ninclude \"b.policy\"\n");
	folder_write(&folder, "b.policy", "newer allow\n");
	assert_int_equal(folder_read(&folder, "a.policy", &policy, &err), CALLGATE_E_SYNTAX);
	assert_string_equal(err.message, "'newer' in an included file");
	folder_remove(&folder, "a.policy");
	folder_remove(&folder, "b.policy");
	rmdir(folder.path);
}

static void a_folder_and_a_missing_file_are_errors(void **state)
{
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(callgate_policy_read("/", &options, &policy, &err), CALLGATE_E_OS);
	assert_int_equal(callgate_policy_read("/no/such.policy", &options, &policy, &err), CALLGATE_E_OS);
	assert_null(policy);
}

UNIT_TESTS(test_lang_read, cmocka_unit_test(a_failing_allocation_fails_the_policy),
	   cmocka_unit_test(every_prefix_is_a_policy_or_an_error_with_a_place),
	   cmocka_unit_test(every_damaged_byte_is_survived), cmocka_unit_test(a_line_of_many_megabytes_is_refused),
	   cmocka_unit_test(nesting_has_a_limit), cmocka_unit_test(random_bytes_are_an_error),
	   cmocka_unit_test(ten_thousand_rules_are_a_policy),
	   cmocka_unit_test(an_include_is_found_beside_the_file_that_names_it),
	   cmocka_unit_test(a_policy_that_includes_itself_is_an_error), cmocka_unit_test(headers_are_not_included),
	   cmocka_unit_test(a_folder_and_a_missing_file_are_errors), )
