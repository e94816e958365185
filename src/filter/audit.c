/*
 * Records of the kernel's audit log (auditd's file, ausearch's output, the kernel's own log): SYSCALL tells a call with
 * its first four arguments, SECCOMP one that a filter logged or refused, without any. Numbers are in hexadecimal but
 * the call's; ausearch -i writes names in their place, and an enriched log has them behind a separator, in capitals.
 */
#include "base/error.h"
#include "filter/audit.h"
#include "filter/record.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 255, RECORDS_MAX = 1 << 20 };

/* The value of a field, without what stands around it. */
struct field {
	char text[VALUE_MAX + 1];
	size_t at; /* in the line */
};

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == 0x1d || c == '\r';
}

#define line_fail(line, at, status, ...)                \
	(error_set((line)->err, (status), __VA_ARGS__), \
	 error_place((line)->err, (line)->name, (unsigned)(line)->number, (unsigned)(at) + 1), (status))

bool audit_field(const struct audit_line *line, const char *key, const char **ret_value, size_t *ret_length)
{
	size_t key_length = strlen(key);

	for (size_t at = 0; at + key_length < line->length; at++) {
		size_t length = 0, start = at + key_length + 1;

		if ((at && !is_separator(line->text[at - 1])) || memcmp(line->text + at, key, key_length) != 0 ||
		    line->text[at + key_length] != '=')
			continue;
		while (start + length < line->length && !is_separator(line->text[start + length]))
			length++;
		*ret_value = line->text + start;
		*ret_length = length;
		return true;
	}
	return false;
}

/* False when the line has no such field, or one that is too long to be of use. */
static bool find_field(const struct audit_line *line, const char *key, struct field *ret_field)
{
	const char *value;
	size_t length;

	if (!audit_field(line, key, &value, &length) || length > VALUE_MAX)
		return false;
	memcpy(ret_field->text, value, length);
	ret_field->text[length] = '\0';
	ret_field->at = (size_t)(value - line->text);
	return true;
}

static bool is_number(const char *text, int base, uint64_t *ret_value)
{
	char *end;

	if (strspn(text, base == 16 ? "0123456789abcdefABCDEFx" : "0123456789") != strlen(text) || !*text ||
	    strlen(text) > 20)
		return false;
	*ret_value = strtoull(text, &end, base);
	return *end == '\0';
}

/* "c000003e", or the name of an arch. */
static int read_arch(const struct audit_line *line, uint32_t *ret_audit, bool *ret_is_named)
{
	struct field field;
	const struct abi_arch *arch;
	uint64_t number;

	if (!find_field(line, "arch", &field))
		return line_fail(line, 0, CALLGATE_E_SYNTAX, "a record without 'arch='");
	arch = abi_arch_by_name(field.text);
	*ret_is_named = arch;
	if (arch) {
		*ret_audit = arch->audit;
		return CALLGATE_OK;
	}
	if (!is_number(field.text, 16, &number) || number > UINT32_MAX)
		return line_fail(line, field.at, CALLGATE_E_UNKNOWN, "unknown arch '%s'", field.text);
	*ret_audit = (uint32_t)number;
	return CALLGATE_OK;
}

/* The kernel's name of a call that the audit tools have another name for. */
static const char *name_of_ours(const char *name)
{
	static const char *const names[][2] = {
#define AUDIT_NAME(theirs, ours) { theirs, ours },
#include "filter/audit-names.def"
#undef AUDIT_NAME
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i][0], name) == 0)
			return names[i][1];
	return name;
}

/* "257", or a name. The text of the call is made by the rules of all others. */
static int read_call(const struct audit_line *line, uint32_t audit, struct call *ret_call)
{
	char text[VALUE_MAX + 40];
	struct field field;
	uint64_t number;
	bool has_number;
	int status;

	if (!find_field(line, "syscall", &field))
		return line_fail(line, 0, CALLGATE_E_SYNTAX, "a record without 'syscall='");
	has_number = is_number(field.text, 10, &number);
	if (has_number || abi_arch_of_call(audit, 0) == NULL)
		snprintf(text, sizeof(text), "0x%" PRIx32 ":#%s", audit, field.text);
	else
		snprintf(text, sizeof(text), "%s:%s", abi_arch_of_call(audit, 0)->name, name_of_ours(field.text));
	status = call_parse(text, strlen(text), ret_call, NULL, line->err);
	if (status)
		error_place(line->err, line->name, (unsigned)line->number, (unsigned)field.at + 1);
	return status;
}

