#include "unit.h"

#include <callgate/action.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

static void actions_are_in_the_kernel_s_order(void **state)
{
	static const uint32_t order[] = {
		SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
		SECCOMP_RET_USER_NOTIF,	  SECCOMP_RET_TRACE,	   SECCOMP_RET_LOG,  SECCOMP_RET_ALLOW,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		for (size_t j = 0; j < sizeof(order) / sizeof(*order); j++)
			assert_int_equal(callgate_action_overrides((struct callgate_action){ order[i] | 7 },
								   (struct callgate_action){ order[j] | 9 }),
					 i < j);
}

static void assert_spelt(uint32_t ret, const char *spelling)
{
	char text[32];

	callgate_action_format((struct callgate_action){ ret }, text, sizeof(text));
	assert_string_equal(text, spelling);
}

static void an_action_is_spelt_as_in_a_policy(void **state)
{
	assert_spelt(SECCOMP_RET_ALLOW, "allow");
	assert_spelt(SECCOMP_RET_KILL_PROCESS, "kill-process");
	assert_spelt(SECCOMP_RET_KILL_THREAD, "kill-thread");
	assert_spelt(SECCOMP_RET_LOG, "log");
	assert_spelt(SECCOMP_RET_USER_NOTIF, "notify");
	assert_spelt(SECCOMP_RET_TRACE | 65535, "trace 65535");
	assert_spelt(SECCOMP_RET_TRAP | 3, "trap 3");
	assert_spelt(SECCOMP_RET_ERRNO | EPERM, "errno EPERM");
	assert_spelt(SECCOMP_RET_ERRNO | 0, "errno 0");
	assert_spelt(SECCOMP_RET_ERRNO | 4000, "errno 4000");
	assert_spelt(0x12340000, "0x12340000");
}

static void a_spelling_is_cut_to_its_room(void **state)
{
	char text[6] = "xxxxx";

	callgate_action_format((struct callgate_action){ SECCOMP_RET_KILL_PROCESS }, text, sizeof(text));
	assert_string_equal(text, "kill-");
}

UNIT_TESTS(test_abi_action, cmocka_unit_test(actions_are_in_the_kernel_s_order),
	   cmocka_unit_test(an_action_is_spelt_as_in_a_policy), cmocka_unit_test(a_spelling_is_cut_to_its_room), )
