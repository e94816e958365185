/*
 * The same reader serves a person who asks about one call and a trace of a million: it takes C's way of writing a
 * call, and what strace adds to it (strings, structs, decoded descriptors, comments), whose only meaning for a filter
 * is that there is an address.
 */
#include "filter/call.h"

#include "base/error.h"
#include "filter/reader.h"
#include "prove/prove.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Any address that is not NULL: what lies there, a filter cannot see. */
#define SOME_ADDRESS 0x1000u

/* `-`, `~` and `&` of one call: each costs a frame of the stack. */
#define CALL_PREFIXES_MAX 64

/* Names that strace has for arguments that the man page calls otherwise. */
static const char *const strace_names[][2] = {
	{ "child_stack", "stack" },
	{ "parent_tidptr", "parent_tid" },
	{ "child_tidptr", "child_tid" },
};

static int unknown_constant(struct reader *reader, size_t start, const char *word, const struct abi_arg *arg)
{
	const char *nearest = abi_constant_nearest(arg ? arg->constants : NULL, word);

	reader_set_error(reader, start, CALLGATE_E_UNKNOWN, "unknown constant '%s'", word);
	if (nearest)
		error_hint(reader->err, "did you mean '%s'?", nearest);
	return CALLGATE_E_UNKNOWN;
}

/* SIGRT_1 is what strace calls the signal behind SIGRTMIN, the kernel's 32. */
static bool is_real_time_signal(const char *word, uint64_t *ret_value)
{
	enum { FIRST = 32, LAST = 64 };
	unsigned number;
	int length = 0;

	if (sscanf(word, "SIGRT_%2u%n", &number, &length) != 1 || word[length] || number > LAST - FIRST)
		return false;
	*ret_value = FIRST + number;
	return true;
}

/* `_IOC(_IOC_READ|_IOC_WRITE, 0x12, 0x34, 0x8)`: strace's way to write a command that has no name (asm-generic/ioctl.h;
 * the directions have other numbers on mips and powerpc, whose traces are not this machine's). */
static int take_command(struct reader *reader, uint64_t *ret_value)
{
	static const unsigned shifts[] = { 30, 8, 0, 16 };
	char closing[] = ",,,)";
	uint64_t value = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t part = 0;
		int status;

		do {
			reader->at++;
			reader_skip_blanks(reader);
			if (reader_starts(reader, "_IOC_NONE"))
				reader->at += strlen("_IOC_NONE");
			else if (reader_starts(reader, "_IOC_READ"))
				part |= 2, reader->at += strlen("_IOC_READ");
			else if (reader_starts(reader, "_IOC_WRITE"))
				part |= 1, reader->at += strlen("_IOC_WRITE");
			else if ((status = reader_number(reader, &part)))
				return status;
		} while (i == 0 && reader_peek(reader) == '|');
		reader_skip_blanks(reader);
		if (reader_peek(reader) != closing[i])
			return reader_fail(reader, reader->at, CALLGATE_E_SYNTAX, "'%c' is expected", closing[i]);
		value |= part << shifts[i];
	}
	reader->at++;
	*ret_value = value & UINT32_MAX;
	return CALLGATE_OK;
}

static int take_constant(struct reader *reader, const struct abi_arg *arg, uint64_t *ret_value)
{
	enum abi_arch_id arch = reader->arch->id;
	const struct abi_constant_set *set;
	char word[READER_WORD_MAX + 1];
	size_t start = reader->at;
	int status = reader_word(reader, word);

	if (status)
		return status;
	if (strcmp(word, "NULL") == 0) {
		*ret_value = 0;
		return CALLGATE_OK;
	}
	if (reader_peek(reader) == '(' && strcmp(word, "_IOC") == 0)
		return take_command(reader, ret_value);
	if (reader_peek(reader) == '(' && arg && arg->constants)
		return reader_fail(reader, start, CALLGATE_E_UNKNOWN, "what '%s' makes of it is not known", word);
	if (reader_peek(reader) == '(') {
		*ret_value = SOME_ADDRESS; /* htons(80), makedev(1, 3): inside what a pointer shows */
		return reader_skip_bracket(reader);
	}
	if (arg && arg->constants && abi_constant_find(arg->constants, arch, word, ret_value))
		return CALLGATE_OK;
	if (is_real_time_signal(word, ret_value))
		return CALLGATE_OK;
	return abi_constant_find_any(arch, word, ret_value, &set) ? CALLGATE_OK
								  : unknown_constant(reader, start, word, arg);
}

