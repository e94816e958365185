/*
 * compat/libseccomp/level.h - what of the interface the running kernel supports, as one number
 */
#ifndef CALLGATE_COMPAT_LEVEL_H
#define CALLGATE_COMPAT_LEVEL_H

enum {
	LEVEL_BASE = 1,
	LEVEL_TSYNC = 2,  /* and seccomp(2) itself */
	LEVEL_LOG = 3,	  /* the flag, the action, and KILL_PROCESS */
	LEVEL_SSB = 4,	  /* the flag that leaves speculative store bypass alone */
	LEVEL_NOTIFY = 5, /* listeners */
	LEVEL_BOTH = 6,	  /* listeners together with TSYNC */
	LEVEL_WAITKILL = 7,
	LEVEL_MAX = LEVEL_WAITKILL,
};

/* Asks the kernel once, unless it was set. */
unsigned level_now(void);
/* Asks again at the next occasion. */
void level_reset(void);

#endif
