/*
 * elf/link.h - a program with every file that the dynamic linker loads with it, and which definition each symbol means
 *
 * Linking is done as ld.so does it (or musl's, when that is the program's interpreter): needed files breadth first,
 * found by RPATH, RUNPATH, ld.so.cache and the default folders, with glibc-hwcaps of this machine's processor; symbols
 * by the order of loading, with versions. What is loaded at the start is group 0, one scope. Each later dlopen is a
 * group of its own, which sees group 0 first and then itself.
 *
 * A link grows: what is opened while the program runs is added (link_open, link_follow_hint) when its analysis finds
 * that it may be. Modules keep their numbers and addresses; the definitions of references that nothing defined before
 * may become known, because a file that was opened for all (RTLD_GLOBAL) defines them.
 *
 *	cleanup(link_free_pointer) struct link *link = NULL;
 *
 *	if (link_program("/usr/sbin/nginx", &(struct link_options){ 0 }, &link, err) == CALLGATE_OK)
 *		for (uint32_t i = 0; i < link->modules.length; i++)
 *			… link->modules.items[i]->module …
 */
#ifndef CALLGATE_ELF_LINK_H
#define CALLGATE_ELF_LINK_H

#include "base/arena.h"
#include "elf/module.h"

#include <callgate/error.h>

#include <string.h>

enum { LINK_MODULES_MAX = 4096 };

#define LINK_NOWHERE UINT32_MAX

struct link_options {
	const char *root;	    /* the folder that holds the system whose files are meant; NULL for ours */
	const char *const *preload; /* as LD_PRELOAD has them, ended by NULL; may be NULL */
	const char *library_path;   /* as LD_LIBRARY_PATH has it; NULL */
	/* Pairs of a path, links followed, and the file that is read in its place, ended by NULL; may be NULL. */
	const char *const *replaced;
};

/* Why a module is there. */
enum link_cause {
	LINK_PROGRAM,
	LINK_INTERPRETER,
	LINK_PRELOAD, /* LD_PRELOAD or /etc/ld.so.preload */
	LINK_NEEDED,  /* DT_NEEDED of `by` */
	LINK_OPENED,  /* dlopen */
	LINK_SERVICE, /* the same by the C library's name services, which look up only what each of their functions
			 needs */
};

/* A symbol of a module; module is LINK_NOWHERE for none. */
struct link_definition {
	uint32_t module; /* in link->modules */
	uint32_t symbol; /* in its dynamic_symbols */
};

struct link_module {
	struct module *module;
	const char *path;   /* where it is, links followed; in a root: as seen from inside it */
	const char *name;   /* by which it was asked for */
	const char *folder; /* $ORIGIN */
	const char *reason; /* of LINK_OPENED and LINK_SERVICE: who said so, in words; else NULL */
	enum link_cause cause;
	uint32_t by;	/* who asked for it, in link->modules; LINK_NOWHERE for the program and what a user named */
	uint32_t group; /* 0: loaded at the start; else the number of the dlopen that brought it */
	/* By index of module->dynamic_symbols: what a reference from this module to that symbol means. For the place of
	 * a COPY relocation it is the module's own symbol, see link->copies. */
	struct link_definition *definitions;
};

/* A RELOCATION_COPY: the program's object at address begins as a copy of the library's. */
struct link_copy {
	uint64_t address; /* in module 0 */
	uint64_t size;
	struct link_definition from;
};

/* A name that was not found, with which a dlopen fails as it does when the program runs. */
struct link_missing {
	const char *name;
	uint32_t by; /* whose DT_NEEDED it is; LINK_NOWHERE where that did not stay, or it was to be opened */
};

struct link_names; /* defined symbols by name */

