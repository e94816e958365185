#include "unit.h"

#include "sandbox/speculation.h"

#include <errno.h>
#include <sys/prctl.h>

/* What a machine says, and what is done about it: unasked, and when all is to be off. */
struct case_row {
	long state;
	enum speculation_wish unasked, asked;
};

static void every_state_has_its_wish(void **state)
{
	static const struct case_row rows[] = {
		{ PR_SPEC_NOT_AFFECTED, SPECULATION_LEAVE, SPECULATION_LEAVE },
		{ PR_SPEC_ENABLE, SPECULATION_LEAVE, SPECULATION_LACKS },
		{ PR_SPEC_DISABLE, SPECULATION_LEAVE, SPECULATION_LEAVE },
		{ PR_SPEC_PRCTL | PR_SPEC_ENABLE, SPECULATION_LEAVE, SPECULATION_FORCE },
		{ PR_SPEC_PRCTL | PR_SPEC_DISABLE, SPECULATION_FORCE, SPECULATION_FORCE },
		{ PR_SPEC_PRCTL | PR_SPEC_DISABLE_NOEXEC, SPECULATION_FORCE, SPECULATION_FORCE },
		{ PR_SPEC_PRCTL | PR_SPEC_FORCE_DISABLE, SPECULATION_LEAVE, SPECULATION_LEAVE },
		{ -ENODEV, SPECULATION_LEAVE, SPECULATION_LEAVE },
		{ -EINVAL, SPECULATION_LEAVE, SPECULATION_LACKS },
		{ -EPERM, SPECULATION_LEAVE, SPECULATION_LACKS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(speculation_choose(rows[i].state, false), rows[i].unasked);
		assert_int_equal(speculation_choose(rows[i].state, true), rows[i].asked);
	}
}

UNIT_TESTS(test_sandbox_speculation, cmocka_unit_test(every_state_has_its_wish), )
