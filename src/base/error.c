/*
 * The error block is fixed in size, so that filling it cannot fail: text that is too long is cut, never dropped.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void error_set_v(struct callgate_error *err, int status, const char *format, va_list args)
{
	int saved = errno;

	if (err) {
		*err = (struct callgate_error){ .status = status };
		vsnprintf(err->message, sizeof(err->message), format, args);
	}
	errno = saved;
}

void error_set(struct callgate_error *err, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_set_v(err, status, format, args);
	va_end(args);
}

void error_set_errno(struct callgate_error *err, const char *format, ...)
{
	int saved = errno;
	char reason[128];
	size_t used;
	va_list args;

	if (!err)
		return;
	va_start(args, format);
	error_set_v(err, CALLGATE_E_OS, format, args);
	va_end(args);
	err->os_errno = saved;
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror_r(saved, reason, sizeof(reason)));
	errno = saved;
}

void error_hint(struct callgate_error *err, const char *format, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, format);
	vsnprintf(err->hint, sizeof(err->hint), format, args);
	va_end(args);
}

void error_place(struct callgate_error *err, const char *file, unsigned line, unsigned col)
{
	if (!err)
		return;
	if (file)
		snprintf(err->file, sizeof(err->file), "%s", file);
	err->line = line;
	err->col = col;
}
