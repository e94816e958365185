/*
 * strace's lines are made for people, and have grown: a pid stands before them in brackets on a terminal and bare in a
 * file, then a time in one of four forms, an instruction pointer, a number. What a line says is found by how it begins.
 */
#include "observe/log_strace_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_NS = 1000000000, EPOCH_LEAST = 100000000 /* seconds: no relative time is that long */ };

static bool begins(const char *text, size_t length, const char *what)
{
	return length >= strlen(what) && memcmp(text, what, strlen(what)) == 0;
}

static size_t blanks(const char *text, size_t length)
{
	size_t count = 0;

	while (count < length && (text[count] == ' ' || text[count] == '\t'))
		count++;
	return count;
}

/* Decimal digits; false when there are none, or too many. */
static bool digits(const char *text, size_t length, size_t *ret_used, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t at = 0;

	for (; at < length && isdigit((unsigned char)text[at]); at++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text[at] - '0'), &number))
			return false;
	*ret_used = at;
	*ret_number = number;
	return at > 0;
}

static void step(struct strace_line *line, size_t count)
{
	line->text += count;
	line->length -= count;
	count = blanks(line->text, line->length);
	line->text += count;
	line->length -= count;
}

/* "<sh>" behind a pid (-Y). */
static size_t decoration(const char *text, size_t length)
{
	const char *end = length && *text == '<' ? memchr(text, '>', length) : NULL;

	return end ? (size_t)(end - text) + 1 : 0;
}

/* "[pid 12] ", "12 ". */
static void take_pid(struct strace_line *line)
{
	bool bracketed = begins(line->text, line->length, "[pid ");
	size_t at = bracketed ? strlen("[pid ") : 0, used;

	at += blanks(line->text + at, line->length - at);
	if (!digits(line->text + at, line->length - at, &used, &line->pid))
		return;
	at += used;
	at += decoration(line->text + at, line->length - at);
	if (bracketed && at < line->length && line->text[at] == ']')
		at++;
	else if (bracketed || !blanks(line->text + at, line->length - at)) {
		line->pid = 0; /* it was a time */
		return;
	}
	step(line, at);
}

static void take_time(struct strace_line *line)
{
	size_t at = 0, marks = 0;

	for (; at < line->length && (isdigit((unsigned char)line->text[at]) || strchr(":.", line->text[at])); at++)
		marks += !isdigit((unsigned char)line->text[at]);
	if (!marks || !line->text[0] || !blanks(line->text + at, line->length - at))
		return;
	line->time = line->text;
	line->time_length = at;
	step(line, at);
}

/* "[00007f6f00c8e0d1] ", "[ 257] ": an address (-i), a call's number (-n). */
static void skip_numbers(struct strace_line *line)
{
	for (int i = 0; i < 2; i++) {
		size_t at = line->length && line->text[0] == '[' ? 1 : 0;

		while (at && at < line->length &&
		       (isxdigit((unsigned char)line->text[at]) || line->text[at] == '?' || line->text[at] == ' '))
			at++;
		if (at < 2 || at == line->length || line->text[at] != ']')
			return;
		step(line, at + 1);
	}
}

/* " > /lib/libc.so.6(read+0x1d) [0xf8f01]". The file's name may hold brackets: the last ones count. */
static void parse_frame(struct strace_line *line)
{
	const char *offset, *bracket;

	line->kind = STRACE_NOTHING;
	step(line, 1);
	offset = memrchr(line->text, '[', line->length);
	if (!offset || !begins(offset, (size_t)(line->text + line->length - offset), "[0x"))
		return;
	bracket = memrchr(line->text, '(', (size_t)(offset - line->text));
	if (!bracket || bracket == line->text)
		return;
	line->number = strtoull(offset + 1, NULL, 16);
	line->length = (size_t)(bracket - line->text);
	line->kind = STRACE_FRAME;
}

/* "+++ exited with 0 +++" */
static void parse_end(struct strace_line *line)
{
	static const char superseded[] = "+++ superseded by execve in pid ";
	size_t used;

	if (begins(line->text, line->length, "+++ exited"))
		line->kind = STRACE_EXITED;
	else if (begins(line->text, line->length, "+++ killed"))
		line->kind = STRACE_KILLED;
	else if (begins(line->text, line->length, superseded) &&
		 digits(line->text + strlen(superseded), line->length - strlen(superseded), &used, &line->number))
		line->kind = STRACE_SUPERSEDED;
}

