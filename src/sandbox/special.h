/*
 * sandbox/special.h - what of a new root is made by its name: /proc, /dev, masks
 */
#ifndef CALLGATE_SANDBOX_SPECIAL_H
#define CALLGATE_SANDBOX_SPECIAL_H

#include "sandbox/mounting.h"

/* A /proc of the pid namespace, read-only, without what tells of the machine or of others; with has_init also without
 * the arguments of the first process, which are the launcher's. */
long special_proc(struct root *root, const char *dest, bool has_init);

/* A /dev, read-only, with the few devices that every program may have, terminals and shared memory of its own: what is
 * written there has the MOUNT_ATTR_* `written`. */
long special_dev(struct root *root, const char *dest, uint64_t written);

/* Something empty over what is there, read-only; nothing where nothing is. */
long special_mask(struct root *root, const char *dest);

#endif
