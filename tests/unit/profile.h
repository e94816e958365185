/*
 * profile.h - what libseccomp makes of a container profile, called as crun calls it
 *
 * It shares nothing with the importer: another JSON reader, another reading of the format, and the library itself.
 */
#ifndef CALLGATE_TESTS_PROFILE_H
#define CALLGATE_TESTS_PROFILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends the filter of a profile in text to program, for these arches (as seccomp_arch_resolve_name spells them; NULL
 * ends the list) beside the native one. capability NULL: the container has none. False when libseccomp refuses a rule,
 * as crun then refuses to start.
 */
bool profile_filter(const char *text, size_t length, const char *const *arches, const char *capability,
		    struct buf *program);

#endif
