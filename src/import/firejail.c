/*
 * Profiles of firejail: lines, of which this reader heeds those that become filters, `include` and `ignore`. What the
 * command line or firejail.config would add is not in a profile and no part of this.
 *
 * A profile that is included is looked for where its includer is, and then where firejail has its own; one that ends in
 * .local may be missing, as there.
 */
#include "import/firejail.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"

#include <string.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/etc/firejail"

enum {
	FILE_BYTES_MAX = 1 << 20,
	DEPTH_MAX = 16,
	INCLUDES_MAX = 256,
	IGNORED_MAX = 1024, /* each line is compared with every one */
	SLIPS_MAX = 2,
};

struct reading {
	struct import *import;
	struct firejail_settings settings;
	struct {
		VEC(const char *);
	} ignored; /* beginnings of lines */
	unsigned depth, includes;
};

/* A line that is heeded: its first word, and the rest. */
struct line {
	const char *word;
	struct firejail_value value;
	struct policy_position position;
};

static struct arena *arena(struct reading *reading)
{
	return &reading->import->policy->arena;
}

/* Goes over the items of a list, "unix,inet"; false behind the last. Names them in *ret_item, whose memory is the
 * arena's. */
static int next_item(struct reading *reading, struct firejail_value *rest, const char **ret_item)
{
	size_t length = strcspn(rest->text, ",");

	*ret_item = arena_strndup(arena(reading), rest->text, length);
	if (!*ret_item)
		return fail_nomem(reading->import->err);
	length += rest->text[length] == ',';
	rest->text += length;
	rest->position.col += (unsigned)length;
	return CALLGATE_OK;
}

struct bit {
	const char *name;
	uint64_t bit;
};

/* Adds the bits that a list names. */
static int read_bits(struct reading *reading, const struct line *line, const struct bit *known, size_t count,
		     const char *what, uint64_t *bits)
{
	struct firejail_value rest = line->value;

	do {
		const struct policy_position position = rest.position;
		const char *item;
		size_t i = 0;
		int status = next_item(reading, &rest, &item);

		if (status)
			return status;
		while (i < count && strcmp(known[i].name, item) != 0)
			i++;
		if (i == count)
			return firejail_fail(reading->import, &position, CALLGATE_E_UNKNOWN, "unknown %s '%s'", what,
					     item);
		*bits |= known[i].bit;
	} while (*rest.text);
	return CALLGATE_OK;
}

/* linux/socket.h */
static int set_protocol(struct reading *reading, const struct line *line)
{
	static const struct bit known[] = {
		{ "unix", 1u << 1 },	 { "inet", 1u << 2 },	 { "inet6", 1u << 10 },
		{ "netlink", 1u << 16 }, { "packet", 1u << 17 }, { "bluetooth", 1u << 31 },
	};

	reading->settings.protocol = line->position;
	return read_bits(reading, line, known, sizeof(known) / sizeof(*known), "protocol", &reading->settings.families);
}

/* linux/sched.h */
static int set_namespaces(struct reading *reading, const struct line *line)
{
	static const struct bit known[] = {
		{ "cgroup", 0x02000000 }, { "ipc", 0x08000000 },  { "net", 0x40000000 }, { "mnt", 0x00020000 },
		{ "pid", 0x20000000 },	  { "user", 0x10000000 }, { "uts", 0x04000000 }, { "time", 0x80 },
	};

	reading->settings.namespaces = line->position;
	if (*line->value.text)
		return read_bits(reading, line, known, sizeof(known) / sizeof(*known), "kind of namespace",
				 &reading->settings.refused_namespaces);
	reading->settings.refused_namespaces = 0x7e020080;
	return CALLGATE_OK;
}

static int set_error_action(struct reading *reading, const struct line *line)
{
	struct policy_action *action = &reading->settings.action;
	const char *text = line->value.text;

	*action = (struct policy_action){ .position = line->position };
	if (strcmp(text, "kill") == 0) {
		action->kind = POLICY_KILL_THREAD;
	} else if (strcmp(text, "log") == 0) {
		action->kind = POLICY_LOG;
	} else if (abi_errno_by_name(abi_arch_native()->id, text) >= 0) {
		action->kind = POLICY_ERRNO;
		action->errno_name = text;
	} else {
		return import_suggest(reading->import,
				      firejail_fail(reading->import, &line->value.position, CALLGATE_E_UNKNOWN,
						    "expected kill, log or an errno by its name, not '%s'", text),
				      abi_errno_nearest(text));
	}
	return CALLGATE_OK;
}