struct link {
	struct arena arena;
	struct {
		VEC(struct link_module *);
	} modules; /* 0 is the program; group 0 in the order of its scope, the interpreter last unless it is needed */
	struct {
		VEC(struct link_copy);
	} copies;
	struct {
		VEC(struct link_missing);
	} missing;
	uint32_t interpreter; /* in modules, LINK_NOWHERE for a static program */
	uint32_t groups;      /* the number of groups, 1 and more */
	bool is_musl;
	const char *root; /* NULL for ours */
	const char *library_path;
	const char *const *replaced; /* of the options, which must live as long */
	const char *musl_path;	     /* the folders of musl's linker, with colons between */
	const uint8_t *cache;	     /* of ld.so.cache, NULL for none; checked while it is read */
	size_t cache_size;
	struct link_names *names;
};

/*
 * Links a program. In a root, path is seen from inside it. ret_link is the caller's, for link_free.
 *
 * Fails as module_open does, with E_UNSUPPORTED for a library too; with E_NOT_FOUND when the linker would not find a
 * file, and the program not start; with E_LIMIT when there are more than LINK_MODULES_MAX.
 */
int link_program(const char *path, const struct link_options *options, struct link **ret_link,
		 struct callgate_error *err);
void link_free(struct link *link);

static inline void link_free_pointer(struct link **link)
{
	link_free(*link);
}

/*
 * Adds what dlopen(name) in module by loads: by may be LINK_NOWHERE for a name that a user gave. Sets *ret_module to
 * it, also when it was there already; to LINK_NOWHERE when dlopen would fail: the name (in link->missing then) or what
 * it needs is not found, or the file is no library for this machine. reason says in words who opens it, and is copied.
 * Fails with E_LIMIT and E_NOMEM, and leaves the link as it was.
 */
int link_open(struct link *link, uint32_t by, const char *name, const char *reason, uint32_t *ret_module,
	      struct callgate_error *err);

/* The same for every library under a folder, as deep as it goes. Fails also with E_OS when there is no such folder, and
 * with E_NOT_FOUND when it holds no library. */
int link_open_folder(struct link *link, const char *folder, const char *reason, struct callgate_error *err);

/* Whether a path leads to a folder of the system that is meant. Fails with E_NOMEM. */
int link_is_folder(struct link *link, const char *path, bool *ret_is_folder, struct callgate_error *err);

/*
 * What is loaded through names that no constant shows: NSS services, character sets, PAM modules… A row of hints.def.
 * The files are added when the function is live (symbol), or at once when the program is of that name.
 */
struct link_hint {
	const char *symbol;  /* "iconv_open"; NULL where the program decides */
	const char *program; /* "apache2", in which * stands for anything; NULL where a function decides */
	const char *pattern; /* of files, as glob(3) has it, "libgcc_s.so.1" to be searched, "@nss" for nsswitch.conf,
				"@engines" for openssl.cnf */
	const char *reason;
	bool is_asked; /* the function counts once it is called from outside its module */
};

/* Whether a row depends on how the system or the program is configured, rather than on what it calls alone. */
static inline bool link_hint_is_configured(const struct link_hint *hint)
{
	return hint->pattern[0] == '@' || strchr(hint->pattern, '/');
}

/* The rows; count of them. */
const struct link_hint *link_hints(size_t *ret_count);

/* Adds a row's files, which are there once even if it is followed twice. Fails with E_LIMIT and E_NOMEM. */
int link_follow_hint(struct link *link, const struct link_hint *hint, struct callgate_error *err);

/* Follows the rows that are about this program. */
int link_follow_program_hints(struct link *link, struct callgate_error *err);

/* What dlsym(RTLD_DEFAULT, name) of a module in group may find: a definition, module LINK_NOWHERE for none. */
struct link_definition link_find(const struct link *link, uint32_t group, const char *name);

/* Goes through all definitions of a name, in whatever module and version. *at is 0 before the first, and moves on;
 * false: there are no more. */
bool link_next_definition(const struct link *link, const char *name, uint32_t *at,
			  struct link_definition *ret_definition);

/* The module with that path (as link_module.path has it), LINK_NOWHERE. */
uint32_t link_find_module(const struct link *link, const char *path);

#endif
