/*
 * The public face of a report: its data, what changed, and the page, in this order.
 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "lang/lang.h"
#include "lang/print.h"

/* The policy in force as text: one that was read has its own, whose comments are worth having. */
static int report_policy_text(struct report *report, const struct callgate_policy *policy, struct buf *text)
{
	if (policy->sources.length == 1)
		buf_add(text, policy->sources.items[0].text, policy->sources.items[0].length);
	else
		print_policy(text, policy->policy);
	report->policy_text = buf_text(text);
	return text->failed ? fail_nomem(report->err) : CALLGATE_OK;
}

static int report_compare(struct report *report, json_t *data)
{
	cleanup(report_json_free) json_t *old = NULL;
	int status = report_read(report->options->since, &old, report->err);

	return status < 0 ? status : report_since(data, old, report->err);
}

static int report_make(struct report *report, char **ret_page)
{
	cleanup(report_json_free) json_t *data = NULL;
	cleanup(buf_fini) struct buf page = { 0 };
	int status = report_data(report, &data);

	if (status == CALLGATE_OK && report->options->since)
		status = report_compare(report, data);
	if (status == CALLGATE_OK)
		status = report_page(data, &page, report->err);
	if (status < 0)
		return status;
	*ret_page = buf_take(&page);
	return *ret_page ? CALLGATE_OK : fail_nomem(report->err);
}

int callgate_profile_report(const struct callgate_profile *profile, const struct callgate_report_options *options,
			    char **ret_page, struct callgate_error *err)
{
	static const struct callgate_report_options plain;
	cleanup(buf_fini) struct buf policy_text = { 0 };
	struct report report = {
		.profile = profile,
		.policy = profile->learned.policy,
		.policy_text = callgate_profile_policy(profile),
		.options = options ? options : &plain,
		.err = err,
	};
	int status = CALLGATE_OK;

	if (report.options->policy) {
		report.policy = report.options->policy->policy;
		status = report_policy_text(&report, report.options->policy, &policy_text);
	}
	if (status == CALLGATE_OK)
		status = report_make(&report, ret_page);
	arena_fini(&report.arena);
	return status;
}
