/*
 * policy/multiplex.h - calls that carry another call's number in their first argument
 *
 * i386, s390x, ppc and others can reach `socket` by its number and through `socketcall`, whose arguments lie in memory,
 * unseen. A multiplexer that no rule lists is therefore taken apart: what it carries gets the strictest action that the
 * rules of the carried call could give it, whatever its arguments. One that a rule lists is a call like any other.
 */
#ifndef CALLGATE_POLICY_MULTIPLEX_H
#define CALLGATE_POLICY_MULTIPLEX_H

#include "abi/abi.h"

struct policy_multiplexed {
	const char *multiplexer; /* "socketcall" or "ipc" */
	uint32_t mask;		 /* the bits of the first argument's low word that the kernel looks at */
	uint32_t number;	 /* their value (linux/net.h SYS_*, linux/ipc.h) */
	const char *carried;	 /* the call behind it */
};

/* Entry `index` of the table, NULL behind its end. */
const struct policy_multiplexed *policy_multiplexed_at(size_t index);
bool policy_is_multiplexer(const struct abi_syscall *syscall);

#endif
