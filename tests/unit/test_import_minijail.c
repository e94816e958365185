/*
 * Minijail's policies: Debian has no Minijail, so that what its manual says of each form is what is asked here.
 */
#include "unit.h"

#include "base/cleanup.h"

#include <callgate/subject.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ALLOW = 0x7fff0000,
	LOG = 0x7ffc0000,
	NOTIFY = 0x7fc00000,
	TRACE = 0x7ff00000,
	TRAP = 0x00030000,
	ERRNO = 0x00050000,
	KILL_THREAD = 0,
};
#define KILL_PROCESS 0x80000000u

static void free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

static const struct {
	const char *text;
	const char *call;
	uint32_t ret;
} cases[] = {
	{ "read: 1\n", "read()", ALLOW },
	{ "read: 1\n", "write()", KILL_PROCESS },
	{ "read: 1\n", "#999()", KILL_PROCESS },
	{ "@default trap\nread: 1\n", "write()", TRAP },
	{ "@default user-notify\nread: kill-thread\n", "#999()", NOTIFY },
	{ "@default user-notify\nread: kill-thread\n", "read()", KILL_THREAD },
	{ "read: return EBADF\n", "read()", ERRNO | 9 },
	{ "read: return 0x10\n", "read()", ERRNO | 16 },
	{ "read: arg0 == 1; return EPERM\n", "read(1)", ALLOW },
	{ "read: arg0 == 1; return EPERM\n", "read(2)", ERRNO | 1 },
	{ "read: { arg0 == 1; return EPERM }\n", "read(1)", ERRNO | 1 },
	{ "read: { arg0 == 1; return EPERM }\n", "read(2)", KILL_PROCESS },
	{ "read: { arg0 == 1; return EPERM, arg0 < 9; log, trace }\n", "read(8)", LOG },
	{ "read: { arg0 == 1; return EPERM, arg0 < 9; log, trace }\n", "read(9)", TRACE },
	{ "read: arg0 == 1; log\n", "read(1)", LOG },
	{ "read: arg0 == 1; log\n", "read(2)", KILL_PROCESS },
	{ "read: arg0 == 1 && arg2 != 2 || arg0 == 3\n", "read(1, 0, 1)", ALLOW },
	{ "read: arg0 == 1 && arg2 != 2 || arg0 == 3\n", "read(1, 0, 2)", KILL_PROCESS },
	{ "read: arg0 == 1 && arg2 != 2 || arg0 == 3\n", "read(3, 0, 2)", ALLOW },
	{ "read: arg0 <= 3\nread: arg0 > 5; return 7\n", "read(2)", ALLOW },
	{ "read: arg0 <= 3\nread: arg0 > 5; return 7\n", "read(4)", ERRNO | 7 },
	{ "read: arg2 >= 4\n", "read(0, 0, 3)", KILL_PROCESS },
	{ "read: arg2 & 6\n", "read(0, 0, 2)", ALLOW },
	{ "read: arg2 & 6\n", "read(0, 0, 9)", KILL_PROCESS },
	{ "mmap: arg2 in PROT_READ|PROT_WRITE\n", "mmap(0, 0, PROT_READ)", ALLOW },
	{ "mmap: arg2 in PROT_READ|PROT_WRITE\n", "mmap(0, 0, PROT_READ|PROT_EXEC)", KILL_PROCESS },
	{ "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE\n", "mmap(0, 0, PROT_WRITE)", ALLOW },
	{ "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE\n", "mmap(0, 0, PROT_WRITE|PROT_EXEC)", KILL_PROCESS },
	{ "mmap: arg2 == (1|2)\n", "mmap(0, 0, 3)", ALLOW },
	{ "lseek: arg1 == -1 # a comment\n", "lseek(0, -1)", ALLOW },
	{ "lseek: arg1 == 010\n", "lseek(0, 8)", ALLOW },
	{ "# one\n\n  { read, \\\n write }: allow\n", "write()", ALLOW },
	{ "{ read, kill[arch=s390x] }: 1\n", "read()", ALLOW },
	{ "{ read, kill[arch=s390x] }: 1\n", "kill()", KILL_PROCESS },
	{ "kill: 1\n", "kill()", ALLOW },
	{ "@denylist\nread: return EPERM\n", "read()", ERRNO | 1 },
	{ "@denylist\nread: return EPERM\n", "write()", ALLOW },
	{ "@frequency ./none\nread: 1\n", "read()", ALLOW },
};

static void each_form_means_what_the_manual_says(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(free_subject) struct callgate_subject *subject = NULL;
		struct callgate_action action = { 1 };
		struct callgate_error err = { 0 };

		if (callgate_subject_parse("m", cases[i].text, strlen(cases[i].text), NULL, &subject, &err))
			fail_msg("%s: %u:%u: %s", cases[i].text, err.line, err.col, err.message);
		assert_int_equal(callgate_subject_kind(subject), CALLGATE_SUBJECT_MINIJAIL);
		assert_int_equal(callgate_subject_simulate(subject, cases[i].call, &action, &err), 0);
		if (action.ret != cases[i].ret)
			fail_msg("%s: %s -> 0x%x", cases[i].text, cases[i].call, action.ret);
	}
}

