#include "unit.h"

#include "sandbox/sandbox.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* A sandbox with one setting, or the status of its failure; values end in NULL. */
static int set(struct callgate_sandbox **ret_sandbox, const char *name, const char *const *values,
	       struct callgate_error *err)
{
	size_t count = 0;
	int status = callgate_sandbox_new(ret_sandbox, err);

	while (values[count])
		count++;
	return status == CALLGATE_OK ? callgate_sandbox_set(*ret_sandbox, name, values, count, err) : status;
}

#define VALUES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_VALUE    ((const char *const[]){ NULL })

static void refused(int status, const char *name, const char *const *values, const char *word)
{
	struct callgate_sandbox *sandbox = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(set(&sandbox, name, values, &err), status);
	if (!strstr(err.message, word) && !strstr(err.hint, word))
		fail_msg("'%s' is not in '%s' or '%s'", word, err.message, err.hint);
	callgate_sandbox_free(sandbox);
}

static void values_that_mean_nothing_are_refused(void **state)
{
	refused(CALLGATE_E_UNKNOWN, "ro-bnid", VALUES("/", "/"), "ro-bind");
	refused(CALLGATE_E_INVALID, "ro-bind", VALUES("/"), "SOURCE DEST");
	refused(CALLGATE_E_INVALID, "setenv", VALUES("NAME"), "NAME=VALUE");
	refused(CALLGATE_E_INVALID, "setenv", VALUES("=value"), "NAME=VALUE");
	refused(CALLGATE_E_INVALID, "setenv", VALUES(""), "NAME=VALUE");
	refused(CALLGATE_E_INVALID, "env", VALUES(""), "NAME");
	refused(CALLGATE_E_INVALID, "oom-score-adj", VALUES("1001"), "takes N");
	refused(CALLGATE_E_INVALID, "oom-score-adj", VALUES("--5"), "takes N");
	refused(CALLGATE_E_INVALID, "add-gid", VALUES("-1"), "takes GID");
	refused(CALLGATE_E_INVALID, "env", VALUES("A=B"), "NAME");
	refused(CALLGATE_E_INVALID, "unshare-net", VALUES("true"), "takes 0 values");
	refused(CALLGATE_E_INVALID, "ro-bind", VALUES("", "/"), "takes SOURCE DEST");
	refused(CALLGATE_E_INVALID, "tmpfs", VALUES("tmp"), "absolute");
	refused(CALLGATE_E_INVALID, "uid", VALUES("root"), "UID");
	refused(CALLGATE_E_INVALID, "uid", VALUES("4294967295"), "UID");
	refused(CALLGATE_E_INVALID, "uid-map", VALUES("0", "1", "0"), "COUNT");
	refused(CALLGATE_E_UNKNOWN, "cap-add", VALUES("net_amdin"), "net_admin");
	refused(CALLGATE_E_UNKNOWN, "rlimit", VALUES("files=3"), "files");
	refused(CALLGATE_E_INVALID, "rlimit", VALUES("nofile"), "NAME=SOFT");
	refused(CALLGATE_E_INVALID, "rlimit", VALUES("nofile=9:3"), "nofile=9:3");
	refused(CALLGATE_E_INVALID, "rlimit", VALUES("nofile=9x"), "nofile=9x");
	refused(CALLGATE_E_INVALID, "connect-tcp", VALUES("65536"), "PORT");
	refused(CALLGATE_E_INVALID, "size", VALUES("0"), "BYTES");
	refused(CALLGATE_E_INVALID, "size", VALUES("1KB"), "BYTES");
	refused(CALLGATE_E_INVALID, "size", VALUES("9223372036854775808"), "BYTES");
	refused(CALLGATE_E_INVALID, "size", VALUES("8388608T"), "BYTES");
	refused(CALLGATE_E_INVALID, "perms", VALUES("1788"), "OCTAL");
	refused(CALLGATE_E_INVALID, "perms", VALUES("7"), "OCTAL");
	refused(CALLGATE_E_INVALID, "pass-fd", VALUES("-1"), "descriptor");
	refused(CALLGATE_E_INVALID, "pass-fd", VALUES("2147483647"), "descriptor that is open");
	refused(CALLGATE_E_INVALID, "hostname", VALUES(""), "host name");
	refused(CALLGATE_E_INVALID, "tmp-overlay", VALUES("/x"), "overlay-src");
	refused(CALLGATE_E_UNKNOWN, "allow-degraded", VALUES("seccomp"), "seccomp");
	refused(CALLGATE_E_UNKNOWN, "preset", VALUES("../strict"), "no preset");
}

