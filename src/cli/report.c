/*
 * What a page needs from outside: the policy in force, and the day. SOURCE_DATE_EPOCH stands for the clock where the
 * same input has to give the same page.
 */
#include "cli/report.h"

#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPORT_DATE_SIZE = 32 /* bytes of "27 November 2026" */ };

void program_scans_fini(struct program_scans *scans)
{
	for (size_t i = 0; i < scans->count; i++)
		callgate_scan_free((struct callgate_scan *)(uintptr_t)scans->items[i].scan);
	free(scans->items);
}

static void policy_free_pointer(struct callgate_policy **policy)
{
	callgate_policy_free(*policy);
}

static void report_date(char text[REPORT_DATE_SIZE])
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
	struct tm day;

	if (!gmtime_r(&now, &day) || strftime(text, REPORT_DATE_SIZE, "%e %B %Y", &day) == 0)
		*text = '\0';
}

int write_report(const struct callgate_profile *profile, const struct program_scans *scans,
		 const struct report_wishes *wishes)
{
	cleanup(policy_free_pointer) struct callgate_policy *policy = NULL;
	cleanup_free char *page = NULL;
	char date[REPORT_DATE_SIZE];
	struct callgate_report_options options = {
		.title = wishes->title,
		.date = date,
		.scans = scans->items,
		.scan_count = scans->count,
		.since = wishes->since,
	};
	struct callgate_policy_options places = policy_options_from_environment();
	struct callgate_error err;

	report_date(date);
	if (wishes->policy && callgate_policy_read(wishes->policy, &places, &policy, &err) != CALLGATE_OK)
		return failure(&err);
	options.policy = policy;
	if (callgate_profile_report(profile, &options, &page, &err) != CALLGATE_OK)
		return failure(&err);
	return write_output(wishes->output, page, strlen(page));
}
