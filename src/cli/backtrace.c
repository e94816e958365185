/*
 * `callgate backtrace`: by which functions a thread came to where it is. `callgate run` asks it about a refused call,
 * and so may anybody with the registers of a stopped thread.
 *
 * What it reads was made by a stranger: headers, unwind tables and debugging data of files that the thread brought. So
 * it gives up, before the first of them, what reading does not need. Whoever takes it over can read what we can and
 * answer wrongly; nothing is written, started or reached.
 */
#include "base/cleanup.h"
#include "cli/cage.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct backtrace_options {
	const char *registers;
	unsigned long thread;
	bool json;
};

static const struct option_row backtrace_rows[] = {
	OPTION_TEXT(struct backtrace_options, registers, "registers", 'r', "HEX,...",
		    "rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15 and rip, in this order"),
	OPTION_NUMBER(struct backtrace_options, thread, "thread", 't', "TID", "the thread; the first one unless named"),
	OPTION_FLAG(struct backtrace_options, json, "json", 'j', "one JSON object a frame"),
};

const struct usage backtrace_usage = USAGE("PID", 1, 1, backtrace_rows);

#define FRAMES_MAX 64

static int parse_registers(const char *text, uint64_t registers[CALLGATE_REGISTERS])
{
	for (int i = 0; i < CALLGATE_REGISTERS; i++) {
		char *end;

		registers[i] = strtoull(text, &end, 16);
		if (end == text || *end != (i + 1 < CALLGATE_REGISTERS ? ',' : '\0'))
			return misuse("backtrace: '--registers' takes %d hexadecimal numbers with commas between them",
				      CALLGATE_REGISTERS);
		text = end + 1;
	}
	return STATUS_YES;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "0x7f… openat+0x1b (libc.so.6+0x10f2a7) open.c:45" */
static void print_frame(const struct callgate_frame *frame)
{
	printf("0x%016" PRIx64 " ", frame->address);
	if (frame->symbol[0])
		printf("%s+0x%" PRIx64 " ", frame->symbol, frame->symbol_offset);
	if (frame->module[0])
		printf("(%s+0x%" PRIx64 ")", base_name(frame->module), frame->offset);
	else
		printf("(no file)");
	if (frame->file[0])
		printf(" %s:%u", base_name(frame->file), frame->line);
	putchar('\n');
}

static int print_frame_json(const struct callgate_frame *frame)
{
	cleanup_free char *line = callgate_frame_format(frame);

	if (!line)
		return misuse("backtrace: no memory"), STATUS_FAILED;
	puts(line);
	return STATUS_YES;
}

static int print_frames(const struct callgate_frame *frames, size_t count, bool json)
{
	for (size_t i = 0; i < count; i++) {
		int status = STATUS_YES;

		if (json)
			status = print_frame_json(&frames[i]);
		else
			print_frame(&frames[i]);
		if (status != STATUS_YES)
			return status;
	}
	return STATUS_YES;
}

static void backtrace_close(struct callgate_backtrace **backtrace)
{
	callgate_backtrace_free(*backtrace);
}

static int show(long pid, int tid, const uint64_t registers[CALLGATE_REGISTERS], bool json)
{
	cleanup(backtrace_close) struct callgate_backtrace *backtrace = NULL;
	struct callgate_frame frames[FRAMES_MAX];
	struct callgate_error err;
	size_t count;
	int status;

	if (callgate_backtrace_open((int)pid, &backtrace, &err) != CALLGATE_OK)
		return failure(&err);
	status = cage_enter();
	if (status != STATUS_YES)
		return status;
	if (callgate_backtrace_walk(backtrace, tid, registers, frames, FRAMES_MAX, &count, &err) != CALLGATE_OK)
		return failure(&err);
	status = standard_output_finish(print_frames(frames, count, json));
	/* What else would run at an exit may ask for what was given up. */
	_exit(status);
}

int cmd_backtrace(const struct verb *verb, int argc, char **argv)
{
	struct backtrace_options options = { 0 };
	uint64_t registers[CALLGATE_REGISTERS];
	struct arguments arguments;
	char *end;
	long pid;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	pid = strtol(arguments.items[0], &end, 10);
	if (pid <= 0 || pid > INT32_MAX || *end)
		return misuse("backtrace: '%s' is no process", arguments.items[0]);
	if (!options.registers)
		return misuse("backtrace: no --registers were given");
	status = parse_registers(options.registers, registers);
	if (status != STATUS_YES)
		return status;
	return show(pid, options.thread ? (int)options.thread : (int)pid, registers, options.json);
}