/* "[ Process PID=12 runs in 32 bit mode. ]" */
static void parse_mode(struct strace_line *line)
{
	static const char says[] = " runs in ", mode[] = " mode";
	const char *begin = memmem(line->text, line->length, says, strlen(says));
	const char *end;
	size_t at = strlen("[ Process PID="), used;

	digits(line->text + at, line->length - at, &used, &line->pid);
	begin = begin ? begin + strlen(says) : NULL;
	end = begin ? memmem(begin, (size_t)(line->text + line->length - begin), mode, strlen(mode)) : NULL;
	if (!end)
		return;
	line->kind = STRACE_MODE;
	line->text = begin;
	line->length = (size_t)(end - begin);
}

/* "<... read resumed>", behind which older versions set a blank. */
static void parse_resumed(struct strace_line *line)
{
	static const char resumed[] = " resumed>";
	const char *end = memmem(line->text, line->length, resumed, strlen(resumed));

	if (!end)
		return;
	line->kind = STRACE_RESUMED;
	line->length -= (size_t)(end - line->text) + strlen(resumed);
	line->text = end + strlen(resumed);
}

static void parse_call(struct strace_line *line)
{
	static const char unfinished[] = "<unfinished ...>", moved[] = "<pid changed to ", closing[] = " ...>";
	size_t end = line->length;

	line->kind = STRACE_CALL;
	while (end && line->text[end - 1] == ' ')
		end--;
	if (end > strlen(closing) && memcmp(line->text + end - strlen(closing), closing, strlen(closing)) == 0 &&
	    memmem(line->text, end, moved, strlen(moved)))
		line->kind = STRACE_MOVED;
	if (end < strlen(unfinished) || !begins(line->text + end - strlen(unfinished), strlen(unfinished), unfinished))
		return;
	line->kind = STRACE_UNFINISHED;
	line->length = end - strlen(unfinished);
}

void strace_line_parse(const char *text, size_t length, struct strace_line *ret_line)
{
	static const char *const nothing[] = { "#", "---", "strace: ", "Process " };
	struct strace_line line = { .kind = STRACE_NOTHING, .text = text, .length = length };

	if (length && text[length - 1] == '\r')
		line.length--;
	step(&line, 0);
	if (!begins(line.text, line.length, "> ")) {
		take_pid(&line);
		take_time(&line);
		skip_numbers(&line);
	}
	if (begins(line.text, line.length, "> "))
		parse_frame(&line);
	else if (begins(line.text, line.length, "+++ "))
		parse_end(&line);
	else if (begins(line.text, line.length, "[ Process PID="))
		parse_mode(&line);
	else if (begins(line.text, line.length, "<... "))
		parse_resumed(&line);
	else if (begins(line.text, line.length, "% time"))
		line.kind = STRACE_SUMMARY;
	else if (line.length)
		parse_call(&line);
	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
		if (begins(line.text, line.length, nothing[i]) && line.kind == STRACE_CALL)
			line.kind = STRACE_NOTHING;
	*ret_line = line;
}

/* "59.123456" */
static bool seconds(const char *text, size_t length, uint64_t *ret_ns)
{
	uint64_t whole, part = 0, scale = SECOND_NS;
	size_t used, at;

	if (!digits(text, length, &used, &whole) || whole > UINT32_MAX)
		return false;
	at = used < length && text[used] == '.' ? used + 1 : length;
	for (; at < length && isdigit((unsigned char)text[at]) && scale > 1; at++) {
		scale /= 10;
		part += (uint64_t)(text[at] - '0') * scale;
	}
	*ret_ns = whole * SECOND_NS + part;
	return true;
}

bool strace_time_parse(const char *text, size_t length, uint64_t *ret_ns, bool *ret_is_relative)
{
	uint64_t hours, minutes, ns;
	size_t used, more;

	if (!memchr(text, ':', length)) {
		if (!seconds(text, length, &ns))
			return false;
		*ret_ns = ns;
		*ret_is_relative = ns / SECOND_NS < EPOCH_LEAST;
		return true;
	}
	if (!digits(text, length, &used, &hours) || hours > 23 || used >= length || text[used] != ':')
		return false;
	used++;
	if (!digits(text + used, length - used, &more, &minutes) || minutes > 59 || used + more >= length ||
	    text[used + more] != ':' || !seconds(text + used + more + 1, length - used - more - 1, &ns))
		return false;
	*ret_ns = (hours * 60 + minutes) * 60 * SECOND_NS + ns;
	*ret_is_relative = false;
	return true;
}

