/*
 * getopt_long would be told of every option a second time and could not say which name was meant; options are rows,
 * and one loop reads them. Options and arguments may be mixed, but for verbs that start a program: there the first
 * argument ends them, so that `callgate run ls -l` hands -l to ls.
 */
#include "cli/options.h"

#include "base/nearest.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parse {
	const struct verb *verb;
	char **next; /* the argument to look at */
	char *values;
	bool help;
};

bool usage_row(const struct usage *usage, size_t index, struct option_row *ret_row)
{
	struct callgate_sandbox_field field;

	if (index < usage->row_count) {
		*ret_row = usage->rows[index];
		return true;
	}
	index -= usage->row_count;
	/* What only files have stands last. */
	if (!usage->takes_settings || index >= callgate_sandbox_field_count())
		return false;
	callgate_sandbox_field_at(index, &field);
	*ret_row = (struct option_row){ .name = field.name,
					.value = field.values,
					.help = field.help,
					.kind = OPTION_IS_FIELD,
					.value_count = field.value_count };
	return field.is_option;
}

static bool row_by_name(const struct usage *usage, const char *name, size_t length, struct option_row *ret_row)
{
	for (size_t i = 0; usage_row(usage, i, ret_row); i++)
		if (strlen(ret_row->name) == length && memcmp(ret_row->name, name, length) == 0)
			return true;
	return false;
}

static bool row_by_letter(const struct usage *usage, char letter, struct option_row *ret_row)
{
	for (size_t i = 0; usage_row(usage, i, ret_row); i++)
		if (ret_row->letter && ret_row->letter == letter)
			return true;
	return false;
}

static int unknown_option(const struct parse *parse, const char *spelt)
{
	const struct usage *usage = parse->verb->usage;
	const char *start = spelt + strspn(spelt, "-");
	char name[NEAREST_LENGTH_MAX + 1];
	struct option_row row;
	struct nearest nearest;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(start, "="), start);
	nearest = nearest_to(name);
	nearest_try(&nearest, "help");
	for (size_t i = 0; usage_row(usage, i, &row); i++)
		nearest_try(&nearest, row.name);
	if (strncmp(spelt, "--", 2) == 0 && nearest.name)
		return misuse_hint("did you mean '--%s'?", nearest.name, "%s: unknown option '%s'", parse->verb->name,
				   spelt);
	return misuse_hint("'callgate %s -h' lists them", parse->verb->name, "%s: unknown option '%s'",
			   parse->verb->name, spelt);
}

/* The index of value among "a|b|c", or -1. */
static int choice_index(const char *choices, const char *value)
{
	size_t length = strlen(value);

	for (int index = 0; choices; index++) {
		size_t word = strcspn(choices, "|");

		if (word == length && memcmp(choices, value, length) == 0)
			return index;
		choices = choices[word] ? choices + word + 1 : NULL;
	}
	return -1;
}

static int store_choice(const struct option_row *row, const char *value, int *ret_choice)
{
	int index = choice_index(row->value, value);

	if (index < 0)
		return misuse("'--%s' takes %s, not '%s'", row->name, row->value, value);
	*ret_choice = index;
	return OPTIONS_DONE;
}

static int store_number(const struct option_row *row, const char *value, unsigned long *ret_number)
{
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, hex ? 16 : 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno)
		return misuse("'--%s' takes a number, not '%s'", row->name, value);
	*ret_number = number;
	return OPTIONS_DONE;
}

static int store_item(const struct option_row *row, const char *value, struct option_list *list)
{
	if (list->count == OPTION_LIST_MAX)
		return misuse("'--%s' is given more than %d times", row->name, OPTION_LIST_MAX);
	list->items[list->count++] = value;
	return OPTIONS_DONE;
}

static int store(const struct parse *parse, const struct option_row *row, const char *value)
{
	void *field = parse->values + row->offset;

	switch (row->kind) {
	case OPTION_IS_FLAG:
		*(bool *)field = true;
		return OPTIONS_DONE;
	case OPTION_IS_TEXT:
		*(const char **)field = value;
		return OPTIONS_DONE;
	case OPTION_IS_LIST:
		return store_item(row, value, field);
	case OPTION_IS_NUMBER:
		return store_number(row, value, field);
	case OPTION_IS_CHOICE:
		return store_choice(row, value, field);
	case OPTION_IS_FIELD:
		break;
	}
	return OPTIONS_DONE;
}

/* As many arguments as the setting takes; the first may have stood behind a '='. */
static int take_setting(struct parse *parse, const struct option_row *row, const char *value)
{
	struct option_settings *settings = (void *)(parse->values + parse->verb->usage->settings_offset);
	struct option_setting *setting = &settings->items[settings->count];

	if (settings->count == OPTION_LIST_MAX)
		return misuse("%s: more than %d settings", parse->verb->name, OPTION_LIST_MAX);
	*setting = (struct option_setting){ .name = row->name };
	if (value)
		setting->values[setting->value_count++] = value;
	while (setting->value_count < row->value_count) {
		if (!*parse->next)
			return misuse("%s: '--%s' needs %s: %s", parse->verb->name, row->name,
				      row->value_count == 1 ? "a value" : "values", row->value);
		setting->values[setting->value_count++] = *parse->next++;
	}
	settings->count++;
	return OPTIONS_DONE;
}

