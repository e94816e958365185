/*
 * A reader of the few forms that constants of programs have ("gzip -dc 'x' 2>/dev/null | tar xf -"). Whatever it does
 * not know makes the command open, which is said of it: a substitution, a group in parentheses, a here-document, a name
 * that a variable or a pattern makes, a word that runs others.
 */
#include "scan/command.h"

#include <ctype.h>
#include <string.h>

enum { COMMAND_WORD_MAX = 255 };

enum word_meaning { WORD_PROGRAM, WORD_NOTHING, WORD_PASSES, WORD_ENDS, WORD_OPENS };

struct parser {
	struct arena *arena;
	const char *at;
	struct command *command;
	char word[COMMAND_WORD_MAX + 1];
	size_t length;	  /* of word */
	bool has_word;	  /* there is one, if only "''" */
	bool is_quoted;	  /* some of it is: it is no word of the shell's own */
	bool is_made;	  /* a variable or a pattern makes it */
	bool is_target;	  /* the next word is where output goes */
	bool is_argument; /* the command has its first word */
	bool is_moved;	  /* cd went elsewhere, from where paths lead to others */
	bool failed;	  /* memory was out */
};

static enum word_meaning word_meaning(const char *word)
{
	static const struct {
		const char *word;
		enum word_meaning meaning;
	} rows[] = {
#define COMMAND_WORD(word, meaning) { word, WORD_##meaning },
#include "scan/command_words.def"
#undef COMMAND_WORD
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].meaning;
	return WORD_PROGRAM;
}

/* "NAME=..." before the command. */
static bool is_setting(const char *word)
{
	const char *at = word;

	if (!isalpha((unsigned char)*at) && *at != '_')
		return false;
	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	return *at == '=';
}

static bool is_relative(const char *word)
{
	return word[0] != '/' && strchr(word, '/');
}

static void parser_program(struct parser *parser)
{
	struct command *command = parser->command;
	const char *copy;

	for (size_t i = 0; i < command->programs.length; i++)
		if (strcmp(command->programs.items[i], parser->word) == 0)
			return;
	copy = arena_strdup(parser->arena, parser->word);
	if (!copy || !VEC_PUSH(parser->arena, &command->programs, copy))
		parser->failed = true;
}

/* The word where a command begins. */
static void parser_first(struct parser *parser)
{
	if (!parser->is_quoted && is_setting(parser->word)) {
		/* Names are looked for elsewhere then, or something is loaded before. */
		parser->command->is_open |=
			strncmp(parser->word, "PATH=", 5) == 0 || strncmp(parser->word, "LD_", 3) == 0;
		return;
	}
	parser->is_argument = true;
	if (parser->is_made || parser->length == 0) {
		parser->command->is_open = true;
		return;
	}
	switch (parser->is_quoted ? WORD_PROGRAM : word_meaning(parser->word)) {
	case WORD_PROGRAM:
		/* An option of exec, after which nobody knows what is a word of its own. */
		if (parser->word[0] == '-' || (parser->is_moved && is_relative(parser->word)))
			parser->command->is_open = true;
		else
			parser_program(parser);
		break;
	case WORD_PASSES:
		parser->is_argument = false;
		break;
	case WORD_OPENS:
		parser->command->is_open = true;
		break;
	case WORD_NOTHING:
		parser->is_moved |= strcmp(parser->word, "cd") == 0;
		break;
	case WORD_ENDS:
		break;
	}
}

static void parser_end_word(struct parser *parser)
{
	if (!parser->has_word)
		return;
	parser->word[parser->length] = '\0';
	if (parser->is_target)
		parser->is_target = false;
	else if (!parser->is_argument)
		parser_first(parser);
	parser->length = 0;
	parser->has_word = parser->is_quoted = parser->is_made = false;
}

static void parser_end_command(struct parser *parser)
{
	parser_end_word(parser);
	parser->is_target = parser->is_argument = false;
}

static void parser_put(struct parser *parser, char c)
{
	parser->has_word = true;
	if (parser->length < COMMAND_WORD_MAX)
		parser->word[parser->length++] = c;
	else
		parser->is_made = true;
}

/* What '$' begins inside or outside of quotes: false for what the command cannot be taken apart behind. */
static bool parser_variable(struct parser *parser)
{
	if (parser->at[1] == '(' || parser->at[1] == '{' || parser->at[1] == '\'' || parser->at[1] == '"')
		return false;
	parser->is_made = true;
	parser_put(parser, *parser->at++);
	return true;
}

static bool parser_single(struct parser *parser)
{
	parser->has_word = parser->is_quoted = true;
	for (parser->at++; *parser->at && *parser->at != '\'';)
		parser_put(parser, *parser->at++);
	return *parser->at && parser->at++;
}

static bool parser_double(struct parser *parser)
{
	parser->has_word = parser->is_quoted = true;
	parser->at++;
	while (*parser->at && *parser->at != '"') {
		if (*parser->at == '`')
			return false;
		if (*parser->at == '$') {
			if (!parser_variable(parser))
				return false;
			continue;
		}
		if (*parser->at == '\\' && parser->at[1] && strchr("$`\"\\\n", parser->at[1]))
			parser->at++;
		parser_put(parser, *parser->at++);
	}
	return *parser->at && parser->at++;
}

static bool parser_escape(struct parser *parser)
{
	if (!parser->at[1])
		return false;
	if (parser->at[1] != '\n') {
		parser->is_quoted = true;
		parser_put(parser, parser->at[1]);
	}
	parser->at += 2;
	return true;
}

/* "2>file", ">>file", "<file", ">&2". */
static bool parser_redirection(struct parser *parser)
{
	parser->word[parser->length] = '\0';
	if (parser->has_word && strspn(parser->word, "0123456789") == parser->length)
		parser->length = parser->has_word = 0;
	parser_end_word(parser);
	if (parser->at[0] == '<' && parser->at[1] == '<')
		return false;
	parser->at++;
	if (*parser->at == '>' || *parser->at == '&' || *parser->at == '|')
		parser->at++;
	parser->is_target = true;
	return true;
}

/* Goes one piece of the text on; false where nobody knows what comes. */
static bool parser_step(struct parser *parser)
{
	char c = *parser->at;

	switch (c) {
	case ' ':
	case '\t':
		parser_end_word(parser);
		break;
	case '\n':
	case ';':
	case '&':
	case '|':
		parser_end_command(parser);
		break;
	case '#':
		if (!parser->has_word) {
			parser->at += strcspn(parser->at, "\n");
			return true;
		}
		parser_put(parser, c);
		break;
	case '\'':
		return parser_single(parser);
	case '"':
		return parser_double(parser);
	case '\\':
		return parser_escape(parser);
	case '$':
		return parser_variable(parser);
	case '<':
	case '>':
		return parser_redirection(parser);
	case '`':
	case '(':
	case ')':
		return false;
	default:
		/* A bracket by itself is the shell's own word. */
		parser->is_made |= strchr("*?~", c) || (c == '[' && parser->at[1] != ' ' && parser->at[1] != '[');
		parser_put(parser, c);
		break;
	}
	parser->at++;
	return true;
}

bool command_parse(struct arena *arena, const char *text, struct command *ret_command)
{
	struct parser parser = { .arena = arena, .at = text, .command = ret_command };

	while (*parser.at && !parser.failed) {
		if (parser_step(&parser))
			continue;
		ret_command->is_open = true;
		parser.has_word = false;
		break;
	}
	parser_end_command(&parser);
	return !parser.failed;
}
