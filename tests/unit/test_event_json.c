#include "unit.h"

#include <callgate/event.h>

#include <stdlib.h>
#include <string.h>

static struct callgate_event sample(void)
{
	static const struct callgate_frame frame = {
		.address = 0x7f0000001234, .module = "/lib/libc.so.6", .build_id = "ab12", .symbol = "openat", .line = 7
	};
	struct callgate_event event = { .kind = CALLGATE_EVENT_REFUSED, .frames = &frame, .frame_count = 1 };
	struct callgate_refusal *refusal = &event.refusal;

	refusal->time_ns = 1800000000999999999;
	refusal->pid = 10;
	refusal->tid = 11;
	refusal->has_args = true;
	refusal->args[5] = UINT64_MAX;
	refusal->ip = 0x401000;
	refusal->outcome = CALLGATE_OUTCOME_LET_THROUGH;
	refusal->seen_by = CALLGATE_SEEN_IN_CORE;
	refusal->explanation.action.ret = 0x80000000;
	refusal->explanation.line = 12;
	refusal->explanation.by_rule = true;
	strcpy(refusal->syscall, "openat");
	strcpy(refusal->call, "openat(AT_FDCWD, \"/a\\\"b\", O_RDONLY)");
	strcpy(refusal->edit.rule, "allow openat");
	strcpy(refusal->edit.opens, "one\ntwo");
	return event;
}

static struct callgate_event *parse(const char *line, int wanted)
{
	struct callgate_event *event = NULL;
	struct callgate_error err;

	assert_int_equal(callgate_event_parse(line, strlen(line), &event, &err), wanted);
	return event;
}

static void what_is_written_is_what_is_read(void **state)
{
	const struct callgate_event event = sample();
	struct callgate_event *read;
	char *line = NULL, *again = NULL;

	assert_int_equal(callgate_event_format(&event, &line, NULL), 0);
	assert_null(strchr(line, '\n'));
	read = parse(line, 0);
	assert_int_equal(read->refusal.time_ns, event.refusal.time_ns);
	assert_int_equal(read->refusal.tid, 11);
	assert_true(read->refusal.args[5] == UINT64_MAX);
	assert_int_equal(read->refusal.outcome, CALLGATE_OUTCOME_LET_THROUGH);
	assert_int_equal(read->refusal.seen_by, CALLGATE_SEEN_IN_CORE);
	assert_string_equal(read->refusal.call, event.refusal.call);
	assert_string_equal(read->refusal.edit.opens, "one\ntwo");
	assert_int_equal(read->frame_count, 1);
	assert_string_equal(read->frames[0].symbol, "openat");
	assert_int_equal(callgate_event_format(read, &again, NULL), 0);
	assert_string_equal(line, again);
	callgate_event_free(read);
	free(line);
	free(again);
}

static void what_is_missing_stays_empty_and_what_is_new_is_left_alone(void **state)
{
	struct callgate_event *event = parse("{\"event\":\"refused\",\"from\":\"later\"}", 0);

	assert_int_equal(event->refusal.pid, 0);
	assert_false(event->refusal.has_args);
	assert_int_equal(event->frame_count, 0);
	callgate_event_free(event);
}

static void counts_of_what_is_suppressed_are_kept(void **state)
{
	struct callgate_event event = { .kind = CALLGATE_EVENT_SUPPRESSED, .count = 5000000000 };
	struct callgate_event *read;
	char *line = NULL;

	strcpy(event.refusal.program, "/bin/sh");
	assert_int_equal(callgate_event_format(&event, &line, NULL), 0);
	read = parse(line, 0);
	assert_int_equal(read->kind, CALLGATE_EVENT_SUPPRESSED);
	assert_true(read->count == 5000000000);
	assert_string_equal(read->refusal.program, "/bin/sh");
	callgate_event_free(read);
	free(line);
}

static void what_is_no_event_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{}",
		"{\"event\":7}",
		"{\"event\":\"refused\",\"pid\":-1}",
		"{\"event\":\"refused\",\"pid\":\"1\"}",
		"{\"event\":\"refused\",\"pid\":4294967296}",
		"{\"event\":\"refused\",\"ip\":\"12\"}",
		"{\"event\":\"refused\",\"call\":[]}",
		"{\"event\":\"refused\",\"outcome\":\"pardoned\"}",
		"{\"event\":\"refused\",\"args\":[\"0x1\"]}",
		"{\"event\":\"refused\",\"edit\":[]}",
		"{\"event\":\"refused\",\"edit\":{\"opens\":[1]}}",
		"{\"event\":\"refused\",\"backtrace\":[1]}",
		"{\"event\":\"refused\",\"time\":-1}",
		"{\"event\":\"refused\",\"time\":1e99}",
		"{\"event\":\"refused\",\"event\":\"refused\"}",
		"{\"event\":\"suppressed\",\"count\":-1}",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_null(parse(wrong[i], CALLGATE_E_SYNTAX));
	assert_null(parse("{\"event\":\"rained\"}", CALLGATE_E_UNKNOWN));
}

static void each_allocation_may_fail(void **state)
{
	const struct callgate_event event = sample();
	struct callgate_event *read = NULL;
	char *line = NULL;

	assert_int_equal(callgate_event_format(&event, &line, NULL), 0);
	FOR_EACH_ALLOCATION({
		char *again = NULL;

		if (callgate_event_format(&event, &again, NULL) != CALLGATE_OK)
			assert_null(again);
		free(again);
	})
	FOR_EACH_ALLOCATION({
		read = NULL;
		if (callgate_event_parse(line, strlen(line), &read, NULL) != CALLGATE_OK)
			assert_null(read);
		callgate_event_free(read);
	})
	free(line);
}

UNIT_TESTS(test_event_json, cmocka_unit_test(what_is_written_is_what_is_read),
	   cmocka_unit_test(what_is_missing_stays_empty_and_what_is_new_is_left_alone),
	   cmocka_unit_test(counts_of_what_is_suppressed_are_kept), cmocka_unit_test(what_is_no_event_is_refused),
	   cmocka_unit_test(each_allocation_may_fail), )
