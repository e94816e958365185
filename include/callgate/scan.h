/*
 * callgate/scan.h - which system calls a program can make, by reading it and all that it can load
 *
 * callgate_scan reads an ELF program, for x86-64 or aarch64, as the dynamic linker would load it, follows what can be
 * reached from its start, and lists the system calls on the way, with the arguments that are the same wherever they are
 * made, with the places that make them, and with the reason why each is reached. It looks at no running process and
 * runs nothing.
 *
 * What it lists is what the program can do, never less: where a number is not known, that place is listed as
 * unresolved.
 */
#ifndef CALLGATE_SCAN_H
#define CALLGATE_SCAN_H

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroed means: a program of this system, started as it is, nothing kept. */
struct callgate_scan_options {
	const char *root;	    /* the folder of the system whose files are meant, or NULL */
	const char *library_path;   /* as LD_LIBRARY_PATH has it, or NULL */
	const char *const *preload; /* as LD_PRELOAD names them, ended by NULL; or NULL */
	const char *const
		*opened;   /* libraries, and folders of them, that it opens while it runs; ended by NULL; or NULL */
	const char *cache; /* a folder that keeps what was found of each library, made where it is missing; or NULL */
	/* Pairs of a path (links followed) and the file that is read in its place, ended by NULL; or NULL. */
	const char *const *replaced;
	/* List what it can still do once it has come to its main, and not what its start alone does: the dynamic
	 * linker's, the C library's, constructors'. */
	bool after_main;
	/* Leaves out what only a configuration names: name services, modules of known servers, engines. What it opens
	 * by names of its own and what opened names still counts. */
	bool no_hints;
};

struct callgate_scan;

struct callgate_scan_call {
	const char *program; /* the path of what was scanned */
	const char *syscall; /* "openat"; "syscall_4242" for a number that no table has */
	uint32_t nr;
	size_t sites; /* how many places make it; 0: the kernel makes it, or every program must be able to */
};

/* A place that makes a call. Where a wrapper makes it, the place that told the wrapper which. */
struct callgate_scan_site {
	const char *module;   /* the path of the file */
	const char *function; /* the symbol that it is in, NULL where none is known */
	uint64_t address;     /* of the instruction, in the file */
};

/* A place that can be reached and of which nobody knows what it asks for: its number is not known, or it gives dlsym a
 * name that is not known, to be found among all that was loaded at the start. */
struct callgate_scan_unresolved {
	struct callgate_scan_site site;
	const char *why; /* one sentence, without a full stop */
};

/* One step of a reason: what is reached, and how from the step before. */
struct callgate_scan_step {
	struct callgate_scan_site site; /* a function, and where in it the next step is reached from; or an object of
					 * data, and where in it the pointer lies */
	const char *how;		/* how this is reached: "it calls the next", "the kernel starts it", … */
};

/*
 * Scans a program. *ret_scan is the caller's, for callgate_scan_free.
 *
 * Fails with E_OS, E_NOT_FOUND (a library that the program cannot start without, too), E_NOT_EXECUTABLE, E_UNSUPPORTED
 * (no ELF program, or one of a machine that is not read: the message names it; no main that is known, where that was
 * asked for), E_INVALID (damaged), E_LIMIT, E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_scan(const char *path, const struct callgate_scan_options *options,
				     struct callgate_scan **ret_scan, struct callgate_error *err);
CALLGATE_OBSERVING void callgate_scan_free(struct callgate_scan *scan);

/* The calls, by number. Strings live as long as scan. */
CALLGATE_OBSERVING size_t callgate_scan_count(const struct callgate_scan *scan);
CALLGATE_OBSERVING void callgate_scan_call(const struct callgate_scan *scan, size_t index,
					   struct callgate_scan_call *ret_call);

/* The values that argument 0 to 5 of call index has at all places together, as text (a constant's name where it has
 * one). ret_name is the argument's name. 0: it may be anything, or the call has no such argument. */
