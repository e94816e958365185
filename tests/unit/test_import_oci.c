/*
 * A profile means what libseccomp makes of it when crun reads it: the same function, on every arch, in every bit.
 */
#include "unit.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "profile.h"

#include <callgate/subject.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Debian's golang-github-containers-common has it. */
#define CONTAINERS_PROFILE "/usr/share/containers/seccomp.json"

static const struct callgate_subject_options as_oci = { .kind = CALLGATE_SUBJECT_OCI };

static void free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

static void free_diff(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

/* Whether libseccomp takes the profile; if it does, it must be the same. arches: beside the native one. */
static bool same_as_libseccomp(const char *text, size_t length, const char *const *arches, const char *capability)
{
	cleanup(free_subject) struct callgate_subject *ours = NULL, *theirs = NULL;
	cleanup(free_diff) struct callgate_diff *diff = NULL;
	cleanup(buf_fini) struct buf program = { 0 };
	struct callgate_subject_options options = as_oci;
	struct callgate_error err = { 0 };

	options.capabilities = &capability;
	options.capability_count = capability != NULL;
	if (!profile_filter(text, length, arches, capability, &program))
		return false;
	if (callgate_subject_parse("profile", text, length, &options, &ours, &err))
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	assert_int_equal(callgate_subject_parse("filter", program.data, program.length, NULL, &theirs, &err), 0);
	assert_int_equal(callgate_diff_new(theirs, ours, &diff, &err), 0);
	if (callgate_diff_count(diff)) {
		const struct callgate_difference *first = callgate_diff_at(diff, 0);

		print_error("%.*s\n", (int)length, text);
		fail_msg("%zu differences, the first of %s: %s, 0x%x and not 0x%x", callgate_diff_count(diff),
			 first->arch, first->witness, first->b.ret, first->a.ret);
	}
	return true;
}

#ifdef __x86_64__
static const char *const sub_arches[] = { "x86", "x32", NULL };
#define ARCHES "\"architectures\": [\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"],"
#else
static const char *const sub_arches[] = { NULL };
#define ARCHES
#endif

#define SAME(text) assert_true(same_as_libseccomp((text), strlen(text), sub_arches, NULL))

static void every_action_is_libseccomps(void **state)
{
	SAME("{\"defaultAction\": \"SCMP_ACT_KILL\", " ARCHES "\"syscalls\": ["
	     "{\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_ALLOW\"},"
	     "{\"names\": [\"chmod\"], \"action\": \"SCMP_ACT_ERRNO\"},"
	     "{\"names\": [\"chown\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38},"
	     "{\"names\": [\"ptrace\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"},"
	     "{\"names\": [\"reboot\"], \"action\": \"SCMP_ACT_KILL_THREAD\"},"
	     "{\"names\": [\"getpid\"], \"action\": \"SCMP_ACT_LOG\"},"
	     "{\"names\": [\"connect\"], \"action\": \"SCMP_ACT_NOTIFY\"},"
	     "{\"names\": [\"kill\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 7},"
	     "{\"names\": [\"mount\"], \"action\": \"SCMP_ACT_TRAP\"}]}");
	SAME("{\"defaultAction\": \"SCMP_ACT_ALLOW\", " ARCHES "\"syscalls\": null}");
	SAME("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, " ARCHES "\"syscalls\": ["
	     "{\"names\": [\"chown\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38},"
	     "{\"names\": [\"chown\", \"no_such_call\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
}

static void comparisons_have_the_width_of_a_pointer(void **state)
{
	SAME("{\"defaultAction\": \"SCMP_ACT_ERRNO\", " ARCHES "\"syscalls\": ["
	     "{\"names\": [\"getpriority\"], \"action\": \"SCMP_ACT_ALLOW\","
	     " \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": 21474836480}]},"
	     "{\"names\": [\"setpriority\"], \"action\": \"SCMP_ACT_ALLOW\","
	     " \"args\": [{\"index\": 1, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 1095216660480, \"valueTwo\": "
	     "4294967297}]},"
	     "{\"names\": [\"sched_yield\"], \"action\": \"SCMP_ACT_ALLOW\","
	     " \"args\": [{\"index\": 2, \"op\": \"SCMP_CMP_GT\", \"value\": 68719476735}]},"
	     "{\"names\": [\"ioctl\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
	     " {\"index\": 0, \"op\": \"SCMP_CMP_LT\", \"value\": 3}, {\"index\": 1, \"op\": \"SCMP_CMP_NE\", "
	     "\"value\": 21522}]},"
	     "{\"names\": [\"fcntl\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
	     " {\"index\": 1, \"op\": \"SCMP_CMP_EQ\", \"value\": 3}, {\"index\": 1, \"op\": \"SCMP_CMP_EQ\", "
	     "\"value\": 4}]}]}");
}

