/*
 * `run` says what happens while it does, `monitor` what many say, `why` what was said before. Who reads all three
 * should not have to learn three ways of saying it.
 */
#include "cli/refused.h"

/* Upper half of SECCOMP_RET_ERRNO. */
enum { KIND_ERRNO = 0x5 };

const char *refusal_fate(const struct callgate_refusal *refusal)
{
	if (refusal->outcome == CALLGATE_OUTCOME_ENDED)
		return "was ended for";
	if (refusal->outcome == CALLGATE_OUTCOME_FAILED)
		return "was refused";
	return refusal->explanation.action.ret >> 16 == KIND_ERRNO ? "would be refused" : "would be ended for";
}

char *shown(char *text)
{
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return text;
}

const char *plural(uint64_t number)
{
	return number == 1 ? "" : "s";
}
