/*
 * The program of a bundle: its words, variables, user, limits and capabilities.
 */
#include "bundle/bundle.h"

#include "base/error.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

static int set_id(struct bundle *bundle, const struct json_value *user, const char *key)
{
	const struct json_value *value = json_member(user, key);
	uint64_t id;
	int status;

	if (!value)
		return json_fail(user, bundle->err, "a user has a \"uid\" and a \"gid\"");
	status = json_number(value, UINT32_MAX - 1, &id, bundle->err);
	if (status)
		return status;
	if (strcmp(key, "uid") == 0) {
		bundle->is_root |= id == 0;
		bundle->uid = arena_strdup(bundle->arena, value->text);
		if (!bundle->uid)
			return fail_nomem(bundle->err);
	}
	return bundle_set(bundle, value, key, value->text);
}

/* In decimal, as JSON has it. */
static int set_umask(struct bundle *bundle, const struct json_value *value)
{
	uint64_t number;
	const char *text;
	int status = json_number(value, 0777, &number, bundle->err);

	if (status)
		return status;
	bundle->has_umask = true;
	text = arena_printf(bundle->arena, "%04o", (unsigned)number);
	return text ? bundle_set(bundle, value, "umask", text) : fail_nomem(bundle->err);
}

static int add_group(struct bundle *bundle, const struct json_value *value)
{
	return bundle_set(bundle, value, "add-gid", value->text);
}

/* A group gives rights; that somebody without root cannot give one leaves the program with fewer. */
static int add_groups(struct bundle *bundle, const struct json_value *groups)
{
	if (geteuid() == 0)
		return bundle_each(bundle, groups, JSON_NUMBER, add_group);
	return bundle_note(bundle, "%s: \"additionalGids\" is left out: without root it has one group", bundle->config);
}

int bundle_user(struct bundle *bundle, const struct json_value *value)
{
	static const char *const read[] = { "uid", "gid", "umask", "additionalGids", "username", NULL };
	const struct json_value *groups, *umask;
	int status;

	if (value->kind != JSON_OBJECT)
		return json_fail(value, bundle->err, "a user is an object, not %s", json_kind_name(value->kind));
	if (json_member(value, "username"))
		return bundle_refuse(bundle, value, "users are numbers here, not names");
	bundle->has_program = true;
	status = set_id(bundle, value, "uid");
	if (status == CALLGATE_OK)
		status = set_id(bundle, value, "gid");
	if (status == CALLGATE_OK)
		status = bundle_rest(bundle, value, read);
	groups = json_member(value, "additionalGids");
	if (status == CALLGATE_OK && groups && groups->count)
		status = add_groups(bundle, groups);
	umask = json_member(value, "umask");
	if (status == CALLGATE_OK && umask)
		status = set_umask(bundle, umask);
	return status;
}

static int add_word(struct bundle *bundle, const struct json_value *text)
{
	const char *word = arena_strdup(bundle->arena, text->text);

	return word && VEC_PUSH(bundle->arena, &bundle->words, word) ? CALLGATE_OK : fail_nomem(bundle->err);
}

/* As runtimes do, where the folder is not there. */
int bundle_folder(struct bundle *bundle, const struct json_value *value)
{
	int status;

	if (value->kind != JSON_STRING || value->text[0] != '/')
		return json_fail(value, bundle->err, "\"cwd\" is an absolute path");
	status = bundle_set(bundle, value, "chdir", value->text);
	return status ? status : bundle_set(bundle, value, "make-chdir");
}

int bundle_score(struct bundle *bundle, const struct json_value *value)
{
	if (value->kind != JSON_NUMBER)
		return json_fail(value, bundle->err, "\"oomScoreAdj\" is a number, not %s",
				 json_kind_name(value->kind));
	/* What every engine writes that was told nothing; somebody whose own is more could not give it. */
	if (strcmp(value->text, "0") == 0)
		return CALLGATE_OK;
	return bundle_set(bundle, value, "oom-score-adj", value->text);
}