static int set_calls(struct reading *reading, const struct line *line, struct firejail_value *list)
{
	reading->settings.has_calls = true;
	reading->settings.calls = line->position;
	if (*line->value.text)
		*list = line->value;
	return CALLGATE_OK;
}

static int set_more(struct reading *reading, const struct line *line)
{
	return set_calls(reading, line, &reading->settings.more);
}

static int set_drop(struct reading *reading, const struct line *line)
{
	return set_calls(reading, line, &reading->settings.drop);
}

static int set_keep(struct reading *reading, const struct line *line)
{
	return set_calls(reading, line, &reading->settings.keep);
}

static int set_secondary(struct reading *reading, const struct line *line)
{
	reading->settings.has_calls = true;
	reading->settings.calls = reading->settings.secondary = line->position;
	return CALLGATE_OK;
}

static int set_write_execute(struct reading *reading, const struct line *line)
{
	reading->settings.write_execute = line->position;
	return CALLGATE_OK;
}

static int set_debuggers(struct reading *reading, const struct line *line)
{
	(void)line;
	reading->settings.has_debuggers = true;
	return CALLGATE_OK;
}

static int refuse_32(struct reading *reading, const struct line *line)
{
	int status = firejail_fail(reading->import, &line->position, CALLGATE_E_UNSUPPORTED,
				   "lists for 32-bit programs alone are not read");

	error_hint(reading->import->err, "firejail heeds them only where another list stands: load it, and read pid:N");
	return status;
}

enum value_rule { VALUE_NONE, VALUE_MAYBE, VALUE_NEEDED };

static const struct {
	const char *word;
	int (*set)(struct reading *reading, const struct line *line);
	enum value_rule value;
} words[] = {
	{ "seccomp", set_more, VALUE_MAYBE },
	{ "seccomp.drop", set_drop, VALUE_NEEDED },
	{ "seccomp.keep", set_keep, VALUE_NEEDED },
	{ "seccomp.block-secondary", set_secondary, VALUE_NONE },
	{ "seccomp-error-action", set_error_action, VALUE_NEEDED },
	{ "seccomp.32", refuse_32, VALUE_MAYBE },
	{ "seccomp.32.drop", refuse_32, VALUE_NEEDED },
	{ "seccomp.32.keep", refuse_32, VALUE_NEEDED },
	{ "protocol", set_protocol, VALUE_NEEDED },
	{ "memory-deny-write-execute", set_write_execute, VALUE_NONE },
	{ "restrict-namespaces", set_namespaces, VALUE_MAYBE },
	{ "allow-debuggers", set_debuggers, VALUE_NONE },
};

enum { WORDS = sizeof(words) / sizeof(*words) };

/* A slip in one of ours, or what is no command at all. firejail refuses every line that it does not know; this reader
 * knows few. */
static int look_for_slip(struct reading *reading, const struct line *line)
{
	struct nearest nearest = nearest_to(line->word);

	if (line->word[0] < 'a' || line->word[0] > 'z' ||
	    line->word[strspn(line->word, "abcdefghijklmnopqrstuvwxyz0123456789.-")])
		return firejail_fail(reading->import, &line->position, CALLGATE_E_SYNTAX,
				     "this is no line of a profile");
	for (size_t i = 0; i < WORDS; i++)
		nearest_try(&nearest, words[i].word);
	if (!nearest.name || nearest.distance > SLIPS_MAX || strcmp(nearest.name, line->word) == 0)
		return CALLGATE_OK;
	return import_suggest(reading->import,
			      firejail_fail(reading->import, &line->position, CALLGATE_E_UNKNOWN,
					    "unknown command '%s'", line->word),
			      nearest.name);
}

