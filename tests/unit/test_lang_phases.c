#include "unit.h"

#include "diagram/meaning.h"
#include "filter/filter.h"
#include "lang/lang.h"
#include "lang/print.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char two[] = "kernel 6.1\n"
			  "arch x86_64\n"
			  "default kill-process\n"
			  "allow read, write, openat\n"
			  "\n"
			  "phase serving {\n"
			  "\terrno EPERM openat if flags & O_ACCMODE != O_RDONLY\n"
			  "}\n"
			  "\n"
			  "phase sealed at listen {\n"
			  "\tdefault kill-process\n"
			  "\tallow read\n"
			  "}\n";

static int parse_as(const char *text, const char *phase, struct callgate_policy **ret_policy,
		    struct callgate_error *err)
{
	const struct callgate_policy_options options = { .phase = phase };

	return callgate_policy_parse("p", text, strlen(text), &options, ret_policy, err);
}

static void a_policy_with_phases_is_read_and_printed(void **state)
{
	struct callgate_policy *policy = NULL;
	struct buf text = { 0 };

	assert_int_equal(parse_as(two, NULL, &policy, NULL), CALLGATE_OK);
	assert_int_equal(policy->policy->phases.length, 2);
	assert_null(policy->policy->phases.items[0].at);
	assert_string_equal(policy->policy->phases.items[1].at->name, "listen");
	print_policy(&text, policy->policy);
	assert_non_null(strstr(buf_text(&text), strstr(two, "phase serving")));
	buf_fini(&text);
	callgate_policy_free(policy);
}

static void main_is_a_mark(void **state)
{
	static const char text[] = "kernel 6.1\ndefault allow\n\nphase running at main {\n\tkill-process mkdir\n}\n";
	struct callgate_policy *policy = NULL;
	struct buf printed = { 0 };

	assert_int_equal(parse_as(text, NULL, &policy, NULL), CALLGATE_OK);
	assert_true(policy->policy->phases.items[0].at_main);
	assert_null(policy->policy->phases.items[0].at);
	print_policy(&printed, policy->policy);
	assert_non_null(strstr(buf_text(&printed), "phase running at main {"));
	buf_fini(&printed);
	callgate_policy_free(policy);
}

/* What the policy, read as this phase, says to a call. */
static uint32_t answer(const char *phase, const char *syscall, uint64_t flags)
{
	const struct policy_call call = {
		.audit = abi_arch(ABI_X86_64)->audit,
		.nr = (uint32_t)abi_syscall_by_name(syscall)->nr[ABI_X86_64],
		.args = { 0, 0, flags },
	};
	struct callgate_policy *policy = NULL;
	struct callgate_action action = { 0 };
	const struct policy_rule *rule;

	assert_int_equal(parse_as(two, phase, &policy, NULL), CALLGATE_OK);
	assert_int_equal(policy_evaluate(policy->policy, &call, &action, &rule, NULL), CALLGATE_OK);
	callgate_policy_free(policy);
	return action.ret;
}

