/*
 * scan/summary_file.h - a summary as bytes
 *
 * The arrays of a summary behind a header that says how long each is, for which analyser it was made and of which file.
 * Bytes that come back are not trusted: a checksum tells damage from a summary, and every index is looked at before
 * anything follows it.
 */
#ifndef CALLGATE_SCAN_SUMMARY_FILE_H
#define CALLGATE_SCAN_SUMMARY_FILE_H

#include "base/buf.h"
#include "scan/summary.h"

/* Which file of a system a summary is of: one that was changed or replaced since is another. */
struct summary_key {
	uint8_t build_id[32]; /* the rest is zero; a longer one is cut */
	uint64_t device, inode, size;
	int64_t changed_ns;
};

struct summary_key summary_key(const struct module *module);

/* Appends the bytes. Failure is that of the buf. */
void summary_write(const struct summary *summary, const struct summary_key *key, struct buf *ret_bytes);

/* Writes the same to a new file; false where that did not take all of it at once. */
bool summary_save(const struct summary *summary, const struct summary_key *key, int fd);

/* Makes the header of bytes fit: what it says of their kind, their file and their sum. For tests of what a wrong body
 * does. */
void summary_seal(void *bytes, size_t size, const struct summary_key *key);

/*
 * The summary in the bytes, NULL where they hold none of this file, or a damaged one, or memory is out. The caller owns
 * it. Of summary_take the bytes are a mapping of so many, which is its own from then on, also when it gives NULL, and
 * is never written to; summary_read copies them.
 */
struct summary *summary_take(void *mapping, size_t size, const struct summary_key *key);
struct summary *summary_read(const void *bytes, size_t size, const struct summary_key *key);

#endif
