/*
 * What a bundle asks of Linux: namespaces, maps, limits by control groups, the filter.
 */
#include "bundle/bundle.h"

#include "base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A control group's CPU time is divided in thousandths. */
#define CPU_PARTS 1000

struct namespace_name {
	const char *type, *setting; /* NULL: every sandbox with a root of its own has it */
};

static const struct namespace_name namespaces[] = {
	{ "pid", "unshare-pid" },   { "network", "unshare-net" }, { "mount", NULL },
	{ "ipc", "unshare-ipc" },   { "uts", "unshare-uts" },	  { "cgroup", "unshare-cgroup" },
	{ "user", "unshare-user" }, { "time", "unshare-time" },
};
#define NAMESPACE_COUNT (sizeof(namespaces) / sizeof(*namespaces))

static int add_namespace(struct bundle *bundle, const struct json_value *entry)
{
	const char *type;
	size_t i = 0;
	int status;

	status = json_member_text(entry, "type", &type, bundle->err);
	if (!status)
		status = bundle_rest(bundle, entry, (const char *const[]){ "type", "path", NULL });
	if (status)
		return status;
	if (json_member(entry, "path"))
		return bundle_refuse(bundle, entry, "namespaces are made, and none that is there is entered");
	while (i < NAMESPACE_COUNT && !(type && strcmp(namespaces[i].type, type) == 0))
		i++;
	if (i == NAMESPACE_COUNT)
		return bundle_refuse(bundle, entry, "'%s' is no namespace that is known here", type ? type : "");
	return namespaces[i].setting ? bundle_set(bundle, entry, namespaces[i].setting) : CALLGATE_OK;
}

int bundle_namespaces(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_OBJECT, add_namespace);
}

static int add_map(struct bundle *bundle, const struct json_value *entry, const char *setting)
{
	static const char *const keys[] = { "containerID", "hostID", "size" };
	const char *texts[3] = { NULL };

	for (size_t i = 0; i < 3; i++) {
		const struct json_value *number = json_member(entry, keys[i]);
		uint64_t unused;
		int status;

		if (!number)
			return json_fail(entry, bundle->err, "a mapping has a \"%s\"", keys[i]);
		status = json_number(number, UINT32_MAX, &unused, bundle->err);
		if (status)
			return status;
		texts[i] = number->text;
	}
	if (bundle_rest(bundle, entry, (const char *const[]){ keys[0], keys[1], keys[2], NULL }))
		return bundle->err->status;
	return bundle_set(bundle, entry, setting, texts[0], texts[1], texts[2]);
}

static int add_user(struct bundle *bundle, const struct json_value *entry)
{
	return add_map(bundle, entry, "uid-map");
}

static int add_group(struct bundle *bundle, const struct json_value *entry)
{
	return add_map(bundle, entry, "gid-map");
}

int bundle_users(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_OBJECT, add_user);
}

int bundle_groups(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_OBJECT, add_group);
}

/* Those of every /dev. */
static const char *const devices[] = { "/dev/null",    "/dev/zero", "/dev/full",    "/dev/random",
				       "/dev/urandom", "/dev/tty",  "/dev/console", "/dev/ptmx" };

static int check_device(struct bundle *bundle, const struct json_value *entry)
{
	const char *path;
	int status = json_member_text(entry, "path", &path, bundle->err);

	if (status)
		return status;
	for (size_t i = 0; path && i < sizeof(devices) / sizeof(*devices); i++)
		if (strcmp(devices[i], path) == 0)
			return CALLGATE_OK;
	return bundle_refuse(bundle, entry, "no device is made: --dev-bind hands on %s", path ? path : "one");
}

int bundle_devices(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_OBJECT, check_device);
}

/* The policy is read where all others are, from the same file. */
int bundle_seccomp(struct bundle *bundle, const struct json_value *value)
{
	return bundle_set(bundle, value, "policy", bundle->config);
}

