/*
 * What a setting does to a sandbox: one small function a kind of value. The rows of fields.def are the only list of
 * settings that there is; the command's options, its help, the manual and the configuration files are read from it.
 */
#include "sandbox/sandbox.h"

#include "abi/abi.h"
#include "base/error.h"
#include "base/nearest.h"
#include "sandbox/config.h"
#include "sandbox/layers.h"
#include "sandbox/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

/* The parameter of the setting that names one. */
#define SANDBOX_POLICY offsetof(struct callgate_sandbox, policy)

/* Presets that name presets that name presets… */
#define PRESET_DEPTH_MAX 8

static void *field_of(struct callgate_sandbox *sandbox, const struct sandbox_field *field)
{
	return (char *)sandbox + field->parameter;
}

static int fail_value(const struct sandbox_field *field, const char *value, struct callgate_error *err)
{
	return fail(err, CALLGATE_E_INVALID, "'%s' takes %s, not '%s'", field->name, field->values, value);
}

/* A decimal number up to most, and nothing behind it but rest. */
static bool take_number(const char *text, uint64_t most, const char **ret_rest, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || number > most || (!ret_rest && *end))
		return false;
	if (ret_rest)
		*ret_rest = end;
	*ret_number = number;
	return true;
}

static int set_flag(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		    struct callgate_error *err)
{
	*(bool *)field_of(sandbox, field) = true;
	return CALLGATE_OK;
}

static int set_text(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		    struct callgate_error *err)
{
	*(const char **)field_of(sandbox, field) = values[0];
	return CALLGATE_OK;
}

static int set_string(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		      struct callgate_error *err)
{
	struct sandbox_strings *strings = field_of(sandbox, field);

	return VEC_PUSH(&sandbox->arena, strings, values[0]) ? CALLGATE_OK : fail_nomem(err);
}

/* "LANG", "LC_*" */
static int set_name(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		    struct callgate_error *err)
{
	if (!values[0][0] || strchr(values[0], '='))
		return fail_value(field, values[0], err);
	return set_string(sandbox, field, values, err);
}

static int set_variable(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
			struct callgate_error *err)
{
	int status;

	if (values[0][0] != '=' && strchr(values[0], '='))
		return set_string(sandbox, field, values, err);
	status = fail(err, CALLGATE_E_INVALID, "'%s' is not NAME=VALUE", values[0]);
	error_hint(err, "'env' hands on the value that a variable has; an empty one is NAME=");
	return status;
}

/* A place that both say something of; NULL: none. */
static const char *preset_overlap(const struct callgate_sandbox *sandbox, const struct sandbox_preset *one,
				  const struct sandbox_preset *other)
{
	for (size_t i = one->mounts_from; i < one->mounts_to; i++)
		for (size_t j = other->mounts_from; j < other->mounts_to; j++)
			if (strcmp(sandbox->mounts.items[i].dest, sandbox->mounts.items[j].dest) == 0)
				return sandbox->mounts.items[i].dest;
	return NULL;
}

/*
 * Two presets that say what lies at the same place are two sandboxes, of which the sum would be looser than each: the
 * folder that the one can write under the user of the other. One that only adds to another is none such, nor is one
 * that another names.
 */
static int preset_remember(struct callgate_sandbox *sandbox, const struct sandbox_preset *preset,
			   struct callgate_error *err)
{
	for (size_t i = 0; i < sandbox->presets.length; i++) {
		const struct sandbox_preset *earlier = &sandbox->presets.items[i];
		const char *place =
			earlier->mounts_to <= preset->mounts_from ? preset_overlap(sandbox, earlier, preset) : NULL;

		if (place) {
			(void)fail(err, CALLGATE_E_INVALID, "presets '%s' and '%s' both say what lies at '%s'",
				   earlier->name, preset->name, place);
			error_hint(err, "name one of them, and add single settings to it; "
					"'callgate run --preset NAME --print-config' shows what each holds");
			return CALLGATE_E_INVALID;
		}
	}
	return VEC_PUSH(&sandbox->arena, &sandbox->presets, *preset) ? CALLGATE_OK : fail_nomem(err);
}

