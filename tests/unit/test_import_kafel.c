/*
 * Kafel's policies. Debian has no Kafel: what its README says of each form is what is asked here, and a policy that
 * uses all of it is compared, as a whole, with the same in Callgate's language.
 */
#include "judge.h"

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
	{ "ALLOW { read }", "read()", ALLOW },
	{ "ALLOW { read }", "write()", KILL_THREAD },
	{ "ALLOW { read }", "#999()", KILL_THREAD },
	{ "ALLOW { read } DEFAULT ERRNO(1)", "write()", ERRNO | 1 },
	{ "ALLOW { read } DEFAULT ERRNO(1)", "#999()", ERRNO | 1 },
	{ "DEFAULT ERRNO(65535)", "write()", ERRNO | 4095 },
	{ "DEFAULT TRAP(65535)", "write()", TRAP | 65535 },
	{ "DEFAULT TRACE(7)", "write()", TRACE | 7 },
	{ "DEFAULT USER_NOTIF", "write()", NOTIFY },
	{ "DEFAULT KILL_PROCESS LOG { read }", "read()", LOG },
	{ "DEFAULT KILL_PROCESS LOG { read }", "write()", KILL_PROCESS },
	{ "DEFAULT ALLOW DENY { read }", "read()", KILL_THREAD },
	{ "POLICY a { ALLOW { read, write } } USE a DEFAULT KILL", "write()", ALLOW },
	{ "POLICY a {} USE a", "write()", KILL_THREAD },
	{ "POLICY a { ALLOW { read } } POLICY b { ERRNO(1) { write }, USE a } USE b", "read()", ALLOW },
	{ "POLICY a { ALLOW { read } } POLICY b { ERRNO(1) { write }, USE a } USE b", "write()", ERRNO | 1 },
	{ "POLICY a { ALLOW { read } } POLICY b { ERRNO(1) { write }, USE a }", "write()", KILL_THREAD },
	{ "ALLOW { read }, ERRNO(1) { read, write }", "read()", ALLOW },
	{ "ALLOW { read { fd == 0 && count == 0 } }, ERRNO(1) { read { count == 0 } }", "read(0, 0, 0)", ALLOW },
	{ "ALLOW { read { fd == 0 && count == 0 } }, ERRNO(1) { read { count == 0 } }", "read(5, 0, 0)", ERRNO | 1 },
	{ "ALLOW { read { fd == 0 && count == 0 } }, ERRNO(1) { read { count == 0 } }", "read(5, 0, 1)", KILL_THREAD },
	{ "ALLOW { write { fd == 1, fd == 0b10 } }", "write(2)", ALLOW },
	{ "ALLOW { write { fd == 010 } }", "write(8)", ALLOW },
	{ "ALLOW { write(a, b, c) { c > 0x10 } }", "write(0, 0, 17)", ALLOW },
	{ "ALLOW { write(a, b, c) { c > 0x10 } }", "write(0, 0, 16)", KILL_THREAD },
	{ "ALLOW { write { 16 < count } }", "write(0, 0, 17)", ALLOW },
	{ "ALLOW { write { 16 < count } }", "write(0, 0, 16)", KILL_THREAD },
	{ "ALLOW { write { !(fd == 1) } }", "write(1)", KILL_THREAD },
	{ "ALLOW { write { !fd == 1 } }", "write(0)", ALLOW },
	{ "ALLOW { mmap { (prot & 4) == 0 } }", "mmap(0, 0, 3)", ALLOW },
	{ "ALLOW { mmap { (prot & 4) == 0 } }", "mmap(0, 0, 4)", KILL_THREAD },
	{ "ALLOW { mmap { (prot & 4) == 2 } }", "mmap(0, 0, 6)", KILL_THREAD },
	{ "ALLOW { mmap { prot & 4 != 4 } }", "mmap(0, 0, 3)", ALLOW },
	{ "ALLOW { mmap { (prot | 1) == 3 } }", "mmap(0, 0, 2)", ALLOW },
	{ "ALLOW { mmap { (prot | 1) == 2 } }", "mmap(0, 0, 2)", KILL_THREAD },
	{ "ALLOW { mmap { (prot | 1) != 2 } }", "mmap(0, 0, 2)", ALLOW },
	{ "#define A 1\n#define B 2\nALLOW { mmap { prot == A|B } }", "mmap(0, 0, 3)", ALLOW },
	{ "#define A 1\n#define A 1\nALLOW { read { 1 == A } }", "read()", ALLOW },
	{ "ALLOW { read { 1 > 2 } }", "read()", KILL_THREAD },
	/* 64 bits of the number against what a 32-bit argument holds */
	{ "ALLOW { openat { dfd == -100 } }", "openat(AT_FDCWD)", KILL_THREAD },
	{ "ALLOW { openat { dfd == 0xffffff9c } }", "openat(AT_FDCWD)", ALLOW },
	{ "ALLOW { read {} }", "read()", ALLOW },
	{ "ALLOW { read() }", "read()", ALLOW },
	{ "ALLOW { read ON s390x, write ON { s390x, arm } }", "read()", KILL_THREAD },
	{ "ALLOW { nowhere ON s390x, read }", "read()", ALLOW },
	{ "// one\n/* two\n * three **/ ALLOW { read } // four", "read()", ALLOW },
	{ "ALLOW { newuname }", "uname()", ALLOW },
	{ "ALLOW { socket { family == 1 } }", "socket(AF_UNIX)", ALLOW },
	{ "ALLOW { socket { domain == 1 } }", "socket(AF_UNIX)", ALLOW },
};

