/*
 * The mounts of a bundle. /proc and /dev are Callgate's own, which show less than a runtime's; what a runtime mounts
 * only to show the machine (/sys, control groups) is left out. An option that would forbid something and cannot be had
 * stops the start.
 */
#include "bundle/bundle.h"

#include "base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const struct json_value *value;
	const char *dest, *type, *source;
	const char *size, *perms; /* of a tmpfs; NULL: none was said */
	const char *lower, *upper, *work;
	bool is_bind, is_read_only, is_noexec;
};

/* Options that every mount of Callgate's has, that ask for less than it does, or that nothing hangs on. */
static const char *const options_held[] = {
	"nosuid",     "nodev",	  "rw",	      "relatime", "noatime",	"strictatime", "nodiratime",
	"async",      "defaults", "private",  "rprivate", "slave",	"rslave",      "newinstance",
	"norelatime", "exec",	  "diratime", "lazytime", "nolazytime", "suid",	       "dev",
};

struct option_text {
	const char *prefix;
	size_t offset; /* of a const char * in struct entry */
};

static const struct option_text option_texts[] = {
	{ "size=", offsetof(struct entry, size) },	{ "mode=", offsetof(struct entry, perms) },
	{ "lowerdir=", offsetof(struct entry, lower) }, { "upperdir=", offsetof(struct entry, upper) },
	{ "workdir=", offsetof(struct entry, work) },
};

/* What is said of a terminal, whose file system is Callgate's, and of the owner, who is the one user that there is. */
static const char *const prefixes_held[] = { "ptmxmode=", "gid=", "uid=" };

