#include "unit.h"

#include <callgate/subject.h>

#include <stdio.h>
#include <string.h>

static struct callgate_subject *parse(const char *rules)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_POLICY };
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };
	char text[1024];

	snprintf(text, sizeof(text), "kernel 6.1\narch x86_64\ndefault allow\n%s\n", rules);
	if (callgate_subject_parse("test", text, strlen(text), &options, &subject, &err) != CALLGATE_OK)
		fail_msg("%s: %u:%u: %s", text, err.line, err.col, err.message);
	return subject;
}

/* How many differences brokers add. */
static size_t differences(const char *a, const char *b)
{
	struct callgate_subject *left = parse(a), *right = parse(b);
	struct callgate_diff *diff = NULL;
	size_t before, count;

	assert_int_equal(callgate_diff_new(left, right, &diff, NULL), CALLGATE_OK);
	before = callgate_diff_count(diff);
	assert_int_equal(callgate_diff_add_brokers(diff, left, right, NULL), CALLGATE_OK);
	count = callgate_diff_count(diff) - before;
	for (size_t i = before; i < before + count; i++) {
		assert_string_not_equal(callgate_diff_at(diff, i)->a_rules, callgate_diff_at(diff, i)->b_rules);
		assert_non_null(strstr(callgate_diff_at(diff, i)->witness, callgate_diff_at(diff, i)->syscall));
	}
	callgate_diff_free(diff);
	callgate_subject_free(left);
	callgate_subject_free(right);
	return count;
}

static const char files[] = "notify openat via files { read \"/a\"; deny \"**\" errno EACCES }";

static void what_is_said_alike_is_equal(void **state)
{
	assert_int_equal(differences(files, files), 0);
	assert_int_equal(differences(files, "notify openat via files {\n read \"/a\"\n deny \"**\"\n}"), 0);
	assert_int_equal(differences(files, "errno EPERM openat"), 0);
	assert_int_equal(differences("notify kill own-children", "notify kill own-children"), 0);
}

static void every_word_counts(void **state)
{
	static const char *const others[] = {
		"notify openat via files { read \"/b\"; deny \"**\" errno EACCES }",
		"notify openat via files { write \"/a\"; deny \"**\" errno EACCES }",
		"notify openat via files { read \"/a\"; deny \"**\" errno ENOENT }",
		"notify openat via files { read \"/a\"; deny \"**\" kill-process }",
		"notify openat via files { deny \"**\" errno EACCES; read \"/a\" }",
		"notify openat via files { read \"/a\" }",
		"notify openat once",
		"notify openat via files { read \"/a\"; deny \"**\" errno EACCES } if flags == 0",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (differences(files, others[i]) != 1)
			fail_msg("%s", others[i]);
}

static void so_does_every_condition(void **state)
{
	static const char *const conditions[] = {
		"flags == 0",
		"flags != 0",
		"flags & O_CREAT",
		"flags has O_CREAT | O_EXCL",
		"not flags & O_CREAT",
		"flags & ~O_CREAT == 0",
		"mode in {1, 3..5}",
		"mode in {1, 3..6}",
		"flags == 0 and mode == 1",
		"flags == 0 or mode == 1",
		"mode < 3",
		"mode >= 3",
		"pathname == NULL and not (mode > 7 or mode <= 2)",
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions); i++)
		for (size_t j = 0; j < sizeof(conditions) / sizeof(*conditions); j++) {
			char a[256], b[256];

			snprintf(a, sizeof(a), "notify openat via files { read \"/a\" } if %s", conditions[i]);
			snprintf(b, sizeof(b), "notify openat via files { read \"/a\" } if %s", conditions[j]);
			assert_int_equal(differences(a, b), i != j);
		}
}

static void networks_are_told_by_their_addresses(void **state)
{
	static const char a[] = "notify connect, bind via network { allow tcp 127.0.0.1:80; deny \"**\" }";

	assert_int_equal(differences(a, a), 0);
	assert_int_equal(differences(a, "notify connect, bind via network { allow udp 127.0.0.1:80; deny \"**\" }"), 2);
	assert_int_equal(differences(a, "notify connect, bind via network { allow tcp 127.0.0.1:81; deny \"**\" }"), 2);
}

static void nothing_is_left_when_memory_fails(void **state)
{
	struct callgate_subject *a = parse(files), *b = parse("notify openat via files { read \"/b\" }");

	FOR_EACH_ALLOCATION({
		struct callgate_diff *diff;
		struct callgate_error err;

		if (callgate_diff_new(a, b, &diff, &err) != CALLGATE_OK) {
			assert_int_equal(err.status, CALLGATE_E_NOMEM);
		} else {
			if (callgate_diff_add_brokers(diff, a, b, &err) != CALLGATE_OK)
				assert_int_equal(err.status, CALLGATE_E_NOMEM);
			callgate_diff_free(diff);
		}
	});
	callgate_subject_free(a);
	callgate_subject_free(b);
}

UNIT_TESTS(test_filter_brokers, cmocka_unit_test(what_is_said_alike_is_equal), cmocka_unit_test(every_word_counts),
	   cmocka_unit_test(so_does_every_condition), cmocka_unit_test(networks_are_told_by_their_addresses),
	   cmocka_unit_test(nothing_is_left_when_memory_fails), )
