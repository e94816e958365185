/*
 * kernel/steer.h - what a stopped target is made to do: to stop at an address, to load a filter, to walk to its main
 *
 * Only a process itself can load a filter. A tracer writes the call for it, lets it be made, and puts back every
 * register and every byte that this took. All of it is of x86-64 as yet: elsewhere it fails with -ENOSYS.
 */
#ifndef CALLGATE_KERNEL_STEER_H
#define CALLGATE_KERNEL_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sock_filter;

/*
 * Has a target that enters a call (TRACER_ENTERS, of the native arch) load a filter for all its threads first: the call
 * becomes a seccomp(2) whose sixth argument is secret, and is made anew afterwards; with skips_call it gives 0 instead.
 * The program is put for that moment at the far end of the first thread's stack, where nothing is in use. 0 or a
 * negative errno; the target is then to be killed, since what it would do next is not known. What waits for all that is
 * traced learns of its end.
 */
int steer_load_filter(pid_t tid, const struct sock_filter *insns, size_t count, uint64_t secret, bool skips_call);

/* The same for a target that stopped at an instruction and no call, as at a breakpoint that was taken out: it goes on
 * with that instruction. */
int steer_load_filter_here(pid_t tid, const struct sock_filter *insns, size_t count, uint64_t secret);

/* A place in a target's code where it stops with SIGTRAP, for whoever shares its memory or has a copy. */
struct steer_stop {
	uint64_t address; /* 0: none */
	uint8_t byte;	  /* that was there */
};

/* Puts a stop into the memory of a stopped target; 0 or a negative errno. */
int steer_stop_at(pid_t tid, uint64_t address, struct steer_stop *ret_stop);

/* Whether a target that is about to get SIGTRAP stands at it. */
bool steer_is_at(pid_t tid, const struct steer_stop *stop);

/* Whether the stop is still in a target's memory, which may run; of one that has ended, true. */
bool steer_is_there(pid_t pid, const struct steer_stop *stop);

/* Takes it out; a target that stands at it goes on with the instruction that was there. 0 or a negative errno. */
int steer_take_out(pid_t tid, struct steer_stop *stop);

/* Addresses of a program's code, ends excluded. */
struct steer_code {
	uint64_t start, end;
};

/*
 * Has a target that stands at its program's entry walk on, an instruction at a time, until it hands a function among
 * codes on to the C library as its main: with the count of arguments and their place behind it, as glibc and musl want
 * it. Signals wait meanwhile. -ENOENT: it does not do so within STEER_STEPS_MAX instructions; -ESRCH: it ended, or
 * stopped for something else, which whoever waits next is told.
 */
enum { STEER_STEPS_MAX = 1 << 16 };
int steer_to_main(pid_t tid, const struct steer_code *codes, size_t code_count, uint64_t *ret_main);

#endif
