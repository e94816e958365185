/*
 * Which rule decided, beside what it decided: what explain tells.
 */
#include "unit.h"

#include "lang/lang.h"

#include <linux/seccomp.h>
#include <string.h>

static const char text[] = "kernel 6.1\n"
			   "arch x86_64, i386\n"
			   "default errno EPERM\n"
			   "allow close if fd == 1\n"
			   "log close\n"
			   "errno EACCES connect\n"
			   "errno EROFS mmap if prot & PROT_EXEC\n";

static void decides(const struct callgate_policy *policy, enum abi_arch_id arch, const char *name, uint64_t first,
		    uint32_t expected, unsigned line)
{
	struct policy_call call = { abi_arch(arch)->audit, (uint32_t)abi_syscall_by_name(name)->nr[arch], 0, { first } };
	const struct policy_rule *rule = NULL;
	struct callgate_action action;

	assert_int_equal(policy_evaluate(policy->policy, &call, &action, &rule, NULL), CALLGATE_OK);
	assert_int_equal(action.ret, expected);
	assert_int_equal(rule ? rule->position.line : 0, line);
}

static void the_rule_that_decided_is_told(void **state)
{
	struct callgate_policy *policy = NULL;

	assert_int_equal(callgate_policy_parse("x", text, sizeof(text) - 1, NULL, &policy, NULL), CALLGATE_OK);
	decides(policy, ABI_X86_64, "close", 1, SECCOMP_RET_ALLOW, 4);
	decides(policy, ABI_X86_64, "close", 2, SECCOMP_RET_LOG, 5);
	decides(policy, ABI_X86_64, "read", 0, SECCOMP_RET_ERRNO | 1, 0);
	decides(policy, ABI_X86_64, "cachestat", 0, SECCOMP_RET_ERRNO | 38, 0);
	decides(policy, ABI_AARCH64, "close", 1, SECCOMP_RET_KILL_PROCESS, 0);
	decides(policy, ABI_I386, "socketcall", 3, SECCOMP_RET_ERRNO | 13, 6);
	decides(policy, ABI_I386, "socketcall", 1, SECCOMP_RET_ERRNO | 1, 0);
	decides(policy, ABI_I386, "mmap", 0, SECCOMP_RET_ERRNO | 30, 7);
	callgate_policy_free(policy);
}

UNIT_TESTS(test_policy_evaluate, cmocka_unit_test(the_rule_that_decided_is_told), )
