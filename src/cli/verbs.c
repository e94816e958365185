/*
 * The table that verbs.def expands to. Dispatch, help, the man page and completion all walk it, so that a verb which
 * runs is also one that is documented.
 */
#include "cli/verbs.h"

#include "base/nearest.h"
#include "cli/delegate.h"

#include <string.h>

#define VERB(name, group, summary) { #name, group, summary, &name##_usage, cmd_##name },
#ifdef CALLGATE_OBSERVES
#define OBSERVING_VERB(name, group, summary) VERB(name, group, summary)
#else
#define OBSERVING_VERB(name, group, summary) { #name, group, summary, NULL, verb_delegate },
#endif
const struct verb verbs[] = {
#include "cli/verbs.def"
};
#undef OBSERVING_VERB
#undef VERB

const size_t verb_count = sizeof(verbs) / sizeof(verbs[0]);

const char *const verb_group_names[VERBS_GROUPS] = {
	[VERBS_WRITE] = "write",     [VERBS_UNDERSTAND] = "understand", [VERBS_OBSERVE] = "observe",
	[VERBS_ENFORCE] = "enforce", [VERBS_MACHINE] = "machine",
};

const struct verb *verb_by_name(const char *name)
{
	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

const char *verb_nearest(const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < verb_count; i++)
		nearest_try(&nearest, verbs[i].name);
	return nearest.name;
}
