/*
 * Counts are kept by name, since a profile that was measured on one arch says something about the others too; they
 * become numbers when a program is made.
 */
#include "filter/frequency.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A call's name, an arch and a count. */
#define FREQUENCY_WORD_MAX 127

struct line {
	const char *file;
	unsigned number;
	const char *text;
	size_t length;
	unsigned word_col; /* where the word that was read last begins, from 1 */
	struct callgate_error *err;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct line *line, size_t *at)
{
	while (*at < line->length && is_blank(line->text[*at]))
		++*at;
}

/* Copies the word at *at, and steps behind it; "" at the end of the line. */
static int take_word(struct line *line, size_t *at, char word[FREQUENCY_WORD_MAX + 1])
{
	size_t length = 0;

	skip_blanks(line, at);
	line->word_col = (unsigned)*at + 1;
	for (; *at < line->length && !is_blank(line->text[*at]); ++*at) {
		if (length == FREQUENCY_WORD_MAX) {
			error_set(line->err, CALLGATE_E_SYNTAX, "a word is longer than %d bytes", FREQUENCY_WORD_MAX);
			error_place(line->err, line->file, line->number, line->word_col);
			return CALLGATE_E_SYNTAX;
		}
		word[length++] = line->text[*at];
	}
	word[length] = '\0';
	return CALLGATE_OK;
}

static int take_call(struct line *line, char *word, struct frequency_count *ret_count)
{
	char *name = strchr(word, ':');
	const struct abi_arch *arch = NULL;

	if (name) {
		*name++ = '\0';
		arch = abi_arch_by_name(word);
	}
	ret_count->arch = arch ? arch->id : ABI_ARCH_NONE;
	ret_count->syscall = abi_syscall_by_name(name ? name : word);
	if ((!name || arch) && ret_count->syscall)
		return CALLGATE_OK;
	if (name && !arch)
		error_set(line->err, CALLGATE_E_UNKNOWN, "unknown arch '%s'", word);
	else
		error_set(line->err, CALLGATE_E_UNKNOWN, "unknown syscall '%s'", name ? name : word);
	if (name && !arch)
		error_hint(line->err, "there are %s", abi_arch_names());
	else if (abi_syscall_nearest(name ? name : word))
		error_hint(line->err, "did you mean '%s'?", abi_syscall_nearest(name ? name : word));
	error_place(line->err, line->file, line->number, line->word_col);
	return CALLGATE_E_UNKNOWN;
}

static int take_count(struct line *line, const char *word, double *ret_count)
{
	char *end;

	*ret_count = strtod(word, &end);
	if (word[0] >= '0' && word[0] <= '9' && !*end && isfinite(*ret_count))
		return CALLGATE_OK;
	if (word[0])
		error_set(line->err, CALLGATE_E_SYNTAX, "a count is expected behind the name, not '%s'", word);
	else
		error_set(line->err, CALLGATE_E_SYNTAX, "a count is expected behind the name");
	error_hint(line->err, "a line is NAME COUNT: read 1200");
	error_place(line->err, line->file, line->number, line->word_col);
	return CALLGATE_E_SYNTAX;
}

static int keep_count(struct callgate_frequency *frequency, const struct frequency_count *count,
		      struct callgate_error *err)
{
	for (size_t i = 0; i < frequency->counts.length; i++) {
		struct frequency_count *kept = &frequency->counts.items[i];

		if (kept->syscall == count->syscall && kept->arch == count->arch) {
			kept->count += count->count;
			return CALLGATE_OK;
		}
	}
	return VEC_PUSH(&frequency->arena, &frequency->counts, *count) ? CALLGATE_OK : fail_nomem(err);
}

static int parse_line(struct callgate_frequency *frequency, struct line *line)
{
	char word[FREQUENCY_WORD_MAX + 1];
	struct frequency_count count;
	size_t at = 0;
	int status;

	skip_blanks(line, &at);
	if (at == line->length || line->text[at] == '#')
		return CALLGATE_OK;
	status = take_word(line, &at, word);
	if (!status)
		status = take_call(line, word, &count);
	if (!status)
		status = take_word(line, &at, word);
	if (!status)
		status = take_count(line, word, &count.count);
	if (status)
		return status;
	skip_blanks(line, &at);
	if (at < line->length && line->text[at] != '#') {
		error_set(line->err, CALLGATE_E_SYNTAX, "nothing but NAME COUNT stands on a line");
		error_place(line->err, line->file, line->number, (unsigned)at + 1);
		return CALLGATE_E_SYNTAX;
	}
	return keep_count(frequency, &count, line->err);
}

static void frequency_free_pointer(struct callgate_frequency **frequency)
{
	callgate_frequency_free(*frequency);
}

int callgate_frequency_parse(const char *name, const char *text, size_t length,
			     struct callgate_frequency **ret_frequency, struct callgate_error *err)
{
	cleanup(frequency_free_pointer) struct callgate_frequency *frequency = calloc(1, sizeof(*frequency));
	struct line line = { .file = name, .number = 1, .err = err };

	if (!frequency)
		return fail_nomem(err);
	for (size_t at = 0; at < length; at += line.length + 1, line.number++) {
		const char *end = memchr(text + at, '\n', length - at);
		int status;

		line.text = text + at;
		line.length = end ? (size_t)(end - line.text) : length - at;
		status = parse_line(frequency, &line);
		if (status)
			return status;
	}
	*ret_frequency = take_ptr(frequency);
	return CALLGATE_OK;
}

void callgate_frequency_free(struct callgate_frequency *frequency)
{
	if (frequency)
		arena_fini(&frequency->arena);
	free(frequency);
}

double frequency_of(const struct callgate_frequency *frequency, enum abi_arch_id arch,
		    const struct abi_syscall *syscall)
{
	double count = 0;

	for (size_t i = 0; frequency && i < frequency->counts.length; i++) {
		const struct frequency_count *kept = &frequency->counts.items[i];

		if (kept->syscall == syscall && (kept->arch == arch || kept->arch == ABI_ARCH_NONE))
			count += kept->count;
	}
	return count;
}

int frequency_weights(const struct callgate_frequency *frequency, struct arena *arena,
		      struct codegen_weight **ret_weights, size_t *ret_count, struct callgate_error *err)
{
	struct {
		VEC(struct codegen_weight);
	} weights = { 0 };

	for (size_t i = 0; i < frequency->counts.length; i++) {
		const struct frequency_count *count = &frequency->counts.items[i];

		for (int id = 0; id < ABI_ARCH_COUNT; id++) {
			struct codegen_weight weight = { abi_arch(id)->audit, (uint32_t)count->syscall->nr[id],
							 count->count };

			if (count->syscall->nr[id] < 0 || (count->arch != ABI_ARCH_NONE && (int)count->arch != id))
				continue;
			if (!VEC_PUSH(arena, &weights, weight))
				return fail_nomem(err);
		}
	}
	*ret_weights = weights.items;
	*ret_count = weights.length;
	return CALLGATE_OK;
}
