/*
 * tests/compat/library.h - libseccomp twice: the system's and ours, each opened by its path
 */
#ifndef CALLGATE_TESTS_LIBRARY_H
#define CALLGATE_TESTS_LIBRARY_H

#include "diagram/diagram.h"

#include <seccomp.h>

#include <stdbool.h>

#define SYSTEM_LIBRARY "/usr/lib/x86_64-linux-gnu/libseccomp.so.2"

struct library {
	void *handle;
	scmp_filter_ctx (*init)(uint32_t);
	int (*reset)(scmp_filter_ctx, uint32_t);
	void (*release)(scmp_filter_ctx);
	int (*merge)(scmp_filter_ctx, scmp_filter_ctx);
	uint32_t (*arch_resolve_name)(const char *);
	uint32_t (*arch_native)(void);
	int (*arch_exist)(scmp_filter_ctx, uint32_t);
	int (*arch_add)(scmp_filter_ctx, uint32_t);
	int (*arch_remove)(scmp_filter_ctx, uint32_t);
	int (*attr_get)(scmp_filter_ctx, enum scmp_filter_attr, uint32_t *);
	int (*attr_set)(scmp_filter_ctx, enum scmp_filter_attr, uint32_t);
	char *(*resolve_num_arch)(uint32_t, int);
	int (*resolve_name_arch)(uint32_t, const char *);
	int (*resolve_name_rewrite)(uint32_t, const char *);
	int (*resolve_name)(const char *);
	int (*priority)(scmp_filter_ctx, int, uint8_t);
	int (*rule_add)(scmp_filter_ctx, uint32_t, int, unsigned, ...);
	int (*rule_add_array)(scmp_filter_ctx, uint32_t, int, unsigned, const struct scmp_arg_cmp *);
	int (*rule_add_exact_array)(scmp_filter_ctx, uint32_t, int, unsigned, const struct scmp_arg_cmp *);
	int (*export_bpf)(scmp_filter_ctx, int);
	int (*export_pfc)(scmp_filter_ctx, int);
	unsigned (*api_get)(void);
	int (*api_set)(unsigned);
};

/* The system's, NULL where it is not installed; ours, always. Each is opened once and stays. */
const struct library *library_system(void);
const struct library *library_ours(void);

/* What a context's export means. Fails the test on anything that is no program of a filter. */
uint32_t library_meaning(const struct library *library, scmp_filter_ctx context, bool big_endian,
			 struct diagram *diagram);

/* Skips the running test, with the reason, where the system has no libseccomp. */
#define NEED_SYSTEM_LIBRARY()                                          \
	do {                                                           \
		if (!library_system()) {                               \
			print_message("no " SYSTEM_LIBRARY " here\n"); \
			skip();                                        \
		}                                                      \
	} while (0)

#endif
