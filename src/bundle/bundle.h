/*
 * bundle/bundle.h - an OCI bundle on its way into a sandbox
 *
 * keys.def says of every key of config.json what becomes of it; the readers of process.c, mounts.c and linux.c make
 * settings of what is more than one word. Nothing but settings comes out, so that the sandbox of a bundle is one that
 * could have been typed, and `--print-config` shows it.
 */
#ifndef CALLGATE_BUNDLE_BUNDLE_H
#define CALLGATE_BUNDLE_BUNDLE_H

#include "base/arena.h"
#include "import/json.h"

#include <callgate/sandbox.h>

/* Of config.json; larger is a mistake or an attack. */
#define BUNDLE_BYTES_MAX (4 << 20)

struct bundle {
	struct callgate_sandbox *sandbox;
	struct arena *arena;			 /* the sandbox's */
	const char *folder;			 /* absolute */
	const char *config;			 /* FOLDER/config.json */
	bool is_root;				 /* the process has user 0 */
	bool has_dev;				 /* /dev is Callgate's */
	bool has_program;			 /* it says what is to be started, or as whom */
	bool has_variables, has_home, has_umask; /* it says these itself */
	const char *root, *uid;			 /* its root, and the number of its user; NULL: it does not say */
	struct {
		VEC(const char *);
	} words, notes;		    /* the program's, and what was left out */
	struct callgate_error *err; /* never NULL */
};

/* Reads the text of a config.json into an otherwise filled bundle; words and notes end in NULL then. */
int bundle_parse(struct bundle *bundle, const char *text, size_t length);

/* What a runtime gives a program that does not say it itself. */
int bundle_complete(struct bundle *bundle);

/* The home of a user in the text of a passwd(5), "/" where there is none; it is no string. */
const char *bundle_home_in(const char *text, size_t length, const char *uid, size_t *ret_length);

/* Adds a setting, said as its name and its values; one that fails does so at the place of `at`, unless NULL. */
#define bundle_set(bundle, at, ...) bundle_set_words((bundle), (at), (const char *const[]){ __VA_ARGS__, NULL })
int bundle_set_words(struct bundle *bundle, const struct json_value *at, const char *const *words);

/* Says that something is not as the bundle has it, and that nothing is weaker for it. */
__attribute__((format(printf, 2, 3))) int bundle_note(struct bundle *bundle, const char *format, ...);

/* The items of an array, one by one; fails unless it is one, of this kind only. */
int bundle_each(struct bundle *bundle, const struct json_value *array, enum json_kind kind,
		int (*each)(struct bundle *bundle, const struct json_value *value));

/* Fails at the first member of an object that asks for something and is not among those that were read, which end in
 * NULL. */
int bundle_rest(struct bundle *bundle, const struct json_value *object, const char *const *read);

/* Fails with E_UNSUPPORTED at a value. */
__attribute__((format(printf, 3, 4))) int bundle_refuse(struct bundle *bundle, const struct json_value *at,
							const char *format, ...);

/* The readers, as keys.def names them. */
int bundle_version(struct bundle *bundle, const struct json_value *value);
int bundle_root(struct bundle *bundle, const struct json_value *value);
int bundle_mounts(struct bundle *bundle, const struct json_value *value);
int bundle_user(struct bundle *bundle, const struct json_value *value);
int bundle_args(struct bundle *bundle, const struct json_value *value);
int bundle_folder(struct bundle *bundle, const struct json_value *value);
int bundle_score(struct bundle *bundle, const struct json_value *value);
int bundle_env(struct bundle *bundle, const struct json_value *value);
int bundle_capabilities(struct bundle *bundle, const struct json_value *value);
int bundle_limits(struct bundle *bundle, const struct json_value *value);
int bundle_namespaces(struct bundle *bundle, const struct json_value *value);
int bundle_users(struct bundle *bundle, const struct json_value *value);
int bundle_groups(struct bundle *bundle, const struct json_value *value);
int bundle_devices(struct bundle *bundle, const struct json_value *value);
int bundle_seccomp(struct bundle *bundle, const struct json_value *value);
int bundle_propagation(struct bundle *bundle, const struct json_value *value);
int bundle_masked(struct bundle *bundle, const struct json_value *value);
int bundle_readonly(struct bundle *bundle, const struct json_value *value);
int bundle_cpu(struct bundle *bundle, const struct json_value *value);
int bundle_memory(struct bundle *bundle, const struct json_value *value);
int bundle_pids(struct bundle *bundle, const struct json_value *value);

#endif
