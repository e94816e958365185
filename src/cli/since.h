/*
 * cli/since.h - what programs can do now, held against what was so before
 */
#ifndef CALLGATE_CLI_SINCE_H
#define CALLGATE_CLI_SINCE_H

#include "cli/scans.h"

#include <callgate/subject.h>

/*
 * Prints what has changed since a scan that was saved (`scan --json`), program by program; or, where path is a policy
 * or anything else that has a meaning, what of all that the programs can do it refuses. Gives STATUS_NO when there is
 * something that was not so or is refused, STATUS_YES when there is not, or the status after a failure was printed.
 */
int since_print(const char *path, const struct scans *scans, bool json);

/* The policy of what scans can do, what is not known left out, as a subject. Gives STATUS_YES, or a status as above. */
int subject_of_scans(const struct scans *scans, struct callgate_subject **ret_subject);

/* Prints, behind a prefix, what the programs can do and the filter refuses; counts it in *ret_count. As above. */
int refused_print(const struct callgate_subject *filter, const struct scans *scans, const char *prefix, bool json,
		  size_t *ret_count);

#endif
