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

	snprintf(pid, sizeof(pid), "%d", refusal->pid);
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

/* One object a line. */
static json_t *parse_answer(const struct buf *answer)
{
	json_t *frames = json_array();
	const char *line = buf_text(answer);

	while (frames && *line) {
		size_t length = strcspn(line, "\n");

		json_array_append_new(frames, json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL));
		line += length + (line[length] == '\n');
	}
	return frames;
}

json_t *refusal_frames(const struct callgate_refusal *refusal)
{
	cleanup(buf_fini) struct buf answer = { 0 };
	cleanup_fd int from = -1;
	bool complete = false;
	int ends[2];
	pid_t pid;

	if (!refusal->has_registers || pipe2(ends, O_CLOEXEC) < 0)
		return json_array();
	from = ends[0];
	pid = start_program(refusal, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		complete = read_answer(from, &answer);
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return complete && !answer.failed ? parse_answer(&answer) : json_array();
}

static const char *text_of(const json_t *frame, const char *key)
{
	const char *text = json_string_value(json_object_get(frame, key));

	return text ? text : "";
}

void say_frame(const json_t *frame)
{
	const char *module = text_of(frame, "module"), *slash = strrchr(module, '/');
	const char *symbol = text_of(frame, "symbol"), *file = text_of(frame, "file");
	char function[300] = "", source[300] = "";

	if (*symbol)
		snprintf(function, sizeof(function), "%s+%s ", symbol, text_of(frame, "symbol_offset"));
	if (*file)
		snprintf(source, sizeof(source), " %s:%" JSON_INTEGER_FORMAT, file,
			 json_integer_value(json_object_get(frame, "line")));
	note("  at %s(%s+%s)%s", function, slash ? slash + 1 : "?", text_of(frame, "offset"), source);
}
