/*
 * Loading is breadth first: a module's needed files stand behind all that were asked for before, and that order is the
 * scope in which symbols are looked for. A module is the same when it is the same file, or has the name that is asked.
 */
#include "elf/link.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "elf/link_load.h"
#include "elf/link_machine.h"
#include "elf/link_names.h"
#include "elf/link_search.h"

#include <stdlib.h>
#include <string.h>

#define LINK_CACHE_PATH	  "/etc/ld.so.cache"
#define LINK_PRELOAD_PATH "/etc/ld.so.preload"
#define LINK_MUSL_DEFAULT "/lib:/usr/local/lib:/usr/lib"

enum { LINK_TEXT_MAX = 64 << 20 };

void link_free(struct link *link)
{
	if (!link)
		return;
	link_forget(link, 0);
	arena_fini(&link->arena);
	free(link);
}

/* A file of the system, NULL when there is none. */
static int link_read(struct link *link, const char *path, char **ret_bytes, size_t *ret_size,
		     struct callgate_error *err)
{
	cleanup(buf_fini) struct buf bytes = { 0 };
	struct callgate_error unreadable;
	struct place found;
	int status = place_find(&link->arena, link->root, path, &found, err);

	*ret_bytes = NULL;
	*ret_size = 0;
	if (status != CALLGATE_OK || !found.host)
		return status;
	status = file_read(found.host, LINK_TEXT_MAX, &bytes, &unreadable);
	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(err);
	if (status != CALLGATE_OK)
		return CALLGATE_OK;
	*ret_bytes = arena_alloc(&link->arena, bytes.length + 1);
	if (!*ret_bytes)
		return fail_nomem(err);
	if (bytes.length)
		memcpy(*ret_bytes, bytes.data, bytes.length);
	*ret_size = bytes.length;
	return CALLGATE_OK;
}

/* Where this program's linker looks for libraries. */
static int link_read_paths(struct link *link, struct callgate_error *err)
{
	char *bytes;
	size_t size;
	int status =
		link_read(link, link->is_musl ? link_machine(link)->musl_path : LINK_CACHE_PATH, &bytes, &size, err);

	if (status != CALLGATE_OK)
		return status;
	if (!link->is_musl) {
		link->cache = (const uint8_t *)bytes;
		link->cache_size = size;
		return CALLGATE_OK;
	}
	/* One folder a line is musl's other way to write it. */
	for (char *at = bytes; at && *at; at++)
		if (*at == '\n')
			*at = ':';
	link->musl_path = bytes ? bytes : LINK_MUSL_DEFAULT;
	return CALLGATE_OK;
}

/* The kernel starts whatever has an entry. A library has none, or needs what no interpreter would load for it. */
static int link_check_program(const struct link *link, const char *path, struct callgate_error *err)
{
	const struct module *program = link->modules.items[0]->module;

	if (program->entry != 0 && (program->interpreter || program->needed.length == 0))
		return CALLGATE_OK;
	if (program->is_executable)
		return fail(err, CALLGATE_E_UNSUPPORTED, "'%s' is a program without an entry, which nothing can start",
			    path);
	error_set(err, CALLGATE_E_UNSUPPORTED, "'%s' is a library, which nothing starts", path);
	error_hint(err, "scan a program that loads it, or with --dlopen beside one");
	return CALLGATE_E_UNSUPPORTED;
}

static int link_load_program(struct link *link, const char *path, struct callgate_error *err)
{
	struct link_request request = { .name = path, .cause = LINK_PROGRAM, .by = LINK_NOWHERE };
	const char *slash;
	uint32_t index;
	int status = place_find(&link->arena, link->root, path, &request.found, err);

	if (status != CALLGATE_OK)
		return status;
	if (!request.found.host)
		return fail(err, CALLGATE_E_NOT_FOUND, "there is no program '%s'", path);
	/* The linker knows its program by where /proc/self/exe leads. */
	slash = strrchr(request.found.path, '/');
	request.found.folder =
		arena_strndup(&link->arena, request.found.path, slash ? (size_t)(slash - request.found.path) : 0);
	if (!request.found.folder)
		return fail_nomem(err);
	status = link_load(link, &request, &index, err);
	return status == CALLGATE_OK ? link_check_program(link, path, err) : status;
}

