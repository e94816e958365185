/*
 * callgate/backtrace.h - by which functions a thread came to where it is
 *
 * The thread is stopped (or waits for an answer), and its registers are known: callgate_refusal has them. The rest is
 * read from /proc/PID and from the files that it has mapped, found in its own root. All of that is data from a stranger,
 * read by a library that was not made for strangers. So there are two steps: callgate_backtrace_open opens what will be
 * needed and reads nothing; then the caller gives up its rights (`callgate backtrace` does), and then it walks.
 */
#ifndef CALLGATE_BACKTRACE_H
#define CALLGATE_BACKTRACE_H

#include <callgate/error.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As many as the DWARF numbering of x86-64 has: rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, rip (System V ABI,
 * AMD64 supplement, figure 3.36). */
#define CALLGATE_REGISTERS 17

/* One call that has not returned yet, the innermost first. */
struct callgate_frame {
	uint64_t address;	/* in the process: the instruction, or the one that is returned to */
	char module[256];	/* the mapped file as the process names it, "" for memory without a file */
	char build_id[41];	/* of the file, in hexadecimal; "" when it has none */
	uint64_t offset;	/* the address as the file's own headers count it; that of the process without a file */
	char symbol[256];	/* the function, "" when the file does not say */
	uint64_t symbol_offset; /* from its start */
	char file[256];		/* the source, "" where no debugging data is installed */
	unsigned line;		/* from 1; 0 when it is not known */
};

struct callgate_backtrace;

/* Opens the files that a process has mapped. *ret_backtrace is the caller's for callgate_backtrace_free. Fails with
 * E_OS (no such process, or it is not ours to read) and E_NOMEM. */
CALLGATE_OBSERVING int callgate_backtrace_open(int pid, struct callgate_backtrace **ret_backtrace,
					       struct callgate_error *err);
CALLGATE_OBSERVING void callgate_backtrace_free(struct callgate_backtrace *backtrace);

/*
 * Fills up to limit frames of the process's thread tid, once for a backtrace. *ret_count may be less than there are:
 * where a file does not say how to go on, or a page cannot be read, the walk ends. Fails with E_UNSUPPORTED (another
 * machine than x86-64) and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_backtrace_walk(struct callgate_backtrace *backtrace, int tid,
					       const uint64_t registers[CALLGATE_REGISTERS],
					       struct callgate_frame *frames, size_t limit, size_t *ret_count,
					       struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
