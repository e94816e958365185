/*
 * What is loaded while the program runs. A dlopen whose library or whose library's libraries are not there fails in the
 * program too, and is no failure here: its name is kept among the missing. hints.def knows the names that no constant
 * in a program shows.
 */
#include "elf/link.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "elf/link_load.h"
#include "elf/link_machine.h"
#include "elf/link_names.h"

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPEN_CONFIGURATION_MAX = 1 << 20, OPEN_DEPTH_MAX = 32 };

#define OPEN_NSSWITCH "/etc/nsswitch.conf"
#define OPEN_OPENSSL  "/etc/ssl/openssl.cnf"

struct open_names {
	struct dirent **items;
	int count;
};

static const struct link_hint open_hints[] = {
#define HINT(symbol, program, pattern, reason) { symbol, program, pattern, reason, false },
#define HINT_ASKED(symbol, pattern, reason)    { symbol, NULL, pattern, reason, true },
#include "elf/hints.def"
#undef HINT
#undef HINT_ASKED
};

const struct link_hint *link_hints(size_t *ret_count)
{
	*ret_count = sizeof(open_hints) / sizeof(*open_hints);
	return open_hints;
}

static bool open_may_fail(int status)
{
	return status == CALLGATE_E_NOT_FOUND || status == CALLGATE_E_UNSUPPORTED || status == CALLGATE_E_INVALID ||
	       status == CALLGATE_E_NOT_EXECUTABLE || status == CALLGATE_E_OS;
}

/* Loads one and what it needs; symbols are defined by the caller. *ret_module is LINK_NOWHERE where dlopen fails. */
static int open_load_as(struct link *link, enum link_cause cause, uint32_t by, const char *name, const char *reason,
			uint32_t *ret_module, struct callgate_error *err)
{
	struct link_load_state state = { 0 };
	struct link_request request = {
		.name = name, .reason = reason, .cause = cause, .by = by, .group = link->groups
	};
	struct link_missing missing = { arena_strdup(&link->arena, name), LINK_NOWHERE };
	uint32_t before = (uint32_t)link->modules.length;
	int status = missing.name ? link_search(link, by, name, &request.found, err) : fail_nomem(err);

	*ret_module = LINK_NOWHERE;
	if (status == CALLGATE_OK && !request.found.host)
		return VEC_PUSH(&link->arena, &link->missing, missing) ? CALLGATE_OK : fail_nomem(err);
	if (status == CALLGATE_OK)
		status = link_load(link, &request, ret_module, err);
	if (status == CALLGATE_OK)
		status = link_load_needed(link, &state, before, err);
	if (status == CALLGATE_OK) {
		link->groups += link->modules.length > before;
		return CALLGATE_OK;
	}
	link_forget(link, before);
	*ret_module = LINK_NOWHERE;
	if (!open_may_fail(status))
		return status;
	return status == CALLGATE_E_NOT_FOUND || VEC_PUSH(&link->arena, &link->missing, missing) ? CALLGATE_OK
												 : fail_nomem(err);
}

static int open_load(struct link *link, uint32_t by, const char *name, const char *reason, uint32_t *ret_module,
		     struct callgate_error *err)
{
	return open_load_as(link, LINK_OPENED, by, name, reason, ret_module, err);
}

/* Defines the symbols of modules from first on, or takes them out again. */
static int open_define(struct link *link, uint32_t first, int status, struct callgate_error *err)
{
	if (status == CALLGATE_OK && link->modules.length > first)
		status = link_define(link, first, err);
	if (status != CALLGATE_OK)
		link_forget(link, first);
	return status;
}

int link_open(struct link *link, uint32_t by, const char *name, const char *reason, uint32_t *ret_module,
	      struct callgate_error *err)
{
	uint32_t before = (uint32_t)link->modules.length;
	uint32_t opened = link_load_find(link, name);
	int status = CALLGATE_OK;

	if (opened == LINK_NOWHERE)
		status = open_define(link, before, open_load(link, by, name, reason, &opened, err), err);
	if (status != CALLGATE_OK)
		return status;
	if (opened != LINK_NOWHERE && link->modules.items[opened]->cause == LINK_SERVICE)
		link->modules.items[opened]->cause = LINK_OPENED;
	*ret_module = opened;
	return CALLGATE_OK;
}

