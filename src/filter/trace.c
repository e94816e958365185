/*
 * A trace has millions of lines and a few thousand different calls: lines are folded by what a filter sees of them
 * before anything is asked about them.
 */
#include "filter/trace.h"

#include "base/error.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE_FIRST 1024u

struct reading {
	struct arena *arena;
	struct trace *trace;
	uint32_t *table; /* open addressing: index of a call + 1, 0 for a free place */
	size_t table_size;
	unsigned long line;
	struct callgate_error *err;
};

/* FNV-1a: the words are what differs, and there are few. */
static size_t hash_call(const struct seccomp_data *data)
{
	const unsigned char *bytes = (const unsigned char *)data;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof(*data); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return (size_t)(hash ^ hash >> 32);
}

/* The place of a call in the table: its own, or the free one where it belongs. */
static uint32_t *place_of(const struct reading *reading, const struct seccomp_data *data)
{
	size_t at = hash_call(data) & (reading->table_size - 1);

	for (;; at = (at + 1) & (reading->table_size - 1)) {
		const struct trace_call *calls = reading->trace->calls.items;
		uint32_t index = reading->table[at];

		if (!index || !calls || memcmp(&calls[index - 1].call.data, data, sizeof(*data)) == 0)
			return &reading->table[at];
	}
}

/* Never more than half full. */
static bool grow_table(struct reading *reading)
{
	if (reading->trace->calls.length < reading->table_size / 2)
		return true;
	reading->table_size = reading->table_size ? reading->table_size * 2 : TABLE_SIZE_FIRST;
	reading->table = arena_array(reading->arena, reading->table_size, sizeof(*reading->table));
	if (!reading->table)
		return false;
	for (size_t i = 0; i < reading->trace->calls.length; i++)
		*place_of(reading, &reading->trace->calls.items[i].call.data) = (uint32_t)i + 1;
	return true;
}

static int keep_call(struct reading *reading, const struct call *call, unsigned long count)
{
	struct trace_call kept = { *call, count, reading->line };
	uint32_t *place;

	if (!grow_table(reading))
		return fail_nomem(reading->err);
	place = place_of(reading, &call->data);
	if (*place) {
		reading->trace->calls.items[*place - 1].count += count;
		reading->trace->calls.items[*place - 1].call.given &= call->given;
		return CALLGATE_OK;
	}
	if (!VEC_PUSH(reading->arena, &reading->trace->calls, kept))
		return fail_nomem(reading->err);
	*place = (uint32_t)reading->trace->calls.length;
	return CALLGATE_OK;
}

static int keep_unread(struct reading *reading, const struct callgate_error *why)
{
	struct callgate_unread unread = { reading->line, arena_strdup(reading->arena, why->message) };

	return unread.message && VEC_PUSH(reading->arena, &reading->trace->unread, unread) ? CALLGATE_OK
											   : fail_nomem(reading->err);
}

static size_t count_blanks(const char *text, size_t length)
{
	size_t blanks = 0;

	while (blanks < length && (text[blanks] == ' ' || text[blanks] == '\t'))
		blanks++;
	return blanks;
}

/* "12 " before a call. Gives how many bytes that took. */
static size_t take_number(const char *text, size_t length, unsigned long *ret_number)
{
	unsigned long number = 0;
	size_t at = 0;

	for (; at < length && isdigit((unsigned char)text[at]); at++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (unsigned long)(text[at] - '0'), &number))
			return 0;
	if (!at || at == length || !count_blanks(text + at, length - at))
		return 0;
	*ret_number = number;
	return at;
}

/* "[pid 12] " */
static size_t skip_pid(const char *text, size_t length)
{
	const char *end = length > 5 && memcmp(text, "[pid ", 5) == 0 ? memchr(text, ']', length) : NULL;

	return end ? (size_t)(end - text) + 1 : 0;
}

