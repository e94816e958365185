/*
 * callgate/filter.h - a finished, loadable program that was proved equal to what it was made from
 *
 * Every filter is lifted back from its own instructions and compared with the meaning that it had to have. One that
 * differs, by whatever bug, is never handed out: E_UNPROVED.
 */
#ifndef CALLGATE_FILTER_H
#define CALLGATE_FILTER_H

#include <callgate/error.h>
#include <callgate/policy.h>

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_filter;	   /* the program; never changes */
struct callgate_frequency; /* how often each call is made, as it was measured */

/*
 * Reads lines `NAME COUNT` (blank ones and those that begin with # are skipped; COUNT is decimal and may have a
 * fraction); name stands for the file in errors. `i386:NAME` is that arch's call, NAME alone is the call on every
 * arch. The caller frees *ret_frequency. Fails with E_SYNTAX, E_UNKNOWN (a name that no arch has) and E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_frequency_parse(const char *name, const char *text, size_t length,
					     struct callgate_frequency **ret_frequency, struct callgate_error *err);
CALLGATE_PUBLIC void callgate_frequency_free(struct callgate_frequency *frequency);

/* How a filter is made. Zeroed: the policy's own arches, equal weights. */
struct callgate_filter_options {
	const char *arches;			    /* "x86_64,i386" in place of the policy's; NULL: the policy's */
	const struct callgate_frequency *frequency; /* frequent calls take the shorter ways; NULL: all weigh the same */
	bool no_bitmap;				    /* for kernels before 5.11, which answer no call from a bitmap */
	bool has_launch_secret;			    /* one more door, for a launcher's own execve: see below */
	uint64_t launch_secret;			    /* execve whose sixth argument holds this is allowed */
};

/*
 * Compiles a policy. The caller frees *ret_filter with callgate_filter_free.
 *
 * Fails with the policy's own errors (an argument or a constant that a call lacks on an arch), E_LIMIT (more than
 * 4096 instructions, or a meaning beyond the budget), E_UNPROVED, E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_filter_compile(const struct callgate_policy *policy,
					    const struct callgate_filter_options *options,
					    struct callgate_filter **ret_filter, struct callgate_error *err);

CALLGATE_PUBLIC void callgate_filter_free(struct callgate_filter *filter);

/* The instructions, as the kernel takes them; they live as long as the filter does. */
CALLGATE_PUBLIC const struct sock_filter *callgate_filter_program(const struct callgate_filter *filter,
								  size_t *ret_length);

/* The program as text, one instruction a line with its target's index; the caller frees *ret_text. */
CALLGATE_PUBLIC int callgate_filter_disassemble(const struct callgate_filter *filter, char **ret_text,
						struct callgate_error *err);

/* The program as C99 that a program can include: the array callgate_filter_insns, the struct sock_fprog callgate_filter
 * of it, and int callgate_confine(void), which loads it without any library. The caller frees *ret_text. */
CALLGATE_PUBLIC int callgate_filter_format_c(const struct callgate_filter *filter, char **ret_text,
					     struct callgate_error *err);

enum callgate_load_flags {
	CALLGATE_LOAD_THREADS = 1 << 0,	 /* every thread of the process, or none (TSYNC); else the calling one */
	CALLGATE_LOAD_LOG = 1 << 1,	 /* the audit log gets every action but allow (FILTER_FLAG_LOG) */
	CALLGATE_LOAD_LISTENER = 1 << 2, /* `notify` is answered by whoever holds *ret_listener */
};

/*
 * Sets no_new_privs and loads the filter: it holds until the end of the process, over fork and exec. The caller
 * closes *ret_listener (-1 unless flags ask for one; ret_listener may be NULL then). Fails with E_UNSUPPORTED,
 * E_INVALID (flags that do not go together) and E_OS; the process is then as free as before.
 */
CALLGATE_PUBLIC int callgate_filter_load(const struct callgate_filter *filter, unsigned flags, int *ret_listener,
					 struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
