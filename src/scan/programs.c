/*
 * The kernel reads 256 bytes, takes the first word behind "#!" as the interpreter and the rest as one argument, and
 * follows five scripts at most (binfmt_script.c, BINPRM_MAX_RECURSION).
 */
#include "scan/programs.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "elf/place.h"

#include <callgate/scan.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a system's login gives. */
#define PROGRAMS_SEARCH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { PROGRAMS_LINE = 256, PROGRAMS_DEPTH_MAX = 6 };

struct programs {
	struct arena *arena;
	const char *root;
	const char *search;
	struct program_list *list;
	struct callgate_error *err;
};

static int programs_follow(struct programs *programs, const char *name, unsigned depth);

static int programs_add(struct programs *programs, const char *path)
{
	for (size_t i = 0; i < programs->list->length; i++)
		if (strcmp(programs->list->items[i], path) == 0)
			return CALLGATE_OK;
	return VEC_PUSH(programs->arena, programs->list, path) ? CALLGATE_OK : fail_nomem(programs->err);
}

/* Finds where a name leads: sets host to NULL where it leads nowhere. */
static int programs_find(struct programs *programs, const char *name, struct place *ret_place)
{
	const char *search = programs->search;

	if (strchr(name, '/'))
		return place_find(programs->arena, programs->root, name, ret_place, programs->err);
	ret_place->host = NULL;
	while (search && *search && !ret_place->host) {
		cleanup(buf_fini) struct buf path = { 0 };
		size_t length = strcspn(search, ":");
		int status;

		buf_printf(&path, "%.*s/%s", (int)length, search, name);
		if (path.failed)
			return fail_nomem(programs->err);
		status = place_find(programs->arena, programs->root, buf_text(&path), ret_place, programs->err);
		if (status != CALLGATE_OK)
			return status;
		search += length + (search[length] == ':');
	}
	return CALLGATE_OK;
}

/* Reads the first line of a script, without "#!"; not when it is none. False when it is no file that can be read. */
static bool programs_line(const char *host, char line[PROGRAMS_LINE + 1], bool *ret_is_script, bool *ret_is_folder)
{
	cleanup_fd int fd = open(host, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	ssize_t length;

	*ret_is_folder = false;
	if (fd < 0 || fstat(fd, &status) < 0)
		return false;
	*ret_is_folder = S_ISDIR(status.st_mode);
	if (!S_ISREG(status.st_mode))
		return false;
	length = read(fd, line, PROGRAMS_LINE);
	line[length > 0 ? length : 0] = '\0';
	*ret_is_script = length >= 2 && line[0] == '#' && line[1] == '!';
	if (*ret_is_script) {
		line[strcspn(line, "\n")] = '\0';
		memmove(line, line + 2, strlen(line + 2) + 1);
	}
	return length >= 0;
}

/* The first word that env runs: behind its options and settings. */
static const char *programs_env_word(char *rest)
{
	char *word;

	while ((word = strsep(&rest, " \t")))
		if (*word && *word != '-' && !strchr(word, '='))
			return word;
	return NULL;
}

static int programs_script(struct programs *programs, const char *name, char *line, unsigned depth)
{
	char *rest = line + strspn(line, " \t");
	char *interpreter = strsep(&rest, " \t");
	const char *slash = strrchr(interpreter, '/');
	const char *word = NULL;
	int status;

	if (!*interpreter)
		return fail(programs->err, CALLGATE_E_NOT_EXECUTABLE, "'%s' is a script that names no interpreter",
			    name);
	if (rest && slash && strcmp(slash, "/env") == 0)
		word = programs_env_word(rest);
	status = programs_follow(programs, interpreter, depth + 1);
	return status == CALLGATE_OK && word ? programs_follow(programs, word, depth + 1) : status;
}

static int programs_follow(struct programs *programs, const char *name, unsigned depth)
{
	char line[PROGRAMS_LINE + 1];
	struct place place;
	bool is_script, is_folder;
	int status;

	if (depth > PROGRAMS_DEPTH_MAX)
		return fail(programs->err, CALLGATE_E_LIMIT, "'%s' is a script of a script of a script, too often",
			    name);
	status = programs_find(programs, name, &place);
	if (status != CALLGATE_OK)
		return status;
	if (!place.host)
		return fail(programs->err, CALLGATE_E_NOT_FOUND, "there is no program '%s'", name);
	if (!programs_line(place.host, line, &is_script, &is_folder))
		return fail(programs->err, CALLGATE_E_NOT_EXECUTABLE, "'%s' is %s", name,
			    is_folder ? "a folder, not a program" : "no file that can be read, and so no program");
	return is_script ? programs_script(programs, name, line, depth) : programs_add(programs, place.path);
}

int program_list_add(struct arena *arena, const char *root, const char *search, const char *name,
		     struct program_list *ret_programs, struct callgate_error *err)
{
	struct programs programs = { arena, root, search, ret_programs, err };

	return programs_follow(&programs, name, 0);
}

/* The paths behind an array of pointers to them, in one block. */
static char **programs_block(const struct program_list *list)
{
	size_t size = (list->length + 1) * sizeof(char *);
	char **block;
	char *text;

	for (size_t i = 0; i < list->length; i++)
		size += strlen(list->items[i]) + 1;
	block = malloc(size);
	if (!block)
		return NULL;
	text = (char *)(block + list->length + 1);
	for (size_t i = 0; i < list->length; i++) {
		block[i] = text;
		text = stpcpy(text, list->items[i]) + 1;
	}
	block[list->length] = NULL;
	return block;
}

int callgate_scan_programs(const char *name, const char *root, const char *search, char ***ret_programs,
			   struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	cleanup_free char *real = root ? realpath(root, NULL) : NULL;
	struct program_list list = { 0 };
	char **block;
	int status;

	if (root && !real)
		return fail_errno(err, "cannot open the root '%s'", root);
	if (real && strcmp(real, "/") == 0)
		root = NULL;
	status = program_list_add(&arena, root ? real : NULL, search ? search : PROGRAMS_SEARCH, name, &list, err);
	if (status != CALLGATE_OK)
		return status;
	block = programs_block(&list);
	if (!block)
		return fail_nomem(err);
	*ret_programs = block;
	return CALLGATE_OK;
}