/* A number above 0; 0 and −1 are no limit. *ret_has says which. */
static int limit_of(struct bundle *bundle, const struct json_value *object, const char *key, uint64_t *ret_limit,
		    bool *ret_has)
{
	const struct json_value *value = json_member(object, key);

	*ret_has = false;
	*ret_limit = 0;
	if (!value || (value->kind == JSON_NUMBER && strcmp(value->text, "-1") == 0))
		return CALLGATE_OK;
	if (json_number(value, INT64_MAX, ret_limit, bundle->err))
		return bundle->err->status;
	*ret_has = *ret_limit > 0;
	return CALLGATE_OK;
}

static int set_number(struct bundle *bundle, const struct json_value *at, const char *setting, uint64_t number)
{
	const char *text = arena_printf(bundle->arena, "%llu", (unsigned long long)number);

	return text ? bundle_set(bundle, at, setting, text) : fail_nomem(bundle->err);
}

/* The limit includes swap, so that any swap that the bundle would give on top is less than asked for. */
int bundle_memory(struct bundle *bundle, const struct json_value *value)
{
	static const char *const read[] = { "limit", "swap", "reservation", "useHierarchy", "checkBeforeUpdate", NULL };
	uint64_t limit, swap;
	bool has_limit, has_swap;
	int status;

	if (value->kind != JSON_OBJECT)
		return json_fail(value, bundle->err, "\"memory\" is an object, not %s", json_kind_name(value->kind));
	status = limit_of(bundle, value, "limit", &limit, &has_limit);
	if (!status)
		status = limit_of(bundle, value, "swap", &swap, &has_swap);
	if (!status)
		status = bundle_rest(bundle, value, read);
	/* What is to be given back first, and how groups nest, is no limit. */
	if (!status && json_member(value, "reservation"))
		status = bundle_note(bundle, "%s: \"reservation\" is left out: memory is limited, not weighted",
				     bundle->config);
	if (status || (!has_limit && !has_swap))
		return status;
	return set_number(bundle, value, "memory", has_swap && (!has_limit || swap < limit) ? swap : limit);
}

int bundle_cpu(struct bundle *bundle, const struct json_value *value)
{
	static const char *const read[] = { "quota", "period", "cpus", "shares", "idle", NULL };
	uint64_t quota, period, parts;
	bool has_quota, has_period;
	const char *cpus, *text;
	int status;

	if (value->kind != JSON_OBJECT)
		return json_fail(value, bundle->err, "\"cpu\" is an object, not %s", json_kind_name(value->kind));
	status = limit_of(bundle, value, "quota", &quota, &has_quota);
	if (!status)
		status = limit_of(bundle, value, "period", &period, &has_period);
	if (!status)
		status = json_member_text(value, "cpus", &cpus, bundle->err);
	if (!status)
		status = bundle_rest(bundle, value, read);
	if (!status && json_member(value, "shares"))
		status = bundle_note(bundle, "%s: \"shares\" is left out: CPUs are limited, not weighted",
				     bundle->config);
	if (!status && json_member(value, "idle"))
		status =
			bundle_note(bundle, "%s: \"idle\" is left out: CPUs are limited, not weighted", bundle->config);
	if (!status && cpus && *cpus)
		status = bundle_set(bundle, value, "cpuset", cpus);
	if (status || !has_quota)
		return status;
	/* The kernel's period is 100 ms unless another is said. */
	parts = quota > UINT64_MAX / CPU_PARTS ? UINT64_MAX : quota * CPU_PARTS / (has_period ? period : 100000);
	parts = parts ? parts : 1;
	text = arena_printf(bundle->arena, "%llu.%03llu", (unsigned long long)(parts / CPU_PARTS),
			    (unsigned long long)(parts % CPU_PARTS));
	return text ? bundle_set(bundle, value, "cpus", text) : fail_nomem(bundle->err);
}

int bundle_pids(struct bundle *bundle, const struct json_value *value)
{
	static const char *const read[] = { "limit", NULL };
	uint64_t limit;
	bool has_limit;
	int status;

	if (value->kind != JSON_OBJECT)
		return json_fail(value, bundle->err, "\"pids\" is an object, not %s", json_kind_name(value->kind));
	status = limit_of(bundle, value, "limit", &limit, &has_limit);
	if (!status)
		status = bundle_rest(bundle, value, read);
	return status || !has_limit ? status : set_number(bundle, value, "pids", limit);
}