static void a_rule_without_comparisons_stands_for_those_with(void **state)
{
	SAME("{\"defaultAction\": \"SCMP_ACT_ERRNO\", " ARCHES "\"syscalls\": ["
	     "{\"names\": [\"clone\", \"kill\"], \"action\": \"SCMP_ACT_ALLOW\","
	     " \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 2114060288, \"valueTwo\": 0}]},"
	     "{\"names\": [\"kill\"], \"action\": \"SCMP_ACT_LOG\"},"
	     "{\"names\": [\"kill\"], \"action\": \"SCMP_ACT_TRAP\"},"
	     "{\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
}

static void carriers_get_what_libseccomp_gives_them(void **state)
{
	SAME("{\"defaultAction\": \"SCMP_ACT_ERRNO\", " ARCHES "\"syscalls\": ["
	     "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
	     " {\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": 1}, {\"index\": 2, \"op\": \"SCMP_CMP_EQ\", "
	     "\"value\": 0}]},"
	     "{\"names\": [\"connect\", \"accept\", \"accept4\", \"semop\", \"shmat\", \"recv\"], \"action\": "
	     "\"SCMP_ACT_ALLOW\"}]}");
	SAME("{\"defaultAction\": \"SCMP_ACT_ERRNO\", " ARCHES "\"syscalls\": ["
	     "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_TRAP\"},"
	     "{\"names\": [\"socketcall\", \"ipc\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
}

static uint64_t draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

static void random_comparison(struct buf *text, uint64_t *seed, unsigned arg)
{
	static const char *const operators[] = { "EQ", "NE", "LT", "LE", "GE", "GT", "MASKED_EQ" };
	static const uint64_t values[] = { 0,	   1,	       2,	   7,		16,
					   0xffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff };

	buf_printf(text, "{\"index\": %u, \"op\": \"SCMP_CMP_%s\", \"value\": %" PRIu64 ", \"valueTwo\": %" PRIu64 "}",
		   arg, operators[draw(seed, 7)], values[draw(seed, 10)], values[draw(seed, 10)]);
}

static void random_rule(struct buf *text, uint64_t *seed, const char *name, const char *action)
{
	unsigned first = (unsigned)draw(seed, 3), count = (unsigned)draw(seed, 3);

	buf_printf(text, "{\"names\": [\"%s\"], \"action\": \"SCMP_ACT_%s\", \"args\": [", name, action);
	for (unsigned i = 0; i <= count; i++) {
		if (i)
			buf_puts(text, ", ");
		random_comparison(text, seed, first + i);
	}
	buf_puts(text, "]},\n");
}

/* Several rules of one call, each with the values of two arguments. */
static void random_pairs(struct buf *text, uint64_t *seed)
{
	for (unsigned i = 0; i < 5; i++)
		buf_printf(text,
			   "{\"names\": [\"prctl\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
			   "{\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": %u},"
			   "{\"index\": 1, \"op\": \"SCMP_CMP_EQ\", \"value\": %u}]}%s\n",
			   (unsigned)draw(seed, 3), (unsigned)draw(seed, 3), i < 4 ? "," : "");
}

/*
 * libseccomp 2.5 merges rules of one call that compare one argument in different ways wrongly: `arg0 > 7` beside
 * `arg0 != 9 and arg1 > 3` holds for arguments of which neither does. So such are not among these.
 */
static void random_profiles_are_the_same(void **state)
{
	static const char *const names[] = { "getpriority", "kill", "ioctl", "fcntl", "socket", "shmat" };
	static const char *const actions[] = { "ALLOW", "TRAP", "LOG" };
	unsigned taken = 0;

	for (uint64_t round = 0; round < 60; round++) {
		cleanup(buf_fini) struct buf text = { 0 };
		uint64_t seed = round;

		buf_puts(&text, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", " ARCHES "\"syscalls\": [\n");
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			random_rule(&text, &seed, names[i], actions[draw(&seed, 3)]);
		random_pairs(&text, &seed);
		buf_puts(&text, "]}");
		taken += same_as_libseccomp(text.data, text.length, sub_arches, NULL);
	}
	print_message("# libseccomp took %u of 60\n", taken);
	assert_true(taken > 20);
}

static void the_profile_of_containers_is_the_same(void **state)
{
	static const char *const capabilities[] = {
		NULL, "CAP_SYS_ADMIN", "CAP_AUDIT_WRITE", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_TIME"
	};
	cleanup(buf_fini) struct buf text = { 0 };

	if (file_read(CONTAINERS_PROFILE, 1u << 20, &text, NULL)) {
		print_message("# there is no " CONTAINERS_PROFILE " here\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(*capabilities); i++)
		assert_true(same_as_libseccomp(text.data, text.length, sub_arches, capabilities[i]));
}

static const char scoped[] =
	"{\"linux\": {\"seccomp\": {\n"
	"\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38,\n"
	"\"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]}],\n"
	"\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"], \"listenerPath\": \"/run/l\",\n"
	"\"syscalls\": [\n"
	"{\"names\": [\"ptrace\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"minKernel\": \"4.8\"}},\n"
	"{\"name\": \"mount\", \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\", "
	"\"CAP_BPF\"]}},\n"
	"{\"names\": [\"umount2\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 5, \"errno\": \"EACCES\",\n"
	"  \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"], \"arches\": [\"s390x\"]}},\n"
	"{\"names\": [\"kill\"], \"action\": \"SCMP_ACT_ALLOW\",\n"
	"  \"args\": [{\"index\": 1, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"}]}\n"
	"]}}}\n";