/* Whether a name is that of a library: "x.so", "libx.so.1". */
static bool open_is_library(const char *name)
{
	const char *so = strstr(name, ".so");

	return so && (so[3] == '\0' || so[3] == '.');
}

static int open_folder(struct link *link, const char *folder, const char *reason, unsigned depth, size_t *ret_count,
		       struct callgate_error *err);

static int open_folder_entry(struct link *link, const char *path, const char *reason, unsigned depth, size_t *ret_count,
			     struct callgate_error *err)
{
	struct place found;
	struct stat status;
	uint32_t opened;
	int result = place_find(&link->arena, link->root, path, &found, err);

	if (result != CALLGATE_OK || !found.host || stat(found.host, &status) < 0)
		return result;
	if (S_ISDIR(status.st_mode))
		return depth < OPEN_DEPTH_MAX ? open_folder(link, path, reason, depth + 1, ret_count, err)
					      : CALLGATE_OK;
	if (!S_ISREG(status.st_mode) || !open_is_library(path))
		return CALLGATE_OK;
	result = open_load(link, LINK_NOWHERE, path, reason, &opened, err);
	*ret_count += result == CALLGATE_OK && opened != LINK_NOWHERE;
	return result;
}

static void open_names_free(struct open_names *names)
{
	for (int i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

/* In the order of names, so that a link is the same every time. Adds to *ret_count how many libraries there are. */
static int open_folder(struct link *link, const char *folder, const char *reason, unsigned depth, size_t *ret_count,
		       struct callgate_error *err)
{
	cleanup(open_names_free) struct open_names names = { NULL, 0 };
	struct place found;
	int status = place_find(&link->arena, link->root, folder, &found, err);

	if (status != CALLGATE_OK)
		return status;
	names.count = found.host ? scandir(found.host, &names.items, NULL, alphasort) : -1;
	if (names.count < 0)
		return depth ? CALLGATE_OK : fail_errno(err, "cannot look into the folder '%s'", folder);
	for (int i = 0; status == CALLGATE_OK && i < names.count; i++) {
		cleanup(buf_fini) struct buf path = { 0 };

		if (names.items[i]->d_name[0] == '.')
			continue;
		buf_printf(&path, "%s/%s", folder, names.items[i]->d_name);
		status = path.failed ? fail_nomem(err)
				     : open_folder_entry(link, buf_text(&path), reason, depth, ret_count, err);
	}
	return status;
}

int link_open_folder(struct link *link, const char *folder, const char *reason, struct callgate_error *err)
{
	uint32_t before = (uint32_t)link->modules.length;
	size_t count = 0;
	int status = open_folder(link, folder, reason, 0, &count, err);

	if (status == CALLGATE_OK && count == 0)
		status = fail(err, CALLGATE_E_NOT_FOUND, "there is no library for this program in the folder '%s'",
			      folder);
	return open_define(link, before, status, err);
}

int link_is_folder(struct link *link, const char *path, bool *ret_is_folder, struct callgate_error *err)
{
	struct place found;
	struct stat status;
	int result = place_find(&link->arena, link->root, path, &found, err);

	if (result == CALLGATE_OK)
		*ret_is_folder = found.host && stat(found.host, &status) == 0 && S_ISDIR(status.st_mode);
	return result;
}

/* The files of a pattern. */
static int open_pattern(struct link *link, const struct link_hint *hint, struct callgate_error *err)
{
	size_t root = link->root ? strlen(link->root) : 0;
	const char *triplet = strstr(hint->pattern, LINK_TRIPLET);
	cleanup(buf_fini) struct buf pattern = { 0 };
	cleanup(globfree) glob_t files = { 0 };
	int status = CALLGATE_OK;

	buf_puts(&pattern, link->root ? link->root : "");
	if (triplet)
		buf_printf(&pattern, "%.*s%s%s", (int)(triplet - hint->pattern), hint->pattern,
			   link_machine(link)->triplet, triplet + strlen(LINK_TRIPLET));
	else
		buf_puts(&pattern, hint->pattern);
	if (pattern.failed)
		return fail_nomem(err);
	if (glob(buf_text(&pattern), 0, NULL, &files) == GLOB_NOSPACE)
		return fail_nomem(err);
	for (size_t i = 0; status == CALLGATE_OK && i < files.gl_pathc; i++) {
		uint32_t opened;

		status = open_load(link, LINK_NOWHERE, files.gl_pathv[i] + root, hint->reason, &opened, err);
	}
	return status;
}

/* One line of nsswitch.conf: "passwd: files systemd [NOTFOUND=return] ldap". */
static int open_nss_line(struct link *link, char *line, const char *reason, struct callgate_error *err)
{
	char *services, *service;
	int status = CALLGATE_OK;

	line[strcspn(line, "#")] = '\0';
	services = strchr(line, ':');
	if (!services)
		return CALLGATE_OK;
	services++;
	while (status == CALLGATE_OK && (service = strsep(&services, " \t"))) {
		char name[NAME_MAX];
		uint32_t opened;

		/* What stands in brackets may have blanks in it, but no word of it is a library's name. */
		if (!*service || strpbrk(service, "[]=!/") ||
		    snprintf(name, sizeof(name), "libnss_%s.so.2", service) >= (int)sizeof(name) ||
		    link_load_find(link, name) != LINK_NOWHERE)
			continue;
		status = open_load_as(link, LINK_SERVICE, LINK_NOWHERE, name, reason, &opened, err);
	}
	return status;
}

/* A file of the system's configuration; "" where it is not there, or cannot be read. */
static int open_configuration(struct link *link, const char *path, struct buf *ret_text, struct callgate_error *err)
{
	struct callgate_error unreadable;
	struct place found;
	int status = place_find(&link->arena, link->root, path, &found, err);

	if (status != CALLGATE_OK || !found.host)
		return status;
	status = file_read(found.host, OPEN_CONFIGURATION_MAX, ret_text, &unreadable);
	return status == CALLGATE_E_NOMEM ? fail_nomem(err) : CALLGATE_OK;
}

static int open_nss(struct link *link, const char *reason, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	char *rest, *line;
	int status = open_configuration(link, OPEN_NSSWITCH, &text, err);

	rest = text.data;
	while (status == CALLGATE_OK && (line = strsep(&rest, "\n")))
		status = open_nss_line(link, line, reason, err);
	return status;
}

/* "engines = engine_section", or a line that includes other files, which may say so. */
static bool names_engines(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		line += strspn(line, " \t");
		if (strncmp(line, "engines", strlen("engines")) == 0 ||
		    strncmp(line, ".include", strlen(".include")) == 0)
			return true;
	}
	return false;
}

static int open_engines(struct link *link, const char *reason, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	int status = open_configuration(link, OPEN_OPENSSL, &text, err);

	if (status != CALLGATE_OK || !text.data || !names_engines(text.data))
		return status;
	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(open_hints) / sizeof(*open_hints); i++) {
		struct link_hint hint = open_hints[i];

		hint.reason = reason;
		if (hint.is_asked && strcmp(hint.symbol, "ENGINE_by_id") == 0)
			status = open_pattern(link, &hint, err);
	}
	return status;
}

