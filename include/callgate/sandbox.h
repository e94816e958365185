/*
 * callgate/sandbox.h - the ground that a program is started on, said by name
 *
 * A sandbox is a list of settings: which namespaces, what is mounted where, what variables, descriptors, limits and
 * capabilities the program gets. The same names are the command's options, the keys of its configuration files and of
 * presets, and what callgate_sandbox_set takes:
 *
 *	struct callgate_sandbox *sandbox;
 *	const char *bind[] = { "/usr", "/usr" };
 *
 *	callgate_sandbox_new(&sandbox, &err);
 *	callgate_sandbox_set(sandbox, "preset", (const char *[]){ "strict" }, 1, &err);
 *	callgate_sandbox_set(sandbox, "ro-bind", bind, 2, &err);
 *	… callgate_run() with options.sandbox = sandbox, as often as wanted …
 *	callgate_sandbox_free(sandbox);
 *
 * Settings apply in their order: of two that say the same thing the later one counts, and mounts are made one after the
 * other. One without any setting is the ground that every program gets (callgate/launch.h).
 */
#ifndef CALLGATE_SANDBOX_H
#define CALLGATE_SANDBOX_H

#include <callgate/error.h>
#include <callgate/subject.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A setting that there is: "ro-bind" takes "SOURCE DEST". */
struct callgate_sandbox_field {
	const char *name;
	const char *values; /* what it takes, one word a value; NULL when it is switched on */
	size_t value_count;
	const char *help; /* one line, lower case, no full stop */
	bool is_option;	  /* the command has an option of this name; else only files have it */
};

/* The most values that a setting takes. */
#define CALLGATE_SANDBOX_VALUES_MAX 3

CALLGATE_PUBLIC size_t callgate_sandbox_field_count(void);
CALLGATE_PUBLIC void callgate_sandbox_field_at(size_t index, struct callgate_sandbox_field *ret_field);

struct callgate_sandbox;

/* An empty one, the caller's for callgate_sandbox_free. Fails with E_NOMEM. */
CALLGATE_PUBLIC int callgate_sandbox_new(struct callgate_sandbox **ret_sandbox, struct callgate_error *err);
CALLGATE_PUBLIC void callgate_sandbox_free(struct callgate_sandbox *sandbox);

/* Where presets are looked for, in place of the installed folder. Fails with E_NOMEM. */
CALLGATE_PUBLIC int callgate_sandbox_set_preset_folder(struct callgate_sandbox *sandbox, const char *folder,
						       struct callgate_error *err);

/*
 * Adds a setting; the values are copied. Fails with E_UNKNOWN (no such setting, preset, capability…), E_INVALID (a
 * value that means nothing, or the wrong number of them), E_LIMIT, E_NOMEM; a preset also as callgate_sandbox_read.
 */
CALLGATE_PUBLIC int callgate_sandbox_set(struct callgate_sandbox *sandbox, const char *name, const char *const *values,
					 size_t count, struct callgate_error *err);

/*
 * Adds the settings of a file (YAML, and so JSON): `NAME: VALUE`, `NAME: [VALUE, …]` for one that may be given again,
 * `NAME: [[VALUE, VALUE], …]` for one that takes several (a single value then stands for all of them), `NAME: true` for
 * one that takes none; or a list of such mappings. "-" is standard input. Relative paths count from the folder of the
 * file, those of a preset and of callgate_sandbox_set from where we are. Fails with E_SYNTAX, as callgate_sandbox_set
 * does with the place, with E_OS, E_LIMIT; some settings may be there already then.
 */
CALLGATE_PUBLIC int callgate_sandbox_read(struct callgate_sandbox *sandbox, const char *path,
					  struct callgate_error *err);

/* What a bundle says beside settings. It lives as long as the sandbox. */
struct callgate_bundle {
	const char *const *argv;  /* its program with its arguments, ends in NULL; empty when it names none */
	const char *const *notes; /* what it asks for and is left out since nothing is weaker without it, ends in NULL */
};

/*
 * Adds the settings that an OCI bundle stands for, the folder of a config.json (runtime-spec 1.x): its root, mounts,
 * namespaces, user, variables, limits and capabilities; "policy" is its seccomp profile, when it has one. Fails with
 * E_UNSUPPORTED at the place of what cannot be had and would leave the program freer than was asked for, with E_SYNTAX,
 * E_OS, E_LIMIT, E_NOMEM and as callgate_sandbox_set; some settings may be there already then.
 */
CALLGATE_PUBLIC int callgate_sandbox_read_bundle(struct callgate_sandbox *sandbox, const char *folder,
						 struct callgate_bundle *ret_bundle, struct callgate_error *err);

/* All settings in their order, presets taken apart, in the form that callgate_sandbox_read reads. The caller frees
 * *ret_text. Fails with E_NOMEM. */
CALLGATE_PUBLIC int callgate_sandbox_print(const struct callgate_sandbox *sandbox, char **ret_text,
					   struct callgate_error *err);

/* The policy that the settings name, NULL when they name none: a path, or "@contained" for one that comes with
 * presets. It lives as long as the sandbox. */
CALLGATE_PUBLIC const char *callgate_sandbox_policy(const struct callgate_sandbox *sandbox);

/* Opens it, as callgate_subject_open does; fails with E_INVALID when there is none. */
CALLGATE_PUBLIC int callgate_sandbox_open_policy(const struct callgate_sandbox *sandbox,
						 const struct callgate_subject_options *options,
						 struct callgate_subject **ret_subject, struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
