/*
 * compat/libseccomp/program.h - from a context to a program, by way of what it means
 */
#ifndef CALLGATE_COMPAT_PROGRAM_H
#define CALLGATE_COMPAT_PROGRAM_H

#include "context.h"
#include "diagram/diagram.h"

/* The total function that a context's rules say: CALLGATE_OK, E_NOMEM or E_LIMIT. */
int context_meaning(const struct context *context, struct diagram *diagram, uint32_t *ret_root,
		    struct callgate_error *err);

/*
 * A program that was proved to be that function, for free(): 0, -ENOMEM, or -EFAULT for one that is too long or was not
 * proved. plain: of those instructions only that readers of libseccomp's exports know.
 */
int context_program(const struct context *context, bool plain, struct bpf_program *ret_program);

#endif
