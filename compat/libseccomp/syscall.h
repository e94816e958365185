/*
 * compat/libseccomp/syscall.h - calls by name and number, with the pseudo numbers of those that an arch lacks
 */
#ifndef CALLGATE_COMPAT_SYSCALL_H
#define CALLGATE_COMPAT_SYSCALL_H

#include "policy/multiplex.h"
#include "token.h"

/* Numbers from here down are pseudo numbers; those above it, but -1, mean nothing. */
#define PSEUDO_FIRST (-100)

/* A number, a pseudo number, or SCMP_SYS_ERROR for a name that nobody has. */
int syscall_number(const struct token *token, const char *name);
/* The number by which the kernel knows it, or -1: for calls that are carried too. */
int syscall_direct_number(const struct token *token, const char *name);
/* NULL for a number that the arch lacks. */
const char *syscall_name(const struct token *token, int number);
/* How this arch carries the call, or NULL where it does not. */
const struct policy_multiplexed *syscall_carried(const struct token *token, const char *name);

#endif
