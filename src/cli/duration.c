/*
 * A number without a unit is no duration: whoever wrote it would have to guess as we would.
 */
#include "cli/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_MAX_MS (1ULL << 53)

bool duration_parse(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 } };
	unsigned long long number;
	char *unit;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &unit, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(unit, units[i].unit) != 0)
			continue;
		if (errno || number == 0 || number > DURATION_MAX_MS / units[i].ms)
			return false;
		*ret_ms = number * units[i].ms;
		return true;
	}
	return false;
}
