/*
 * An OCI bundle says in one file how its program is to be started. A runtime may ignore what it does not know; here
 * every key that asks for something is turned into settings, is left out where the program is no freer for it, which is
 * said, or stops the start: a limit that is silently not there is worse than none.
 */
#include "bundle/bundle.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "sandbox/sandbox.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bundle_key {
	const char *object, *key;
	enum { KEY_UNDER, KEY_READ, KEY_TEXT, KEY_HELD, KEY_LEFT, KEY_REFUSED } treatment;
	int (*read)(struct bundle *bundle, const struct json_value *value);
	const char *text; /* the setting, or why */
};

#define UNDER(object, key)	   { object, key, KEY_UNDER, NULL, NULL },
#define READ(object, key, reader)  { object, key, KEY_READ, reader, NULL },
#define TEXT(object, key, setting) { object, key, KEY_TEXT, NULL, setting },
#define HELD(object, key)	   { object, key, KEY_HELD, NULL, NULL },
#define LEFT(object, key, why)	   { object, key, KEY_LEFT, NULL, why },
#define REFUSED(object, key, why)  { object, key, KEY_REFUSED, NULL, why },
static const struct bundle_key keys[] = {
#include "bundle/keys.def"
};
#define KEY_COUNT (sizeof(keys) / sizeof(*keys))

static int fail_at(const struct bundle *bundle, const struct json_value *at, int status)
{
	/* What a file of ours says of itself has its place already. */
	if (at && bundle->err->line == 0)
		error_place(bundle->err, bundle->config, at->position.line, at->position.col);
	return status;
}

int bundle_set_words(struct bundle *bundle, const struct json_value *at, const char *const *words)
{
	size_t count = 0;
	int status;

	while (words[1 + count])
		count++;
	status = callgate_sandbox_set(bundle->sandbox, words[0], words + 1, count, bundle->err);
	return status ? fail_at(bundle, at, status) : CALLGATE_OK;
}

__attribute__((format(printf, 2, 0))) static char *format_text(struct arena *arena, const char *format, va_list list)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, list);
	return arena_strdup(arena, text);
}

int bundle_note(struct bundle *bundle, const char *format, ...)
{
	va_list list;
	char *text;

	va_start(list, format);
	text = format_text(bundle->arena, format, list);
	va_end(list);
	return text && VEC_PUSH(bundle->arena, &bundle->notes, text) ? CALLGATE_OK : fail_nomem(bundle->err);
}

int bundle_refuse(struct bundle *bundle, const struct json_value *at, const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return fail_at(bundle, at, fail(bundle->err, CALLGATE_E_UNSUPPORTED, "%s", text));
}

int bundle_each(struct bundle *bundle, const struct json_value *array, enum json_kind kind,
		int (*each)(struct bundle *bundle, const struct json_value *value))
{
	int status = CALLGATE_OK;

	if (array->kind != JSON_ARRAY)
		return json_fail(array, bundle->err, "a list stands here, not %s", json_kind_name(array->kind));
	for (const struct json_value *item = array->first; status == CALLGATE_OK && item; item = item->next) {
		if (item->kind != kind)
			return json_fail(item, bundle->err, "%s stands here, not %s", json_kind_name(kind),
					 json_kind_name(item->kind));
		status = each(bundle, item);
	}
	return status;
}

int bundle_version(struct bundle *bundle, const struct json_value *value)
{
	if (value->kind != JSON_STRING || strncmp(value->text, "1.", 2) != 0)
		return bundle_refuse(bundle, value, "\"ociVersion\" is 1.x; of others it is not known what they mean");
	return CALLGATE_OK;
}

static bool asks_for_nothing(const struct json_value *value)
{
	switch (value->kind) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_TRUE:
		return false;
	case JSON_NUMBER:
		return strcmp(value->text, "0") == 0;
	case JSON_STRING:
		return !*value->text;
	case JSON_ARRAY:
	case JSON_OBJECT:
		/* "hooks": { "prestart": [] } */
		for (const struct json_value *item = value->first; item; item = item->next)
			if (!asks_for_nothing(item))
				return false;
		return true;
	}
	return false;
}

int bundle_rest(struct bundle *bundle, const struct json_value *object, const char *const *read)
{
	for (const struct json_value *item = object->first; item; item = item->next) {
		const char *const *key = read;

		while (*key && strcmp(*key, item->key) != 0)
			key++;
		if (!*key && !asks_for_nothing(item))
			return bundle_refuse(bundle, item, "\"%s\" cannot be had here", item->key);
	}
	return CALLGATE_OK;
}

static bool is_in(const struct bundle_key *key, const char *object)
{
	return strcmp(key->object, object) == 0;
}

