/*
 * cli/since.h - what programs can do now, held against what was so before
 */
#ifndef CALLGATE_CLI_SINCE_H
#define CALLGATE_CLI_SINCE_H

#include "cli/scans.h"

#include <callgate/subject.h>

/*
 * Prints what has changed since a scan that was saved (`scan --json`), program by program; or, where path is a policy
 * or anything else that has a meaning, what of all that the programs can do it refuses, with what the user decided
 * that unresolved places may ask for (NULL: nothing was decided, and where there are such it fails). Gives STATUS_NO
 * when there is something that was not so or is refused, STATUS_YES when there is not, or the status after a failure
 * was printed.
 */
int since_print(const char *path, const struct scans *scans, const char *const *unresolved, bool json);

/* The policy of what scans can do, unresolved places as said above, as a subject. Gives STATUS_YES, or a status as
 * above. */
int subject_of_scans(const struct scans *scans, const char *const *unresolved, struct callgate_subject **ret_subject);

/* Whether a file has more unresolved places than it had. */
bool unresolved_grew(const struct callgate_scan *before, const struct callgate_scan *now);

/* --- of since_places.c, for since.c --- */

/* Prints one line of what changed, with its place unless site is NULL. what is a syscall, or what else it is about. */
int since_change(const char *program, const char *what, const char *change, const struct callgate_scan_site *site,
		 bool json);

/* Prints what a saved scan has fewer of: places of which something is not known, programs that are started. Adds to
 * *ret_count how many. */
int since_places(const json_t *saved, const struct callgate_scan *scan, const char *program, bool json,
		 size_t *ret_count);

#endif
