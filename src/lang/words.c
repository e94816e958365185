/*
 * Eight actions and six other words start a statement. A word that does not is compared with them all, so that the
 * error can name the one that was meant.
 */
#include "lang/words.h"

#include "base/nearest.h"

#include <string.h>

static const struct words_action actions[] = {
	[POLICY_ALLOW] = { "allow", false, 0 },
	[POLICY_LOG] = { "log", false, 0 },
	[POLICY_NOTIFY] = { "notify", false, 0 },
	[POLICY_TRACE] = { "trace", true, WORDS_DATA_MAX },
	[POLICY_ERRNO] = { "errno", true, WORDS_ERRNO_MAX },
	[POLICY_TRAP] = { "trap", true, WORDS_DATA_MAX },
	[POLICY_KILL_THREAD] = { "kill-thread", false, 0 },
	[POLICY_KILL_PROCESS] = { "kill-process", false, 0 },
};

static const char *const others[] = { "kernel", "arch", "default", "newer", "foreign", "include" };

const struct words_action *words_action(enum policy_action_kind kind)
{
	return &actions[kind];
}

bool words_find_action(const char *word, enum policy_action_kind *ret_kind)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(actions[i].word, word) != 0)
			continue;
		*ret_kind = (enum policy_action_kind)i;
		return true;
	}
	return false;
}

const char *words_nearest(const char *word)
{
	struct nearest nearest = nearest_to(word);

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		nearest_try(&nearest, actions[i].word);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		nearest_try(&nearest, others[i]);
	return nearest.name;
}