/* Nothing was called there: comments, signals, ends, and the second half of a call. */
static bool tells_no_call(const char *text, size_t length)
{
	static const char *const beginnings[] = { "#", "---", "+++", "<... ", "strace: " };

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (length >= strlen(beginnings[i]) && memcmp(text, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return length == 0;
}

/* "openat(AT_FDCWD, 0x1 <unfinished ...>": the first half of a call, whose arguments stop there. */
static int parse_unfinished(const char *text, size_t length, struct call *ret_call, struct callgate_error *err)
{
	const char *cut = memmem(text, length, "<unfinished ...>", strlen("<unfinished ...>"));
	char *whole;
	int status;

	if (!cut)
		return CALLGATE_E_SYNTAX;
	length = (size_t)(cut - text);
	while (length && (text[length - 1] == ' ' || text[length - 1] == ','))
		length--;
	whole = malloc(length + 1);
	if (!whole)
		return fail_nomem(err);
	memcpy(whole, text, length);
	whole[length] = ')';
	status = call_parse(whole, length + 1, ret_call, NULL, err);
	free(whole);
	return status;
}

/* "12:04:59.123456 ", "1700000000.123 ": strace -t and its like. */
static size_t skip_time(const char *text, size_t length)
{
	size_t at = 0, marks = 0;

	for (; at < length && (isdigit((unsigned char)text[at]) || text[at] == ':' || text[at] == '.'); at++)
		marks += !isdigit((unsigned char)text[at]);
	return marks && count_blanks(text + at, length - at) ? at : 0;
}

/* What stands before the call on its line: "[pid 12] ", "12 ", a time. Gives how many bytes that took. */
static size_t skip_prefix(const char *text, size_t length, unsigned long *ret_number)
{
	size_t used = count_blanks(text, length);

	used += skip_pid(text + used, length - used);
	used += count_blanks(text + used, length - used);
	used += take_number(text + used, length - used, ret_number);
	used += count_blanks(text + used, length - used);
	used += skip_time(text + used, length - used);
	return used + count_blanks(text + used, length - used);
}

bool trace_recognise(const char *text, size_t length)
{
	static const char *const others[] = { "--- SIG", "+++ exited", "+++ killed", "strace: Process " };
	const char *end;
	unsigned long number;
	struct call call;
	size_t used;

	while (length && (*text == '#' || *text == '\n')) {
		end = memchr(text, '\n', length);
		used = end ? (size_t)(end - text) + 1 : length;
		text += used;
		length -= used;
	}
	end = memchr(text, '\n', length);
	length = end ? (size_t)(end - text) : length;
	used = skip_prefix(text, length, &number);
	text += used;
	length -= used;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (length >= strlen(others[i]) && memcmp(text, others[i], strlen(others[i])) == 0)
			return true;
	if (length && memmem(text, length, "<unfinished ...>", strlen("<unfinished ...>")))
		return parse_unfinished(text, length, &call, NULL) == CALLGATE_OK;
	used = 0;
	return call_parse(text, length, &call, &used, NULL) == CALLGATE_OK && used && text[used - 1] == ')' &&
	       memmem(text + used, length - used, " = ", 3);
}

/* "read(3, "a", 1) = 1": strace tells what came of it. */
static bool tells_result(const char *text, size_t length)
{
	struct call call;
	size_t used = 0;

	return call_parse(text, length, &call, &used, NULL) == CALLGATE_OK && memchr(text + used, '=', length - used);
}

/* A number before a call is how often it was made; but where a result is told behind it, or that there is none yet,
 * strace has seen it once, and the number is a process's. */
static int read_line(struct reading *reading, const char *text, size_t length)
{
	unsigned long number = 1;
	struct callgate_error why;
	struct call call;
	size_t used = skip_prefix(text, length, &number);
	int status;

	text += used;
	length -= used;
	if (length && text[length - 1] == '\r')
		length--;
	if (tells_no_call(text, length))
		return CALLGATE_OK;
	status = call_parse(text, length, &call, NULL, &why);
	if (!status && tells_result(text, length))
		number = 1;
	if (status && memmem(text, length, "<unfinished ...>", strlen("<unfinished ...>"))) {
		status = parse_unfinished(text, length, &call, &why);
		number = 1;
	}
	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(reading->err);
	return status ? keep_unread(reading, &why) : keep_call(reading, &call, number);
}

int trace_parse(const char *text, size_t length, struct arena *arena, struct trace *ret_trace,
		struct callgate_error *err)
{
	struct trace trace = { 0 };
	struct reading reading = { .arena = arena, .trace = &trace, .err = err };

	for (size_t at = 0; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t line = end ? (size_t)(end - text) - at : length - at;
		int status;

		reading.line++;
		status = read_line(&reading, text + at, line);
		if (status)
			return status;
		at += line + 1;
	}
	*ret_trace = trace;
	return CALLGATE_OK;
}
