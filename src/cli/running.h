/*
 * cli/running.h - confined processes whose libraries have been replaced on disk
 */
#ifndef CALLGATE_CLI_RUNNING_H
#define CALLGATE_CLI_RUNNING_H

#include <callgate/scan.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Looks at the processes that are named by number, or at all when count is 0: which have filters, run files that are no
 * longer those on disk, and could do, started anew from disk, what they cannot do now. Each such call is printed with
 * what the process's filters answer. Gives STATUS_NO when a filter refuses one, STATUS_YES when none does, or the
 * status after a failure was printed.
 */
int running_print(const char *const *pids, size_t count, const struct callgate_scan_options *options, bool json);

#endif