int bundle_args(struct bundle *bundle, const struct json_value *value)
{
	bundle->has_program = true;
	return bundle_each(bundle, value, JSON_STRING, add_word);
}

static int add_variable(struct bundle *bundle, const struct json_value *text)
{
	/* An empty one counts for none. */
	bundle->has_home |= strncmp(text->text, "HOME=", 5) == 0 && text->text[5];
	return bundle_set(bundle, text, "setenv", text->text);
}

int bundle_env(struct bundle *bundle, const struct json_value *value)
{
	int status = bundle_set(bundle, value, "clearenv");

	bundle->has_variables = true;
	return status ? status : bundle_each(bundle, value, JSON_STRING, add_variable);
}

static bool has_text(const struct json_value *array, const char *text)
{
	for (const struct json_value *item = array ? array->first : NULL; item; item = item->next)
		if (item->kind == JSON_STRING && strcmp(item->text, text) == 0)
			return true;
	return false;
}

/*
 * The sandbox has one set. What the program would hold after its exec is in it: of user 0 what all of the bounding,
 * permitted and effective sets have, of others what is also ambient. A set bounds what later execs could win, and
 * no_new_privs lets them win nothing.
 */
int bundle_capabilities(struct bundle *bundle, const struct json_value *value)
{
	static const char *const sets[] = { "bounding", "permitted", "effective", "ambient", "inheritable" };
	const struct json_value *arrays[sizeof(sets) / sizeof(*sets)] = { NULL };
	size_t used = bundle->is_root ? 3 : 4;
	int status = CALLGATE_OK;

	if (value->kind != JSON_OBJECT)
		return json_fail(value, bundle->err, "capabilities are an object");
	for (const struct json_value *item = value->first; item; item = item->next) {
		size_t i = 0;

		while (i < sizeof(sets) / sizeof(*sets) && strcmp(sets[i], item->key) != 0)
			i++;
		if (i == sizeof(sets) / sizeof(*sets) || item->kind != JSON_ARRAY)
			return json_fail(item, bundle->err, "no set of capabilities is '%s'", item->key);
		arrays[i] = item;
	}
	for (const struct json_value *name = arrays[0] ? arrays[0]->first : NULL; status == CALLGATE_OK && name;
	     name = name->next) {
		bool is_held = name->kind == JSON_STRING;

		for (size_t i = 1; is_held && i < used; i++)
			is_held = has_text(arrays[i], name->text);
		if (is_held)
			status = bundle_set(bundle, name, "cap-add", name->text);
	}
	return status;
}

static const char *limit_text(const struct json_value *number)
{
	return strcmp(number->text, "18446744073709551615") == 0 ? "unlimited" : number->text;
}

static int set_limit(struct bundle *bundle, const struct json_value *entry)
{
	static const char prefix[] = "RLIMIT_";
	const struct json_value *soft, *hard;
	const char *type;
	uint64_t number;
	char *text;
	int status;

	status = json_member_text(entry, "type", &type, bundle->err);
	soft = json_member(entry, "soft");
	hard = json_member(entry, "hard");
	if (status)
		return status;
	if (!type || !soft || !hard || strncmp(type, prefix, sizeof(prefix) - 1) != 0)
		return json_fail(entry, bundle->err, "a limit has a \"type\" RLIMIT_..., \"soft\" and \"hard\"");
	status = json_number(soft, UINT64_MAX, &number, bundle->err);
	if (!status)
		status = json_number(hard, UINT64_MAX, &number, bundle->err);
	if (status)
		return status;
	if (bundle_rest(bundle, entry, (const char *const[]){ "type", "soft", "hard", NULL }))
		return bundle->err->status;
	text = arena_printf(bundle->arena, "%s=%s:%s", type + sizeof(prefix) - 1, limit_text(soft), limit_text(hard));
	return text ? bundle_set(bundle, entry, "rlimit", text) : fail_nomem(bundle->err);
}

int bundle_limits(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_OBJECT, set_limit);
}
