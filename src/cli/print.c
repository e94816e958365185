/*
 * An error names things that come from outside, so control characters in it are spelt: a policy's bytes must not
 * drive somebody's terminal. And a result that did not arrive (a full disk, a closed stdout) is no result: the last
 * flush decides the exit status.
 */
#include "cli/print.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/progress.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nanoseconds of an hour; more would show how a double rounds. */
#define JSON_DIGITS 13

static void print_spelt(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			fprintf(stderr, "\\x%02x", c);
		else
			fputc(c, stderr);
	}
}

static void print_line(const char *what, const char *text)
{
	progress_end();
	fputs(what, stderr);
	print_spelt(text);
	fputc('\n', stderr);
}

static void print_place(const struct callgate_error *err)
{
	progress_end();
	print_spelt(err->file[0] ? err->file : "callgate");
	if (err->line)
		fprintf(stderr, ":%u", err->line);
	if (err->line && err->col)
		fprintf(stderr, ":%u", err->col);
}

/* Whether the name that was given is wrong, rather than the machine. */
static bool errno_is_about_name(int number)
{
	return number == ENOENT || number == ENOTDIR || number == EISDIR || number == ELOOP || number == ENAMETOOLONG;
}

int failure(const struct callgate_error *err)
{
	fflush(stdout);
	print_place(err);
	print_line(": error: ", err->message);
	if (err->hint[0])
		print_line("hint: ", err->hint);
	switch (err->status) {
	case CALLGATE_E_SYNTAX:
	case CALLGATE_E_UNKNOWN:
	case CALLGATE_E_INVALID:
		return STATUS_MISUSE;
	case CALLGATE_E_OS:
		return errno_is_about_name(err->os_errno) ? STATUS_MISUSE : STATUS_FAILED;
	default:
		return STATUS_FAILED;
	}
}

int misuse(const char *format, ...)
{
	struct callgate_error err;
	va_list args;

	va_start(args, format);
	error_set_v(&err, CALLGATE_E_INVALID, format, args);
	va_end(args);
	return failure(&err);
}

int misuse_hint(const char *hint, const char *hint_word, const char *format, ...)
{
	const char *word = strstr(hint, "%s");
	struct callgate_error err;
	va_list args;

	va_start(args, format);
	error_set_v(&err, CALLGATE_E_INVALID, format, args);
	va_end(args);
	if (word)
		error_hint(&err, "%.*s%s%s", (int)(word - hint), hint, hint_word, word + 2);
	else
		error_hint(&err, "%s", hint);
	return failure(&err);
}

void note(const char *format, ...)
{
	struct callgate_error err;
	va_list args;

	va_start(args, format);
	error_set_v(&err, CALLGATE_OK, format, args);
	va_end(args);
	print_line("callgate: ", err.message);
}

int write_output(const char *path, const void *bytes, size_t length)
{
	struct callgate_error err;

	if (path && strcmp(path, "-") != 0)
		return file_replace(path, bytes, length, 0666, &err) == CALLGATE_OK ? STATUS_YES : failure(&err);
	fwrite(bytes, 1, length, stdout);
	return STATUS_YES;
}

json_t *json_text(const char *text)
{
	json_t *json = json_string(text);
	cleanup_free char *copy = json ? NULL : strdup(text);

	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json || !copy ? json : json_string(copy);
}

int output_find(const char *path, struct file_place *ret_place)
{
	struct callgate_error err;

	if (!path || strcmp(path, "-") == 0 || file_place_find(path, ret_place, &err) == CALLGATE_OK)
		return STATUS_YES;
	return failure(&err);
}

int write_json(const struct file_place *place, json_t *object_take)
{
	cleanup_free char *text =
		object_take ? json_dumps(object_take, JSON_COMPACT | JSON_REAL_PRECISION(JSON_DIGITS)) : NULL;
	cleanup(buf_fini) struct buf line = { 0 };
	struct callgate_error err;

	json_decref(object_take);
	buf_printf(&line, "%s\n", text ? text : "");
	if (!text || line.failed)
		error_set(&err, CALLGATE_E_NOMEM, "out of memory");
	else if (!place || !place->path)
		return write_output(NULL, line.data, line.length);
	else if (file_place_write(place, line.data, line.length, 0666, &err) == CALLGATE_OK)
		return STATUS_YES;
	return failure(&err);
}

int print_json(json_t *object_take)
{
	return write_json(NULL, object_take);
}

void standard_descriptors_open(void)
{
	static const int wrong_way[] = { O_WRONLY, O_RDONLY, O_RDWR };

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", wrong_way[fd]) != fd) {
			fprintf(stderr, "callgate: error: descriptor %d cannot be had: %s\n", fd, strerror(errno));
			_exit(STATUS_FAILED);
		}
}

int standard_output_finish(int status)
{
	struct callgate_error err;

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno)
		error_set_errno(&err, "cannot write standard output");
	else /* an earlier write failed, and stdio keeps no reason */
		error_set(&err, CALLGATE_E_OS, "cannot write standard output: not all of it was taken");
	return failure(&err);
}