static int take_setting(struct reading *reading, const struct line *line)
{
	for (size_t i = 0; i < WORDS; i++) {
		bool has_value = *line->value.text;

		if (strcmp(words[i].word, line->word) != 0)
			continue;
		if ((words[i].value == VALUE_NONE && has_value) || (words[i].value == VALUE_NEEDED && !has_value))
			return firejail_fail(reading->import, &line->position, CALLGATE_E_SYNTAX, "'%s' takes %s",
					     line->word, has_value ? "nothing" : "a list");
		return words[i].set(reading, line);
	}
	return look_for_slip(reading, line);
}

static int read_lines(struct reading *reading, const char *name, const char *text, size_t length);

/* Where an included profile is; NULL where it is nowhere. */
static const char *find_profile(struct reading *reading, const struct line *line)
{
	const char *includer = line->position.file, *slash = strrchr(includer, '/'), *wanted = line->value.text;
	const char *places[3] = { wanted, NULL, NULL };

	if (strncmp(wanted, "${CFG}/", 7) == 0)
		places[0] = arena_printf(arena(reading), SYSTEM_FOLDER "/%s", wanted + 7);
	else if (wanted[0] != '/' && slash)
		places[0] = arena_printf(arena(reading), "%.*s/%s", (int)(slash - includer), includer, wanted);
	if (wanted[0] != '/' && wanted[0] != '$')
		places[1] = arena_printf(arena(reading), SYSTEM_FOLDER "/%s", wanted);
	for (size_t i = 0; places[i]; i++)
		if (access(places[i], F_OK) == 0)
			return places[i];
	return NULL;
}

static bool may_be_missing(const char *name)
{
	size_t length = strlen(name);

	return length > 6 && strcmp(name + length - 6, ".local") == 0;
}

static int include(struct reading *reading, const struct line *line)
{
	cleanup(buf_fini) struct buf bytes = { 0 };
	const char *path, *name, *text;
	int status;

	if (!*line->value.text)
		return firejail_fail(reading->import, &line->position, CALLGATE_E_SYNTAX, "'include' takes a file");
	if (reading->depth >= DEPTH_MAX || ++reading->includes > INCLUDES_MAX)
		return firejail_fail(reading->import, &line->position, CALLGATE_E_LIMIT,
				     "profiles include each other more than %d deep, or more than %d", DEPTH_MAX,
				     INCLUDES_MAX);
	path = find_profile(reading, line);
	if (!path && may_be_missing(line->value.text))
		return CALLGATE_OK;
	if (!path)
		return firejail_fail(reading->import, &line->value.position, CALLGATE_E_OS,
				     "there is no '%s' beside this file or in " SYSTEM_FOLDER, line->value.text);
	status = file_read(path, FILE_BYTES_MAX, &bytes, reading->import->err);
	if (status) {
		error_place(reading->import->err, line->value.position.file, line->value.position.line,
			    line->value.position.col);
		return status;
	}
	reading->depth++;
	status = import_keep_source(reading->import, path, buf_text(&bytes), bytes.length, &name, &text);
	if (!status)
		status = read_lines(reading, name, text, bytes.length);
	reading->depth--;
	return status;
}

/* "ignore seccomp" is every line that begins with these words, from here on. */
static bool is_ignored(const struct reading *reading, const char *text)
{
	for (size_t i = 0; i < reading->ignored.length; i++) {
		size_t length = strlen(reading->ignored.items[i]);

		if (strncmp(text, reading->ignored.items[i], length) == 0 &&
		    (text[length] == '\0' || text[length] == ' '))
			return true;
	}
	return false;
}

/* `?HAS_NET: seccomp` is a question that only a start can answer. */
static int refuse_conditional(struct reading *reading, const char *text, const struct policy_position *position)
{
	const char *behind = strchr(text, ':');

	behind = behind ? behind + 1 + strspn(behind + 1, " ") : "";
	for (size_t i = 0; i < WORDS; i++)
		if (strcspn(behind, " ") == strlen(words[i].word) &&
		    strncmp(behind, words[i].word, strlen(words[i].word)) == 0)
			return firejail_fail(reading->import, position, CALLGATE_E_UNSUPPORTED,
					     "whether this line holds is known only when firejail starts");
	return CALLGATE_OK;
}

