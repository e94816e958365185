/*
 * callgate simulate --trace: can this policy be tightened, and would it have held?
 */
#include "cli/trace.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "cli/print.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/cost.h>

#include <stdlib.h>

/* A trace of ten million calls. */
#define TRACE_BYTES_MAX (1u << 30)

static void coverage_free(struct callgate_coverage **coverage)
{
	callgate_coverage_free(*coverage);
}

static void print_text(const struct callgate_coverage *coverage)
{
	printf("calls: %lu, permitted: %lu, answered by the bitmap: %lu\n", coverage->calls, coverage->permitted,
	       coverage->from_bitmap);
	printf("cost: %.3f instructions a call\n", coverage->instructions);
	for (size_t i = 0; i < coverage->refusal_count; i++) {
		const struct callgate_refused_call *refusal = &coverage->refusals[i];
		char action[64];

		callgate_action_format(refusal->action, action, sizeof(action));
		if (refusal->count == 1)
			printf("refused: %s: %s (once, on line %lu)\n", refusal->call, action, refusal->trace_line);
		else
			printf("refused: %s: %s (%lu times, first on line %lu)\n", refusal->call, action,
			       refusal->count, refusal->trace_line);
		if (refusal->line)
			printf("    by %s:%u: %s\n", refusal->file, refusal->line, refusal->reason);
		else
			printf("    %s\n", refusal->reason);
	}
	for (size_t i = 0; i < coverage->unfired_count; i++)
		printf("never fired: %s:%u: %s\n", coverage->unfired[i].file, coverage->unfired[i].line,
		       coverage->unfired[i].rule);
}

static int print_refusal_object(const struct callgate_refused_call *refusal)
{
	char action[64];
	json_t *object;

	callgate_action_format(refusal->action, action, sizeof(action));
	object = json_pack("{ss ss sI sI ss}", "refused", refusal->call, "action", action, "count",
			   (json_int_t)refusal->count, "trace_line", (json_int_t)refusal->trace_line, "why",
			   refusal->reason);
	if (object && refusal->line) {
		json_object_set_new(object, "file", json_string(refusal->file));
		json_object_set_new(object, "line", json_integer(refusal->line));
	}
	return print_json(object);
}

static int print_objects(const struct callgate_coverage *coverage)
{
	int status = print_json(json_pack("{sI sI sI sf}", "calls", (json_int_t)coverage->calls, "permitted",
					  (json_int_t)coverage->permitted, "bitmap", (json_int_t)coverage->from_bitmap,
					  "instructions", coverage->instructions));

	for (size_t i = 0; status == STATUS_YES && i < coverage->refusal_count; i++)
		status = print_refusal_object(&coverage->refusals[i]);
	for (size_t i = 0; status == STATUS_YES && i < coverage->unfired_count; i++)
		status = print_json(json_pack("{ss ss si}", "never_fired", coverage->unfired[i].rule, "file",
					      coverage->unfired[i].file, "line", (int)coverage->unfired[i].line));
	return status;
}

static void print_unread(const char *path, const struct callgate_coverage *coverage)
{
	for (size_t i = 0; i < coverage->unread_count; i++)
		note("%s:%lu: not read: %s", path, coverage->unread[i].trace_line, coverage->unread[i].message);
}

int simulate_trace(const struct callgate_subject *subject, const char *path, bool json)
{
	cleanup(coverage_free) struct callgate_coverage *coverage = NULL;
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err;
	int status = STATUS_YES;

	if (file_read(path, TRACE_BYTES_MAX, &text, &err) ||
	    callgate_coverage_new(subject, buf_text(&text), text.length, &coverage, &err))
		return failure(&err);
	print_unread(path, coverage);
	if (json)
		status = print_objects(coverage);
	else
		print_text(coverage);
	if (status == STATUS_YES && (coverage->refusal_count || coverage->unread_count))
		return STATUS_NO;
	return status;
}
