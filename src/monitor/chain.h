/*
 * monitor/chain.h - a file of lines of which each names the one before
 *
 *	{"n":3,"link":"64 digits","event":{…}}
 *	{"n":4,"link":"64 digits","gap":{…}}
 *
 * The link is the HMAC-SHA-256, by a key or by an empty one, of the link before (64 digits; zeros before the first),
 *the line's number in decimal, a blank and the event's text; of a gap, "gap:" and its text. A line that was changed,
 *taken out or put in breaks it there. Without a key whoever can write the file can make a whole new chain; lines cut
 *off at the end are seen only by who keeps the last link elsewhere.
 *
 * A gap is the chain's own word on what it does not hold: events for which there was no room, or, as the first line of
 *a new file, a chain before it that did not hold to its end.
 */
#ifndef CALLGATE_MONITOR_CHAIN_H
#define CALLGATE_MONITOR_CHAIN_H

#include <callgate/monitor.h>

#include <sys/types.h>

struct chain {
	int fd;		  /* −1: none */
	const char *path; /* the caller's */
	const void *key;
	size_t key_length;
	uint64_t lines;
	off_t end; /* of the last line that is whole */
	char head[65];
	uint64_t missed; /* events since that line which could not be written */
	char gap[512];	 /* of a file that was begun anew: what its first line says; "" of others */
};

#define CHAIN_NONE ((struct chain){ .fd = -1 })

/*
 * Opens the file, made when it is not there, verifies what it holds and locks it; path and key must live as long as the
 * chain. Where it does not hold, anew puts it aside under a free name ("FILE.1") and begins another that says so.
 * Fails as callgate_chain_verify, with E_INVALID also of a symbolic link and of what is no file, and with E_UNSUPPORTED
 * when another monitor writes it.
 */
int chain_open(const char *path, const void *key, size_t key_length, bool anew, struct chain *ret_chain,
	       struct callgate_error *err);

/*
 * Appends one event's line, and before it a gap's where some were missed. Fails with E_OS where the file cannot be
 * written: then nothing of the line is in it, the event is counted as missed, and the next call tries again. Fails with
 * E_INVALID where not even that could be had: the chain is at its end. And with E_NOMEM.
 */
int chain_append(struct chain *chain, const char *event, struct callgate_error *err);

/* Writes what was missed, if anything, as a gap; fails as chain_append. */
int chain_settle(struct chain *chain, struct callgate_error *err);

void chain_close(struct chain *chain);

#endif