static void a_phase_leaves_to_the_first_part_what_it_does_not_say(void **state)
{
	assert_int_equal(answer(NULL, "openat", 1), SECCOMP_RET_ALLOW);
	assert_int_equal(answer("serving", "openat", 1), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(answer("serving", "openat", 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(NULL, "mkdir", 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer("serving", "mkdir", 0), SECCOMP_RET_ALLOW);
	/* Newer than the policy's kernel. */
	assert_int_equal(answer("serving", "mseal", 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer("sealed", "mseal", 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(answer("sealed", "write", 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer("sealed", "read", 0), SECCOMP_RET_ALLOW);
}

/* The secret that stacks a phase opens seccomp, of a policy that has one and of a phase, and nothing else. */
static void the_door_of_a_phase_is_seccomp_by_the_secret(void **state)
{
	static const char *const phases[] = { NULL, "sealed" };

	for (size_t i = 0; i < 2; i++) {
		struct diagram *diagram = diagram_new(0);
		struct callgate_policy *policy = NULL;
		uint32_t plain, doors, launch;

		assert_non_null(diagram);
		assert_int_equal(parse_as(two, phases[i], &policy, NULL), CALLGATE_OK);
		assert_int_equal(diagram_from_policy(diagram, policy->policy, &plain, NULL), CALLGATE_OK);
		assert_int_equal(diagram_from_policy_with_launch(diagram, policy->policy, 0x1234500000678ULL, &doors,
								 NULL),
				 CALLGATE_OK);
		assert_int_equal(diagram_with_launch(diagram, plain, 0x1234500000678ULL, &launch, NULL), CALLGATE_OK);
		assert_int_not_equal(doors, launch);
		callgate_policy_free(policy);
		diagram_free(diagram);
	}
}

static void what_is_wrong_with_a_phase_is_said_with_its_line(void **state)
{
	static const struct {
		const char *text, *message;
		unsigned line;
	} cases[] = {
		{ "phase a {\n", "not closed", 3 },
		{ "}\n", "closes nothing", 3 },
		{ "phase a at lisen {\n}\n", "unknown syscall 'lisen'", 3 },
		{ "phase a {\nkernel 6.1\n}\n", "whole policy", 4 },
		{ "phase a {\nallow read\ndefault allow\n}\n", "stands once", 5 },
		{ "phase a {\nphase b {\n}\n}\n", "within a phase", 4 },
		{ "phase a {\n}\nallow read\n", "behind a phase", 5 },
		{ "phase a {\n}\nphase a {\n}\n", "second phase", 5 },
		{ "phase a {\nallow read if foo == 1\n}\n", "no argument 'foo'", 4 },
		{ "phase a { allow read\n}\n", "end of the line", 3 },
		{ "phase {\n}\n", "the name of a phase", 3 },
		{ "phase a at {\n}\n", "a mark", 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct callgate_policy *policy = NULL;
		struct callgate_error err;
		char text[256];

		snprintf(text, sizeof(text), "kernel 6.1\ndefault allow\n%s", cases[i].text);
		assert_true(parse_as(text, NULL, &policy, &err) < 0);
		if (!strstr(err.message, cases[i].message))
			print_error("%s: %s\n", cases[i].text, err.message);
		assert_non_null(strstr(err.message, cases[i].message));
		assert_int_equal(err.line, cases[i].line);
	}
}

static void more_phases_than_there_may_be_are_refused(void **state)
{
	struct callgate_policy *policy = NULL;
	struct buf text = { 0 };

	buf_puts(&text, "kernel 6.1\ndefault allow\n");
	for (int i = 0; i <= POLICY_PHASES_MAX; i++)
		buf_printf(&text, "phase p%d {\n}\n", i);
	assert_int_equal(parse_as(buf_text(&text), NULL, &policy, NULL), CALLGATE_E_SYNTAX);
	buf_fini(&text);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_policy *policy = NULL;
		struct callgate_filter *filter = NULL;
		char *text = NULL;
		int status = parse_as(two, "sealed", &policy, NULL);

		if (status == CALLGATE_OK)
			status = callgate_filter_compile(policy, NULL, &filter, NULL);
		if (status == CALLGATE_OK)
			status = callgate_policy_format("p", two, strlen(two), &text, NULL);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		if (text)
			assert_string_equal(text, two);
		callgate_filter_free(filter);
		callgate_policy_free(policy);
		free(text);
	});
}

UNIT_TESTS(test_lang_phases, cmocka_unit_test(a_policy_with_phases_is_read_and_printed),
	   cmocka_unit_test(main_is_a_mark), cmocka_unit_test(a_phase_leaves_to_the_first_part_what_it_does_not_say),
	   cmocka_unit_test(the_door_of_a_phase_is_seccomp_by_the_secret),
	   cmocka_unit_test(what_is_wrong_with_a_phase_is_said_with_its_line),
	   cmocka_unit_test(more_phases_than_there_may_be_are_refused), cmocka_unit_test(every_allocation_may_fail), )
