/*
 * observe/log_strace_line.h - one line of what strace writes, taken apart
 */
#ifndef CALLGATE_OBSERVE_LOG_STRACE_LINE_H
#define CALLGATE_OBSERVE_LOG_STRACE_LINE_H

#include "filter/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum strace_line_kind {
	STRACE_NOTHING,	   /* a comment, a signal, what strace itself says */
	STRACE_CALL,	   /* "openat(…) = 3" */
	STRACE_UNFINISHED, /* "read(0, <unfinished ...>": text is what stands before that */
	STRACE_RESUMED,	   /* "<... read resumed>"x", 1) = 1": text is what stands behind that */
	STRACE_EXITED,	   /* "+++ exited with 0 +++" */
	STRACE_KILLED,	   /* "+++ killed by SIGKILL +++" */
	STRACE_MOVED,	   /* "execve(… <pid changed to 12 ...>", of strace -ff: it goes on in another file */
	STRACE_SUPERSEDED, /* "+++ superseded by execve in pid 12 +++": number */
	STRACE_MODE,	   /* "[ Process PID=12 runs in 32 bit mode. ]": text is "32 bit" */
	STRACE_FRAME,	   /* " > /lib/libc.so.6(read+0x1d) [0xf8f01]": text is the file, number the offset */
	STRACE_SUMMARY,	   /* "% time     seconds  usecs/call     calls    errors syscall" */
};

struct strace_line {
	enum strace_line_kind kind;
	const char *text; /* of length bytes */
	size_t length;
	uint64_t pid; /* 0: not told */
	uint64_t number;
	const char *time; /* "12:04:59.123456", of time_length bytes, or NULL */
	size_t time_length;
};

/* What a call came to. */
struct strace_result {
	bool is_known; /* strace made none up in its place */
	bool returned; /* it did, and with success where error is 0 */
	int error;
	uint64_t value;
};

/* Takes a line apart; its text may begin with a pid and a time, in strace's forms of them. */
void strace_line_parse(const char *text, size_t length, struct strace_line *ret_line);

/* Nanoseconds of a time, and whether they are counted from the line before (-r). False for what is no time. */
bool strace_time_parse(const char *text, size_t length, uint64_t *ret_ns, bool *ret_is_relative);

/* What stands behind a call's closing bracket, as " = -1 ENOENT (No such file or directory)"; false when it is no
 * result. */
bool strace_result_parse(const char *text, size_t length, const struct abi_arch *arch,
			 struct strace_result *ret_result);

/* The bytes of the string that begins at text, which stands in quotes; false when it is none, or was cut, or does not
 * fit. */
bool strace_string_parse(const char *text, size_t length, char *bytes, size_t size);

#endif