CALLGATE_OBSERVING size_t callgate_scan_argument(const struct callgate_scan *scan, size_t index, unsigned argument,
						 const char **ret_name, const char *const **ret_values);

CALLGATE_OBSERVING void callgate_scan_site(const struct callgate_scan *scan, size_t index, size_t site,
					   struct callgate_scan_site *ret_site);

CALLGATE_OBSERVING size_t callgate_scan_unresolved_count(const struct callgate_scan *scan);
CALLGATE_OBSERVING void callgate_scan_unresolved(const struct callgate_scan *scan, size_t index,
						 struct callgate_scan_unresolved *ret_unresolved);

/* Places that open a library by a name that is not known: what they load was not read, unless options->opened has it. */
CALLGATE_OBSERVING size_t callgate_scan_opens_count(const struct callgate_scan *scan);
CALLGATE_OBSERVING void callgate_scan_opens(const struct callgate_scan *scan, size_t index,
					    struct callgate_scan_site *ret_site);

/* Places that look up a function by a name that is not known, and of which it is not known where: the functions of what
 * dlopen opened were read as if it were one of them, and the program's own where a handle is known to mean the program.
 * Those of the libraries that it is linked with were not. */
CALLGATE_OBSERVING size_t callgate_scan_lookups_count(const struct callgate_scan *scan);
CALLGATE_OBSERVING void callgate_scan_lookups(const struct callgate_scan *scan, size_t index,
					      struct callgate_scan_site *ret_site);

/* A place that runs another program, under the filter that this one has: a filter survives exec. One that gives the
 * shell a command stands there once for the shell and once for each program that the command names. */
struct callgate_scan_start {
	const char *path; /* as it stands in this one; NULL where no constant names it, or the place makes the address
			   * of a function known by which anything can be started */
	bool is_searched; /* path is looked for in PATH when it has no slash */
	struct callgate_scan_site site;
};

CALLGATE_OBSERVING size_t callgate_scan_starts_count(const struct callgate_scan *scan);
CALLGATE_OBSERVING void callgate_scan_starts(const struct callgate_scan *scan, size_t index,
					     struct callgate_scan_start *ret_start);

/*
 * Files of a library of which it is known what it does only for whom asks, but of other versions than this one: nothing
 * is left out by that, and the list may be longer than what the program can do. The path of each.
 */
CALLGATE_OBSERVING size_t callgate_scan_untried_count(const struct callgate_scan *scan);
CALLGATE_OBSERVING const char *callgate_scan_untried(const struct callgate_scan *scan, size_t index);

/*
 * The ELF programs that run when a name is executed: itself, or a script's interpreter, and what `env` is to run for
 * that. A name without a slash is looked for in the folders of search, NULL being those of a system. Their paths, links
 * followed, are an array that ends in NULL, which the caller frees as a whole.
 *
 * Fails with E_NOT_FOUND, E_NOT_EXECUTABLE, E_LIMIT (scripts without an end), E_OS and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_scan_programs(const char *name, const char *root, const char *search,
					      char ***ret_programs, struct callgate_error *err);

/*
 * Why a call is there: the steps of a shortest way to one of its places, from what starts it to the place. *ret_steps
 * is the caller's, for free(). Fails with E_UNKNOWN where the program does not make the call, and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_scan_why(const struct callgate_scan *scan, size_t index,
					 struct callgate_scan_step **ret_steps, size_t *ret_count,
					 struct callgate_error *err);

/*
 * A policy that allows what these programs can do, as text that the caller frees; where some were scanned with
 * after_main, with a second part that is stacked at main and allows what they can do then, and all of the others, which
 * they start. Syscalls named in allowed (ended by
 * NULL) are what unresolved places may ask for; programs of two arches fail with E_UNSUPPORTED; where there is such a
 * place and allowed is NULL, it fails with E_INVALID, and the message names the first. Fails also with E_UNKNOWN (a
 * name in allowed that no syscall has) and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_scan_policy(struct callgate_scan *const *scans, size_t count,
					    const char *const *allowed, char **ret_text, struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
