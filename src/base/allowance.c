/*
 * A bucket that a drop leaves every second.
 */
#include "base/allowance.h"

#include <time.h>

#define SECOND_NS 1000000000

bool allowance_take(struct allowance *allowance, unsigned most, int64_t now_ns)
{
	int64_t passed = (now_ns - allowance->since_ns) / SECOND_NS;

	if (!allowance->taken)
		allowance->since_ns = now_ns;
	else if (passed > 0)
		allowance->since_ns += passed * SECOND_NS;
	allowance->taken -= passed < allowance->taken ? (unsigned)(passed > 0 ? passed : 0) : allowance->taken;
	if (allowance->taken >= most)
		return false;
	allowance->taken++;
	return true;
}

int64_t allowance_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}
