/*
 * cli/options.h - a verb's options and arguments, as data
 *
 *	struct compile_options {
 *		const char *output;
 *		int format;
 *		bool json;
 *	};
 *	static const struct option_row compile_rows[] = {
 *		OPTION_TEXT(struct compile_options, output, "output", 'o', "FILE", "write to FILE, whole or not at all"),
 *		OPTION_CHOICE(struct compile_options, format, "format", 0, "bpf|c|asm", "what to write"),
 *		OPTION_FLAG(struct compile_options, json, "json", 0, "one JSON object a line"),
 *	};
 *	const struct usage compile_usage = USAGE("SUBJECT", 1, 1, compile_rows);
 *
 * The same rows make -h, the man page and the completion. Every verb has -h and --help without a row.
 */
#ifndef CALLGATE_CLI_OPTIONS_H
#define CALLGATE_CLI_OPTIONS_H

#include <callgate/sandbox.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct verb;

enum option_kind {
	OPTION_IS_FLAG,	  /* bool */
	OPTION_IS_TEXT,	  /* const char *; the last one given wins */
	OPTION_IS_LIST,	  /* struct option_list; may be given again and again */
	OPTION_IS_NUMBER, /* unsigned long, decimal or 0x */
	OPTION_IS_CHOICE, /* int: the index of the word in "bpf|c|asm" */
	OPTION_IS_FIELD,  /* a setting of callgate/sandbox.h, which goes to the struct option_settings of its usage */
};

/* How often one list option may be given. */
#define OPTION_LIST_MAX 256

struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

/* Settings in the order in which they stood; the values are argv's. */
struct option_setting {
	const char *name;
	const char *values[CALLGATE_SANDBOX_VALUES_MAX];
	size_t value_count;
};
struct option_settings {
	struct option_setting items[OPTION_LIST_MAX];
	size_t count;
};

struct option_row {
	const char *name;  /* "output", without dashes */
	const char *value; /* what stands behind it: "FILE", the choices "bpf|c|asm"; NULL for a flag */
	const char *help;  /* one line, lower case, no full stop */
	size_t offset;	   /* of its value in the verb's struct */
	enum option_kind kind;
	char letter;	    /* 'o', or 0 */
	size_t value_count; /* of OPTION_IS_FIELD: how many arguments it takes */
};

/* The offset of a field; the build fails when it has not the type that its kind of option fills. */
#define OPTION_OFFSET(type, field, expected) (offsetof(type, field) + 0 * sizeof((expected *)0 == &((type *)0)->field))

#define OPTION_FLAG(type, field, name, letter, help)                                       \
	{                                                                                  \
		name, NULL, help, OPTION_OFFSET(type, field, bool), OPTION_IS_FLAG, letter \
	}
#define OPTION_TEXT(type, field, name, letter, value, help)                                         \
	{                                                                                           \
		name, value, help, OPTION_OFFSET(type, field, const char *), OPTION_IS_TEXT, letter \
	}
#define OPTION_LIST(type, field, name, letter, value, help)                                               \
	{                                                                                                 \
		name, value, help, OPTION_OFFSET(type, field, struct option_list), OPTION_IS_LIST, letter \
	}
#define OPTION_NUMBER(type, field, name, letter, value, help)                                          \
	{                                                                                              \
		name, value, help, OPTION_OFFSET(type, field, unsigned long), OPTION_IS_NUMBER, letter \
	}
#define OPTION_CHOICE(type, field, name, letter, choices, help)                                \
	{                                                                                      \
		name, choices, help, OPTION_OFFSET(type, field, int), OPTION_IS_CHOICE, letter \
	}

struct usage {
	const char *arguments; /* what stands behind the options: "SUBJECT", "" */
	size_t arguments_min, arguments_max;
	const struct option_row *rows;
	size_t row_count;
	bool program; /* the first argument that is no option ends them: it and the rest are a program and its own */
	bool takes_settings;	/* every setting of a sandbox is an option, too… */
	size_t settings_offset; /* …of a struct option_settings in the verb's struct */
};

/* The row of index among all options of a verb, its own and the settings; false behind the last. */
bool usage_row(const struct usage *usage, size_t index, struct option_row *ret_row);

#define USAGE_ANY SIZE_MAX
#define USAGE(arguments, min, max, rows)                                           \
	{                                                                          \
		arguments, min, max, rows, sizeof(rows) / sizeof((rows)[0]), false \
	}
#define USAGE_PROGRAM(arguments, min, max, rows)                                  \
	{                                                                         \
		arguments, min, max, rows, sizeof(rows) / sizeof((rows)[0]), true \
	}
/* The same of a verb that starts it in a sandbox, whose settings go to field of type. */
#define USAGE_SANDBOXED(arguments, min, max, rows, type, field)                          \
	{                                                                                \
		arguments, min, max, rows, sizeof(rows) / sizeof((rows)[0]), true, true, \
			OPTION_OFFSET(type, field, struct option_settings)               \
	}

/* What is left when the options are taken out. */
struct arguments {
	char **items; /* in argv, which is reordered for it; ends in NULL */
	size_t count;
	size_t before_dashes; /* how many stood before "--"; count when there was none */
};

/* The verb goes on. */
#define OPTIONS_DONE (-1)

/*
 * Takes the options out of argv (argv[0] is the verb) into values, the struct that the rows' offsets are of; what is
 * not given stays as it was. Anything but OPTIONS_DONE is the exit status with which the verb ends: help was printed
 * on stdout, or a misuse explained on stderr.
 */
int options_parse(const struct verb *verb, int argc, char **argv, void *values, struct arguments *ret_arguments);

/* "-o, --output=FILE" of a row, as -h and the man page spell it. */
void option_spell(const struct option_row *row, char *text, size_t size);

/* What -h prints. */
void options_print_help(FILE *out, const struct verb *verb);

#endif
