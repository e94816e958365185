/*
 * compat/libseccomp/notify.h - the one listener that a process's filters have
 */
#ifndef CALLGATE_COMPAT_NOTIFY_H
#define CALLGATE_COMPAT_NOTIFY_H

/* -1 while there is none. */
int notify_listener(void);
void notify_set_listener(int fd);
/* Closes it: what a child that was forked does with its copy. */
void notify_reset(void);

#endif
