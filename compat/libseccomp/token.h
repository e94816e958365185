/*
 * compat/libseccomp/token.h - the arches that a filter may be for
 */
#ifndef CALLGATE_COMPAT_TOKEN_H
#define CALLGATE_COMPAT_TOKEN_H

#include "abi/abi.h"

#include <stdbool.h>
#include <stdint.h>

struct token {
	const char *name;
	uint32_t token;
	enum abi_arch_id id; /* whose numbers it has */
	uint8_t bits;	     /* of an argument that are compared */
	bool big_endian;
	bool multiplexes; /* socketcall and ipc carry other calls */
};

/* SCMP_ARCH_NATIVE is the native one. NULL for what is none. */
const struct token *token_find(uint32_t token);
const struct token *token_native(void);
/* What seccomp_data.arch holds. */
uint32_t token_audit(const struct token *token);

#endif
