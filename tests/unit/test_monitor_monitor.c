#include "unit.h"

#include <callgate/monitor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct told {
	unsigned count, wanted;
	int last;
	bool in_order;
};

static bool tell(const struct callgate_event *event, const char *line, void *context)
{
	struct told *told = context;

	told->in_order = told->in_order && event->refusal.pid > told->last && line[0] == '{';
	told->last = event->refusal.pid;
	told->count++;
	return told->count != told->wanted;
}

/* A file of that many refusals, of processes 1, 2, 3…, and the rest. */
static void make(char path[32], unsigned count, const char *rest)
{
	FILE *file;

	strcpy(path, "/tmp/callgate.XXXXXX");
	file = fdopen(mkstemp(path), "w");
	assert_non_null(file);
	for (unsigned i = 1; i <= count; i++)
		fprintf(file, "{\"event\":\"refused\",\"pid\":%u,\"syscall\":\"mkdir\"}\n", i);
	fputs(rest, file);
	fclose(file);
}

static int run(const char *path, struct told *told, struct callgate_monitor_report *report)
{
	const char *sources[] = { path };
	const struct callgate_monitor_options options = {
		.sources = sources, .source_count = 1, .stop_fd = -1, .told = tell, .context = told
	};

	told->in_order = true;
	return callgate_monitor_run(&options, report, NULL);
}

static void a_file_is_told_whole_and_in_its_order(void **state)
{
	struct callgate_monitor_report report;
	struct told told = { 0 };
	char path[32];

	make(path, 5000, "nonsense\n");
	assert_int_equal(run(path, &told, &report), CALLGATE_OK);
	assert_true(told.in_order);
	assert_int_equal(told.count, 5000);
	assert_int_equal(report.refused, 5000);
	assert_int_equal(report.suppressed, 0);
	assert_int_equal(report.unread, 1);
	unlink(path);
}

static void whoever_is_told_can_end_it(void **state)
{
	struct callgate_monitor_report report;
	struct told told = { .wanted = 3 };
	char path[32];

	make(path, 5000, "nonsense\n");
	assert_int_equal(run(path, &told, &report), CALLGATE_OK);
	assert_int_equal(told.count, 3);
	unlink(path);
}

static void what_can_be_read_already_stops_it(void **state)
{
	const char *sources[] = { "/dev/null" };
	struct callgate_monitor_options options = { .sources = sources, .source_count = 1, .follow = true };
	struct callgate_monitor_report report;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[1]);
	options.stop_fd = ends[0];
	assert_int_equal(callgate_monitor_run(&options, &report, NULL), CALLGATE_OK);
	close(ends[0]);
}

static void what_cannot_be_had_is_an_error(void **state)
{
	const char *sources[] = { "/no/such/file" };
	struct callgate_monitor_options options = { .sources = sources, .source_count = 1, .stop_fd = -1 };
	struct callgate_monitor_report report = { .refused = 77 };

	assert_int_equal(callgate_monitor_run(&options, &report, NULL), CALLGATE_E_OS);
	options.source_count = 0;
	options.serve = "127.0.0.1:0";
	options.token = "short";
	assert_int_equal(callgate_monitor_run(&options, &report, NULL), CALLGATE_E_INVALID);
	options.serve = "0.0.0.0:0";
	assert_int_equal(callgate_monitor_run(&options, &report, NULL), CALLGATE_E_INVALID);
	assert_int_equal(report.refused, 77);
}

static void each_allocation_may_fail(void **state)
{
	struct callgate_monitor_report report;
	struct told told;
	char path[32];

	make(path, 3, "");
	FOR_EACH_ALLOCATION({
		told = (struct told){ 0 };
		if (run(path, &told, &report) == CALLGATE_OK)
			assert_true(told.count == 3 || report.unread > 0);
	})
	unlink(path);
}

UNIT_TESTS(test_monitor_monitor, cmocka_unit_test(a_file_is_told_whole_and_in_its_order),
	   cmocka_unit_test(whoever_is_told_can_end_it), cmocka_unit_test(what_can_be_read_already_stops_it),
	   cmocka_unit_test(what_cannot_be_had_is_an_error), cmocka_unit_test(each_allocation_may_fail), )
