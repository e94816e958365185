#include "unit.h"

#include "base/cleanup.h"
#include "monitor/chain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char key[] = "a key that nobody else has";

/* A chain of three in a file of its own. */
static void make(char path[32])
{
	struct chain chain;

	strcpy(path, "/tmp/callgate.XXXXXX");
	close(mkstemp(path));
	assert_int_equal(chain_open(path, key, sizeof(key), &chain, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(chain_append(&chain, "{\"event\":\"refused\",\"pid\":1}", NULL), 0);
	chain_close(&chain);
}

static int verify(const char *path, struct callgate_chain_report *ret_report, struct callgate_error *err)
{
	return callgate_chain_verify(path, key, sizeof(key), ret_report, err);
}

static void a_chain_goes_on_where_it_ended(void **state)
{
	struct callgate_chain_report report;
	struct callgate_error err;
	struct chain chain, second;
	char path[32];

	make(path);
	assert_int_equal(chain_open(path, key, sizeof(key), &chain, NULL), 0);
	assert_int_equal(chain_open(path, key, sizeof(key), &second, NULL), CALLGATE_E_UNSUPPORTED);
	assert_int_equal(chain_append(&chain, "{}", NULL), 0);
	chain_close(&chain);
	assert_int_equal(verify(path, &report, &err), 0);
	assert_int_equal(report.lines, 4);
	assert_int_equal(strlen(report.head), 64);
	assert_int_equal(callgate_chain_verify(path, NULL, 0, &report, &err), CALLGATE_E_INVALID);
	assert_int_equal(err.line, 1);
	unlink(path);
}

/* Every byte of it changed in turn: the line that it is in is named, or the one behind. */
static void no_byte_can_be_changed(void **state)
{
	struct callgate_chain_report report;
	struct callgate_error err;
	char path[32], bytes[1024];
	ssize_t length;
	int fd, line = 1;

	make(path);
	fd = open(path, O_RDWR);
	length = read(fd, bytes, sizeof(bytes));
	assert_true(length > 300);
	for (off_t at = 0; at < length; at++) {
		char changed = bytes[at] == 'x' ? 'y' : 'x';

		assert_int_equal(pwrite(fd, &changed, 1, at), 1);
		assert_int_equal(verify(path, &report, &err), CALLGATE_E_INVALID);
		assert_int_equal(err.line, line);
		assert_int_equal(pwrite(fd, &bytes[at], 1, at), 1);
		line += bytes[at] == '\n';
	}
	assert_int_equal(verify(path, &report, &err), 0);
	close(fd);
	unlink(path);
}

static void a_line_that_is_taken_out_or_cut_is_seen(void **state)
{
	struct callgate_chain_report report;
	struct callgate_error err;
	char path[32], bytes[1024];
	size_t first;
	int fd;

	make(path);
	fd = open(path, O_RDWR);
	assert_true(read(fd, bytes, sizeof(bytes)) > 300);
	first = strcspn(bytes, "\n") + 1;
	assert_int_equal(ftruncate(fd, (off_t)(first + 10)), 0);
	assert_int_equal(verify(path, &report, &err), CALLGATE_E_INVALID);
	assert_int_equal(err.line, 2);
	assert_non_null(strstr(err.message, "cut off"));
	assert_int_equal(ftruncate(fd, (off_t)first), 0);
	assert_int_equal(pwrite(fd, bytes, first, (off_t)first), first);
	assert_int_equal(verify(path, &report, &err), CALLGATE_E_INVALID);
	assert_int_equal(err.line, 2);
	close(fd);
	unlink(path);
}

static void each_allocation_may_fail(void **state)
{
	struct callgate_chain_report report;
	char path[32];

	make(path);
	FOR_EACH_ALLOCATION({
		struct chain chain = CHAIN_NONE;

		if (chain_open(path, key, sizeof(key), &chain, NULL) == CALLGATE_OK)
			chain_append(&chain, "{}", NULL);
		chain_close(&chain);
	})
	assert_int_equal(verify(path, &report, NULL), 0);
	unlink(path);
}

UNIT_TESTS(test_monitor_chain, cmocka_unit_test(a_chain_goes_on_where_it_ended),
	   cmocka_unit_test(no_byte_can_be_changed), cmocka_unit_test(a_line_that_is_taken_out_or_cut_is_seen),
	   cmocka_unit_test(each_allocation_may_fail), )