static int take_string(struct reader *reader, uint64_t *ret_value)
{
	size_t start = reader->at;

	if (!reader_skip_string(reader))
		return reader_fail(reader, start, CALLGATE_E_SYNTAX, "the string has no end");
	while (reader_peek(reader) == '.') /* strace cuts long ones */
		reader->at++;
	*ret_value = SOME_ADDRESS;
	return CALLGATE_OK;
}

/* One of what `|` joins. *ret_wraps: it was written as a negative or a complement, so that it has no width. */
static int take_term(struct reader *reader, const struct abi_arg *arg, uint64_t *ret_value, bool *ret_wraps)
{
	char first = reader_peek(reader);
	int status;

	if ((first == '-' || first == '~' || first == '&') && ++reader->prefixes > CALL_PREFIXES_MAX)
		return reader_fail(reader, reader->at, CALLGATE_E_LIMIT, "more than %d signs", CALL_PREFIXES_MAX);
	if (first == '"')
		return take_string(reader, ret_value);
	if (first == '&' || reader_starts(reader, "...")) {
		reader->at += first == '&' ? 1 : 3;
		*ret_value = SOME_ADDRESS;
		return first == '&' ? take_term(reader, arg, ret_value, ret_wraps) : CALLGATE_OK;
	}
	if (reader_closing(first)) {
		*ret_value = SOME_ADDRESS;
		return reader_skip_bracket(reader);
	}
	if (first == '-' || first == '~') {
		reader->at++;
		status = take_term(reader, arg, ret_value, ret_wraps);
		*ret_value = first == '-' ? 0 - *ret_value : ~*ret_value;
		*ret_wraps = true;
		return status;
	}
	if (reader_is_digit(first))
		return reader_number(reader, ret_value);
	if (reader_is_word(first)) {
		status = take_constant(reader, arg, ret_value);
		*ret_wraps = *ret_wraps || (int64_t)*ret_value < 0;
		return status;
	}
	return reader_fail(reader, reader->at, CALLGATE_E_SYNTAX, "a number, a constant or an address is expected");
}

static int take_shift(struct reader *reader, uint64_t *value)
{
	uint64_t bits;
	int status;

	if (!reader_starts(reader, "<<"))
		return CALLGATE_OK;
	reader->at += 2;
	status = reader_number(reader, &bits);
	if (status)
		return status;
	*value = bits < 64 ? *value << bits : 0;
	return CALLGATE_OK;
}

static uint64_t low_bits(uint64_t value, unsigned bits)
{
	return bits >= 64 ? value : value & ((UINT64_C(1) << bits) - 1);
}

/* "A|B|0x4", cut to what the argument holds where it was not written as a number of its own width. */
static int take_value(struct reader *reader, const struct abi_arg *arg, uint64_t *ret_value)
{
	unsigned register_bits = reader->arch->word_bits;
	uint64_t value = 0;
	bool wraps = false;
	size_t start;

	reader_skip_blanks(reader);
	for (start = reader->at;; reader->at++) {
		uint64_t term = 0;
		int status;

		reader_skip_blanks(reader);
		status = take_term(reader, arg, &term, &wraps);
		if (!status)
			status = take_shift(reader, &term);
		if (!status)
			status = reader_skip_decoration(reader);
		if (status)
			return status;
		value |= term;
		if (reader_peek(reader) != '|')
			break;
	}
	if (wraps)
		value = low_bits(value, arg && arg->bits < register_bits ? arg->bits : register_bits);
	if (value != low_bits(value, register_bits))
		return reader_fail(reader, start, CALLGATE_E_SYNTAX, "the value does not fit in %u bits",
				   register_bits);
	*ret_value = value;
	return CALLGATE_OK;
}

static const char *manual_name(const char *name)
{
	for (size_t i = 0; i < sizeof(strace_names) / sizeof(strace_names[0]); i++)
		if (strcmp(strace_names[i][0], name) == 0)
			return strace_names[i][1];
	return name;
}

static int unknown_argument(struct reader *reader, size_t start, const char *name)
{
	reader_set_error(reader, start, CALLGATE_E_UNKNOWN, "%s has no argument '%s'",
			 reader->call->syscall ? reader->call->syscall->name : "the call", name);
	if (reader->arg_count)
		error_hint(reader->err, "its first one is '%s'; arg0 to arg5 are the raw words", reader->args[0].name);
	return CALLGATE_E_UNKNOWN;
}