/* The value of a word among the constants that the argument takes. */
static bool word_value(const struct call *call, unsigned index, const char *before, const char *word,
		       uint64_t *ret_value)
{
	char text[VALUE_MAX + 100];
	struct call named;

	snprintf(text, sizeof(text), "%s:%s(arg%u=%s%s)", call->arch->name, call->syscall->name, index, before, word);
	if (call_parse(text, strlen(text), &named, NULL, NULL))
		return false;
	*ret_value = named.data.args[index];
	return true;
}

/* "inet6": a family is written without its beginning, and small. */
static bool family_value(const struct call *call, unsigned index, const char *word, uint64_t *ret_value)
{
	char family[VALUE_MAX + 1];
	size_t length = strlen(word);

	for (size_t i = 0; i <= length; i++)
		family[i] = (char)toupper((unsigned char)word[i]);
	return strcmp(word, family) != 0 && word_value(call, index, "AF_", family, ret_value);
}

/* "unknown-personality(0xffffffff)" */
static bool unknown_value(const char *word, uint64_t *ret_value)
{
	const char *number = strchr(word, '(');
	char digits[VALUE_MAX + 1];
	size_t length = number ? strcspn(number + 1, ")") : 0;

	if (strncmp(word, "unknown", strlen("unknown")) != 0 || !length)
		return false;
	memcpy(digits, number + 1, length);
	digits[length] = '\0';
	return is_number(digits, 16, ret_value);
}

/* What ausearch -i made of a value: "O_RDONLY|O_CLOEXEC". */
static bool interpreted_value(const struct call *call, unsigned index, const char *word, uint64_t *ret_value)
{
	if (strcmp(word, "SIG0") == 0) {
		*ret_value = 0;
		return true;
	}
	return word_value(call, index, "", word, ret_value) || family_value(call, index, word, ret_value) ||
	       unknown_value(word, ret_value);
}

/* "0x241"; "644", which is octal: without a beginning ausearch -i writes only modes. */
static bool interpreted_number(const char *text, uint64_t *ret_value)
{
	char *end;

	if (strncmp(text, "0x", 2) == 0)
		return is_number(text, 16, ret_value);
	if (strlen(text) > 20 || !*text)
		return false;
	*ret_value = strtoull(text, &end, 8);
	return !*end;
}

/*
 * What ausearch -i made of a value. A word for what takes no constants is passed over, since no rule is made of it, and
 * so is a file's kind ("fifo,600"). Of a socket's type it leaves SOCK_CLOEXEC and SOCK_NONBLOCK out: a kind alone tells
 * too little.
 */
static int read_word(const struct audit_line *line, unsigned index, const struct field *field, struct call *call)
{
	struct abi_arg types[6];
	const struct abi_arg *type =
		index < abi_syscall_args(call->syscall, call->arch->id, types) ? &types[index] : NULL;
	uint64_t value;

	if (type && strcmp(type->name, "type") == 0 && !strchr(field->text, '|'))
		return CALLGATE_OK;
	if (!interpreted_number(field->text, &value) && !interpreted_value(call, index, field->text, &value)) {
		if (!type || !type->constants || strchr(field->text, ','))
			return CALLGATE_OK;
		return line_fail(line, field->at, CALLGATE_E_UNKNOWN, "'%s' is no value of a%u", field->text, index);
	}
	call->data.args[index] = value;
	call->given |= (uint8_t)(1u << index);
	return CALLGATE_OK;
}

