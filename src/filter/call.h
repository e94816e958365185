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
	struct seccomp_data data;	   /* its arguments as values; call_in_memory() is what a filter sees */
	const struct abi_arch *arch;	   /* NULL for an audit number that the tables lack */
	const struct abi_syscall *syscall; /* NULL for a number that has no name */
	uint8_t given;			   /* the arguments that were written, a bit each; the others are 0 */
};

/*
 * Reads `[ARCH:]NAME(ARGUMENTS)[ at ADDRESS]` as callgate/subject.h describes it, NAME a syscall or `#NUMBER`, ARCH a
 * name or an audit number, ADDRESS the instruction pointer. What stands behind is for the caller: *ret_used bytes were
 * read (ret_used may be NULL: then only strace's ` = RESULT` may follow).
 *
 * A 32-bit argument is zero-extended, as compilers pass it; a number that was written longer stays so. Fails with
 * E_SYNTAX and E_UNKNOWN, whose col is a place in text.
 */
int call_parse(const char *text, size_t length, struct call *ret_call, size_t *ret_used, struct callgate_error *err);

/*
 * The same of a record that cannot be asked for again: arguments that cannot be understood are not given. The last
 * reason for that is in err also where the reading succeeds, whose status else is CALLGATE_OK.
 */
int call_parse_told(const char *text, size_t length, struct call *ret_call, size_t *ret_used,
		    struct callgate_error *err);

/* The call as it lies in memory on its arch: of one of the other byte order, each argument's halves are exchanged. */
struct seccomp_data call_in_memory(const struct call *call);

#endif