static int ignore(struct reading *reading, const struct line *line)
{
	if (reading->ignored.length >= IGNORED_MAX)
		return firejail_fail(reading->import, &line->position, CALLGATE_E_LIMIT,
				     "more than %d lines of what is ignored", IGNORED_MAX);
	return VEC_PUSH(arena(reading), &reading->ignored, line->value.text) ? CALLGATE_OK
									     : fail_nomem(reading->import->err);
}

static int take_line(struct reading *reading, const char *text, const struct policy_position *position)
{
	size_t length = strcspn(text, " "), blanks = strspn(text + length, " ");
	struct line line = { .position = *position };

	if (text[0] == '?')
		return refuse_conditional(reading, text, position);
	if (is_ignored(reading, text))
		return CALLGATE_OK;
	line.word = arena_strndup(arena(reading), text, length);
	line.value.text = text + length + blanks;
	line.value.position = *position;
	line.value.position.col += (unsigned)(length + blanks);
	if (!line.word)
		return fail_nomem(reading->import->err);
	if (strcmp(line.word, "include") == 0)
		return include(reading, &line);
	if (strcmp(line.word, "ignore") == 0)
		return ignore(reading, &line);
	return take_setting(reading, &line);
}

/* Without the blanks around it and the comment behind it, with blanks for tabs; NULL without memory. */
static char *trimmed(struct reading *reading, const char *text, size_t length)
{
	char *line;

	for (size_t i = 0; i < length; i++)
		if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t'))
			length = i;
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == '\r'))
		length--;
	line = arena_strndup(arena(reading), text, length);
	for (char *c = line; c && *c; c++)
		if (*c == '\t')
			*c = ' ';
	return line;
}

static int read_lines(struct reading *reading, const char *name, const char *text, size_t length)
{
	struct policy_position position = { .file = name };
	size_t at = 0;

	while (at < length) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t next = end ? (size_t)(end - text) + 1 : length, start = at;
		const char *line;
		int status;

		while (start < next && (text[start] == ' ' || text[start] == '\t'))
			start++;
		position.line++;
		position.col = (unsigned)(start - at) + 1;
		line = trimmed(reading, text + start, next - start - (end ? 1 : 0));
		if (!line)
			return fail_nomem(reading->import->err);
		status = *line ? take_line(reading, line, &position) : CALLGATE_OK;
		if (status)
			return status;
		at = next;
	}
	return CALLGATE_OK;
}

int firejail_read(struct import *import)
{
	struct reading reading = {
		.import = import,
		.settings.action = { .kind = POLICY_ERRNO, .errno_name = "EPERM" },
	};
	int status;

	if (abi_arch_native()->id != ABI_X86_64)
		return fail(import->err, CALLGATE_E_UNSUPPORTED, "profiles of firejail are read for x86-64 only");
	status = read_lines(&reading, import->name, import->source->text, import->source->length);
	return status ? status : firejail_stack(import, &reading.settings);
}

static bool begins_with_word(const char *line, size_t length, const char *word)
{
	size_t word_length = strlen(word);

	return length >= word_length && memcmp(line, word, word_length) == 0 &&
	       (length == word_length || line[word_length] == ' ' || line[word_length] == '\r');
}

/* Its includes have no quotes, which those of other languages have. */
static bool is_ours(const char *line, size_t length)
{
	static const char *const others[] = {
		"quiet",       "ignore",     "blacklist", "noblacklist", "whitelist",
		"nowhitelist", "caps",	     "caps.drop", "caps.keep",	 "netfilter",
		"net",	       "nonewprivs", "noroot",	  "private",	 "apparmor",
	};

	if (begins_with_word(line, length, "include"))
		return length > 8 && line[8] != '"';
	for (size_t i = 0; i < WORDS; i++)
		if (begins_with_word(line, length, words[i].word))
			return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (begins_with_word(line, length, others[i]))
			return true;
	return false;
}

/* The first line that is no comment. */
bool firejail_recognise(const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t next = end ? (size_t)(end - text) + 1 : length, left = next - at - (end ? 1 : 0);

		if (left && text[at] != '#' && text[at] != '\r')
			return is_ours(text + at, left);
		at = next;
	}
	return false;
}
