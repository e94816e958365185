/*
 * learn/evidence_digest.h - the last line of an evidence file, by which the others are known to be what was written
 */
#ifndef CALLGATE_LEARN_EVIDENCE_DIGEST_H
#define CALLGATE_LEARN_EVIDENCE_DIGEST_H

#include "base/buf.h"

#include <callgate/error.h>

#include <stdbool.h>

/* SHA-256 in lower-case hexadecimal, and NUL. */
#define EVIDENCE_DIGEST_SIZE 65

void evidence_digest(const char *text, size_t length, char ret_digest[EVIDENCE_DIGEST_SIZE]);

/* Appends the end of a file of so many entries, whose other lines text holds. Fails with E_NOMEM. */
int evidence_seal(struct buf *text, size_t entries, struct callgate_error *err);

#endif
