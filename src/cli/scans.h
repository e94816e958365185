/*
 * cli/scans.h - the programs of one `callgate scan`, with what they start
 */
#ifndef CALLGATE_CLI_SCANS_H
#define CALLGATE_CLI_SCANS_H

#include <callgate/scan.h>

#include <jansson.h>
#include <stdbool.h>

/* Programs of one command line, those that they start included. */
#define SCANS_MAX 512

/* What was scanned; the last item is NULL. */
struct scans {
	struct callgate_scan *items[SCANS_MAX + 1];
	char *programs[SCANS_MAX];  /* the path of each */
	bool is_whole[SCANS_MAX];   /* from its start on, not from main on */
	json_t *records[SCANS_MAX]; /* with which options, where that was recorded; owned */
	size_t count;
	size_t named; /* how many of them, the first, a user named; the others these start */
};

/*
 * Scans a program that a user named: a script's interpreter in its place, a name without a slash as PATH has it. What
 * is not known of it is noted. Gives STATUS_YES, or the exit status after the failure was printed.
 */
int scans_add(struct scans *scans, const char *name, const struct callgate_scan_options *options);

/* Scans what the programs start, and what those start, as far as names are known; what is not there is noted. */
int scans_follow_starts(struct scans *scans, const struct callgate_scan_options *options);

/* Says what went wrong and gives the exit status: what cannot be scanned, or not together, was named wrongly. */
int scans_failure(const struct callgate_error *err);

/* For the cleanup attribute. */
void scans_fini(struct scans *scans);

#endif
