#include "unit.h"

#include "bpf/bpf.h"
#include "diagram/meaning.h"
#include "lang/lang.h"
#include "prove/diff.h"
#include "prove/prove.h"

#include <callgate/action.h>
#include <stdio.h>
#include <string.h>

static uint32_t meaning(struct diagram *diagram, const char *text)
{
	struct callgate_policy *policy;
	struct callgate_error err;
	uint32_t root;

	if (callgate_policy_parse("test", text, strlen(text), NULL, &policy, &err) != CALLGATE_OK)
		fail_msg("%s:%u:%u: %s", err.file, err.line, err.col, err.message);
	if (diagram_from_policy(diagram, policy->policy, &root, &err) != CALLGATE_OK)
		fail_msg("%s", err.message);
	callgate_policy_free(policy);
	return root;
}

/* One line a change, as `callgate diff` prints it. */
static void print_changes(const struct diff_changes *changes, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < changes->length; i++) {
		const struct diff_change *change = &changes->items[i];
		char old_action[32], new_action[32];

		callgate_action_format((struct callgate_action){ change->old_action }, old_action, sizeof(old_action));
		callgate_action_format((struct callgate_action){ change->new_action }, new_action, sizeof(new_action));
		used += (size_t)snprintf(text + used, size - used, "%s%s%s%s%s: %s -> %s\n",
					 change->arch ? change->arch->name : "others", " ", change->calls,
					 change->condition ? " if " : "", change->condition ? change->condition : "",
					 old_action, new_action);
	}
}

static void assert_diff(const char *older, const char *newer, const char *expected)
{
	struct diagram *diagram = diagram_new(0);
	struct arena arena = { 0 };
	struct diff_changes changes;
	uint32_t a = meaning(diagram, older), b = meaning(diagram, newer);
	char text[8192];

	assert_int_equal(diff_functions(diagram, a, b, &arena, &changes, NULL), CALLGATE_OK);
	print_changes(&changes, text, sizeof(text));
	assert_string_equal(text, expected);
	for (size_t i = 0; i < changes.length; i++) {
		struct diagram_input input;

		prove_data_to_input(&changes.items[i].witness, &input);
		assert_int_equal(diagram_evaluate(diagram, a, &input), changes.items[i].old_action);
		assert_int_equal(diagram_evaluate(diagram, b, &input), changes.items[i].new_action);
	}
	arena_fini(&arena);
	diagram_free(diagram);
}

#define HEAD "kernel 6.1\narch x86_64\ndefault errno EPERM\n"

static void equal_policies_have_no_difference(void **state)
{
	assert_diff(HEAD "allow read, write\n", HEAD "allow write\nallow read\n", "");
}

static void calls_that_change_alike_are_one_line(void **state)
{
	assert_diff(HEAD "allow read, write, close\n", HEAD "allow write\n",
		    "x86_64 read, close: allow -> errno EPERM\n");
}

static void arguments_say_where_it_changes(void **state)
{
	assert_diff(HEAD "errno EACCES ioctl if request == TIOCSTI\nallow ioctl\n", HEAD "allow ioctl\n",
		    "x86_64 ioctl if request == TIOCSTI: errno EACCES -> allow\n");
	assert_diff(HEAD "allow mmap, mprotect if prot & PROT_EXEC == 0\n", HEAD "allow mmap, mprotect\n",
		    "x86_64 mmap, mprotect if prot & PROT_EXEC: errno EPERM -> allow\n");
}

static void what_is_newer_is_one_line_without_end(void **state)
{
	struct diagram *diagram = diagram_new(0);
	struct arena arena = { 0 };
	struct diff_changes changes;
	uint32_t a = meaning(diagram, HEAD "newer errno ENOSYS\nallow read\n");
	uint32_t b = meaning(diagram, HEAD "newer kill-process\nallow read\n");
	const char *calls;

	assert_int_equal(diff_functions(diagram, a, b, &arena, &changes, NULL), CALLGATE_OK);
	assert_int_equal(changes.length, 1);
	calls = changes.items[0].calls;
	assert_non_null(strstr(calls, "..423, cachestat, fchmodat2, "));
	assert_string_equal(calls + strlen(calls) - 2, "..");
	arena_fini(&arena);
	diagram_free(diagram);
}

static void an_arch_that_is_gone_is_one_line(void **state)
{
	assert_diff("kernel 6.1\narch x86_64, i386\ndefault kill-process\nnewer kill-process\nallow read\n",
		    "kernel 6.1\narch x86_64\ndefault kill-process\nnewer kill-process\nallow read\n",
		    "i386 read: allow -> kill-process\n");
}

static void arches_without_a_name_are_compared_together(void **state)
{
	struct diagram *diagram = diagram_new(0);
	struct arena arena = { 0 };
	struct diff_changes changes;
	uint32_t allow = diagram_terminal(diagram, SECCOMP_RET_ALLOW);
	uint32_t one = diagram_word_equals(diagram, DIAGRAM_ARCH, UINT32_MAX, 0x7777);

	one = diagram_if(diagram, one, allow, DIAGRAM_FALSE);
	assert_int_equal(diff_functions(diagram, one, allow, &arena, &changes, NULL), CALLGATE_OK);
	assert_int_equal(changes.length, 1);
	assert_null(changes.items[0].arch);
	assert_int_equal(changes.items[0].arches.length, 2);
	assert_string_equal(changes.items[0].calls, "any call");
	assert_null(changes.items[0].condition);
	arena_fini(&arena);
	diagram_free(diagram);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct diagram *diagram = diagram_new(0);
		struct arena arena = { 0 };
		struct diff_changes changes = { 0 };
		uint32_t allow = DIAGRAM_NONE;
		uint32_t where = DIAGRAM_NONE;
		int status = CALLGATE_E_NOMEM;

		if (diagram) {
			allow = diagram_terminal(diagram, SECCOMP_RET_ALLOW);
			where = diagram_and(diagram, diagram_word_equals(diagram, DIAGRAM_NR, ~7u, 8),
					    diagram_word_equals(diagram, DIAGRAM_ARG0, UINT32_MAX, 3));
		}
		if (where != DIAGRAM_NONE)
			status = diff_functions(diagram, diagram_if(diagram, where, allow, 0), allow, &arena, &changes, NULL);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		arena_fini(&arena);
		diagram_free(diagram);
	});
}

UNIT_TESTS(test_prove_diff, cmocka_unit_test(equal_policies_have_no_difference),
	   cmocka_unit_test(calls_that_change_alike_are_one_line), cmocka_unit_test(arguments_say_where_it_changes),
	   cmocka_unit_test(what_is_newer_is_one_line_without_end), cmocka_unit_test(an_arch_that_is_gone_is_one_line),
	   cmocka_unit_test(arches_without_a_name_are_compared_together), cmocka_unit_test(every_allocation_may_fail), )
