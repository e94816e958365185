/*
 * Reading a stranger's unwind tables is not for the process that holds the stranger. What reads them may loop or wait
 * for a page that never comes: it has a deadline, behind which it is killed.
 */
#include "cli/frames.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/delegate.h"
#include "cli/print.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A cold read of libc's debugging data takes a tenth of it. */
#define DEADLINE_MS	4000
#define ANSWER_SIZE_MAX (1 << 20)

static void event_free(struct callgate_event **event)
{
	callgate_event_free(*event);
}

static void spell_registers(const struct callgate_refusal *refusal, char *text, size_t size)
{
	size_t length = 0;

	for (int i = 0; i < CALLGATE_REGISTERS && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%" PRIx64, i ? "," : "",
					   refusal->registers[i]);
}

/* Starts the program with its output into a pipe; 0 when it cannot be started. */
static pid_t start_program(const struct callgate_refusal *refusal, int output)
{
	char program[PATH_MAX], pid[16], registers[CALLGATE_REGISTERS * 17 + 1];
	char *arguments[] = {
		(char *)"callgate", (char *)"backtrace", (char *)"--json", (char *)"--registers", registers, pid, NULL
	};
	posix_spawn_file_actions_t actions;
	pid_t started = 0;

	snprintf(pid, sizeof(pid), "%d", refusal->tid);
	spell_registers(refusal, registers, sizeof(registers));
	if (!observing_program(program) || posix_spawn_file_actions_init(&actions) != 0)
		return 0;
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (posix_spawn(&started, program, &actions, NULL, arguments, environ) != 0)
		started = 0;
	posix_spawn_file_actions_destroy(&actions);
	return started;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All that comes before the deadline, or nothing. */
static bool read_answer(int from, struct buf *ret_answer)
{
	int64_t until = now_ms() + DEADLINE_MS;
	char bytes[4096];

	for (;;) {
		struct pollfd readable = { .fd = from, .events = POLLIN };
		int64_t left = until - now_ms();
		ssize_t got;

		if (left <= 0 || ret_answer->length > ANSWER_SIZE_MAX)
			return false;
		if (poll(&readable, 1, (int)left) <= 0)
			continue;
		got = read(from, bytes, sizeof(bytes));
		if (got <= 0)
			return got == 0;
		buf_add(ret_answer, bytes, (size_t)got);
	}
}

/* What was answered is an event's backtrace, a frame a line. */
static size_t parse_answer(const struct buf *answer, struct callgate_frame *frames, size_t limit)
{
	cleanup(buf_fini) struct buf line = { 0 };
	cleanup(event_free) struct callgate_event *event = NULL;
	const char *at = buf_text(answer);
	size_t count;

	buf_puts(&line, "{\"event\":\"refused\",\"backtrace\":[");
	while (*at) {
		size_t length = strcspn(at, "\n");

		buf_add(&line, at, length);
		at += length + (at[length] == '\n');
		buf_puts(&line, *at ? "," : "");
	}
	buf_puts(&line, "]}");
	if (line.failed || callgate_event_parse(buf_text(&line), line.length, &event, NULL) != CALLGATE_OK)
		return 0;
	count = event->frame_count < limit ? event->frame_count : limit;
	memcpy(frames, event->frames, count * sizeof(*frames));
	return count;
}

size_t refusal_frames(const struct callgate_refusal *refusal, struct callgate_frame *frames, size_t limit)
{
	cleanup(buf_fini) struct buf answer = { 0 };
	cleanup_fd int from = -1;
	bool complete = false;
	int ends[2];
	pid_t pid;

	if (!refusal->has_registers || pipe2(ends, O_CLOEXEC) < 0)
		return 0;
	from = ends[0];
	pid = start_program(refusal, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		complete = read_answer(from, &answer);
		/* One that said all may have ended, and been waited for by whoever waits for the target. */
		if (!complete)
			kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return complete && !answer.failed ? parse_answer(&answer, frames, limit) : 0;
}

void say_no_frames(void)
{
	char program[PATH_MAX];

	if (observing_program(program))
		note("  no backtrace: callgate-observe could not read it");
	else
		note("  no backtrace: callgate-observe, which reads it, is neither beside this program nor in %s",
		     CALLGATE_LIBEXECDIR);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void spell_frame(const struct callgate_frame *frame, char *text, size_t size)
{
	char function[320] = "", source[320] = "";

	if (frame->symbol[0])
		snprintf(function, sizeof(function), "%s+0x%" PRIx64 " ", frame->symbol, frame->symbol_offset);
	if (frame->file[0])
		snprintf(source, sizeof(source), " %s:%u", frame->file, frame->line);
	snprintf(text, size, "%s(%s+0x%" PRIx64 ")%s", function, frame->module[0] ? base_name(frame->module) : "?",
		 frame->offset, source);
}

void say_frame(const struct callgate_frame *frame)
{
	char text[FRAME_TEXT];

	spell_frame(frame, text, sizeof(text));
	note("  at %s", text);
}
