/*
 * scan/model.h - what is known of libraries beyond what their code shows: models.def
 */
#ifndef CALLGATE_SCAN_MODEL_H
#define CALLGATE_SCAN_MODEL_H

#include "elf/module.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_kind {
	MODEL_IS_HANDLER,
	MODEL_IS_NUMBERS,
	MODEL_IS_POINTERS,
	MODEL_IS_ONLY_WITH,
	MODEL_IS_NEVER,
	MODEL_IS_CALLS_WITH,
	MODEL_IS_SHUNNED,
	MODEL_IS_ASKED,
	MODEL_IS_LAYOUT,
	MODEL_IS_CALLBACKS,
	MODEL_IS_TRIED
};

struct model {
	enum model_kind kind;
	const char *soname;
	int64_t number;	    /* HANDLER: the signal; ASKED: the bits; CALLS_WITH: its only arch plus one, 0 for any */
	unsigned argument;  /* ASKED */
	const char *prefix; /* TRIED: words of the file; ONLY_WITH: of functions; NEVER: the syscall; CALLS_WITH:
			       syscalls; ASKED: the function */
	const char *words;  /* HANDLER, NUMBERS: syscalls; ONLY_WITH, CALLS_WITH, SHUNNED, ASKED: functions */
};

/* The rows; there are at most 64. */
extern const struct model models[];
extern const size_t model_count;

/* The first row of a kind for a module, from index on; model_count for none. soname may be NULL. */
size_t model_find(const char *soname, enum model_kind kind, size_t index);

/* Whether what rows leave out of a module is left out of this version of it, too: they were tried on it. */
bool model_is_tried(const struct module *module);

/* A function, "setsid", or one that is given an argument with one of some bits, "posix_spawnattr_setflags(1&0x80)", or
 * a number, "sysconf(0=83)". */
struct model_request {
	char name[64];
	unsigned argument;
	bool is_number; /* bits is what the argument must be */
	int64_t bits;	/* 0: whatever it is given */
};

/* The next of a row's words as that. */
bool model_next_request(const char **at, struct model_request *ret_request);

/* Whether a word is among words. */
bool model_has_word(const char *words, const char *word);

/* The next of a row's words, which *at moves behind; false at the end. */
bool model_word(const char **at, char *word, size_t size);

#endif
