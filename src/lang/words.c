/*
 * The actions and seven other words start a statement. A word that does not is compared with them all, so that the
 * error can name the one that was meant.
 */
#include "lang/words.h"

#include "base/nearest.h"

#include <string.h>

static const struct words_action actions[] = {
#define ACTION(name, ret, word, data, data_max) [POLICY_##name] = { word, data_max != 0, data_max },
#include "abi/actions.def"
#undef ACTION
};

static const char *const others[] = { "kernel", "arch", "default", "newer", "foreign", "include", "phase" };

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
