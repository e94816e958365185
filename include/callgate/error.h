/*
 * callgate/error.h - how every function of the library says that it failed
 *
 * A function returns CALLGATE_OK (0) or one of the negative statuses below, and fills the block that the caller
 * passed last (which may be NULL). The block holds no pointers: it can be copied, kept, or sent over a socket as
 * bytes. Outputs are untouched when a function fails.
 */
#ifndef CALLGATE_ERROR_H
#define CALLGATE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what the shared library exports; everything else is hidden. */
#define CALLGATE_PUBLIC	   __attribute__((visibility("default")))
/* The same of what only libcallgate-observe holds, which has all of libcallgate too: link with one of the two. */
#define CALLGATE_OBSERVING CALLGATE_PUBLIC

enum callgate_status {
	CALLGATE_OK = 0,
	CALLGATE_E_NOMEM = -1,	     /* an allocation failed */
	CALLGATE_E_SYNTAX = -2,	     /* the text is not of its language; file, line and col say where */
	CALLGATE_E_UNKNOWN = -3,     /* a name that nothing has: a syscall, a constant, a format */
	CALLGATE_E_INVALID = -4,     /* the input is well formed and means nothing: a program that the kernel refuses */
	CALLGATE_E_LIMIT = -5,	     /* a stated budget was exceeded: a size, a depth, a number of nodes */
	CALLGATE_E_OS = -6,	     /* the kernel refused; os_errno says how */
	CALLGATE_E_UNSUPPORTED = -7, /* this kernel, machine or privilege cannot do it; the hint says what can */
	CALLGATE_E_UNPROVED = -8,    /* a filter could not be proved equal to its policy; a bug in Callgate */
	CALLGATE_E_UNCONFINED = -9,  /* the target could not be started as confined as was asked; it was not started */
	CALLGATE_E_NOT_FOUND = -10,  /* there is no such program */
	CALLGATE_E_NOT_EXECUTABLE = -11, /* the program is there and cannot be executed */
};

struct callgate_error {
	int status;	   /* the enum callgate_status that was returned */
	int os_errno;	   /* errno where status is CALLGATE_E_OS, else 0 */
	char file[256];	   /* the file that is wrong, "" when none is */
	unsigned line;	   /* from 1; 0 when there is no line */
	unsigned col;	   /* from 1, in bytes; 0 when there is none */
	char message[512]; /* one sentence, lower case, without a full stop */
	char hint[256];	   /* what to do, one sentence; "" when there is nothing to say */
};

#ifdef __cplusplus
}
#endif

#endif