static uint32_t action_of(const char *call, uint16_t kernel, const char *const *capabilities, size_t count)
{
	cleanup(free_subject) struct callgate_subject *subject = NULL;
	struct callgate_subject_options options = { .kernel = kernel,
						    .capabilities = capabilities,
						    .capability_count = count };
	struct callgate_action action = { 0 };

	assert_int_equal(callgate_subject_parse("p", scoped, sizeof(scoped) - 1, &options, &subject, NULL), 0);
	assert_int_equal(callgate_subject_kind(subject), CALLGATE_SUBJECT_OCI);
	assert_string_equal(callgate_subject_note(subject, 0),
			    "p: SECCOMP_FILTER_FLAG_LOG is for whoever loads the filter");
	assert_non_null(callgate_subject_note(subject, 1));
	assert_null(callgate_subject_note(subject, 2));
	assert_int_equal(callgate_subject_simulate(subject, call, &action, NULL), 0);
	return action.ret;
}

static void rules_hold_for_a_kernel_and_all_their_capabilities(void **state)
{
	static const char *const both[] = { "sys_admin", "CAP_BPF" };
	static const char *const all[] = { "all" };

	assert_int_equal(action_of("ptrace()", 0x0408, NULL, 0), 0x7fff0000);
	assert_int_equal(action_of("ptrace()", 0x0407, NULL, 0), 0x00050026);
	assert_int_equal(action_of("mount()", 0x0601, both, 1), 0x00050026);
	assert_int_equal(action_of("mount()", 0x0601, both, 2), 0x7fff0000);
	assert_int_equal(action_of("mount()", 0x0601, all, 1), 0x7fff0000);
	assert_int_equal(action_of("umount2()", 0x0601, NULL, 0), 0x0005000d);
	assert_int_equal(action_of("umount2()", 0x0601, both, 1), 0x00050026);
	assert_int_equal(action_of("kill(0, arg1=0xffffffffffffffff)", 0x0601, NULL, 0), 0x7fff0000);
	assert_int_equal(action_of("kill(0, arg1=0xffffffff)", 0x0601, NULL, 0), 0x00050026);
}

static void a_rule_is_explained_by_its_line(void **state)
{
	cleanup(free_subject) struct callgate_subject *subject = NULL;
	struct callgate_explanation why;

	assert_int_equal(callgate_subject_parse("p", scoped, sizeof(scoped) - 1, NULL, &subject, NULL), 0);
	assert_int_equal(callgate_subject_explain(subject, "umount2()", &why, NULL), 0);
	assert_true(why.by_rule);
	assert_int_equal(why.line, 8);
	assert_non_null(strstr(why.rule, "umount2"));
}