static int set_preset(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		      struct callgate_error *err)
{
	struct sandbox_preset preset = { .name = values[0], .mounts_from = sandbox->mounts.length };
	int status;

	if (sandbox->depth == PRESET_DEPTH_MAX)
		return fail(err, CALLGATE_E_LIMIT, "preset '%s' names itself, or more than %d stand in each other",
			    values[0], PRESET_DEPTH_MAX);
	sandbox->depth++;
	status = config_read_preset(sandbox, values[0], err);
	sandbox->depth--;
	preset.mounts_to = sandbox->mounts.length;
	if (status != CALLGATE_OK || sandbox->depth)
		return status;
	return preset_remember(sandbox, &preset, err);
}

static int set_namespaces(struct callgate_sandbox *sandbox, const struct sandbox_field *field,
			  const char *const *values, struct callgate_error *err)
{
	sandbox->namespaces |= (unsigned)field->parameter;
	return CALLGATE_OK;
}

static int set_shared(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		      struct callgate_error *err)
{
	sandbox->namespaces &= ~(unsigned)field->parameter;
	return CALLGATE_OK;
}

static int add_mount(struct callgate_sandbox *sandbox, const struct sandbox_field *field, struct sandbox_mount *mount,
		     struct callgate_error *err)
{
	if (mount->dest[0] != '/') {
		int status = fail(err, CALLGATE_E_INVALID, "'%s' needs an absolute path in the sandbox, not '%s'",
				  field->name, mount->dest);

		error_hint(err, "it stands last and begins with /");
		return status;
	}
	sandbox->namespaces |= CLONE_NEWNS;
	return VEC_PUSH(&sandbox->arena, &sandbox->mounts, *mount) ? CALLGATE_OK : fail_nomem(err);
}

static int set_mount(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	struct sandbox_mount mount = { .kind = (enum sandbox_mount_kind)field->parameter, .dest = values[0] };

	if (mount.kind == SANDBOX_TMPFS) {
		mount.options = sandbox->next;
		sandbox->next = (struct sandbox_mount_options){ 0 };
	}
	return add_mount(sandbox, field, &mount, err);
}

static int set_bind(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		    struct callgate_error *err)
{
	struct sandbox_mount mount = { .kind = (enum sandbox_mount_kind)field->parameter,
				       .source = values[0],
				       .dest = values[1] };

	if (!values[0][0])
		return fail_value(field, values[0], err);
	if (mount.kind != SANDBOX_SYMLINK) {
		mount.options.noexec = sandbox->next.noexec;
		sandbox->next.noexec = false;
	}
	return add_mount(sandbox, field, &mount, err);
}

/* The folders of programs and libraries. Where they are links into /usr they become links. */
static const char *const system_folders[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

static int add_system_folder(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *folder,
			     struct callgate_error *err)
{
	struct sandbox_mount mount = { .kind = SANDBOX_RO_BIND_TRY, .source = folder, .dest = folder };
	char target[PATH_MAX];
	ssize_t length = readlink(folder, target, sizeof(target));

	if (length > 0) {
		mount.kind = SANDBOX_SYMLINK;
		mount.source = arena_strndup(&sandbox->arena, target, (size_t)length);
		if (!mount.source)
			return fail_nomem(err);
	}
	return add_mount(sandbox, field, &mount, err);
}

static int set_system(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		      struct callgate_error *err)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(system_folders) / sizeof(*system_folders); i++)
		status = add_system_folder(sandbox, field, system_folders[i], err);
	return status;
}

static int set_layer(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	return VEC_PUSH(&sandbox->arena, &sandbox->layers, values[0]) ? CALLGATE_OK : fail_nomem(err);
}

static int set_overlay(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		       struct callgate_error *err)
{
	struct sandbox_mount mount = {
		.kind = (enum sandbox_mount_kind)field->parameter,
		.dest = values[field->value_count - 1],
		.layers_from = sandbox->layers_used,
		.layers_length = sandbox->layers.length - sandbox->layers_used,
	};
	int status;

	if (mount.layers_length == 0) {
		status = fail(err, CALLGATE_E_INVALID, "'%s' has nothing to lie on", field->name);
		error_hint(err, "--overlay-src SOURCE before it says on what");
		return status;
	}
	if (mount.kind == SANDBOX_RO_OVERLAY && mount.layers_length == 1) {
		status = fail(err, CALLGATE_E_INVALID, "'%s' lies on two folders or more", field->name);
		error_hint(err, "--ro-bind shows one");
		return status;
	}
	if (field->value_count == 3) {
		mount.source = values[0];
		mount.work = values[1];
	}
	status = add_mount(sandbox, field, &mount, err);
	if (status == CALLGATE_OK)
		sandbox->layers_used = sandbox->layers.length;
	return status;
}