/* "flags=" before a value: *index becomes its place. Nothing is taken when no name stands here. */
static int take_name(struct reader *reader, unsigned *index)
{
	size_t start = reader->at;
	char name[READER_WORD_MAX + 1];
	int status = reader_word(reader, name);

	if (status)
		return status;
	if (!name[0] || reader_peek(reader) != '=') {
		reader->at = start;
		return CALLGATE_OK;
	}
	reader->at++;
	if (strncmp(name, "arg", 3) == 0 && name[3] >= '0' && name[3] <= '5' && !name[4]) {
		*index = (unsigned)(name[3] - '0');
		return CALLGATE_OK;
	}
	for (unsigned i = 0; i < reader->arg_count; i++)
		if (strcmp(reader->args[i].name, manual_name(name)) == 0) {
			*index = i;
			return CALLGATE_OK;
		}
	return unknown_argument(reader, start, name);
}

/* `{…} => {…}`: what lay at the address before the call, and what after it. */
static int skip_change(struct reader *reader)
{
	reader_skip_blanks(reader);
	if (!reader_starts(reader, "=>"))
		return CALLGATE_OK;
	reader->at += 2;
	reader_skip_blanks(reader);
	return reader_closing(reader_peek(reader)) ? reader_skip_bracket(reader) : CALLGATE_OK;
}

/* Steps behind an argument that begins here, whatever it is: to the comma or the bracket that ends it. */
static int pass_over_value(struct reader *reader)
{
	while (reader->at < reader->length) {
		char c = reader_peek(reader);
		int status;

		if (c == ',' || c == ')')
			return CALLGATE_OK;
		if (c == '"') {
			if (!reader_skip_string(reader))
				break;
		} else if (reader_closing(c)) {
			status = reader_skip_bracket(reader);
			if (status)
				return status;
		} else {
			reader->at++;
		}
	}
	return reader_fail(reader, reader->at, CALLGATE_E_SYNTAX, "',' or ')' is expected");
}

/* One argument of the call, which stays untold where the reader passes over what it does not understand. */
static int take_argument(struct reader *reader, unsigned index)
{
	const struct abi_arg *arg = index < reader->arg_count ? &reader->args[index] : NULL;
	size_t start = reader->at;
	uint64_t value;
	int status = take_value(reader, arg, &value);

	if (status && reader->passes_over && status != CALLGATE_E_NOMEM) {
		reader->at = start;
		return pass_over_value(reader);
	}
	if (status)
		return status;
	reader->call->data.args[index] = value;
	reader->call->given |= (uint8_t)(1u << index);
	return CALLGATE_OK;
}

static int take_arguments(struct reader *reader)
{
	size_t start = reader->at++;

	for (unsigned index = 0;; index++) {
		int status;

		reader_skip_blanks(reader);
		if (reader_peek(reader) == ')' && index == 0)
			break;
		status = take_name(reader, &index);
		if (status)
			return status;
		if (index > 5)
			return reader_fail(reader, reader->at, CALLGATE_E_SYNTAX, "a call has at most six arguments");
		status = take_argument(reader, index);
		if (status)
			return status;
		status = skip_change(reader);
		if (status)
			return status;
		if (reader_peek(reader) == ')')
			break;
		if (reader->at == reader->length)
			return reader_fail(reader, start, CALLGATE_E_SYNTAX, "'(' has no end");
		if (reader_peek(reader) != ',')
			return reader_fail(reader, reader->at, CALLGATE_E_SYNTAX, "',' or ')' is expected");
		reader->at++;
	}
	reader->at++;
	return CALLGATE_OK;
}

/* "i386:", "0xc000003e:". Nothing is taken when no arch stands here. */
static int take_arch(struct reader *reader)
{
	size_t start = reader->at;
	char name[READER_WORD_MAX + 1];
	uint64_t audit = abi_arch_native()->audit;
	int status = reader_word(reader, name);

	reader->arch = reader->call->arch = abi_arch_native();
	if (status)
		return status;
	if (reader_peek(reader) != ':') {
		reader->at = start;
	} else if (reader_is_digit(name[0])) {
		reader->at = start;
		status = reader_number(reader, &audit);
		if (status)
			return status;
		if (reader_peek(reader) != ':' || audit > UINT32_MAX)
			return reader_fail(reader, start, CALLGATE_E_SYNTAX, "an audit number has 32 bits");
		reader->call->arch = NULL; /* its call's number tells */
	} else {
		reader->call->arch = abi_arch_by_name(name);
		if (!reader->call->arch) {
			reader_set_error(reader, start, CALLGATE_E_UNKNOWN, "unknown arch '%s'", name);
			error_hint(reader->err, "there are %s", abi_arch_names());
			return CALLGATE_E_UNKNOWN;
		}
		reader->arch = reader->call->arch;
		audit = reader->arch->audit;
	}
	reader->at += reader->at > start;
	reader->call->data.arch = (uint32_t)audit;
	return CALLGATE_OK;
}

