/*
 * export/runtime.h - what a container runtime needs of a profile, beside what its program does
 */
#ifndef CALLGATE_EXPORT_RUNTIME_H
#define CALLGATE_EXPORT_RUNTIME_H

#include "export/export.h"

#include <callgate/convert.h>

/*
 * The subject in which the runtime's calls pass: where the subject refuses and the table allows, it is the table that
 * counts; what goes to a supervisor, or is logged, stays so. On all arches of the subject, since a profile's rules are
 * of all of them. *ret_widened is NULL where nothing was missing; *ret_added, which is not folded, is what was. The
 * caller frees both. Fails with E_LIMIT, E_UNPROVED, E_NOMEM, E_INVALID when there is no such runtime.
 */
int runtime_admit(const struct callgate_subject *subject, const struct callgate_convert_options *options,
		  struct callgate_subject **ret_widened, struct callgate_diff **ret_added, struct callgate_error *err);

/* Whether something of this call is let through for a runtime that the subject refuses. */
bool runtime_needs(const struct export *export, const struct abi_syscall *syscall);

#endif
