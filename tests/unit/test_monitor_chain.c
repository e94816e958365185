#include "unit.h"

#include "base/cleanup.h"
#include "monitor/chain.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char key[] = "a key that nobody else has";

/* A chain of three in a file of its own. */
static void make(char path[32])
{
	struct chain chain;

	strcpy(path, "/tmp/callgate.XXXXXX");
	close(mkstemp(path));
	assert_int_equal(chain_open(path, key, sizeof(key), false, &chain, NULL), 0);
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
	assert_int_equal(chain_open(path, key, sizeof(key), false, &chain, NULL), 0);
	assert_int_equal(chain_open(path, key, sizeof(key), false, &second, NULL), CALLGATE_E_UNSUPPORTED);
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

/* A damaged chain stays as it is, under another name; the one that takes its place says how far it held. */
static void a_chain_that_does_not_hold_is_begun_anew(void **state)
{
	struct callgate_chain_report report;
	char path[32], aside[40], first[512];
	struct chain chain = CHAIN_NONE;
	struct callgate_error err;
	struct stat before, after;
	int fd;

	make(path);
	snprintf(aside, sizeof(aside), "%s.1", path);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(truncate(path, before.st_size - 5), 0);
	assert_int_equal(chain_open(path, key, sizeof(key), false, &chain, &err), CALLGATE_E_INVALID);
	assert_non_null(strstr(err.hint, "what holds ends with "));
	assert_int_equal(chain_open(path, key, sizeof(key), true, &chain, &err), 0);
	assert_non_null(strstr(chain.gap, "holds up to line 2,"));
	assert_int_equal(chain_append(&chain, "{}", NULL), 0);
	chain_close(&chain);
	assert_int_equal(stat(aside, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_size, before.st_size - 5);
	assert_int_equal(verify(path, &report, &err), 0);
	assert_int_equal(report.lines, 2);
	assert_int_equal(report.gaps, 1);
	fd = open(path, O_RDWR);
	assert_true(read(fd, first, sizeof(first)) == sizeof(first));
	assert_non_null(memmem(first, sizeof(first), "\"gap\":{\"event\":\"gap\"", 20));
	close(fd);
	/* One that holds is gone on with. */
	assert_int_equal(chain_open(path, key, sizeof(key), true, &chain, &err), 0);
	assert_string_equal(chain.gap, "");
	assert_int_equal(chain.lines, 2);
	chain_close(&chain);
	unlink(path);
	unlink(aside);
}

/* No event of a stranger's can pass for the chain's own word. */
static void a_gap_is_no_event(void **state)
{
	struct callgate_chain_report report;
	struct callgate_error err;
	char path[32], bytes[4096], *word;
	struct chain chain;
	ssize_t length;
	int fd;

	make(path);
	assert_int_equal(chain_open(path, key, sizeof(key), false, &chain, NULL), 0);
	assert_int_equal(chain_append(&chain, "{\"event\":\"gap\",\"count\":7}", NULL), 0);
	chain_close(&chain);
	assert_int_equal(verify(path, &report, &err), 0);
	assert_int_equal(report.gaps, 0);
	fd = open(path, O_RDWR);
	length = read(fd, bytes, sizeof(bytes) - 1);
	bytes[length] = '\0';
	word = strstr(bytes, "\"event\":{\"event\":\"gap\"");
	assert_non_null(word);
	memmove(word + 5, word + 7, (size_t)(bytes + length + 1 - (word + 7)));
	memcpy(word, "\"gap\"", 5);
	assert_int_equal(pwrite(fd, bytes, (size_t)length - 2, 0), length - 2);
	assert_int_equal(ftruncate(fd, length - 2), 0);
	assert_int_equal(verify(path, &report, &err), CALLGATE_E_INVALID);
	assert_int_equal(err.line, 4);
	close(fd);
	unlink(path);
}

/* A disk that is full in the middle of a line: none of it stays, what is missed is counted, and said once there is
 * room. */
static void what_does_not_fit_is_counted_and_said(void **state)
{
	struct callgate_chain_report report;
	struct callgate_error err;
	struct rlimit old, tight;
	struct chain chain;
	char path[32];
	struct stat before, after;
	void (*handler)(int);

	make(path);
	assert_int_equal(chain_open(path, key, sizeof(key), false, &chain, NULL), 0);
	assert_int_equal(stat(path, &before), 0);
	handler = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = (struct rlimit){ (rlim_t)before.st_size + 20, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(chain_append(&chain, "{\"a\":1}", &err), CALLGATE_E_OS);
	assert_int_equal(stat(path, &after), 0);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, handler);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(chain.missed, 3);
	assert_int_equal(verify(path, &report, &err), 0);
	assert_int_equal(chain_append(&chain, "{\"a\":1}", &err), 0);
	assert_int_equal(chain.missed, 0);
	chain_close(&chain);
	assert_int_equal(verify(path, &report, &err), 0);
	assert_int_equal(report.lines, 5);
	assert_int_equal(report.gaps, 1);
	unlink(path);
}

static void each_allocation_may_fail(void **state)
{
	struct callgate_chain_report report;
	char path[32];

	make(path);
	FOR_EACH_ALLOCATION({
		struct chain chain = CHAIN_NONE;

		if (chain_open(path, key, sizeof(key), false, &chain, NULL) == CALLGATE_OK)
			chain_append(&chain, "{}", NULL);
		chain_close(&chain);
	})
	assert_int_equal(verify(path, &report, NULL), 0);
	unlink(path);
}

UNIT_TESTS(test_monitor_chain, cmocka_unit_test(a_chain_goes_on_where_it_ended),
	   cmocka_unit_test(no_byte_can_be_changed), cmocka_unit_test(a_line_that_is_taken_out_or_cut_is_seen),
	   cmocka_unit_test(a_chain_that_does_not_hold_is_begun_anew), cmocka_unit_test(a_gap_is_no_event),
	   cmocka_unit_test(what_does_not_fit_is_counted_and_said), cmocka_unit_test(each_allocation_may_fail), )
