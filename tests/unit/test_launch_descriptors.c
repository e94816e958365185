#include "unit.h"

#include "launch/descriptors.h"

#include <callgate/launch.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void the_list_is_ascending_and_without_doubles(void **state)
{
	int high = fcntl(0, F_DUPFD_CLOEXEC, 20), higher = fcntl(0, F_DUPFD_CLOEXEC, high + 5);
	const int keep[] = { higher, 2, high, higher };
	int *open = NULL;
	size_t count = 0;

	assert_int_equal(descriptors_list(keep, 4, &open, &count, NULL), CALLGATE_OK);
	assert_int_equal(count, 5);
	for (int fd = 0; fd < 3; fd++)
		assert_int_equal(open[fd], fd);
	assert_int_equal(open[3], high);
	assert_int_equal(open[4], higher);
	free(open);
	close(high);
	close(higher);
}

static void one_to_keep_must_be_open(void **state)
{
	const int wrong[] = { -1, INT_MAX };

	for (size_t i = 0; i < 2; i++) {
		struct callgate_error err;
		int *open = NULL;
		size_t count = 7;

		assert_int_equal(descriptors_list(&wrong[i], 1, &open, &count, &err), CALLGATE_E_OS);
		assert_int_equal(err.os_errno, EBADF);
		assert_null(open);
		assert_int_equal(count, 7);
	}
}

/* In a child, which has the descriptors that it opens and nothing to lose. */
static int close_all_but(int first, int kept, int last)
{
	if (callgate_descriptors_close(&kept, 1, NULL) != CALLGATE_OK)
		return 2;
	for (int fd = first; fd <= last; fd++)
		if (is_open(fd) != (fd == kept))
			return 3;
	return is_open(0) && is_open(1) && is_open(2) ? 0 : 4;
}

static void all_others_are_closed(void **state)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int first = fcntl(0, F_DUPFD, 3), last = first;

		while (last < first + 40)
			last = fcntl(0, F_DUPFD, last + 1);
		_exit(close_all_but(first, first + 20, last));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		int *open = NULL;
		size_t count = 0;
		int status = descriptors_list(NULL, 0, &open, &count, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		free(open);
	});
}

UNIT_TESTS(test_launch_descriptors, cmocka_unit_test(the_list_is_ascending_and_without_doubles),
	   cmocka_unit_test(one_to_keep_must_be_open), cmocka_unit_test(all_others_are_closed),
	   cmocka_unit_test(every_allocation_may_fail), )
