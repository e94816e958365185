/*
 * filter/call.h - a call that a person or strace wrote, as the kernel would present it to a filter
 */
#ifndef CALLGATE_FILTER_CALL_H
#define CALLGATE_FILTER_CALL_H

#include "abi/abi.h"

#include <callgate/error.h>

#include <linux/seccomp.h>
#include <stddef.h>

struct call {
	struct seccomp_data data;
	const struct abi_arch *arch;
	const struct abi_syscall *syscall; /* NULL for a number that has no name */
};

/*
 * Reads `[ARCH:]NAME(ARGUMENTS)` as callgate/subject.h describes it, NAME a syscall or `#NUMBER`. What stands behind
 * the closing parenthesis is for the caller: *ret_used bytes were read (ret_used may be NULL: then only strace's
 * ` = RESULT` may follow).
 *
 * A 32-bit argument is zero-extended, as compilers pass it; a number that was written longer stays so. Fails with
 * E_SYNTAX and E_UNKNOWN, whose col is a place in text.
 */
int call_parse(const char *text, size_t length, struct call *ret_call, size_t *ret_used, struct callgate_error *err);

#endif