static bool is_held(const char *option)
{
	for (size_t i = 0; i < sizeof(options_held) / sizeof(*options_held); i++)
		if (strcmp(option, options_held[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(prefixes_held) / sizeof(*prefixes_held); i++)
		if (strncmp(option, prefixes_held[i], strlen(prefixes_held[i])) == 0)
			return true;
	return false;
}

static int read_option(struct bundle *bundle, const struct json_value *value, struct entry *entry)
{
	const char *option = value->text;

	if (value->kind != JSON_STRING)
		return json_fail(value, bundle->err, "an option is a text, not %s", json_kind_name(value->kind));
	for (size_t i = 0; i < sizeof(option_texts) / sizeof(*option_texts); i++) {
		size_t length = strlen(option_texts[i].prefix);

		if (strncmp(option, option_texts[i].prefix, length) == 0) {
			*(const char **)(void *)((char *)entry + option_texts[i].offset) = option + length;
			return CALLGATE_OK;
		}
	}
	if (strcmp(option, "bind") == 0 || strcmp(option, "rbind") == 0)
		entry->is_bind = true;
	else if (strcmp(option, "ro") == 0 || strcmp(option, "rro") == 0)
		entry->is_read_only = true;
	else if (strcmp(option, "noexec") == 0 || strcmp(option, "rnoexec") == 0)
		entry->is_noexec = true;
	else if (strncmp(option, "nr_inodes=", strlen("nr_inodes=")) == 0)
		return bundle_note(bundle, "%s: \"%s\" is left out: files in memory are limited by their size",
				   bundle->config, option);
	else if (!is_held(option))
		return bundle_refuse(bundle, value, "the mount option '%s' cannot be had", option);
	return CALLGATE_OK;
}

static int read_entry(struct bundle *bundle, const struct json_value *value, struct entry *entry)
{
	static const char *const read[] = { "destination", "type",	  "source", "options",
					    "uidMappings", "gidMappings", NULL };
	const struct json_value *options;
	int status;

	*entry = (struct entry){ .value = value };
	status = json_member_text(value, "destination", &entry->dest, bundle->err);
	if (!status)
		status = json_member_text(value, "type", &entry->type, bundle->err);
	if (!status)
		status = json_member_text(value, "source", &entry->source, bundle->err);
	if (!status)
		status = json_member_of_kind(value, "options", JSON_ARRAY, &options, bundle->err);
	if (status)
		return status;
	if (!entry->dest)
		return json_fail(value, bundle->err, "a mount has a \"destination\"");
	status = bundle_rest(bundle, value, read);
	if (status)
		return status;
	if (json_member(value, "uidMappings") || json_member(value, "gidMappings"))
		return bundle_refuse(bundle, value, "a mount with users mapped of its own cannot be had");
	for (const struct json_value *item = options ? options->first : NULL; !status && item; item = item->next)
		status = read_option(bundle, item, entry);
	return status;
}

/* A source is relative to the bundle. */
static const char *source_of(struct bundle *bundle, const char *source)
{
	return *source == '/' ? source : arena_printf(bundle->arena, "%s/%s", bundle->folder, source);
}

static int mount_bind(struct bundle *bundle, const struct entry *entry)
{
	const char *source = entry->source ? source_of(bundle, entry->source) : NULL;
	int status = CALLGATE_OK;

	if (!entry->source)
		return json_fail(entry->value, bundle->err, "a bind has a \"source\"");
	if (!source)
		return fail_nomem(bundle->err);
	if (entry->is_noexec)
		status = bundle_set(bundle, entry->value, "noexec");
	if (status)
		return status;
	return bundle_set(bundle, entry->value, entry->is_read_only ? "ro-bind" : "bind", source, entry->dest);
}

static int mount_proc(struct bundle *bundle, const struct entry *entry)
{
	return bundle_set(bundle, entry->value, "proc", entry->dest);
}

/* "65536k": a number and perhaps k, m or g, which settings have in capitals; a share of the memory ("50%") is none. */
static const char *size_of(struct bundle *bundle, const char *size)
{
	size_t length = strlen(size);
	char *text = arena_strdup(bundle->arena, size);
	const char *unit = text && length ? strchr("kmg", text[length - 1]) : NULL;

	if (unit)
		text[length - 1] = "KMG"[unit - strchr("kmg", 'k')];
	return text;
}

static int mount_memory(struct bundle *bundle, const struct entry *entry)
{
	const char *perms = entry->perms ? entry->perms : "1777";
	int status = CALLGATE_OK;

	if (strcmp(entry->dest, "/dev") == 0) {
		bundle->has_dev = true;
		return bundle_set(bundle, entry->value, "dev", entry->dest);
	}
	if (entry->is_read_only)
		return bundle_refuse(bundle, entry->value, "a tmpfs that is read-only cannot be had");
	if (entry->size) {
		const char *size = size_of(bundle, entry->size);

		status = size ? bundle_set(bundle, entry->value, "size", size) : fail_nomem(bundle->err);
	}
	/* "01777" has one digit more than settings take. */
	if (strlen(perms) == 5 && *perms == '0')
		perms++;
	if (!status)
		status = bundle_set(bundle, entry->value, "perms", perms);
	if (!status && entry->is_noexec)
		status = bundle_set(bundle, entry->value, "noexec");
	return status ? status : bundle_set(bundle, entry->value, "tmpfs", entry->dest);
}

static int mount_terminals(struct bundle *bundle, const struct entry *entry)
{
	if (bundle->has_dev && strcmp(entry->dest, "/dev/pts") == 0)
		return CALLGATE_OK;
	return bundle_refuse(bundle, entry->value, "terminals are at /dev/pts, of a /dev that is a tmpfs");
}

static int mount_left(struct bundle *bundle, const struct entry *entry)
{
	return bundle_note(bundle, "%s: the mount of %s at '%s' is left out: it shows the machine", bundle->config,
			   entry->type, entry->dest);
}

static int mount_layers(struct bundle *bundle, const struct entry *entry)
{
	const char *rest = entry->lower, *upper, *work;
	int status = CALLGATE_OK;

	if (!entry->lower)
		return json_fail(entry->value, bundle->err, "an overlay has a lowerdir");
	if (strchr(entry->lower, '\\'))
		return bundle_refuse(bundle, entry->value, "a lowerdir with a backslash cannot be had");
	/* The highest stands first; settings have the lowest first. */
	for (const char *end = rest + strlen(rest); status == CALLGATE_OK && end > rest;) {
		const char *from = end;
		const char *layer;

		while (from > rest && from[-1] != ':')
			from--;
		layer = arena_strndup(bundle->arena, from, (size_t)(end - from));
		layer = layer ? source_of(bundle, layer) : NULL;
		status = layer ? bundle_set(bundle, entry->value, "overlay-src", layer) : fail_nomem(bundle->err);
		end = from > rest ? from - 1 : rest;
	}
	if (status)
		return status;
	if (!entry->upper || !entry->work)
		return bundle_set(bundle, entry->value, "ro-overlay", entry->dest);
	upper = source_of(bundle, entry->upper);
	work = source_of(bundle, entry->work);
	if (!upper || !work)
		return fail_nomem(bundle->err);
	return bundle_set(bundle, entry->value, "overlay", upper, work, entry->dest);
}

struct mount_type {
	const char *name;
	int (*mount)(struct bundle *bundle, const struct entry *entry);
};

static const struct mount_type types[] = {
	{ "bind", mount_bind },	       { "none", mount_bind },	    { "proc", mount_proc },   { "tmpfs", mount_memory },
	{ "devpts", mount_terminals }, { "sysfs", mount_left },	    { "cgroup", mount_left }, { "cgroup2", mount_left },
	{ "mqueue", mount_left },      { "overlay", mount_layers },
};

static int mount_entry(struct bundle *bundle, const struct json_value *value)
{
	struct entry entry;
	int status = read_entry(bundle, value, &entry);

	if (status)
		return status;
	if (entry.is_bind)
		return mount_bind(bundle, &entry);
	if (!entry.type)
		return json_fail(value, bundle->err, "a mount has a \"type\", or the option bind");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].name, entry.type) == 0)
			return types[i].mount(bundle, &entry);
	return bundle_refuse(bundle, value, "a mount of type '%s' cannot be had", entry.type);
}

