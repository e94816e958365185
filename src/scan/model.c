/*
 * Rows are few and looked at once a module. Names decide, since a library's soname is its promise of what it does; of
 * how it does it, which rows tell too, it promises nothing, so that the version counts where one is known.
 */
#include "scan/model.h"

#include "abi/abi.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct model models[] = {
#define MODEL_HANDLER(soname, signal, syscalls)	      { MODEL_IS_HANDLER, soname, signal, 0, "", syscalls },
#define MODEL_NUMBERS(soname, syscalls)		      { MODEL_IS_NUMBERS, soname, 0, 0, "", syscalls },
#define MODEL_POINTERS(soname)			      { MODEL_IS_POINTERS, soname, 0, 0, "", "" },
#define MODEL_ONLY_WITH(soname, prefix, functions)    { MODEL_IS_ONLY_WITH, soname, 0, 0, prefix, functions },
#define MODEL_NEVER(soname, syscall)		      { MODEL_IS_NEVER, soname, 0, 0, syscall, "" },
#define MODEL_CALLS_WITH(soname, syscalls, functions) { MODEL_IS_CALLS_WITH, soname, 0, 0, syscalls, functions },
#define MODEL_CALLS_ON(arch, soname, syscalls, functions) \
	{ MODEL_IS_CALLS_WITH, soname, (arch) + 1, 0, syscalls, functions },
#define MODEL_SHUNNED(soname, functions) { MODEL_IS_SHUNNED, soname, 0, 0, "", functions },
#define MODEL_ASKED(soname, function, argument, bits, functions) \
	{ MODEL_IS_ASKED, soname, bits, argument, function, functions },
#define MODEL_CALLBACKS(soname)	    { MODEL_IS_CALLBACKS, soname, 0, 0, "", "" },
#define MODEL_LAYOUT(soname)	    { MODEL_IS_LAYOUT, soname, 0, 0, "", "" },
#define MODEL_TRIED(soname, banner) { MODEL_IS_TRIED, soname, 0, 0, banner, "" },
#include "scan/models.def"
#undef MODEL_TRIED
#undef MODEL_CALLBACKS
#undef MODEL_HANDLER
#undef MODEL_NUMBERS
#undef MODEL_POINTERS
#undef MODEL_ONLY_WITH
#undef MODEL_NEVER
#undef MODEL_CALLS_WITH
#undef MODEL_CALLS_ON
#undef MODEL_SHUNNED
#undef MODEL_ASKED
#undef MODEL_LAYOUT
};

const size_t model_count = sizeof(models) / sizeof(*models);

size_t model_find(const char *soname, enum model_kind kind, size_t index)
{
	while (index < model_count &&
	       (!soname || models[index].kind != kind || strcmp(models[index].soname, soname) != 0))
		index++;
	return index;
}

/* Whether the segments with these of two flags have some words. */
static bool segments_say(const struct module *module, uint32_t flags, const char *words)
{
	for (size_t i = 0; i < module->segments.length; i++) {
		const struct module_segment *segment = &module->segments.items[i];

		if (segment->type == PT_LOAD && (segment->flags & (PF_W | PF_X)) == flags &&
		    memmem(module->bytes + segment->offset, segment->file_size, words, strlen(words)))
			return true;
	}
	return false;
}

/* Whether constants of a module have some words: where linkers put them beside code, as those for aarch64 do, those in
 * one segment with it. */
static bool module_says(const struct module *module, const char *words)
{
	return segments_say(module, 0, words) || segments_say(module, PF_X, words);
}

bool model_is_tried(const struct module *module)
{
	size_t row = model_find(module->soname, MODEL_IS_TRIED, 0);
	bool is_open = row == model_count;

	for (; row < model_count; row = model_find(module->soname, MODEL_IS_TRIED, row + 1))
		is_open |= module_says(module, models[row].prefix);
	return is_open;
}

bool model_word(const char **at, char *word, size_t size)
{
	size_t length;

	*at += strspn(*at, " ");
	length = strcspn(*at, " ");
	snprintf(word, size, "%.*s", (int)length, *at);
	*at += length;
	return length > 0;
}

bool model_next_request(const char **at, struct model_request *ret_request)
{
	char word[sizeof(ret_request->name)], *condition;

	if (!model_word(at, word, sizeof(word)))
		return false;
	condition = strchr(word, '(');
	ret_request->argument = 0;
	ret_request->bits = 0;
	ret_request->is_number = false;
	if (condition) {
		char *bits;

		*condition = '\0';
		ret_request->argument = (unsigned)strtoul(condition + 1, &bits, 0);
		ret_request->is_number = *bits == '=';
		ret_request->bits = strtoll(bits + 1, NULL, 0);
	}
	memcpy(ret_request->name, word, sizeof(word));
	return true;
}

bool model_has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}
