/*
 * The order of ld.so(8), and musl's. A folder's entry that is no library for this machine is passed over, as both do.
 * An empty element of a path means the working directory, which a program that is only looked at does not have: it is
 * passed over too.
 */
#include "elf/link_search.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "elf/link_cache.h"
#include "elf/link_machine.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SEARCH_CHAIN_MAX = 256 }; /* modules that asked for each other, whose RPATH is asked */

struct search {
	struct link *link;
	const struct link_machine *machine;
	const char *name;
	struct place *found;
	int status;
	struct callgate_error *err;
};

/* Whether it is a library that this linker would take, as far as its first bytes tell. */
static bool search_fits(const struct search *search, const char *host)
{
	cleanup_fd int fd = open(host, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	Elf64_Ehdr header;

	return fd >= 0 && read(fd, &header, sizeof(header)) == sizeof(header) &&
	       memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == search->machine->machine;
}

/* True ends the search: the file was found, or memory is out. */
static bool search_try(struct search *search, const char *path)
{
	search->status = place_find(&search->link->arena, search->link->root, path, search->found, search->err);
	if (search->status != CALLGATE_OK)
		return true;
	if (search->found->host && !search_fits(search, search->found->host))
		*search->found = (struct place){ 0 };
	return search->found->host;
}

/* One folder, its glibc-hwcaps first. */
static bool search_folder(struct search *search, const char *folder)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s%s/glibc-hwcaps", search->link->root ? search->link->root : "", folder);
	if (!search->link->is_musl && stat(path, &status) == 0) {
		for (unsigned level = search->machine->level(); level > 1; level--) {
			snprintf(path, sizeof(path), "%s/glibc-hwcaps/%s%u/%s", folder, search->machine->level_name,
				 level, search->name);
			if (search_try(search, path))
				return true;
		}
	}
	if (snprintf(path, sizeof(path), "%s/%s", folder, search->name) >= (int)sizeof(path))
		return false;
	return search_try(search, path);
}

/* Appends an element of a path with $ORIGIN, $LIB and $PLATFORM put in; length bytes of it. */
static void search_expand(const struct search *search, const char *element, size_t length, const char *origin,
			  const char *lib, struct buf *out)
{
	struct {
		const char *name, *value;
	} tokens[] = { { "ORIGIN", origin }, { "LIB", lib }, { "PLATFORM", search->machine->name } };

	for (size_t at = 0; at < length;) {
		bool braced = length - at > 1 && element[at] == '$' && element[at + 1] == '{';
		const char *name = element + at + 1 + braced;
		size_t room = length - at > 1 + (size_t)braced ? length - at - 1 - braced : 0;
		size_t step = 0;

		for (size_t i = 0; element[at] == '$' && step == 0 && i < sizeof(tokens) / sizeof(*tokens); i++) {
			size_t size = strlen(tokens[i].name);

			if (size + braced > room || memcmp(name, tokens[i].name, size) != 0 ||
			    (braced && name[size] != '}'))
				continue;
			buf_puts(out, tokens[i].value);
			step = 1 + size + 2 * (size_t)braced;
		}
		if (step == 0)
			buf_putc(out, element[at++]);
		at += step;
	}
}

/* A text of folders with colons between, in which $ORIGIN is origin. */
static bool search_path(struct search *search, const char *path, const char *origin)
{
	while (path && *path) {
		size_t length = strcspn(path, ":;");

		for (size_t i = 0; length && i < sizeof(search->machine->libs) / sizeof(*search->machine->libs); i++) {
			cleanup(buf_fini) struct buf folder = { 0 };

			if (i > 0 && !memmem(path, length, "LIB", 3))
				break;
			search_expand(search, path, length, origin, search->machine->libs[i], &folder);
			if (folder.failed)
				search->status = fail_nomem(search->err);
			if (folder.failed || (folder.length && search_folder(search, buf_text(&folder))))
				return true;
		}
		path += length + (path[length] != '\0');
	}
	return false;
}

/* RPATH of who asked, and of who asked for that one; with musl it does not matter whether it is a RUNPATH. */
static bool search_chain(struct search *search, uint32_t by)
{
	const struct link *link = search->link;
	bool asked_program = false;

	for (unsigned i = 0; by != LINK_NOWHERE && i < SEARCH_CHAIN_MAX; i++) {
		const struct link_module *one = link->modules.items[by];
		const char *path =
			one->module->runpath ? (link->is_musl ? one->module->runpath : NULL) : one->module->rpath;

		if (search_path(search, path, one->folder))
			return true;
		asked_program = asked_program || by == 0;
		by = one->by;
	}
	if (asked_program || link->modules.length == 0 || link->modules.items[0]->module->runpath)
		return false;
	return search_path(search, link->modules.items[0]->module->rpath, link->modules.items[0]->folder);
}

static bool search_cache(struct search *search)
{
	struct link_cached best = { NULL, NULL };
	struct link_cached cached;
	unsigned best_level = 0;
	size_t at = 0;

	while (link_cache_next(search->link->cache, search->link->cache_size, search->machine->cache_flags,
			       search->name, &at, &cached)) {
		size_t length = strlen(search->machine->level_name);
		unsigned level = 1;

		if (cached.hwcap &&
		    (strncmp(cached.hwcap, search->machine->level_name, length) != 0 ||
		     sscanf(cached.hwcap + length, "%u", &level) != 1 || level > search->machine->level()))
			continue;
		if (level > best_level) {
			best = cached;
			best_level = level;
		}
	}
	return best.path && search_try(search, best.path);
}

static bool search_glibc(struct search *search, uint32_t by)
{
	const struct link *link = search->link;
	const struct link_module *asker = by == LINK_NOWHERE ? NULL : link->modules.items[by];

	if (!(asker && asker->module->runpath) && search_chain(search, by))
		return true;
	if (search_path(search, link->library_path, link->modules.length ? link->modules.items[0]->folder : "/"))
		return true;
	if (asker && search_path(search, asker->module->runpath, asker->folder))
		return true;
	if (asker && (asker->module->flags_1 & DF_1_NODEFLIB))
		return false;
	if (search_cache(search))
		return true;
	for (size_t i = 0; search->machine->folders[i]; i++)
		if (search_folder(search, search->machine->folders[i]))
			return true;
	return false;
}

static bool search_musl(struct search *search, uint32_t by)
{
	return search_path(search, search->link->library_path, "/") || search_chain(search, by) ||
	       search_path(search, search->link->musl_path, "/");
}

int link_search(struct link *link, uint32_t by, const char *name, struct place *ret_found, struct callgate_error *err)
{
	struct search search = { link, link_machine(link), name, ret_found, CALLGATE_OK, err };
	cleanup(buf_fini) struct buf path = { 0 };

	*ret_found = (struct place){ 0 };
	if (!strchr(name, '/')) {
		if (link->is_musl)
			search_musl(&search, by);
		else
			search_glibc(&search, by);
		return search.status;
	}
	search_expand(&search, name, strlen(name), by == LINK_NOWHERE ? "/" : link->modules.items[by]->folder,
		      search.machine->libs[0], &path);
	if (path.failed)
		return fail_nomem(err);
	search_try(&search, buf_text(&path));
	return search.status;
}
