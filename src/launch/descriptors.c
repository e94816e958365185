/*
 * An open descriptor is a right that no filter can see: whoever inherits one may read or write what it names, with
 * calls that every policy allows. So all are closed but those that were named; a list of what to close would miss one.
 */
#include "launch/descriptors.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/call.h"

#include <callgate/launch.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

static int descriptors_compare(const void *a, const void *b)
{
	int left = *(const int *)a, right = *(const int *)b;

	return (left > right) - (left < right);
}

int descriptors_check(const int *keep, size_t keep_count, struct callgate_error *err)
{
	for (size_t i = 0; i < keep_count; i++)
		if (fcntl(keep[i], F_GETFD) < 0)
			return fail_errno(err, "cannot keep descriptor %d", keep[i]);
	return CALLGATE_OK;
}

int descriptors_list(const int *keep, size_t keep_count, int **ret_open, size_t *ret_count, struct callgate_error *err)
{
	cleanup_free int *open = calloc(keep_count + 3, sizeof(*open));
	size_t count = 0, different = 0;
	int status = descriptors_check(keep, keep_count, err);

	if (status != CALLGATE_OK)
		return status;
	if (!open)
		return fail_nomem(err);
	for (int fd = 0; fd < 3; fd++)
		open[count++] = fd;
	for (size_t i = 0; i < keep_count; i++)
		open[count++] = keep[i];
	qsort(open, count, sizeof(*open), descriptors_compare);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || open[i] != open[i - 1])
			open[different++] = open[i];
	*ret_open = take_ptr(open);
	*ret_count = different;
	return CALLGATE_OK;
}

int descriptors_close_others(const int *open, size_t count)
{
	unsigned from = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned fd = (unsigned)open[i];
		long result = fd > from ? KERNEL_CALL(SYS_close_range, from, fd - 1, 0) : 0;

		if (result < 0)
			return (int)result;
		from = fd + 1;
	}
	return (int)KERNEL_CALL(SYS_close_range, from, UINT_MAX, 0);
}

int callgate_descriptors_close(const int *keep, size_t keep_count, struct callgate_error *err)
{
	cleanup_free int *open = NULL;
	size_t count = 0;
	int status = descriptors_list(keep, keep_count, &open, &count, err);
	int result;

	if (status != CALLGATE_OK)
		return status;
	result = descriptors_close_others(open, count);
	if (result == 0)
		return CALLGATE_OK;
	errno = -result;
	status = fail_errno(err, "cannot close the other descriptors");
	if (result == -ENOSYS)
		error_hint(err, "close_range(2) needs Linux 5.9");
	return status;
}