static void each_form_means_what_the_readme_says(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(free_subject) struct callgate_subject *subject = NULL;
		struct callgate_action action = { 1 };
		struct callgate_error err = { 0 };

		if (callgate_subject_parse("k", cases[i].text, strlen(cases[i].text), NULL, &subject, &err))
			fail_msg("%s: %u:%u: %s", cases[i].text, err.line, err.col, err.message);
		assert_int_equal(callgate_subject_kind(subject), CALLGATE_SUBJECT_KAFEL);
		assert_int_equal(callgate_subject_simulate(subject, cases[i].call, &action, &err), 0);
		judge_by_rules(subject, cases[i].call, action);
		if (action.ret != cases[i].ret)
			fail_msg("%s: %s -> 0x%x", cases[i].text, cases[i].call, action.ret);
	}
}

#if defined(__x86_64__)
static const char kafel[] =
	"#define CLONE_NEW 0x7e020000\n"
	"#define my_exit 60\n"
	"POLICY files { ALLOW { read, write, close, lseek }, ERRNO(13) { mkdir, rmdir, creat, unlink } }\n"
	"POLICY flow { ALLOW { my_exit, SYSCALL[231], clone { (clone_flags & CLONE_NEW) == 0 } } }\n"
	"USE files, USE flow, LOG { newuname }, ALLOW { SYSCALL[0x40000000] }\n"
	"ALLOW { ftruncate { length < 0x140000000 },\n"
	"        prctl { option >= 15 && option <= 16 || option == 38 && arg2 == 1 } }\n"
	"DEFAULT KILL_PROCESS\n";

/* Kafel compares a 32-bit argument on its low word, and x32's numbers have no rule but by number. */
static const char same[] = "kernel 7.1\n"
			   "arch x86_64\n"
			   "default kill-process\n"
			   "newer kill-process\n"
			   "foreign kill-thread\n"
			   "allow read, write, close, lseek, exit, exit_group\n"
			   "errno EACCES mkdir, rmdir, creat, unlink\n"
			   "log uname\n"
			   "allow clone if arg0 & 0x7e020000 == 0\n"
			   "allow ftruncate if arg1 < 0x140000000\n"
			   "allow prctl if arg0 & 0xffffffff in 15..16 or arg0 & 0xffffffff == 38 and arg1 == 1\n";
#endif

