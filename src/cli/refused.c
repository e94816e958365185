/*
 * `run` says what happens while it does, `monitor` what many say, `why` what was said before. Who reads all three
 * should not have to learn three ways of saying it.
 */
#include "cli/refused.h"

/* Upper halves of SECCOMP_RET_KILL_PROCESS and so on (linux/seccomp.h). */
enum { KIND_KILL_PROCESS = 0x8000, KIND_KILL_THREAD = 0x0, KIND_TRAP = 0x3, KIND_LOG = 0x7ffc, KIND_ALLOW = 0x7fff };

const char *refusal_fate(const struct callgate_refusal *refusal)
{
	if (refusal->outcome == CALLGATE_OUTCOME_ENDED)
		return "was ended for";
	if (refusal->outcome == CALLGATE_OUTCOME_FAILED)
		return "was refused";
	if (refusal->outcome == CALLGATE_OUTCOME_ANSWERED)
		return "was answered by a supervisor for";
	switch (refusal->explanation.action.ret >> 16) {
	case KIND_KILL_PROCESS:
	case KIND_KILL_THREAD:
	case KIND_TRAP:
		return "would be ended for";
	case KIND_LOG:
	case KIND_ALLOW:
		return "was let through";
	default:
		return "would be refused";
	}
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