static void settings_mean_what_they_say(void **state)
{
	struct callgate_sandbox *sandbox;
	struct callgate_error err;

	assert_int_equal(set(&sandbox, "unshare-all", NO_VALUE, &err), CALLGATE_OK);
	assert_true(sandbox->namespaces & CLONE_NEWNET && sandbox->namespaces & CLONE_NEWUSER);
	assert_int_equal(callgate_sandbox_set(sandbox, "share-net", NULL, 0, &err), CALLGATE_OK);
	assert_false(sandbox->namespaces & CLONE_NEWNET);
	assert_int_equal(callgate_sandbox_set(sandbox, "cap-add", VALUES("CAP_NET_RAW"), 1, &err), CALLGATE_OK);
	assert_int_equal(sandbox->capabilities, 1 << CAP_NET_RAW);
	assert_int_equal(callgate_sandbox_set(sandbox, "cap-drop", VALUES("all"), 1, &err), CALLGATE_OK);
	assert_int_equal(sandbox->capabilities, 0);
	assert_int_equal(callgate_sandbox_set(sandbox, "rlimit", VALUES("nofile=3:unlimited"), 1, &err), CALLGATE_OK);
	assert_int_equal(sandbox->limits.items[0].resource, RLIMIT_NOFILE);
	assert_int_equal(sandbox->limits.items[0].soft, 3);
	assert_true(sandbox->limits.items[0].hard == RLIM_INFINITY);
	assert_int_equal(callgate_sandbox_set(sandbox, "size", VALUES("2M"), 1, &err), CALLGATE_OK);
	assert_int_equal(callgate_sandbox_set(sandbox, "tmpfs", VALUES("/tmp"), 1, &err), CALLGATE_OK);
	assert_int_equal(sandbox->mounts.items[0].options.size, 2 << 20);
	assert_int_equal(sandbox->next.size, 0);
	assert_int_equal(callgate_sandbox_set(sandbox, "memory", VALUES("33554433"), 1, &err), CALLGATE_OK);
	assert_int_equal(sandbox->group.memory_bytes, 33554433);
	assert_int_equal(callgate_sandbox_set(sandbox, "memory", VALUES("8388607T"), 1, &err), CALLGATE_OK);
	assert_true(sandbox->group.memory_bytes == UINT64_C(8388607) << 40);
	callgate_sandbox_free(sandbox);
}

/* One whose name or values nobody could type, or that no help line describes, is a slip in fields.def. */
static void every_field_can_be_said_and_is_described(void **state)
{
	for (size_t i = 0; i < callgate_sandbox_field_count(); i++) {
		struct callgate_sandbox_field field;
		size_t words = 0;

		callgate_sandbox_field_at(i, &field);
		assert_int_equal(strspn(field.name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(field.name));
		assert_true(field.help[0] && field.help[strlen(field.help) - 1] != '.');
		for (const char *value = field.values; value && *value; value++)
			words += value == field.values || value[-1] == ' ';
		assert_int_equal(words, field.value_count);
		assert_true(field.value_count <= CALLGATE_SANDBOX_VALUES_MAX);
		for (size_t j = 0; j < i; j++) {
			struct callgate_sandbox_field other;

			callgate_sandbox_field_at(j, &other);
			assert_string_not_equal(field.name, other.name);
		}
	}
}

static void every_allocation_may_fail(void **state)
{
	static const char *const settings[][4] = {
		{ "preset", "strict" }, { "ro-bind", "/usr", "/usr" }, { "bind", ".", "." }, { "env", "X" },
		{ "rlimit", "cpu=1" },	{ "overlay-src", "/usr" },     { "ro", "/" },	     { "setenv", "A=B" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		FOR_EACH_ALLOCATION({
			struct callgate_sandbox *sandbox = NULL;
			int status = set(&sandbox, settings[i][0], &settings[i][1], NULL);

			assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
			callgate_sandbox_free(sandbox);
		});
}

UNIT_TESTS(test_sandbox_fields, cmocka_unit_test(values_that_mean_nothing_are_refused),
	   cmocka_unit_test(settings_mean_what_they_say), cmocka_unit_test(every_field_can_be_said_and_is_described),
	   cmocka_unit_test(every_allocation_may_fail), )
