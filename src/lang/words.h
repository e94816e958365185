/*
 * lang/words.h - the actions as the language spells them, for the parser and the printer
 */
#ifndef CALLGATE_LANG_WORDS_H
#define CALLGATE_LANG_WORDS_H

#include "policy/policy.h"

struct words_action {
	const char *word;
	bool has_data; /* a number follows, or the name of an errno */
	unsigned data_max;
};

/* The row of an action. */
const struct words_action *words_action(enum policy_action_kind kind);
/* False when no action is spelt so. */
bool words_find_action(const char *word, enum policy_action_kind *ret_kind);
/* The word that starts a statement and is nearest to this one; NULL when none is near. */
const char *words_nearest(const char *word);

#endif
