/*
 * The reader of *.case files. It is strict: a line that it does not understand fails the whole file, since a case
 * that is skipped is a case that passes.
 */
#include "table.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "lang/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_FILE_MAX = 1 << 20 };

struct cursor {
	const char *next;
	enum abi_arch_id arch;
};

static void skip_blanks(struct cursor *cursor)
{
	while (*cursor->next == ' ' || *cursor->next == '\t')
		cursor->next++;
}

static bool take(struct cursor *cursor, const char *text)
{
	skip_blanks(cursor);
	if (strncmp(cursor->next, text, strlen(text)) != 0)
		return false;
	cursor->next += strlen(text);
	return true;
}

static bool take_word(struct cursor *cursor, char *word, size_t size)
{
	size_t length = 0;

	skip_blanks(cursor);
	while (isalnum((unsigned char)cursor->next[length]) || cursor->next[length] == '_' ||
	       (cursor->next[length] == '-' && cursor->next[length + 1] != '>'))
		length++;
	if (!length || length >= size)
		return false;
	memcpy(word, cursor->next, length);
	word[length] = '\0';
	cursor->next += length;
	return true;
}

static bool read_number(const char *word, uint64_t *ret_number)
{
	bool negative = word[0] == '-';
	char *end;

	if (!isdigit((unsigned char)word[negative]))
		return false;
	*ret_number = strtoull(word + negative, &end, 0);
	if (negative)
		*ret_number = -*ret_number;
	return *end == '\0';
}

static bool take_argument(struct cursor *cursor, uint64_t *ret_value)
{
	const struct abi_constant_set *set;
	enum abi_arch_id arch = cursor->arch == ABI_ARCH_NONE ? abi_arch_native()->id : cursor->arch;
	char word[80];
	uint64_t value = 0;

	do {
		uint64_t bits;

		if (!take_word(cursor, word, sizeof(word)))
			return false;
		if (!read_number(word, &bits) && !abi_constant_find_any(arch, word, &bits, &set))
			return false;
		value |= bits;
	} while (take(cursor, "|"));
	*ret_value = value;
	return true;
}

static bool take_arch(struct cursor *cursor, struct seccomp_data *data)
{
	const struct abi_arch *arch;
	char word[80];
	uint64_t audit;

	if (!take_word(cursor, word, sizeof(word)))
		return false;
	if (read_number(word, &audit)) {
		cursor->arch = ABI_ARCH_NONE;
		data->arch = (uint32_t)audit;
		return true;
	}
	arch = abi_arch_by_name(word);
	if (!arch)
		return false;
	cursor->arch = arch->id;
	data->arch = arch->audit;
	return true;
}

static bool take_nr(struct cursor *cursor, struct seccomp_data *data)
{
	const struct abi_syscall *syscall;
	char word[80];
	uint64_t nr;

	if (!take_word(cursor, word, sizeof(word)))
		return false;
	if (read_number(word, &nr)) {
		data->nr = (int)(uint32_t)nr;
		return true;
	}
	syscall = abi_syscall_by_name(word);
	if (!syscall || cursor->arch == ABI_ARCH_NONE || syscall->nr[cursor->arch] < 0)
		return false;
	data->nr = syscall->nr[cursor->arch];
	return true;
}

static bool take_arguments(struct cursor *cursor, struct seccomp_data *data)
{
	unsigned count = 0;

	if (!take(cursor, "("))
		return false;
	if (take(cursor, ")"))
		return true;
	do {
		uint64_t value;

		if (count == 6 || !take_argument(cursor, &value))
			return false;
		data->args[count++] = value;
	} while (take(cursor, ","));
	return take(cursor, ")");
}

static bool take_action(struct cursor *cursor, struct arena *arena, uint32_t *ret_expected)
{
	enum abi_arch_id arch = cursor->arch == ABI_ARCH_NONE ? abi_arch_native()->id : cursor->arch;
	struct policy_action action = { 0 };
	char word[80];
	uint64_t data;

	if (!take_word(cursor, word, sizeof(word)) || !words_find_action(word, &action.kind))
		return false;
	if (words_action(action.kind)->has_data) {
		if (!take_word(cursor, word, sizeof(word)))
			return false;
		if (read_number(word, &data))
			action.data = (uint16_t)data;
		else
			action.errno_name = arena_strdup(arena, word);
	}
	*ret_expected = policy_action_value(&action, arch).ret;
	return !action.errno_name || abi_errno_by_name(arch, action.errno_name) >= 0;
}