static int check_keys(struct bundle *bundle, const char *name, const struct json_value *object)
{
	for (const struct json_value *value = object->first; value; value = value->next) {
		size_t i = 0;

		while (i < KEY_COUNT && !(is_in(&keys[i], name) && strcmp(keys[i].key, value->key) == 0))
			i++;
		if (i == KEY_COUNT && !asks_for_nothing(value))
			return bundle_refuse(bundle, value, "\"%s\" is no key that is known here", value->key);
	}
	return CALLGATE_OK;
}

static int read_object(struct bundle *bundle, const char *name, const struct json_value *object);

static int read_key(struct bundle *bundle, const struct bundle_key *key, const struct json_value *value)
{
	char name[64];

	if ((key->treatment == KEY_LEFT || key->treatment == KEY_REFUSED) && asks_for_nothing(value))
		return CALLGATE_OK;
	switch (key->treatment) {
	case KEY_UNDER:
		snprintf(name, sizeof(name), "%s%s%s", key->object, *key->object ? "." : "", key->key);
		return read_object(bundle, name, value);
	case KEY_READ:
		return key->read(bundle, value);
	case KEY_TEXT:
		if (value->kind != JSON_STRING)
			return json_fail(value, bundle->err, "\"%s\" is a text", key->key);
		return *value->text ? bundle_set(bundle, value, key->text, value->text) : CALLGATE_OK;
	case KEY_HELD:
		return CALLGATE_OK;
	case KEY_LEFT:
		return bundle_note(bundle, "%s: \"%s\" is left out: %s", bundle->config, key->key, key->text);
	case KEY_REFUSED:
		return bundle_refuse(bundle, value, "\"%s\" cannot be had: %s", key->key, key->text);
	}
	return CALLGATE_OK;
}

static int read_object(struct bundle *bundle, const char *name, const struct json_value *object)
{
	int status;

	if (object->kind != JSON_OBJECT)
		return json_fail(object, bundle->err, "an object stands here, not %s", json_kind_name(object->kind));
	status = check_keys(bundle, name, object);
	for (size_t i = 0; status == CALLGATE_OK && i < KEY_COUNT; i++) {
		const struct json_value *value = is_in(&keys[i], name) ? json_member(object, keys[i].key) : NULL;

		if (value)
			status = read_key(bundle, &keys[i], value);
	}
	return status;
}

/* What a runtime cannot do without. */
static int read_top(struct bundle *bundle, const struct json_value *top)
{
	static const char *const needed[] = { "ociVersion", "root" };

	if (top->kind != JSON_OBJECT)
		return json_fail(top, bundle->err, "a configuration is an object, not %s", json_kind_name(top->kind));
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!json_member(top, needed[i]))
			return json_fail(top, bundle->err, "the configuration has no \"%s\"", needed[i]);
	return read_object(bundle, "", top);
}

static int find_folder(struct bundle *bundle, const char *folder)
{
	cleanup_free char *path = realpath(folder, NULL);

	if (!path)
		return fail_errno(bundle->err, "the bundle '%s' cannot be found", folder);
	bundle->folder = arena_strdup(bundle->arena, path);
	bundle->config = bundle->folder ? arena_printf(bundle->arena, "%s/config.json", path) : NULL;
	return bundle->config ? CALLGATE_OK : fail_nomem(bundle->err);
}

int bundle_parse(struct bundle *bundle, const char *text, size_t length)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	const struct json_value *top;
	int status = json_parse(bundle->config, text, length, &arena, &top, bundle->err);

	if (status == CALLGATE_OK)
		status = read_top(bundle, top);
	if (status == CALLGATE_OK &&
	    !(VEC_PUSH(bundle->arena, &bundle->words, NULL) && VEC_PUSH(bundle->arena, &bundle->notes, NULL)))
		status = fail_nomem(bundle->err);
	return status;
}

int callgate_sandbox_read_bundle(struct callgate_sandbox *sandbox, const char *folder,
				 struct callgate_bundle *ret_bundle, struct callgate_error *err)
{
	struct callgate_error unheard = { 0 };
	cleanup(buf_fini) struct buf text = { 0 };
	struct bundle bundle = { .sandbox = sandbox, .arena = &sandbox->arena, .err = err ? err : &unheard };
	int status = find_folder(&bundle, folder);

	if (status == CALLGATE_OK)
		status = file_read(bundle.config, BUNDLE_BYTES_MAX, &text, bundle.err);
	if (status == CALLGATE_OK)
		status = bundle_parse(&bundle, buf_text(&text), text.length);
	if (status == CALLGATE_OK)
		status = bundle_complete(&bundle);
	if (status == CALLGATE_OK) {
		ret_bundle->argv = bundle.words.items;
		ret_bundle->notes = bundle.notes.items;
	}
	return status;
}
