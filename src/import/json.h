/*
 * import/json.h - JSON whose every value knows where it stands
 *
 * A profile that is wrong in its meaning is wrong at a line, and a rule that decides was written on one: a value keeps
 * its place, which JSON libraries forget. Numbers keep their spelling, since an argument has 64 bits without a sign.
 */
#ifndef CALLGATE_IMPORT_JSON_H
#define CALLGATE_IMPORT_JSON_H

#include "base/arena.h"
#include "policy/policy.h"

#include <callgate/error.h>

enum {
	JSON_DEPTH_MAX = 64,  /* of arrays and objects within each other */
	JSON_KEYS_MAX = 1024, /* of one object: each is compared with the others */
};

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
	enum json_kind kind;
	struct policy_position position;
	const char *key;		 /* in an object; else NULL */
	uint32_t key_hash;		 /* of key */
	const char *text;		 /* STRING: decoded, never with a NUL in it; NUMBER: as it was spelt */
	const struct json_value *next;	 /* behind it in the same array or object */
	struct json_value *first, *last; /* ARRAY, OBJECT: what is in it, in order; NULL for nothing */
	size_t count;			 /* of them */
};

/*
 * The value that a whole text is, in arena; name is the file's, which the positions point to. Fails with E_SYNTAX at
 * the place (a key twice in one object and text that is no UTF-8 are such), with E_LIMIT and E_NOMEM.
 */
int json_parse(const char *name, const char *text, size_t length, struct arena *arena,
	       const struct json_value **ret_value, struct callgate_error *err);

/* "a string", "an array": for errors. */
const char *json_kind_name(enum json_kind kind);

/* Fails with E_SYNTAX at a value. */
#define json_fail(value, err, ...) (json_error((value), (err), __VA_ARGS__), CALLGATE_E_SYNTAX)
__attribute__((format(printf, 3, 4))) void json_error(const struct json_value *value, struct callgate_error *err,
						      const char *format, ...);

/* What an object has by this name; NULL when it has nothing or null. The second fails unless it is of this kind, or
 * absent: *ret_value is NULL then. */
const struct json_value *json_member(const struct json_value *object, const char *key);
int json_member_of_kind(const struct json_value *object, const char *key, enum json_kind kind,
			const struct json_value **ret_value, struct callgate_error *err);

/* The text of a member, or NULL when it is absent. */
int json_member_text(const struct json_value *object, const char *key, const char **ret_text,
		     struct callgate_error *err);

/* A whole number from 0 to max; fails for anything else. */
int json_number(const struct json_value *value, uint64_t max, uint64_t *ret_number, struct callgate_error *err);

#endif
