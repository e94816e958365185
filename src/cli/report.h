/*
 * cli/report.h - profile's page
 */
#ifndef CALLGATE_CLI_REPORT_H
#define CALLGATE_CLI_REPORT_H

#include <callgate/profile.h>

#include <stddef.h>

/* The programs of the evidence, read: owned. */
struct program_scans {
	struct callgate_profile_scan *items;
	size_t count;
};

void program_scans_fini(struct program_scans *scans);

/* What was asked of it; NULL where it was not. */
struct report_wishes {
	const char *output; /* where it goes */
	const char *policy; /* the file of the one in force */
	const char *since;  /* the file of an older report, or of evidence */
	const char *title;
};

/* Makes the page and writes it, whole or not at all. Gives the exit status, after what is wrong was said. */
int write_report(const struct callgate_profile *profile, const struct program_scans *scans,
		 const struct report_wishes *wishes);

#endif