static int set_bytes(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	static const char units[] = "KMGT";
	const char *rest, *unit;
	unsigned shift;
	uint64_t number;

	if (!take_number(values[0], INT64_MAX, &rest, &number))
		return fail_value(field, values[0], err);
	unit = *rest ? strchr(units, *rest) : NULL;
	shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	if (number == 0 || number > (uint64_t)INT64_MAX >> shift || (*rest && (!unit || rest[1])))
		return fail_value(field, values[0], err);
	*(uint64_t *)field_of(sandbox, field) = number << shift;
	return CALLGATE_OK;
}

/* As chmod(1) has it; the kernel reads the text itself. */
static int set_perms(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	size_t length = strlen(values[0]);

	if (length < 3 || length > 4 || strspn(values[0], "01234567") != length)
		return fail_value(field, values[0], err);
	sandbox->next.perms = values[0];
	return CALLGATE_OK;
}

static int set_umask(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	size_t length = strlen(values[0]);
	unsigned long mask = strtoul(values[0], NULL, 8);

	if (!length || length > 4 || strspn(values[0], "01234567") != length || mask > 0777)
		return fail_value(field, values[0], err);
	sandbox->umask = (int)mask;
	return CALLGATE_OK;
}

static int set_count(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	uint64_t number;

	if (!take_number(values[0], INT32_MAX, NULL, &number) || number == 0)
		return fail_value(field, values[0], err);
	*(uint64_t *)field_of(sandbox, field) = number;
	return CALLGATE_OK;
}

/* "2", "0.5", "1.25": three places count. */
static int set_cpus(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		    struct callgate_error *err)
{
	const char *rest;
	uint64_t whole, unit = 100;

	if (!take_number(values[0], 1000, &rest, &whole) || (*rest && (*rest != '.' || !rest[1])))
		return fail_value(field, values[0], err);
	whole *= 1000;
	for (rest += *rest == '.'; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
		whole += unit * (uint64_t)(*rest - '0');
	if (*rest || whole == 0)
		return fail_value(field, values[0], err);
	sandbox->group.cpu_milli = whole;
	return CALLGATE_OK;
}

static int set_duration(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
			struct callgate_error *err)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 } };
	const char *rest;
	uint64_t number;

	if (take_number(values[0], INT32_MAX, &rest, &number) && number)
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (strcmp(rest, units[i].name) == 0) {
				*(uint64_t *)field_of(sandbox, field) = number * units[i].ns;
				return CALLGATE_OK;
			}
	return fail_value(field, values[0], err);
}

static int set_hostname(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
			struct callgate_error *err)
{
	/* The kernel's limit. */
	if (!values[0][0] || strlen(values[0]) > 64)
		return fail(err, CALLGATE_E_INVALID, "a host name has 1 to 64 bytes, unlike '%s'", values[0]);
	sandbox->hostname = values[0];
	sandbox->namespaces |= CLONE_NEWUTS;
	return CALLGATE_OK;
}

static int set_id(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		  struct callgate_error *err)
{
	uint64_t id;

	if (!take_number(values[0], UINT32_MAX - 1, NULL, &id))
		return fail_value(field, values[0], err);
	*(int64_t *)field_of(sandbox, field) = (int64_t)id;
	return CALLGATE_OK;
}

static int set_group(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	uint64_t id;

	if (!take_number(values[0], INT32_MAX, NULL, &id))
		return fail_value(field, values[0], err);
	for (size_t i = 0; i < sandbox->groups.length; i++)
		if (sandbox->groups.items[i] == (int)id)
			return CALLGATE_OK;
	if (sandbox->groups.length == SANDBOX_GROUPS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "more than %d groups", SANDBOX_GROUPS_MAX);
	return VEC_PUSH(&sandbox->arena, &sandbox->groups, (int)id) ? CALLGATE_OK : fail_nomem(err);
}

