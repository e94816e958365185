/*
 * monitor/chain.h - a file of lines of which each names the one before
 *
 *	{"n":3,"link":"64 digits","event":{…}}
 *
 * The link is the HMAC-SHA-256, by a key or by an empty one, of the link before (64 digits; zeros before the first),
 *the line's number in decimal, a blank and the event's text. A line that was changed, taken out or put in breaks it
 *there. Without a key whoever can write the file can make a whole new chain; lines cut off at the end are seen only by
 *who kept the last link elsewhere.
 */
#ifndef CALLGATE_MONITOR_CHAIN_H
#define CALLGATE_MONITOR_CHAIN_H

#include <callgate/monitor.h>

struct chain {
	int fd; /* −1: none */
	const void *key;
	size_t key_length;
	uint64_t lines;
	char head[65];
};

#define CHAIN_NONE ((struct chain){ .fd = -1 })

/* Opens the file, made when it is not there, verifies what it holds and locks it. Fails as callgate_chain_verify, and
 * with E_UNSUPPORTED when another monitor writes it. */
int chain_open(const char *path, const void *key, size_t key_length, struct chain *ret_chain,
	       struct callgate_error *err);

/* Appends one event's line. Fails with E_OS and E_NOMEM: then not all of it may be there. */
int chain_append(struct chain *chain, const char *event, struct callgate_error *err);

void chain_close(struct chain *chain);

#endif
