/*
 * notify/inside.h - what handlers of our own may know of a target that others may not
 */
#ifndef CALLGATE_NOTIFY_INSIDE_H
#define CALLGATE_NOTIFY_INSIDE_H

#include <callgate/notify.h>

/*
 * The root of all targets of the call's listener, for whoever knows that none of them can change it: opened (O_PATH) at
 * the first call, it stays the loop's. 0 or an errno, as callgate_notify_open.
 */
int notify_root(struct callgate_notify_target *target, int *ret_root);

/*
 * As callgate_notify_read_text, but that the call still waits is not confirmed: the text may be another process's. For
 * whoever does nothing with it but what the answer carries, which reaches the target only if it still waits then, and
 * so waited all the time.
 */
int notify_read_text_unconfirmed(struct callgate_notify_target *target, uint64_t address, char *ret_text, size_t size);

#endif