static int set_score(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	bool is_less = values[0][0] == '-';
	uint64_t number;

	if (!take_number(values[0] + is_less, 1000, NULL, &number))
		return fail_value(field, values[0], err);
	sandbox->oom_score_adj = is_less ? -(int)number : (int)number;
	sandbox->has_oom_score = true;
	return CALLGATE_OK;
}

static int set_map(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		   struct callgate_error *err)
{
	struct sandbox_maps *maps = field_of(sandbox, field);
	uint64_t numbers[3];

	for (int i = 0; i < 3; i++)
		if (!take_number(values[i], UINT32_MAX - 1, NULL, &numbers[i]))
			return fail_value(field, values[i], err);
	if (numbers[2] == 0)
		return fail_value(field, values[2], err);
	sandbox->namespaces |= CLONE_NEWUSER;
	return VEC_PUSH(&sandbox->arena, maps,
			((struct sandbox_map){ (uint32_t)numbers[0], (uint32_t)numbers[1], (uint32_t)numbers[2] }))
		       ? CALLGATE_OK
		       : fail_nomem(err);
}

static const char *const capability_names[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};
#define CAPABILITY_COUNT (sizeof(capability_names) / sizeof(*capability_names))

static int set_capability(struct callgate_sandbox *sandbox, const struct sandbox_field *field,
			  const char *const *values, struct callgate_error *err)
{
	const char *name = strncasecmp(values[0], "cap_", 4) == 0 ? values[0] + 4 : values[0];
	uint64_t all = (UINT64_C(1) << CAPABILITY_COUNT) - 1, bits = strcasecmp(name, "all") == 0 ? all : 0;
	int status;

	for (size_t i = 0; i < CAPABILITY_COUNT; i++)
		if (strcasecmp(capability_names[i], name) == 0)
			bits = UINT64_C(1) << i;
	if (!bits) {
		struct nearest nearest = nearest_to(name);

		for (size_t i = 0; i < CAPABILITY_COUNT; i++)
			nearest_try(&nearest, capability_names[i]);
		status = fail(err, CALLGATE_E_UNKNOWN, "'%s' is no capability", values[0]);
		if (nearest.name)
			error_hint(err, "did you mean '%s'?", nearest.name);
		return status;
	}
	sandbox->capabilities = field->parameter ? sandbox->capabilities | bits : sandbox->capabilities & ~bits;
	return CALLGATE_OK;
}

static bool take_limit(const char *text, const char **ret_rest, uint64_t *ret_limit)
{
	if (strncmp(text, "unlimited", 9) == 0) {
		*ret_limit = RLIM_INFINITY;
		*ret_rest = text + 9;
		return true;
	}
	return take_number(text, RLIM_INFINITY - 1, ret_rest, ret_limit);
}

static int set_limit(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	size_t length = strcspn(values[0], "=");
	const char *rest = values[0] + length;
	struct sandbox_limit limit = { .resource = limit_resource(values[0], length) };

	if (limit.resource < 0)
		return fail(err, CALLGATE_E_UNKNOWN, "'%.*s' is no resource limit", (int)length, values[0]);
	if (*rest != '=' || !take_limit(rest + 1, &rest, &limit.soft))
		return fail_value(field, values[0], err);
	limit.hard = limit.soft;
	if (*rest == ':' && !take_limit(rest + 1, &rest, &limit.hard))
		return fail_value(field, values[0], err);
	if (*rest || limit.soft > limit.hard)
		return fail_value(field, values[0], err);
	return VEC_PUSH(&sandbox->arena, &sandbox->limits, limit) ? CALLGATE_OK : fail_nomem(err);
}

static int set_path(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		    struct callgate_error *err)
{
	struct sandbox_path path = { (enum sandbox_access)field->parameter, values[0] };

	if (!values[0][0])
		return fail_value(field, values[0], err);
	return VEC_PUSH(&sandbox->arena, &sandbox->paths, path) ? CALLGATE_OK : fail_nomem(err);
}