static const struct {
	const char *text;
	unsigned line, col;
	const char *message;
} wrong[] = {
	{ "", 1, 1, "expected a value, not the end of the text" },
	{ "{", 1, 2, "expected a string, not the end of the text" },
	{ "[]", 1, 1, "a profile is an object, not an array" },
	{ "{}", 1, 1, "there is no \"defaultAction\" here" },
	{ "{\"linux\": {}}", 1, 11, "the configuration has no \"seccomp\": nothing is filtered" },
	{ "{\"defaultAction\": 1}", 1, 19, "\"defaultAction\" must be a string, not a number" },
	{ "{\"defaultAction\":\n \"SCMP_ACT_ALOW\"}", 2, 2, "unknown action 'SCMP_ACT_ALOW'" },
	{ "{\"a\": 1, \"a\": 2}", 1, 10, "\"a\" for the second time in one object" },
	{ "{\"a\": 01}", 1, 9, "a number with a 0 before it" },
	{ "{\"a\": \"\\ud800\"}", 1, 14, "half a character" },
	{ "{\"a\": \"\\u0000\"}", 1, 14, "a NUL in a string" },
	{ "{\"a\": \"\xff\"}", 1, 8, "the text is not UTF-8" },
	{ "{\"a\": tru}", 1, 7, "expected a value, not 't'" },
	{ "{\"a\": 1} x", 1, 10, "expected the end of the text, not 'x'" },
#define ALLOW "{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n"
	{ ALLOW "\"defaultErrnoRet\": 1}", 2, 20,
	  "\"defaultErrnoRet\" is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE, not for SCMP_ACT_ALLOW" },
	{ ALLOW "\"architectures\": [\"SCMP_ARCH_VAX\"]}", 2, 19, "unknown arch 'SCMP_ARCH_VAX'" },
	{ ALLOW "\"flags\": [\"X\"]}", 2, 11, "unknown flag 'X'" },
	{ ALLOW "\"syscalls\": {}}", 2, 13, "\"syscalls\" must be an array, not an object" },
	{ ALLOW "\"syscalls\": [{\"action\": \"SCMP_ACT_TRAP\"}]}", 2, 14, "there are no \"names\" here" },
#define TRAP ALLOW "\"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_TRAP\",\n"
	{ TRAP "\"args\": [{\"index\": 6, \"op\": \"SCMP_CMP_EQ\"}]}]}", 3, 20, "6 is more than 5" },
	{ TRAP "\"args\": [{\"index\": 1, \"op\": \"SCMP_CMP_XX\"}]}]}", 3, 29, "unknown comparison 'SCMP_CMP_XX'" },
	{ TRAP "\"args\": [{\"index\": 1, \"op\": \"SCMP_CMP_EQ\", \"value\": -1}]}]}", 3, 53,
	  "-1 is not a whole number from 0 up" },
	{ TRAP "\"args\": [{\"index\": 1, \"op\": \"SCMP_CMP_EQ\", \"value\": 18446744073709551616}]}]}", 3, 53,
	  "18446744073709551616 is more than 18446744073709551615" },
	{ TRAP "\"includes\": {\"minKernel\": \"new\"}}]}", 3, 27,
	  "'new' is no kernel: a major and a minor number, as in 4.8" },
	{ TRAP "\"name\": \"write\"}]}", 3, 9, "\"name\" beside \"names\": only one can hold" },
};

static void what_is_wrong_is_said_at_its_place(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct callgate_subject *subject = NULL;
		struct callgate_error err = { 0 };

		assert_true(callgate_subject_parse("p", wrong[i].text, strlen(wrong[i].text), &as_oci, &subject, &err) <
			    0);
		assert_null(subject);
		assert_string_equal(err.message, wrong[i].message);
		assert_string_equal(err.file, "p");
		assert_int_equal(err.line, wrong[i].line);
		assert_int_equal(err.col, wrong[i].col);
	}
}

static void hostile_texts_have_limits(void **state)
{
	cleanup(buf_fini) struct buf deep = { 0 }, wide = { 0 };
	struct callgate_subject *subject = NULL;

	for (unsigned i = 0; i < 100000; i++)
		buf_puts(&deep, "[");
	buf_puts(&wide, "{\"x\": 0");
	for (unsigned i = 0; i < 5000; i++)
		buf_printf(&wide, ",\"k%u\": 0", i);
	buf_puts(&wide, "}");
	assert_int_equal(callgate_subject_parse("p", deep.data, deep.length, &as_oci, &subject, NULL),
			 CALLGATE_E_LIMIT);
	assert_int_equal(callgate_subject_parse("p", wide.data, wide.length, &as_oci, &subject, NULL),
			 CALLGATE_E_LIMIT);
}

static void an_unknown_capability_is_an_error(void **state)
{
	static const char *const wrong_name[] = { "CAP_SYS_ADMI" };
	const struct callgate_subject_options options = { .capabilities = wrong_name, .capability_count = 1 };
	struct callgate_subject *subject = NULL;

	assert_int_equal(callgate_subject_parse("p", scoped, sizeof(scoped) - 1, &options, &subject, NULL),
			 CALLGATE_E_UNKNOWN);
}

static void a_failing_allocation_fails_the_reading(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		int status = callgate_subject_parse("p", scoped, sizeof(scoped) - 1, NULL, &subject, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_subject_free(subject);
	});
}

UNIT_TESTS(test_import_oci, cmocka_unit_test(every_action_is_libseccomps),
	   cmocka_unit_test(comparisons_have_the_width_of_a_pointer),
	   cmocka_unit_test(a_rule_without_comparisons_stands_for_those_with),
	   cmocka_unit_test(carriers_get_what_libseccomp_gives_them), cmocka_unit_test(random_profiles_are_the_same),
	   cmocka_unit_test(the_profile_of_containers_is_the_same),
	   cmocka_unit_test(rules_hold_for_a_kernel_and_all_their_capabilities),
	   cmocka_unit_test(a_rule_is_explained_by_its_line), cmocka_unit_test(what_is_wrong_is_said_at_its_place),
	   cmocka_unit_test(hostile_texts_have_limits), cmocka_unit_test(an_unknown_capability_is_an_error),
	   cmocka_unit_test(a_failing_allocation_fails_the_reading), )