/* Reads the interpreter, which takes its place among the modules when something needs it, or at the end. */
static int link_hold_interpreter(struct link *link, struct link_load_state *state, struct callgate_error *err)
{
	const char *path = link->modules.items[0]->module->interpreter;
	const char *slash = path ? strrchr(path, '/') : NULL;
	int status;

	if (!path)
		return CALLGATE_OK;
	link->is_musl = strncmp(slash ? slash + 1 : path, "ld-musl-", 8) == 0;
	state->interpreter = (struct link_request){ .name = path, .cause = LINK_INTERPRETER, .by = 0 };
	status = place_find(&link->arena, link->root, path, &state->interpreter.found, err);
	if (status != CALLGATE_OK)
		return status;
	if (!state->interpreter.found.host)
		return fail(err, CALLGATE_E_NOT_FOUND, "'%s' needs the interpreter '%s', which is not there",
			    link->modules.items[0]->path, path);
	status = link_read_module(link, &state->interpreter.found, &state->held, err);
	if (status == CALLGATE_OK && state->held->machine != link->modules.items[0]->module->machine)
		return fail(err, CALLGATE_E_UNSUPPORTED, "the interpreter '%s' of '%s' is for another machine", path,
			    link->modules.items[0]->path);
	return status;
}

static int link_preload_one(struct link *link, const char *name, bool is_wanted, struct callgate_error *err)
{
	struct link_request request = { .name = name, .cause = LINK_PRELOAD, .by = 0 };
	struct link_missing missing = { name, LINK_NOWHERE };
	uint32_t index;
	int status = link_search(link, 0, name, &request.found, err);

	if (status != CALLGATE_OK)
		return status;
	if (request.found.host)
		return link_load(link, &request, &index, err);
	if (is_wanted)
		return fail(err, CALLGATE_E_NOT_FOUND, "there is no library '%s' to preload", name);
	return VEC_PUSH(&link->arena, &link->missing, missing) ? CALLGATE_OK : fail_nomem(err);
}

/* Where ld.so passes over what is not there, that is right for the system's own list, and a mistake in ours. */
static int link_preload(struct link *link, const struct link_options *options, struct callgate_error *err)
{
	char *text, *name;
	size_t size;
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && options->preload && options->preload[i]; i++)
		status = link_preload_one(link, options->preload[i], true, err);
	if (status != CALLGATE_OK || link->is_musl)
		return status;
	status = link_read(link, LINK_PRELOAD_PATH, &text, &size, err);
	while (status == CALLGATE_OK && text && (name = strsep(&text, " \t\n:")))
		if (*name)
			status = link_preload_one(link, name, false, err);
	return status;
}

static int link_start(struct link *link, const char *path, const struct link_options *options,
		      struct callgate_error *err)
{
	cleanup(link_load_state_fini) struct link_load_state state = { 0 };
	int status = link_load_program(link, path, err);

	if (status == CALLGATE_OK)
		status = link_hold_interpreter(link, &state, err);
	if (status == CALLGATE_OK)
		status = link_read_paths(link, err);
	if (status == CALLGATE_OK && state.held)
		status = link_preload(link, options, err);
	if (status == CALLGATE_OK)
		status = link_load_needed(link, &state, 0, err);
	if (status == CALLGATE_OK)
		status = link_load_interpreter(link, &state, err);
	if (status == CALLGATE_OK)
		status = link_define(link, 0, err);
	return status == CALLGATE_OK ? link_find_copies(link, err) : status;
}

/* Without the slash at its end, links followed, so that what lies in it begins with it. */
static int link_set_root(struct link *link, const char *root, struct callgate_error *err)
{
	cleanup_free char *path = realpath(root, NULL);

	if (!path)
		return fail_errno(err, "cannot open the root '%s'", root);
	if (strcmp(path, "/") == 0)
		return CALLGATE_OK;
	link->root = arena_strdup(&link->arena, path);
	return link->root ? CALLGATE_OK : fail_nomem(err);
}

int link_program(const char *path, const struct link_options *options, struct link **ret_link,
		 struct callgate_error *err)
{
	cleanup(link_free_pointer) struct link *link = calloc(1, sizeof(*link));
	int status = CALLGATE_OK;

	if (!link)
		return fail_nomem(err);
	link->interpreter = LINK_NOWHERE;
	link->groups = 1;
	link->replaced = options->replaced;
	link->library_path = options->library_path ? arena_strdup(&link->arena, options->library_path) : NULL;
	if (options->library_path && !link->library_path)
		return fail_nomem(err);
	if (options->root)
		status = link_set_root(link, options->root, err);
	if (status == CALLGATE_OK)
		status = link_start(link, path, options, err);
	if (status == CALLGATE_OK)
		*ret_link = take_ptr(link);
	return status;
}

uint32_t link_find_module(const struct link *link, const char *path)
{
	for (uint32_t i = 0; i < link->modules.length; i++)
		if (strcmp(link->modules.items[i]->path, path) == 0)
			return i;
	return LINK_NOWHERE;
}
