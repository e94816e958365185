/*
 * sandbox/source.h - which file a bind's source is
 */
#ifndef CALLGATE_SANDBOX_SOURCE_H
#define CALLGATE_SANDBOX_SOURCE_H

#include "base/arena.h"

#include <callgate/error.h>

/*
 * The absolute path of source, with the system's own links (/bin, /lib64…) replaced by what they lead to and no other
 * link in it: one that somebody may have put there leads nowhere. Fails with E_OS (not there, or a link), E_NOMEM.
 */
int source_find(struct arena *arena, const char *source, const char **ret_path, struct callgate_error *err);

#endif