static void a_policy_is_the_same_in_both_languages(void **state)
{
#if defined(__x86_64__)
	cleanup(free_subject) struct callgate_subject *a = NULL, *b = NULL;
	struct callgate_diff *diff = NULL;

	assert_int_equal(callgate_subject_parse("k", kafel, sizeof(kafel) - 1, NULL, &a, NULL), 0);
	assert_int_equal(callgate_subject_parse("p", same, sizeof(same) - 1, NULL, &b, NULL), 0);
	assert_int_equal(callgate_diff_new(a, b, &diff, NULL), 0);
	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *one = callgate_diff_at(diff, i);

		if (strcmp(one->arch, "x32") != 0)
			fail_msg("%s %s", one->syscall, one->witness);
		/* x32's read is named by its number, and its other calls are not another arch's there. */
		assert_int_equal(one->a.ret, strcmp(one->syscall, "read") == 0 ? (uint32_t)ALLOW : KILL_PROCESS);
		assert_int_equal(one->b.ret, KILL_THREAD);
	}
	callgate_diff_free(diff);
#else
	skip();
#endif
}

static const struct {
	const char *text;
	unsigned line, col;
	const char *message;
} wrong[] = {
	{ "ALLOW { opne }", 1, 9, NULL },
	{ "ALLOW { read", 1, 13, "expected '}' before the end of the file" },
	{ "ALLOW { read, }", 1, 15, "expected the name of a syscall, not '}'" },
	{ "ALLOW read", 1, 7, "expected '{', not 'read'" },
	{ "POLICY a {} POLICY a {}", 1, 20, "policy 'a' a second time" },
	{ "POLICY a { USE b }", 1, 16, "there is no policy 'b' above" },
	{ "POLICY USE {}", 1, 8, "expected the name of a policy, not 'USE'" },
	{ "DEFAULT KILL DEFAULT KILL", 1, 14, "DEFAULT a second time" },
	{ "DEFAULT ERRNO(65536)", 1, 15, "65536 is not from 0 to 65535" },
	{ "ALLOW { write(a, a) }", 1, 18, "argument 'a' a second time" },
	{ "ALLOW { write(a, b, c, d, e, f, g) }", 1, 33, "more than six arguments" },
	{ "ALLOW { write { count } }", 1, 23, "expected a comparison, not '}'" },
	{ "ALLOW { write { (fd == 1) == 1 } }", 1, 32, "a condition is compared" },
	{ "ALLOW { write { fd == count } }", 1, 29,
	  "two arguments are compared with each other: that cannot be said here" },
	{ "ALLOW { write { fd & count == 1 } }", 1, 28,
	  "two arguments in one word: what that compares cannot be said here" },
	{ "ALLOW { write { (fd | 1) < 3 } }", 1, 30, "an order on a word with bits set" },
	{ "ALLOW { write { what == 1 } }", 1, 17, "'what' is no constant here and no argument of write" },
	{ "ALLOW { SYSCALL[-1] }", 1, 17, "no syscall that is known has this number, and policies name calls" },
	{ "ALLOW { SYSCALL[0x123456789] }", 1, 17, "the number of a syscall has 32 bits" },
	{ "ALLOW { SYSCALL[0x12345678901234567] }", 1, 17, "the number does not fit in 64 bits" },
	{ "#define a 1\n#define a 2\n", 2, 11, "'a' is defined otherwise above" },
	{ "ALLOW { read } /* oops", 1, 16, "the comment does not end" },
	{ "ALLOW { read } ?", 1, 16, "the byte 0x3f begins no word" },
	{ "ALLOW { read ON vax }", 1, 17, "unknown arch 'vax'" },
	{ "#include what\n", 1, 10, "expected the name of a file in quotes, or the end of the line" },
	{ "0x", 1, 1, "this is no number" },
};

static void what_is_wrong_is_said_at_its_place(void **state)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_KAFEL };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct callgate_subject *subject = NULL;
		struct callgate_error err = { 0 };

		assert_true(callgate_subject_parse("k", wrong[i].text, strlen(wrong[i].text), &options, &subject,
						   &err) < 0);
		assert_null(subject);
		if (wrong[i].message)
			assert_string_equal(err.message, wrong[i].message);
		assert_int_equal(err.line, wrong[i].line);
		assert_int_equal(err.col, wrong[i].col);
	}
}

