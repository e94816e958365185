/*
 * Policies as diagrams: what the tables of cases cannot ask.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "diagram/meaning.h"
#include "lang/lang.h"
#include "prove/prove.h"

#include <linux/seccomp.h>
#include <string.h>

static struct callgate_policy *parse(const char *text)
{
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };

	if (callgate_policy_parse("test", text, strlen(text), NULL, &policy, &err))
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	return policy;
}

static uint32_t ask(const struct diagram *diagram, uint32_t root, uint32_t nr, uint64_t sixth)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = abi_arch_native()->audit };
	struct diagram_input input;

	data.args[5] = sixth;
	prove_data_to_input(&data, &input);
	return diagram_evaluate(diagram, root, &input);
}

static void a_launch_has_one_door(void **state)
{
	struct callgate_policy *policy = parse("kernel 6.1\ndefault kill-process\nallow read\n");
	struct diagram *diagram = diagram_new(0);
	uint32_t execve = (uint32_t)abi_syscall_by_name("execve")->nr[abi_arch_native()->id];
	uint32_t execveat = (uint32_t)abi_syscall_by_name("execveat")->nr[abi_arch_native()->id];
	uint64_t secret = 0x123456789abcdef0;
	uint32_t root;

	assert_int_equal(diagram_from_policy_with_launch(diagram, policy->policy, secret, &root, NULL), CALLGATE_OK);
	assert_int_equal(ask(diagram, root, execve, secret), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(diagram, root, execveat, secret), SECCOMP_RET_KILL_PROCESS);
	for (unsigned bit = 0; bit < 64; bit++)
		assert_int_equal(ask(diagram, root, execve, secret ^ UINT64_C(1) << bit), SECCOMP_RET_KILL_PROCESS);
	diagram_free(diagram);
	callgate_policy_free(policy);
}

static void the_same_meaning_is_the_same_node(void **state)
{
	static const char *const texts[] = {
		"kernel 6.1\ndefault errno EPERM\nallow socket if domain in {AF_UNIX, AF_INET}\nallow read\n",
		"kernel 6.1\ndefault errno EPERM\nallow read\nallow socket if domain in 1..2\nerrno EPERM socket\n",
		"kernel 6.1\ndefault errno 1\nallow read, read\nerrno 1 socket if not domain in 1..2\nallow socket\n",
	};
	struct diagram *diagram = diagram_new(0);
	uint32_t first = DIAGRAM_NONE;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct callgate_policy *policy = parse(texts[i]);
		uint32_t root;

		assert_int_equal(diagram_from_policy(diagram, policy->policy, &root, NULL), CALLGATE_OK);
		if (first == DIAGRAM_NONE)
			first = root;
		assert_int_equal(root, first);
		callgate_policy_free(policy);
	}
	diagram_free(diagram);
}

static void ten_thousand_rules_cost_their_number(void **state)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct diagram *diagram = diagram_new(1 << 20);
	struct callgate_policy *policy;
	uint32_t root;

	buf_puts(&text, "kernel 6.1\ndefault kill-process\n");
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(&text, "allow openat, getpid if arg%u == %u\n", i % 6, i * 7919u);
	policy = parse(buf_text(&text));
	assert_int_equal(diagram_from_policy(diagram, policy->policy, &root, NULL), CALLGATE_OK);
	callgate_policy_free(policy);
	diagram_free(diagram);
}

static void a_budget_that_is_spent_is_an_error(void **state)
{
	struct callgate_policy *policy = parse("kernel 6.1\ndefault kill-process\nallow getpid if arg0 == 0x1234567\n");
	struct diagram *diagram = diagram_new(64);
	struct callgate_error err = { 0 };
	uint32_t root = 77;

	assert_int_equal(diagram_from_policy(diagram, policy->policy, &root, &err), CALLGATE_E_LIMIT);
	assert_int_equal(root, 77);
	assert_int_equal(err.status, CALLGATE_E_LIMIT);
	diagram_free(diagram);
	callgate_policy_free(policy);
}

static void a_failing_allocation_is_an_error(void **state)
{
	struct callgate_policy *policy = parse("kernel 6.1\narch x86_64, i386\ndefault kill-process\nallow socket if "
					       "domain in {1, 2, 7..9} and type & 3\n"
					       "log getpid if arg0 == 1\nlog getpid if arg0 == 2\n");

	FOR_EACH_ALLOCATION({
		struct diagram *diagram = diagram_new(0);
		uint32_t root = 77;

		if (diagram) {
			int status = diagram_from_policy(diagram, policy->policy, &root, NULL);

			assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
			if (status)
				assert_int_equal(root, 77);
		}
		diagram_free(diagram);
	});
	callgate_policy_free(policy);
}

UNIT_TESTS(test_diagram_meaning, cmocka_unit_test(a_launch_has_one_door),
	   cmocka_unit_test(the_same_meaning_is_the_same_node), cmocka_unit_test(ten_thousand_rules_cost_their_number),
	   cmocka_unit_test(a_budget_that_is_spent_is_an_error), cmocka_unit_test(a_failing_allocation_is_an_error), )
