/*
 * Events are for whoever watches many runs; a reader that went away must not end the run.
 */
#include "cli/events.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

int events_open(const char *path, int *ret_fd)
{
	struct callgate_error err;

	*ret_fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666) : -1;
	if (!path || *ret_fd >= 0)
		return STATUS_YES;
	(void)fail_errno(&err, "cannot write events to '%s'", path);
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

void events_write(int fd, const char *event, json_t *object_take)
{
	cleanup_free char *text = NULL;
	struct timespec now;
	size_t length;

	if (fd >= 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		json_object_set_new(object_take, "event", json_string(event));
		json_object_set_new(object_take, "time", json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9));
		text = json_dumps(object_take, JSON_COMPACT);
		length = text ? strlen(text) : 0;
		if (text)
			text[length] = '\n';
		if (!text || write_quietly(fd, text, length + 1) < 0)
			note("an event of '%s' could not be written", event);
	}
	json_decref(object_take);
}