/* A number says more of the arch than a name before it: x32's bit is in it. */
static int take_syscall_number(struct reader *reader)
{
	size_t start = reader->at++;
	struct call *call = reader->call;
	uint64_t number;
	int status = reader_number(reader, &number);

	if (status)
		return status;
	if (number > UINT32_MAX)
		return reader_fail(reader, start, CALLGATE_E_SYNTAX, "a call's number has 32 bits");
	call->data.nr = (int)(uint32_t)number;
	call->arch = abi_arch_of_call(call->data.arch, (uint32_t)number);
	if (call->arch) {
		reader->arch = call->arch;
		call->syscall = abi_syscall_by_nr(call->arch->id, (uint32_t)number);
	}
	return CALLGATE_OK;
}

static int take_syscall_name(struct reader *reader)
{
	size_t start = reader->at;
	const struct abi_arch *arch = reader->arch;
	char name[READER_WORD_MAX + 1];
	int status = reader_word(reader, name);

	if (status)
		return status;
	if (!name[0])
		return reader_fail(reader, start, CALLGATE_E_SYNTAX, "the name of a call is expected");
	if (!reader->call->arch)
		return reader_fail(reader, start, CALLGATE_E_UNKNOWN,
				   "calls of an arch without a name are numbers: #%s", name);
	reader->call->syscall = abi_syscall_by_name(name);
	if (!reader->call->syscall) {
		/* Who only asks whether this is a call, as at every start, need not wait for what else it might be. */
		const char *near = reader->err ? abi_syscall_nearest(name) : NULL;

		reader_set_error(reader, start, CALLGATE_E_UNKNOWN, "unknown syscall '%s'", name);
		if (near)
			error_hint(reader->err, "did you mean '%s'?", near);
		return CALLGATE_E_UNKNOWN;
	}
	if (reader->call->syscall->nr[arch->id] < 0)
		return reader_fail(reader, start, CALLGATE_E_UNKNOWN, "%s has no call '%s'", arch->name, name);
	reader->call->data.nr = reader->call->syscall->nr[arch->id];
	return CALLGATE_OK;
}

/* Behind the call only strace's result may stand. */
static int expect_end(struct reader *reader)
{
	reader_skip_blanks(reader);
	if (reader_peek(reader) == ';')
		reader->at++;
	reader_skip_blanks(reader);
	if (reader->at == reader->length || reader_peek(reader) == '=')
		return CALLGATE_OK;
	return reader_fail(reader, reader->at, CALLGATE_E_SYNTAX, "nothing is expected behind the call");
}

/* " at 0x7f00": where the call was made. */
static int take_address(struct reader *reader)
{
	size_t before = reader->at;
	uint64_t address;
	int status;

	reader_skip_blanks(reader);
	if (!reader_starts(reader, "at ")) {
		reader->at = before;
		return CALLGATE_OK;
	}
	reader->at += strlen("at ");
	reader_skip_blanks(reader);
	status = reader_number(reader, &address);
	if (!status)
		reader->call->data.instruction_pointer = address;
	return status;
}

static int parse(const char *text, size_t length, bool passes_over, struct call *ret_call, size_t *ret_used,
		 struct callgate_error *err)
{
	struct call call = { 0 };
	struct reader reader = { .text = text, .length = length, .err = err, .call = &call, .passes_over = passes_over };
	int status;

	reader_skip_blanks(&reader);
	status = take_arch(&reader);
	if (!status)
		status = reader_peek(&reader) == '#' ? take_syscall_number(&reader) : take_syscall_name(&reader);
	if (status)
		return status;
	if (call.syscall)
		reader.arg_count = abi_syscall_args(call.syscall, call.arch->id, reader.args);
	reader_skip_blanks(&reader);
	if (reader_peek(&reader) == '(')
		status = take_arguments(&reader);
	if (!status)
		status = take_address(&reader);
	if (!status && !ret_used)
		status = expect_end(&reader);
	if (status)
		return status;
	if (ret_used)
		*ret_used = reader.at;
	*ret_call = call;
	return CALLGATE_OK;
}

int call_parse(const char *text, size_t length, struct call *ret_call, size_t *ret_used, struct callgate_error *err)
{
	return parse(text, length, false, ret_call, ret_used, err);
}

int call_parse_told(const char *text, size_t length, struct call *ret_call, size_t *ret_used,
		    struct callgate_error *err)
{
	struct callgate_error why = { 0 };
	int status = parse(text, length, true, ret_call, ret_used, &why);

	if (err)
		*err = why;
	return status;
}

struct seccomp_data call_in_memory(const struct call *call)
{
	struct seccomp_data data = call->data;

	prove_exchange_halves(&data);
	return data;
}
