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

static const struct option_row *row_by_name(const struct usage *usage, const char *name, size_t length)
{
	for (size_t i = 0; i < usage->row_count; i++)
		if (strlen(usage->rows[i].name) == length && memcmp(usage->rows[i].name, name, length) == 0)
			return &usage->rows[i];
	return NULL;
}

static const struct option_row *row_by_letter(const struct usage *usage, char letter)
{
	for (size_t i = 0; i < usage->row_count; i++)
		if (usage->rows[i].letter && usage->rows[i].letter == letter)
			return &usage->rows[i];
	return NULL;
}

static int unknown_option(const struct parse *parse, const char *spelt)
{
	const struct usage *usage = parse->verb->usage;
	const char *start = spelt + strspn(spelt, "-");
	char name[NEAREST_LENGTH_MAX + 1];
	struct nearest nearest;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(start, "="), start);
	nearest = nearest_to(name);
	nearest_try(&nearest, "help");
	for (size_t i = 0; i < usage->row_count; i++)
		nearest_try(&nearest, usage->rows[i].name);
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
	}
	return OPTIONS_DONE;
}

/* value is what stood in the same argument, NULL when nothing did. */
static int take(struct parse *parse, const struct option_row *row, const char *value)
{
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
	const struct option_row *row =
		row_by_name(parse->verb->usage, name, equals ? (size_t)(equals - name) : strlen(name));

	if (strcmp(name, "help") == 0) {
		parse->help = true;
		return OPTIONS_DONE;
	}
	if (!row)
		return unknown_option(parse, argument);
	if (equals && row->kind == OPTION_IS_FLAG)
		return misuse("%s: '--%s' takes no value", parse->verb->name, row->name);
	return take(parse, row, equals ? equals + 1 : NULL);
}

/* "-vo FILE", "-oFILE": flags may stand together, a value ends them. */
static int take_letters(struct parse *parse, const char *argument)
{
	for (const char *letter = argument + 1; *letter; letter++) {
		const struct option_row *row = row_by_letter(parse->verb->usage, *letter);
		int status;

		if (!row && *letter == 'h') {
			parse->help = true;
			continue;
		}
		if (!row)
			return unknown_option(parse, argument);
		if (row->kind != OPTION_IS_FLAG)
			return take(parse, row, letter[1] ? letter + 1 : NULL);
		status = take(parse, row, NULL);
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
	snprintf(text, size, "%s--%s%s%s", letter, row->name, row->value ? "=" : "", row->value ? row->value : "");
}

void options_print_help(FILE *out, const struct verb *verb)
{
	const struct usage *usage = verb->usage;

	fprintf(out, "usage: callgate %s%s%s%s\n\n%s\n", verb->name, usage->row_count ? " [options]" : "",
		*usage->arguments ? " " : "", usage->arguments, verb->summary);
	if (usage->row_count)
		fputs("\noptions:\n", out);
	for (size_t i = 0; i < usage->row_count; i++) {
		char spelt[80];

		option_spell(&usage->rows[i], spelt, sizeof(spelt));
		fprintf(out, "  %-30s %s\n", spelt, usage->rows[i].help);
	}
	fprintf(out, "\ncallgate(1) tells more.\n");
}
