/*
 * The man page's list of verbs and the shell's completion are printed from the tables that the command itself runs
 * on, when they are built: nothing can be documented that is not there, and nothing can be there undocumented.
 */
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

enum help_form { HELP_TEXT, HELP_MAN, HELP_BASH };

struct help_options {
	int form;
};

static const struct option_row help_rows[] = {
	OPTION_CHOICE(struct help_options, form, "as", 0, "text|man|bash",
		      "as -h prints it, as scdoc for the man page, or every verb as a completion for bash"),
};

const struct usage help_usage = USAGE("[VERB]", 0, 1, help_rows);

/* scdoc reads _ and * as emphasis. */
static void print_scdoc(const char *text)
{
	for (; *text; text++) {
		if (strchr("_*\\<>[]#~", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void print_man_verb(const struct verb *verb)
{
	static const char settings_text[] =
		"Settings of the sandbox, which apply in the order in which they stand (see *SANDBOX*):\n\n";
	struct option_row row;

	/* scdoc takes a heading as it is. */
	printf("## callgate %s%s %s\n", verb->name, verb->usage->row_count ? " [options]" : "", verb->usage->arguments);
	print_scdoc(verb->summary);
	fputs(".\n\n", stdout);
	for (size_t i = 0; usage_row(verb->usage, i, &row); i++) {
		char spelt[80];

		if (i == verb->usage->row_count && i > 0)
			fputs(settings_text, stdout);
		option_spell(&row, spelt, sizeof(spelt));
		putchar('*');
		print_scdoc(spelt);
		fputs("*\n\t", stdout);
		print_scdoc(row.help);
		fputs("\n\n", stdout);
	}
}

static void print_man(void)
{
	for (int group = 0; group < VERBS_GROUPS; group++)
		for (size_t i = 0; i < verb_count; i++)
			if ((int)verbs[i].group == group)
				print_man_verb(&verbs[i]);
}

static void print_bash_words(const struct usage *usage)
{
	struct option_row row;

	fputs("--help", stdout);
	for (size_t i = 0; usage_row(usage, i, &row); i++)
		printf(" --%s", row.name);
}

/* "--format) words='bpf c asm'" for the options that take one of a few words. */
static void print_bash_choices(void)
{
	for (size_t v = 0; v < verb_count; v++)
		for (size_t i = 0; i < verbs[v].usage->row_count; i++) {
			const struct option_row *row = &verbs[v].usage->rows[i];

			if (row->kind != OPTION_IS_CHOICE)
				continue;
			printf("\t%s:--%s) words='", verbs[v].name, row->name);
			for (const char *c = row->value; *c; c++)
				putchar(*c == '|' ? ' ' : *c);
			fputs("' ;;\n", stdout);
		}
}

static void print_bash(void)
{
	fputs("# bash completion for callgate, made by 'callgate help --as bash'\n"
	      "_callgate() {\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} "
	      "words=\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='-h --version",
	      stdout);
	for (size_t i = 0; i < verb_count; i++)
		printf(" %s", verbs[i].name);
	fputs("'\n\telse\n\tcase $verb:$before in\n", stdout);
	print_bash_choices();
	fputs("\t*) case $current in -*) case $verb in\n", stdout);
	for (size_t i = 0; i < verb_count; i++) {
		printf("\t\t%s) words='", verbs[i].name);
		print_bash_words(verbs[i].usage);
		fputs("' ;;\n", stdout);
	}
	fputs("\t\tesac ;; esac ;;\n\tesac\n\tfi\n"
	      "\t[ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	      "}\n"
	      "complete -o default -F _callgate callgate\n",
	      stdout);
}

int cmd_help(const struct verb *verb, int argc, char **argv)
{
	struct help_options options = { .form = HELP_TEXT };
	const struct verb *about = verb;
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	if (arguments.count) {
		about = verb_by_name(arguments.items[0]);
		if (!about)
			return misuse_hint("'callgate -h' lists them", "", "unknown verb '%s'", arguments.items[0]);
	}
	if (options.form == HELP_BASH)
		print_bash();
	else if (options.form == HELP_TEXT)
		options_print_help(stdout, about);
	else if (arguments.count)
		print_man_verb(about);
	else
		print_man();
	return STATUS_YES;
}
