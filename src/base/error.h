/*
 * base/error.h - how the inside of the library fills a struct callgate_error
 *
 *	if (fd < 0)
 *		return fail_errno(err, "cannot open '%s'", path);
 *	return fail(err, CALLGATE_E_LIMIT, "more than %u rules", RULES_MAX);
 *
 * fail is a macro whose value is the status: analysers then see that the caller returns a failure.
 */
#ifndef CALLGATE_BASE_ERROR_H
#define CALLGATE_BASE_ERROR_H

#include <callgate/error.h>

#include <stdarg.h>

/* Writes the block, all of it; err may be NULL. errno is kept. */
__attribute__((format(printf, 3, 4))) void error_set(struct callgate_error *err, int status, const char *format, ...);
__attribute__((format(printf, 3, 0))) void error_set_v(struct callgate_error *err, int status, const char *format,
						       va_list args);

/* As error_set with CALLGATE_E_OS; os_errno is errno, whose text is appended after a colon. */
__attribute__((format(printf, 2, 3))) void error_set_errno(struct callgate_error *err, const char *format, ...);

/* Adds what to do to a block that is set. */
__attribute__((format(printf, 2, 3))) void error_hint(struct callgate_error *err, const char *format, ...);

/* Adds the place to a block that is set; file may be NULL, line and col may be 0. */
void error_place(struct callgate_error *err, const char *file, unsigned line, unsigned col);

#define fail(err, status, ...) (error_set((err), (status), __VA_ARGS__), (status))
#define fail_errno(err, ...)   (error_set_errno((err), __VA_ARGS__), CALLGATE_E_OS)
#define fail_nomem(err)	       fail((err), CALLGATE_E_NOMEM, "out of memory")

#endif