static bool read_call(const char *text, struct arena *arena, struct table_call *call)
{
	struct cursor cursor = { .next = text };

	if (!take_arch(&cursor, &call->data) || !take_nr(&cursor, &call->data) ||
	    !take_arguments(&cursor, &call->data) || !take(&cursor, "->") ||
	    !take_action(&cursor, arena, &call->expected))
		return false;
	skip_blanks(&cursor);
	return *cursor.next == '\0' || *cursor.next == '#';
}

struct reading {
	struct table *table;
	const char *path;
	struct callgate_error *err;
	struct buf policy; /* of the block that is being read */
	bool in_policy;
	unsigned line;
};

static void reading_fini(struct reading *reading)
{
	buf_fini(&reading->policy);
}

static int fail_line(struct reading *reading, const char *what)
{
	int status = fail(reading->err, CALLGATE_E_SYNTAX, "%s", what);

	error_place(reading->err, reading->path, reading->line, 1);
	return status;
}

static int start_block(struct reading *reading, const char *title)
{
	struct table_block block = { .title = arena_strdup(&reading->table->arena, title), .line = reading->line };

	if (reading->in_policy)
		return fail_line(reading, "the policy before this line does not end with --");
	if (!block.title || !VEC_PUSH(&reading->table->arena, &reading->table->blocks, block))
		return fail_nomem(reading->err);
	reading->in_policy = true;
	reading->policy.length = 0;
	for (unsigned i = 0; i < reading->line; i++)
		buf_putc(&reading->policy, '\n');
	return CALLGATE_OK;
}

static int end_policy(struct reading *reading)
{
	struct table_block *block = &reading->table->blocks.items[reading->table->blocks.length - 1];

	reading->in_policy = false;
	block->policy = arena_strdup(&reading->table->arena, buf_text(&reading->policy));
	return block->policy && !reading->policy.failed ? CALLGATE_OK : fail_nomem(reading->err);
}

static int add_call(struct reading *reading, const char *text)
{
	struct table_call call = { .line = reading->line, .text = arena_strdup(&reading->table->arena, text) };
	struct table_block *block;

	if (!reading->table->blocks.length)
		return fail_line(reading, "a call before the first ==");
	block = &reading->table->blocks.items[reading->table->blocks.length - 1];
	if (!call.text)
		return fail_nomem(reading->err);
	if (strncmp(text, "refused ", 8) == 0) {
		block->refused = call.text + 8;
		return CALLGATE_OK;
	}
	if (!read_call(text, &reading->table->arena, &call))
		return fail_line(reading, "not of the form: arch name(argument, ...) -> action");
	if (!VEC_PUSH(&reading->table->arena, &block->calls, call))
		return fail_nomem(reading->err);
	return CALLGATE_OK;
}

static int read_line(struct reading *reading, const char *text)
{
	reading->line++;
	if (strncmp(text, "== ", 3) == 0)
		return start_block(reading, text + 3);
	if (reading->in_policy && strcmp(text, "--") == 0)
		return end_policy(reading);
	if (reading->in_policy) {
		buf_printf(&reading->policy, "%s\n", text);
		return CALLGATE_OK;
	}
	if (!*text || *text == '#')
		return CALLGATE_OK;
	return add_call(reading, text);
}

int table_read(const char *path, struct table *table, struct callgate_error *err)
{
	cleanup(reading_fini) struct reading reading = { .table = table, .path = path, .err = err };
	cleanup(buf_fini) struct buf bytes = { 0 };
	int status = file_read(path, TABLE_FILE_MAX, &bytes, err);
	char *text = bytes.data;

	while (!status && text && *text) {
		char *newline = strchr(text, '\n');

		if (newline)
			*newline = '\0';
		status = read_line(&reading, text);
		text = newline ? newline + 1 : NULL;
	}
	if (!status && reading.in_policy)
		return fail_line(&reading, "the last policy does not end with --");
	return status;
}
