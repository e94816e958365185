/*
 * Events are for whoever watches many runs; a reader that went away must not end the run.
 */
#include "cli/events.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

int events_open(const char *path, int *ret_fd)
{
	struct callgate_error err;

	*ret_fd = path ? file_open_written(path, O_APPEND | O_CREAT, 0666) : -1;
	if (!path || *ret_fd >= 0)
		return STATUS_YES;
	(void)file_open_failed(path, &err);
	return failure(&err);
}

/* As write(2), but a pipe without a reader gives an error and no signal. */
static int write_quietly(int fd, const char *text, size_t length)
{
	sigset_t pipe, old;
	struct timespec now = { 0 };
	int result;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe, &old);
	result = file_write_all(fd, text, length);
	if (result < 0 && errno == EPIPE && !sigismember(&old, SIGPIPE))
		sigtimedwait(&pipe, NULL, &now);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return result;
}

/* A line whose end has no place yet. */
static void write_line(int fd, char *line)
{
	size_t length = line ? strlen(line) : 0;

	if (line)
		line[length] = '\n';
	if (!line || write_quietly(fd, line, length + 1) < 0)
		note("an event could not be written");
}

void events_write(int fd, const char *event, json_t *object_take)
{
	cleanup_free char *text = NULL;
	struct timespec now;

	if (fd >= 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		json_object_set_new(object_take, "event", json_string(event));
		json_object_set_new(object_take, "time", json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9));
		text = json_dumps(object_take, JSON_COMPACT);
		write_line(fd, text);
	}
	json_decref(object_take);
}

void events_refused(int fd, const struct callgate_event *event, json_t *array)
{
	cleanup_free char *text = NULL;

	if (callgate_event_format(event, &text, NULL) != CALLGATE_OK)
		text = NULL;
	if (array && text)
		json_array_append_new(array, json_loads(text, 0, NULL));
	if (fd >= 0)
		write_line(fd, text);
}
