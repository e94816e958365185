#include "unit.h"

#include <callgate/monitor.h>

#include <string.h>

static const char kernel[] = "audit(1795819033.695:65930): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=1075 "
			     "comm=\"uname\" exe=\"/usr/bin/uname\" sig=31 arch=c000003e syscall=63 compat=0 "
			     "ip=0x7f91a8ca5b07 code=0x80000000";

static struct callgate_event *parse(const char *record, int wanted)
{
	struct callgate_event *event = NULL;

	assert_int_equal(callgate_audit_parse(record, strlen(record), &event, NULL), wanted);
	return event;
}

static void a_record_becomes_an_event(void **state)
{
	struct callgate_event *event = parse(kernel, 0);

	assert_int_equal(event->kind, CALLGATE_EVENT_REFUSED);
	assert_int_equal(event->refusal.time_ns, 1795819033695000000);
	assert_int_equal(event->refusal.pid, 1075);
	assert_string_equal(event->refusal.program, "/usr/bin/uname");
	assert_string_equal(event->refusal.syscall, "uname");
	assert_string_equal(event->refusal.arch, "x86_64");
	assert_string_equal(event->refusal.call, "uname(...)");
	assert_true(event->refusal.ip == 0x7f91a8ca5b07);
	assert_false(event->refusal.has_args);
	assert_int_equal(event->refusal.outcome, CALLGATE_OUTCOME_ENDED);
	assert_int_equal(event->refusal.seen_by, CALLGATE_SEEN_IN_AUDIT);
	callgate_event_free(event);
}

static void names_in_hexadecimal_are_read_and_made_harmless(void **state)
{
	struct callgate_event *event =
		parse("type=SECCOMP msg=audit(1.5:1): pid=7 exe=2F62696E2F1B5B41 arch=40000003 syscall=5 ip=0x1 "
		      "code=0x50001\x1d"
		      "ARCH=i386",
		      0);

	assert_string_equal(event->refusal.program, "/bin/?[A");
	assert_string_equal(event->refusal.syscall, "open");
	assert_int_equal(event->refusal.outcome, CALLGATE_OUTCOME_FAILED);
	callgate_event_free(event);
}

static void what_is_logged_only_was_let_through(void **state)
{
	struct callgate_event *event =
		parse("type=1326 audit(1.5:1): pid=7 arch=c000003e syscall=999999 ip=0x1 code=0x7ffc0000", 0);

	assert_int_equal(event->refusal.outcome, CALLGATE_OUTCOME_LET_THROUGH);
	assert_string_equal(event->refusal.syscall, "");
	assert_string_equal(event->refusal.call, "#999999(...)");
	callgate_event_free(event);
}

static void what_is_no_such_record_is_refused(void **state)
{
	assert_null(parse("", CALLGATE_E_UNKNOWN));
	assert_null(parse("type=SYSCALL msg=audit(1.5:1): arch=c000003e syscall=63", CALLGATE_E_UNKNOWN));
	assert_null(parse("audit(1.5:1): pid=7 arch=c000003e syscall=63 ip=0x1", CALLGATE_E_SYNTAX));
	assert_null(parse("audit(1.5:1): pid=-7 arch=c000003e syscall=63 ip=0x1 code=0x0", CALLGATE_E_SYNTAX));
	assert_null(parse("audit(1.5:1): pid=7 arch=zz syscall=63 ip=0x1 code=0x0", CALLGATE_E_SYNTAX));
	assert_null(parse("audit(1.5:1): pid=7 arch=c000003e syscall=63 ip=0x1 code=0x1ffffffff", CALLGATE_E_SYNTAX));
}

static void each_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_event *event = NULL;

		if (callgate_audit_parse(kernel, strlen(kernel), &event, NULL) != CALLGATE_OK)
			assert_null(event);
		callgate_event_free(event);
	})
}

static void what_a_supervisor_answered_is_not_guessed(void **state)
{
	const char *record = "audit(1.5:1): pid=7 exe=\"/bin/x\" arch=c000003e syscall=110 ip=0x1 code=0x7fc00000";
	struct callgate_event *event = NULL;

	assert_int_equal(callgate_audit_parse(record, strlen(record), &event, NULL), 0);
	assert_int_equal(event->refusal.outcome, CALLGATE_OUTCOME_ANSWERED);
	assert_string_equal(callgate_outcome_name(event->refusal.outcome), "answered");
	callgate_event_free(event);
}

UNIT_TESTS(test_monitor_audit, cmocka_unit_test(what_a_supervisor_answered_is_not_guessed),
	   cmocka_unit_test(a_record_becomes_an_event),
	   cmocka_unit_test(names_in_hexadecimal_are_read_and_made_harmless),
	   cmocka_unit_test(what_is_logged_only_was_let_through), cmocka_unit_test(what_is_no_such_record_is_refused),
	   cmocka_unit_test(each_allocation_may_fail), )