static const struct {
	const char *text;
	unsigned line, col;
	const char *message;
} wrong[] = {
	{ "read 1", 1, 6, "expected ':', not '1'" },
	{ "read:", 1, 6,
	  "expected an action: 1, allow, return ERRNO, kill, trap, trace, log or user-notify before the end of the "
	  "line" },
	{ "\nread: 2", 2, 7,
	  "expected an action: 1, allow, return ERRNO, kill, trap, trace, log or user-notify, not '2'" },
	{ "read: arg6 == 1", 1, 7, "expected arg0 to arg5, not 'arg6'" },
	{ "read: arg0 = 1", 1, 12, "expected ==, !=, <, <=, >, >=, & or in, not '='" },
	{ "read: arg0 == NOTHING_OF_THE_KIND", 1, 15, "unknown constant 'NOTHING_OF_THE_KIND'" },
	{ "read: arg0 == 18446744073709551616", 1, 15, "the number does not fit in 64 bits" },
	{ "read: arg0 == (1", 1, 17, "expected ')' before the end of the line" },
	{ "read: return EWHAT", 1, 14, "expected an errno, not 'EWHAT'" },
	{ "read: return 4096", 1, 14, "expected an errno, not '4096'" },
	{ "read: 1\nread: 1", 2, 1, "a filter of read behind one that always holds" },
	{ "@default allow", 1, 10, "a default that lets calls through" },
	{ "read: 1 1", 1, 9, "expected the end of the line, not '1'" },
	{ "read: $", 1, 7, "the byte 0x24 begins no word" },
	{ "@defalt kill", 1, 1, "unknown directive '@defalt'" },
	{ "read[arch=vax]: 1", 1, 11, "unknown arch 'vax'" },
	{ "@include none", 1, 10, "expected a path, not 'none'" },
};

static void what_is_wrong_is_said_at_its_place(void **state)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_MINIJAIL };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct callgate_subject *subject = NULL;
		struct callgate_error err = { 0 };

		assert_true(callgate_subject_parse("m", wrong[i].text, strlen(wrong[i].text), &options, &subject,
						   &err) < 0);
		assert_null(subject);
		assert_string_equal(err.message, wrong[i].message);
		assert_int_equal(err.line, wrong[i].line);
		assert_int_equal(err.col, wrong[i].col);
	}
}

static void a_misspelt_call_has_a_hint(void **state)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(callgate_subject_parse("m", "opne: 1\n", 8, NULL, &subject, &err), CALLGATE_E_UNKNOWN);
	assert_non_null(strstr(err.message, "there is no syscall 'opne' on "));
	assert_string_equal(err.hint, "did you mean 'open'?");
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *folder, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static void files_are_included_from_where_they_are(void **state)
{
	cleanup(free_subject) struct callgate_subject *subject = NULL, *again = NULL;
	char folder[] = "/tmp/callgate-minijail-XXXXXX", path[200];
	struct callgate_action action;
	struct callgate_error err = { 0 };

	assert_non_null(mkdtemp(folder));
	write_file(folder, "one", "@include ./two\nread: 1\n");
	write_file(folder, "two", "write: return EPERM\n");
	write_file(folder, "circle", "@include ./circle\n");
	snprintf(path, sizeof(path), "%s/one", folder);
	assert_int_equal(callgate_subject_open(path, NULL, &subject, &err), 0);
	assert_int_equal(callgate_subject_simulate(subject, "write()", &action, NULL), 0);
	assert_int_equal(action.ret, ERRNO | 1);
	snprintf(path, sizeof(path), "%s/circle", folder);
	assert_int_equal(callgate_subject_open(path, NULL, &again, &err), CALLGATE_E_LIMIT);
	remove_file(folder, "one");
	remove_file(folder, "two");
	remove_file(folder, "circle");
	assert_int_equal(rmdir(folder), 0);
}

static void a_failing_allocation_fails_the_reading(void **state)
{
	static const char text[] = "@default trap\n{ read, write[arch=s390x] }: arg0 in ~(1|O_CREAT); return EPERM\n"
				   "kill: { arg0 == 1 && arg1 < 3 || arg2 & 1; log, trace }\n";

	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		int status = callgate_subject_parse("m", text, sizeof(text) - 1, NULL, &subject, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_subject_free(subject);
	});
}

UNIT_TESTS(test_import_minijail, cmocka_unit_test(each_form_means_what_the_manual_says),
	   cmocka_unit_test(what_is_wrong_is_said_at_its_place), cmocka_unit_test(a_misspelt_call_has_a_hint),
	   cmocka_unit_test(files_are_included_from_where_they_are),
	   cmocka_unit_test(a_failing_allocation_fails_the_reading), )