static void hints_name_what_was_meant(void **state)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(callgate_subject_parse("k", "ALLOW { opne }", 14, NULL, &subject, &err), CALLGATE_E_UNKNOWN);
	assert_non_null(strstr(err.message, "there is no syscall 'opne' on "));
	assert_string_equal(err.hint, "did you mean 'open'?");
	assert_int_equal(callgate_subject_parse("k", "ALLOW { socket { family == AF_INET } }", 38, NULL, &subject,
						&err),
			 CALLGATE_E_UNKNOWN);
	assert_string_equal(err.hint, "Kafel knows only its own: `#define AF_INET 0x2`");
}

static void a_deep_expression_is_refused(void **state)
{
	char text[2000] = "ALLOW { read { ";
	struct callgate_subject *subject = NULL;
	size_t length = strlen(text);

	memset(text + length, '(', 1000);
	assert_int_equal(callgate_subject_parse("k", text, length + 1000, NULL, &subject, NULL), CALLGATE_E_LIMIT);
	memset(text + length, '!', 1000);
	assert_int_equal(callgate_subject_parse("k", text, length + 1000, NULL, &subject, NULL), CALLGATE_E_LIMIT);
}

static const char *const files[][2] = {
	{ "one", "#include \"two\" \"three\"; POLICY a { ALLOW {\n#include \"four\"\n} } USE a, USE b" },
	{ "two", "POLICY b { ERRNO(1) { write } }" },
	{ "three", "" },
	{ "four", "read" },
	{ "circle", "#include \"circle\"\n" },
};

enum { FILES = sizeof(files) / sizeof(*files) };

static void files_are_included_in_place(void **state)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_KAFEL };
	cleanup(free_subject) struct callgate_subject *subject = NULL, *again = NULL;
	char folder[] = "/tmp/callgate-kafel-XXXXXX", path[200];
	struct callgate_action action;

	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < FILES; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, files[i][0]);
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(files[i][1], file);
		assert_int_equal(fclose(file), 0);
	}
	snprintf(path, sizeof(path), "%s/one", folder);
	assert_int_equal(callgate_subject_open(path, &options, &subject, NULL), 0);
	assert_int_equal(callgate_subject_simulate(subject, "read()", &action, NULL), 0);
	assert_int_equal(action.ret, ALLOW);
	assert_int_equal(callgate_subject_simulate(subject, "write()", &action, NULL), 0);
	assert_int_equal(action.ret, ERRNO | 1);
	snprintf(path, sizeof(path), "%s/circle", folder);
	assert_int_equal(callgate_subject_open(path,
					       &(struct callgate_subject_options){ .kind = CALLGATE_SUBJECT_KAFEL },
					       &again, NULL),
			 CALLGATE_E_LIMIT);
	for (size_t i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i][0]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void a_failing_allocation_fails_the_reading(void **state)
{
	static const char text[] =
		"#define A 1\nPOLICY a { ALLOW { read { fd & 7 == A, !(count > 3) }, write(a) { 2 == a } } }\n"
		"USE a, ERRNO(1) { kill ON s390x, openat { 1 > 2 } } DEFAULT TRAP(3)\n";

	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		int status = callgate_subject_parse("k", text, sizeof(text) - 1, NULL, &subject, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_subject_free(subject);
	});
}

UNIT_TESTS(test_import_kafel, cmocka_unit_test(each_form_means_what_the_readme_says),
	   cmocka_unit_test(a_policy_is_the_same_in_both_languages),
	   cmocka_unit_test(what_is_wrong_is_said_at_its_place), cmocka_unit_test(hints_name_what_was_meant),
	   cmocka_unit_test(a_deep_expression_is_refused), cmocka_unit_test(files_are_included_in_place),
	   cmocka_unit_test(a_failing_allocation_fails_the_reading), )