static int set_port(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		    struct callgate_error *err)
{
	struct sandbox_numbers *ports = field_of(sandbox, field);
	uint64_t port;

	if (!take_number(values[0], UINT16_MAX, NULL, &port))
		return fail_value(field, values[0], err);
	return VEC_PUSH(&sandbox->arena, ports, (int)port) ? CALLGATE_OK : fail_nomem(err);
}

/* At once, before we open any ourselves, which must not be handed on. */
static int take_descriptor(const struct sandbox_field *field, const char *value, int *ret_fd,
			   struct callgate_error *err)
{
	uint64_t fd;
	int status;

	if (!take_number(value, INT32_MAX, NULL, &fd))
		return fail(err, CALLGATE_E_INVALID, "'%s' takes the number of a descriptor, not '%s'", field->name,
			    value);
	if (fcntl((int)fd, F_GETFD) < 0) {
		status = fail(err, CALLGATE_E_INVALID, "'%s' takes a descriptor that is open, not %s", field->name,
			      value);
		error_hint(err, "the shell opens one: callgate run ... %s<FILE", value);
		return status;
	}
	*ret_fd = (int)fd;
	return CALLGATE_OK;
}

static int set_descriptor(struct callgate_sandbox *sandbox, const struct sandbox_field *field,
			  const char *const *values, struct callgate_error *err)
{
	struct sandbox_numbers *numbers = field_of(sandbox, field);
	int fd, status = take_descriptor(field, values[0], &fd, err);

	if (status != CALLGATE_OK)
		return status;
	return VEC_PUSH(&sandbox->arena, numbers, fd) ? CALLGATE_OK : fail_nomem(err);
}

static int set_block(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		     struct callgate_error *err)
{
	return take_descriptor(field, values[0], &sandbox->block_fd, err);
}

static int set_degraded(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
			struct callgate_error *err)
{
	unsigned layers = layers_named(values[0]);
	int status;

	if (!layers) {
		status = fail(err, CALLGATE_E_UNKNOWN, "'%s' is no layer that may be degraded", values[0]);
		error_hint(err, "callgate doctor lists them; namespaces stands for all of them");
		return status;
	}
	sandbox->may_degrade |= layers;
	return CALLGATE_OK;
}

static const struct sandbox_field field_rows[] = {
#define FIELD(name, set, parameter, count, values, help)  { name, values, help, count, set, parameter, true, true },
#define PLAIN(name, set, parameter, count, values, help)  { name, values, help, count, set, parameter, true, false },
#define HIDDEN(name, set, parameter, count, values, help) { name, values, help, count, set, parameter, false, false },
#include "sandbox/fields.def"
#undef FIELD
#undef PLAIN
#undef HIDDEN
};
#define FIELD_COUNT (sizeof(field_rows) / sizeof(*field_rows))

size_t callgate_sandbox_field_count(void)
{
	return FIELD_COUNT;
}

void callgate_sandbox_field_at(size_t index, struct callgate_sandbox_field *ret_field)
{
	const struct sandbox_field *row = &field_rows[index];

	*ret_field = (struct callgate_sandbox_field){ .name = row->name,
						      .values = row->values,
						      .value_count = row->value_count,
						      .help = row->help,
						      .is_option = row->is_option };
}

int sandbox_field_find(const char *name, const struct sandbox_field **ret_field, struct callgate_error *err)
{
	struct nearest nearest = nearest_to(name);
	int status;

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (strcmp(field_rows[i].name, name) == 0) {
			*ret_field = &field_rows[i];
			return CALLGATE_OK;
		}
	}
	for (size_t i = 0; i < FIELD_COUNT; i++)
		nearest_try(&nearest, field_rows[i].name);
	status = fail(err, CALLGATE_E_UNKNOWN, "unknown setting '%s'", name);
	if (nearest.name)
		error_hint(err, "did you mean '%s'?", nearest.name);
	return status;
}

/* How many of its first values are paths of this machine. The place of a bind is said from the root of the sandbox; a
 * relative one is where its source is. */
