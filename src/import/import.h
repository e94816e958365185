/*
 * import/import.h - what other tools wrote, read as a policy
 *
 * A dialect is a file and a row of the table in import.c: how it is recognised, and a reader that makes a struct policy
 * of the meaning that the tool itself gives its text. Whatever differs from first match (rules that are a union, what
 * happens to other arches) is put into the policy's own terms by the reader, so that nothing behind it knows of
 * dialects.
 */
#ifndef CALLGATE_IMPORT_IMPORT_H
#define CALLGATE_IMPORT_IMPORT_H

#include "lang/lang.h"
#include "policy/policy.h"

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the text comes from, and what a dialect leaves to the one who loads it. */
struct import_source {
	const char *name; /* for messages and positions */
	const char *path; /* what includes are relative to; NULL for text in memory */
	const char *text;
	size_t length;
	const char *const *capabilities; /* that the process will hold: names, with or without CAP_ */
	size_t capability_count;
	uint16_t kernel; /* ABI_KERNEL() that it will run on; 0: the running one */
};

/* A reading on its way. What a reader makes lives in policy->arena. */
struct import {
	struct callgate_policy *handle;
	struct policy *policy; /* the handle's */
	const struct import_source *source;
	const char *name;      /* the source's, in the arena */
	uint16_t kernel;       /* never 0 */
	uint64_t capabilities; /* a bit each, of linux/capability.h's numbers */
	struct callgate_error *err;
};

struct import_dialect {
	const char *name; /* of the kind of subject: "oci" */
	bool (*recognise)(const char *text, size_t length);
	int (*read)(struct import *import);
};

/* NULL when there is none. */
const struct import_dialect *import_dialect_by_name(const char *name);
const struct import_dialect *import_recognise(const char *text, size_t length);

/*
 * The policy of a text, bound and checked as one that lang read; the caller frees it. Fails with E_SYNTAX, E_UNKNOWN
 * and E_LIMIT at a place, with E_NOMEM, and with E_UNKNOWN for a capability that does not exist.
 */
int import_read(const struct import_dialect *dialect, const struct import_source *source,
		struct callgate_policy **ret_policy, struct callgate_error *err);

/* Keeps a text that was read with the policy, so that its lines can be shown: copies of both. E_NOMEM. */
int import_keep_source(struct import *import, const char *name, const char *text, size_t length, const char **ret_name,
		       const char **ret_text);

/* What a reader says that is no error, for whoever asked: an unknown name that has no effect. E_NOMEM. */
__attribute__((format(printf, 2, 3))) int import_note(struct import *import, const char *format, ...);

/* Hands a failure on, with the name that may have been meant; near may be NULL. */
int import_suggest(struct import *import, int status, const char *near);

/* "CAP_SYS_ADMIN", "sys_admin": its number, -1 when there is none. */
int import_capability(const char *name);
/* Whether the process will hold it; what no kernel knows, nobody holds. */
bool import_holds(const struct import *import, const char *capability);

/* The dialects' rows. */
bool oci_recognise(const char *text, size_t length);
int oci_read(struct import *import);
bool minijail_recognise(const char *text, size_t length);
int minijail_read(struct import *import);
bool systemd_recognise(const char *text, size_t length);
int systemd_read(struct import *import);
bool kafel_recognise(const char *text, size_t length);
int kafel_read(struct import *import);
bool firejail_recognise(const char *text, size_t length);
int firejail_read(struct import *import);

#endif