/* The kernel's own numbers for a call that a signal broke off, which no program sees (linux/errno.h). */
static int restart_by_name(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} restarts[] = {
		{ "ERESTARTSYS", 512 }, { "ERESTARTNOINTR", 513 },	  { "ERESTARTNOHAND", 514 },
		{ "ENOIOCTLCMD", 515 }, { "ERESTART_RESTARTBLOCK", 516 },
	};

	for (size_t i = 0; i < sizeof(restarts) / sizeof(*restarts); i++)
		if (strcmp(restarts[i].name, name) == 0)
			return restarts[i].number;
	return -1;
}

/* "ENOENT (No such file or directory)", "(errno 600)"; -1 where it is neither. */
static int parse_errno(const char *text, size_t length, const struct abi_arch *arch)
{
	static const char numbered[] = "(errno ";
	char name[32] = "";
	size_t used = 0;
	uint64_t number;

	if (begins(text, length, numbered))
		return digits(text + strlen(numbered), length - strlen(numbered), &used, &number) && number <= 4095
			       ? (int)number
			       : -1;
	while (used < length && used + 1 < sizeof(name) && (isalnum((unsigned char)text[used]) || text[used] == '_'))
		used++;
	memcpy(name, text, used);
	return restart_by_name(name) > 0 ? restart_by_name(name) : abi_errno_by_name(arch->id, name);
}

bool strace_result_parse(const char *text, size_t length, const struct abi_arch *arch, struct strace_result *ret_result)
{
	struct strace_result result = { .is_known = !memmem(text, length, "(INJECTED)", strlen("(INJECTED)")) };
	size_t at = blanks(text, length), used;

	if (at == length || text[at] != '=')
		return false;
	at += 1 + blanks(text + at + 1, length - at - 1);
	text += at;
	length -= at;
	if (begins(text, length, "?") || begins(text, length, "-1 ")) {
		at = text[0] == '?' ? 1 : 2;
		at += blanks(text + at, length - at);
		result.error = at < length ? parse_errno(text + at, length - at, arch) : 0;
		result.returned = text[0] == '-';
		if (result.error < 0 && result.returned)
			return false;
		result.error = result.error < 0 ? 0 : result.error;
	} else if (length && (isdigit((unsigned char)text[0]) || text[0] == '-')) {
		result.returned = true;
		if (begins(text, length, "0x"))
			result.value = UINT64_MAX; /* an address: nobody asks which */
		else
			digits(text, length, &used, &result.value);
	} else {
		return false;
	}
	*ret_result = result;
	return true;
}

/* The byte behind a backslash; *at is behind it then. */
static char escaped(const char *text, size_t length, size_t *at)
{
	static const char letters[] = "nrtvfab", bytes[] = "\n\r\t\v\f\a\b";
	char c = text[(*at)++];
	const char *letter = strchr(letters, c);
	unsigned value = 0;

	if (c == 'x') {
		char two[3] = "";

		for (int i = 0; i < 2 && *at < length && isxdigit((unsigned char)text[*at]); i++)
			two[i] = text[(*at)++];
		return (char)strtoul(two, NULL, 16);
	}
	if (c >= '0' && c <= '7') {
		value = (unsigned)(c - '0');
		for (int i = 0; i < 2 && *at < length && text[*at] >= '0' && text[*at] <= '7'; i++)
			value = value * 8 + (unsigned)(text[(*at)++] - '0');
		return (char)value;
	}
	return letter && c ? bytes[letter - letters] : c;
}

bool strace_string_parse(const char *text, size_t length, char *bytes, size_t size)
{
	size_t used = 0, at = 1;

	if (!length || text[0] != '"')
		return false;
	while (at < length && text[at] != '"') {
		char c = text[at++];

		if (c == '\\' && at < length)
			c = escaped(text, length, &at);
		if (!c || used + 1 >= size)
			return false;
		bytes[used++] = c;
	}
	if (at >= length || begins(text + at + 1, length - at - 1, "..."))
		return false;
	bytes[used] = '\0';
	return true;
}