static size_t paths_of(const struct sandbox_field *field)
{
	if (field->set == set_bind && field->parameter != SANDBOX_SYMLINK)
		return 2;
	if (field->set == set_overlay)
		return field->value_count - 1;
	return field->set == set_layer || field->set == set_path ||
	       (field->set == set_text && field->parameter == SANDBOX_POLICY);
}

/* "@base", "pid:7" */
static bool is_relative(const char *path)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a field that was set has its values */
	return *path && *path != '/' && *path != '@' && strncmp(path, "pid:", 4) != 0;
}

/* Relative paths become what they mean now, so that they mean it wherever the settings are printed to. */
static int find_paths(struct callgate_sandbox *sandbox, struct sandbox_setting *setting, struct callgate_error *err)
{
	size_t count = paths_of(setting->field);
	char room[PATH_MAX];
	int status;

	for (size_t i = 0; i < count; i++) {
		const char **path = &setting->values[i], *here = sandbox->here;

		if (!is_relative(*path))
			continue;
		if (!here && !(here = getcwd(room, sizeof(room))))
			return fail_errno(err, "cannot tell where we are");
		if (strcmp(here, "/") == 0 && setting->field->set == set_bind) {
			status = fail(err, CALLGATE_E_INVALID, "'%s' is a place in /, which is where we are", *path);
			error_hint(err, "enter the folder that is meant, or name it");
			return status;
		}
		*path = strcmp(*path, ".") == 0 ? arena_strdup(&sandbox->arena, here)
						: arena_printf(&sandbox->arena, "%s/%s", here, *path);
		if (!*path)
			return fail_nomem(err);
	}
	return CALLGATE_OK;
}

/* A preset is kept as what it holds. */
static int remember(struct callgate_sandbox *sandbox, const struct sandbox_setting *setting, struct callgate_error *err)
{
	sandbox->confines |= setting->field->confines;
	if (setting->field->set == set_preset)
		return CALLGATE_OK;
	if (sandbox->settings.length == SANDBOX_SETTINGS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "more than %d settings", SANDBOX_SETTINGS_MAX);
	return VEC_PUSH(&sandbox->arena, &sandbox->settings, *setting) ? CALLGATE_OK : fail_nomem(err);
}

int callgate_sandbox_set(struct callgate_sandbox *sandbox, const char *name, const char *const *values, size_t count,
			 struct callgate_error *err)
{
	struct sandbox_setting setting = { .value_count = count };
	int status = sandbox_field_find(name, &setting.field, err);

	if (status != CALLGATE_OK)
		return status;
	if (count != setting.field->value_count) {
		status = fail(err, CALLGATE_E_INVALID, "'%s' takes %zu value%s, not %zu", name,
			      setting.field->value_count, setting.field->value_count == 1 ? "" : "s", count);
		if (setting.field->values)
			error_hint(err, "%s %s", name, setting.field->values);
		return status;
	}
	for (size_t i = 0; i < count; i++) {
		setting.values[i] = arena_strdup(&sandbox->arena, values[i]);
		if (!setting.values[i])
			return fail_nomem(err);
	}
	status = find_paths(sandbox, &setting, err);
	if (status == CALLGATE_OK)
		status = remember(sandbox, &setting, err);
	return status == CALLGATE_OK ? setting.field->set(sandbox, setting.field, setting.values, err) : status;
}

int callgate_sandbox_new(struct callgate_sandbox **ret_sandbox, struct callgate_error *err)
{
	struct callgate_sandbox *sandbox = calloc(1, sizeof(*sandbox));

	if (!sandbox)
		return fail_nomem(err);
	sandbox->uid = sandbox->gid = -1;
	sandbox->block_fd = sandbox->umask = -1;
	*ret_sandbox = sandbox;
	return CALLGATE_OK;
}

void callgate_sandbox_free(struct callgate_sandbox *sandbox)
{
	if (!sandbox)
		return;
	arena_fini(&sandbox->arena);
	free(sandbox);
}

int callgate_sandbox_set_preset_folder(struct callgate_sandbox *sandbox, const char *folder, struct callgate_error *err)
{
	const char *copy = arena_strdup(&sandbox->arena, folder);

	if (!copy)
		return fail_nomem(err);
	sandbox->preset_folder = copy;
	return CALLGATE_OK;
}
