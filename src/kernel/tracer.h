/*
 * kernel/tracer.h - ptrace, as far as it can be used without the target's noticing
 *
 * A seized target runs at full speed and stops only for signals and for the events that were asked for. The thread
 * that seized it is the only one that may act on it, and only while it is stopped; when that thread ends, everything
 * that it traces is killed.
 */
#ifndef CALLGATE_KERNEL_TRACER_H
#define CALLGATE_KERNEL_TRACER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tracer_call {
	uint32_t audit; /* AUDIT_ARCH_* */
	uint32_t nr;
	uint64_t ip;
	uint64_t args[6];
};

enum tracer_event {
	TRACER_NONE,   /* no stop: the process ended */
	TRACER_CALL,   /* it makes a call that its filter answers with SECCOMP_RET_TRACE, and waits */
	TRACER_STEP,   /* it makes a call, or returns from one: see tracer_step */
	TRACER_EXIT,   /* it is about to end, its registers and memory are still there */
	TRACER_PARENT, /* it made a child or a thread, which is traced too: tracer_child */
	TRACER_CHILD,  /* it is such a new one */
	TRACER_EXEC,   /* it has executed a program, and stands before its first instruction; if that was wished for */
	TRACER_GROUP,  /* it was stopped, as by ^Z */
	TRACER_SIGNAL,
};

/* The signal of a stop that is TRACER_STEP: PTRACE_O_TRACESYSGOOD marks it so. */
#define TRACER_STEP_STOP (SIGTRAP | 0x80)

/* What a target stops for beside signals, children and its end. */
enum tracer_wish {
	TRACER_WISH_CALLS = 1 << 0, /* where a filter says SECCOMP_RET_TRACE; else such a call fails with ENOSYS */
	TRACER_WISH_EXECS = 1 << 1, /* when it has executed a program */
};

/* Traces pid and all that it will start: 0 or a negative errno (EPERM: not allowed, or it has a tracer). */
int tracer_seize(pid_t pid, unsigned wishes);

/* What a status of wait4(2) means. */
enum tracer_event tracer_event(int status);

/* Lets a stopped target go on as if nobody had looked: a signal is delivered, a group stop stays one. */
void tracer_continue(pid_t pid, int status);

/* The same for one that is traced from step to step. */
void tracer_continue_to_step(pid_t pid, int status);

/* Lets a stopped target go for good: it is traced no longer. */
void tracer_let_go(pid_t pid, int status);

/* Stops the threads of a process that run and were seized: TRACER_CHILD comes next of each, or what came before. */
void tracer_interrupt_all(pid_t pid);

/* Which side of a call a target in TRACER_STEP is on. */
enum tracer_side { TRACER_NOWHERE, TRACER_ENTERS, TRACER_RETURNS };

/* Fills *ret_call where it enters one, and *ret_result (a negative errno of one that failed) where it returns. */
enum tracer_side tracer_step(pid_t pid, struct tracer_call *ret_call, int64_t *ret_result);

/* The status, as of wait(2), with which a target in TRACER_EXIT is about to end. */
int tracer_exit_status(pid_t pid);

/* Whether a target that stopped for SIGSYS gets it from its filter, and has a handler for it. */
bool tracer_is_trapped(pid_t pid);

/* The thread that a target in TRACER_PARENT made; 0 when it is not to be had. */
pid_t tracer_child(pid_t pid);

/* The system call that a stopped target is in or last made; false when there is none to be had. */
bool tracer_call(pid_t pid, struct tracer_call *ret_call);

/* The registers of a stopped target in DWARF's order (callgate/backtrace.h); false where they cannot be had. */
#define TRACER_REGISTERS 17
bool tracer_registers(pid_t pid, uint64_t ret_registers[TRACER_REGISTERS]);

/*
 * Copies memory of a stopped target: the bytes that could be read before the first page that it lacks, or that
 * somebody would have to be waited for. What was read is data from a stranger.
 */
size_t tracer_read(pid_t pid, uint64_t address, void *ret_bytes, size_t length);

#endif