/* value is what stood in the same argument, NULL when nothing did. */
static int take(struct parse *parse, const struct option_row *row, const char *value)
{
	if (row->kind == OPTION_IS_FIELD)
		return take_setting(parse, row, value);
	if (row->kind != OPTION_IS_FLAG && !value) {
		value = *parse->next;
		if (!value)
			return misuse("%s: '--%s' needs a value: %s", parse->verb->name, row->name, row->value);
		parse->next++;
	}
	return store(parse, row, value);
}

static int take_long(struct parse *parse, const char *argument)
{
	const char *name = argument + 2;
	const char *equals = strchr(name, '=');
	struct option_row row;

	if (strcmp(name, "help") == 0) {
		parse->help = true;
		return OPTIONS_DONE;
	}
	if (!row_by_name(parse->verb->usage, name, equals ? (size_t)(equals - name) : strlen(name), &row))
		return unknown_option(parse, argument);
	if (equals && !row.value)
		return misuse("%s: '--%s' takes no value", parse->verb->name, row.name);
	return take(parse, &row, equals ? equals + 1 : NULL);
}

/* "-vo FILE", "-oFILE": flags may stand together, a value ends them. */
static int take_letters(struct parse *parse, const char *argument)
{
	for (const char *letter = argument + 1; *letter; letter++) {
		struct option_row row;
		bool found = row_by_letter(parse->verb->usage, *letter, &row);
		int status;

		if (!found && *letter == 'h') {
			parse->help = true;
			continue;
		}
		if (!found)
			return unknown_option(parse, argument);
		if (row.kind != OPTION_IS_FLAG)
			return take(parse, &row, letter[1] ? letter + 1 : NULL);
		status = take(parse, &row, NULL);
		if (status != OPTIONS_DONE)
			return status;
	}
	return OPTIONS_DONE;
}

static void keep_rest(struct parse *parse, struct arguments *arguments)
{
	while (*parse->next)
		arguments->items[arguments->count++] = *parse->next++;
}

static int take_all(struct parse *parse, struct arguments *arguments)
{
	bool dashes = false;

	while (*parse->next && !parse->help) {
		char *argument = *parse->next++;
		int status = OPTIONS_DONE;

		if (strcmp(argument, "--") == 0) {
			dashes = true;
			arguments->before_dashes = arguments->count;
			keep_rest(parse, arguments);
		} else if (argument[0] != '-' || !argument[1]) {
			arguments->items[arguments->count++] = argument;
			if (parse->verb->usage->program)
				keep_rest(parse, arguments);
		} else if (argument[1] == '-') {
			status = take_long(parse, argument);
		} else {
			status = take_letters(parse, argument);
		}
		if (status != OPTIONS_DONE)
			return status;
	}
	if (!dashes)
		arguments->before_dashes = arguments->count;
	arguments->items[arguments->count] = NULL;
	return OPTIONS_DONE;
}

int options_parse(const struct verb *verb, int argc, char **argv, void *values, struct arguments *ret_arguments)
{
	struct parse parse = { .verb = verb, .next = argv + 1, .values = values };
	struct arguments arguments = { .items = argv + 1 };
	int status = take_all(&parse, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (parse.help) {
		options_print_help(stdout, verb);
		return STATUS_YES;
	}
	if (arguments.count < verb->usage->arguments_min)
		return misuse_hint("'callgate %s -h' says what it takes", verb->name, "%s needs %s", verb->name,
				   verb->usage->arguments);
	if (arguments.count > verb->usage->arguments_max)
		return misuse_hint("'callgate %s -h' says what it takes", verb->name, "%s: what is '%s'?", verb->name,
				   arguments.items[verb->usage->arguments_max]);
	*ret_arguments = arguments;
	return OPTIONS_DONE;
}

void option_spell(const struct option_row *row, char *text, size_t size)
{
	char letter[5] = "";

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(text, size, "%s--%s%s%s", letter, row->name,
		 !row->value		? ""
		 : row->value_count > 1 ? " "
					: "=",
		 row->value ? row->value : "");
}

void options_print_help(FILE *out, const struct verb *verb)
{
	const struct usage *usage = verb->usage;
	struct option_row row;

	fprintf(out, "usage: callgate %s%s%s%s\n\n%s\n", verb->name, usage->row_count ? " [options]" : "",
		*usage->arguments ? " " : "", usage->arguments, verb->summary);
	if (usage->row_count)
		fputs("\noptions:\n", out);
	for (size_t i = 0; usage_row(usage, i, &row); i++) {
		char spelt[80];

		if (i == usage->row_count)
			fputs("\nthe sandbox, in the order of the options:\n", out);
		option_spell(&row, spelt, sizeof(spelt));
		fprintf(out, "  %-30s %s\n", spelt, row.help);
	}
	fprintf(out, "\ncallgate(1) tells more.\n");
}
