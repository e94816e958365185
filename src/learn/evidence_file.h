/*
 * learn/evidence_file.h - evidence as a file beside its policy: callgate-evidence(5)
 *
 * One JSON object a line: a head, one a program and syscall, and an end that tells a
 * whole file from a cut one and from one in which something was changed.
 */
#ifndef CALLGATE_LEARN_EVIDENCE_FILE_H
#define CALLGATE_LEARN_EVIDENCE_FILE_H

#include "base/buf.h"
#include "observe/evidence.h"

#include <jansson.h>

enum {
	EVIDENCE_FILE_VERSION = 3,
	EVIDENCE_FILE_MAX = 256 << 20, /* bytes */
};

/* A string of JSON. Names of files are bytes; what is no UTF-8 is spelt \xNN. NULL without memory. */
json_t *evidence_text(const char *text);

/* Appends the evidence as text. Fails with E_NOMEM. */
int evidence_write(const struct evidence *evidence, struct buf *ret_text, struct callgate_error *err);

/*
 * Reads text that evidence_write wrote; name is for errors. Fails with E_SYNTAX (the line is named; the end's where the
 * digest is another), E_UNKNOWN (another version, an arch that nothing has), E_LIMIT and E_NOMEM.
 */
int evidence_parse(const char *name, const char *text, size_t length, struct evidence **ret_evidence,
		   struct callgate_error *err);

/* The same from a file. Fails also with E_OS. */
int evidence_read(const char *path, struct evidence **ret_evidence, struct callgate_error *err);

#endif
