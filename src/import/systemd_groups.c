/*
 * The groups are systemd's own, as data: tools/systemd-groups asks it for them.
 */
#include "base/nearest.h"
#include "import/systemd.h"

#include <string.h>

static const struct {
	const char *name, *members;
} groups[] = {
#define SYSTEMD_GROUP(name, members) { name, members },
#include "import/systemd-groups.def"
#undef SYSTEMD_GROUP
};

enum { GROUPS = sizeof(groups) / sizeof(*groups) };

const char *systemd_group(const char *name)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (strcmp(groups[i].name, name) == 0)
			return groups[i].members;
	return NULL;
}

const char *systemd_group_nearest(const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < GROUPS; i++)
		nearest_try(&nearest, groups[i].name);
	return nearest.name;
}