/* "7ffd19c5592"; behind the name of an arch also "0x7ffd19c5592" or a word. */
static int read_argument(const struct audit_line *line, unsigned index, bool is_interpreted, struct call *call)
{
	const char key[] = { 'a', (char)('0' + index), '\0' };
	struct field field;
	uint64_t value;

	if (!find_field(line, key, &field))
		return CALLGATE_OK;
	if (is_interpreted || !is_number(field.text, 16, &value))
		return read_word(line, index, &field, call);
	call->data.args[index] = value;
	call->given |= (uint8_t)(1u << index);
	return CALLGATE_OK;
}

static bool has_type(const struct audit_line *line, const char *name, const char *number)
{
	struct field field;

	return find_field(line, "type", &field) && (strcmp(field.text, name) == 0 || strcmp(field.text, number) == 0);
}

/* Other records tell more of the same call; ausearch separates with dashes and times. */
static bool tells_no_call(const struct audit_line *line)
{
	static const char *const beginnings[] = { "----", "time->", "#" };
	struct field field;

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (line->length >= strlen(beginnings[i]) &&
		    memcmp(line->text, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return line->length == 0 || find_field(line, "type", &field);
}

int audit_line_call(const struct audit_line *line, struct call *ret_call, enum audit_record *ret_record)
{
	enum audit_record record = has_type(line, "SYSCALL", "1300")   ? AUDIT_RECORD_SYSCALL
				   : has_type(line, "SECCOMP", "1326") ? AUDIT_RECORD_SECCOMP
								       : AUDIT_RECORD_OTHER;
	struct call call = { 0 };
	bool is_interpreted = false;
	uint32_t audit = 0;
	int status = CALLGATE_OK;

	if (record == AUDIT_RECORD_OTHER && !tells_no_call(line))
		return line_fail(line, 0, CALLGATE_E_SYNTAX, "this is no record of an audit log");
	if (record != AUDIT_RECORD_OTHER)
		status = read_arch(line, &audit, &is_interpreted);
	if (record != AUDIT_RECORD_OTHER && !status)
		status = read_call(line, audit, &call);
	for (unsigned i = 0; !status && record == AUDIT_RECORD_SYSCALL && call.syscall && i < 4; i++)
		status = read_argument(line, i, is_interpreted, &call);
	if (status)
		return status;
	*ret_call = call;
	*ret_record = record;
	return CALLGATE_OK;
}

static int read_line(const struct audit_line *line, struct arena *arena, struct trace *trace)
{
	struct trace_call one = { .count = 1, .line = line->number };
	enum audit_record record;
	int status;

	if (trace->calls.length >= RECORDS_MAX)
		return line_fail(line, 0, CALLGATE_E_LIMIT, "more than %d records", RECORDS_MAX);
	status = audit_line_call(line, &one.call, &record);
	if (status || record == AUDIT_RECORD_OTHER)
		return status;
	return VEC_PUSH(arena, &trace->calls, one) ? CALLGATE_OK : fail_nomem(line->err);
}

int audit_parse(const char *name, const char *text, size_t length, struct arena *arena, struct trace *ret_trace,
		struct callgate_error *err)
{
	struct audit_line line = { .name = name, .err = err };
	struct trace trace = { 0 };

	for (size_t at = 0; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		int status;

		line.text = text + at;
		line.length = end ? (size_t)(end - line.text) : length - at;
		line.number++;
		status = read_line(&line, arena, &trace);
		if (status)
			return status;
		at += line.length + 1;
	}
	*ret_trace = trace;
	return CALLGATE_OK;
}

bool audit_recognise(const char *text, size_t length)
{
	struct audit_line line = { .text = text };
	const char *end;

	while (length && (*text == '\n' || *text == '-' || (length > 6 && memcmp(text, "time->", 6) == 0))) {
		end = memchr(text, '\n', length);
		if (!end)
			return false;
		length -= (size_t)(end - text) + 1;
		text = end + 1;
	}
	end = memchr(text, '\n', length);
	line.text = text;
	line.length = end ? (size_t)(end - text) : length;
	return line.length && memmem(line.text, line.length, "audit(", 6) && memmem(line.text, line.length, "type=", 5);
}