int bundle_mounts(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_OBJECT, mount_entry);
}

int bundle_root(struct bundle *bundle, const struct json_value *value)
{
	const struct json_value *read_only;
	const char *path, *source;
	int status;

	if (value->kind != JSON_OBJECT)
		return json_fail(value, bundle->err, "the root is an object, not %s", json_kind_name(value->kind));
	status = json_member_text(value, "path", &path, bundle->err);
	if (status)
		return status;
	if (!path || !*path)
		return json_fail(value, bundle->err, "the root has a \"path\"");
	source = source_of(bundle, path);
	if (!source)
		return fail_nomem(bundle->err);
	bundle->root = arena_strdup(bundle->arena, source);
	if (!bundle->root)
		return fail_nomem(bundle->err);
	if (bundle_rest(bundle, value, (const char *const[]){ "path", "readonly", NULL }))
		return bundle->err->status;
	read_only = json_member(value, "readonly");
	return bundle_set(bundle, value, read_only && read_only->kind == JSON_TRUE ? "ro-bind" : "bind", source, "/");
}

static int mask(struct bundle *bundle, const struct json_value *path)
{
	return bundle_set(bundle, path, "mask", path->text);
}

int bundle_masked(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_STRING, mask);
}

static bool lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]) && !strstr(path, "/..");
}

/* /proc is read-only, and /sys is not there. */
static int keep_read_only(struct bundle *bundle, const struct json_value *path)
{
	if (lies_in(path->text, "/proc") || lies_in(path->text, "/sys"))
		return CALLGATE_OK;
	return bundle_refuse(bundle, path, "'%s' cannot be made read-only by itself: mount it so", path->text);
}

int bundle_readonly(struct bundle *bundle, const struct json_value *value)
{
	return bundle_each(bundle, value, JSON_STRING, keep_read_only);
}

int bundle_propagation(struct bundle *bundle, const struct json_value *value)
{
	static const char *const kept[] = { "private", "rprivate", "slave", "rslave", "unbindable", "runbindable" };

	for (size_t i = 0; value->kind == JSON_STRING && i < sizeof(kept) / sizeof(*kept); i++)
		if (!*value->text || strcmp(value->text, kept[i]) == 0)
			return CALLGATE_OK;
	return bundle_refuse(bundle, value, "mounts of the sandbox are its own, and never shared");
}