static int open_hint(struct link *link, const struct link_hint *hint, struct callgate_error *err)
{
	uint32_t opened;

	if (strcmp(hint->pattern, "@nss") == 0)
		return open_nss(link, hint->reason, err);
	if (strcmp(hint->pattern, "@engines") == 0)
		return open_engines(link, hint->reason, err);
	if (strchr(hint->pattern, '/'))
		return open_pattern(link, hint, err);
	if (link_load_find(link, hint->pattern) != LINK_NOWHERE)
		return CALLGATE_OK;
	return open_load(link, LINK_NOWHERE, hint->pattern, hint->reason, &opened, err);
}

int link_follow_hint(struct link *link, const struct link_hint *hint, struct callgate_error *err)
{
	uint32_t before = (uint32_t)link->modules.length;

	return open_define(link, before, open_hint(link, hint, err), err);
}

int link_follow_program_hints(struct link *link, struct callgate_error *err)
{
	uint32_t before = (uint32_t)link->modules.length;
	const char *slash = strrchr(link->modules.items[0]->path, '/');
	const char *name = slash ? slash + 1 : link->modules.items[0]->path;
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(open_hints) / sizeof(*open_hints); i++)
		if (open_hints[i].program && fnmatch(open_hints[i].program, name, 0) == 0)
			status = open_hint(link, &open_hints[i], err);
	return open_define(link, before, status, err);
}
