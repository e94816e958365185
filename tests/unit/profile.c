/*
 * The calls that crun makes for each rule, in its order; the profiles' conditions are those of Docker's documentation.
 * A profile for this is well formed: what is wrong with one is the importer's business.
 */
#include "profile.h"

#include "unit.h"

#include "abi/abi.h"
#include "base/cleanup.h"

#include <jansson.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void release_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

static void release_json(json_t **object)
{
	json_decref(*object);
}

static uint32_t number_or(const json_t *object, const char *key, uint32_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? (uint32_t)json_integer_value(value) : otherwise;
}

static uint32_t action_of(const json_t *object, const char *key, const char *errno_key)
{
	const char *name = json_string_value(json_object_get(object, key));
	uint32_t data = number_or(object, errno_key, 1);

	assert_non_null(name);
	if (strcmp(name, "SCMP_ACT_ALLOW") == 0)
		return SCMP_ACT_ALLOW;
	if (strcmp(name, "SCMP_ACT_ERRNO") == 0)
		return SCMP_ACT_ERRNO(data);
	if (strcmp(name, "SCMP_ACT_TRACE") == 0)
		return SCMP_ACT_TRACE(data);
	if (strcmp(name, "SCMP_ACT_TRAP") == 0)
		return SCMP_ACT_TRAP;
	if (strcmp(name, "SCMP_ACT_LOG") == 0)
		return SCMP_ACT_LOG;
	if (strcmp(name, "SCMP_ACT_NOTIFY") == 0)
		return SCMP_ACT_NOTIFY;
	return strcmp(name, "SCMP_ACT_KILL_PROCESS") == 0 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL_THREAD;
}

static enum scmp_compare operator_of(const json_t *object)
{
	static const char *const names[] = { "",
					     "SCMP_CMP_NE",
					     "SCMP_CMP_LT",
					     "SCMP_CMP_LE",
					     "SCMP_CMP_EQ",
					     "SCMP_CMP_GE",
					     "SCMP_CMP_GT",
					     "SCMP_CMP_MASKED_EQ" };
	const char *name = json_string_value(json_object_get(object, "op"));

	assert_non_null(name);
	for (unsigned op = SCMP_CMP_NE; op <= SCMP_CMP_MASKED_EQ; op++)
		if (strcmp(names[op], name) == 0)
			return (enum scmp_compare)op;
	fail_msg("%s is no comparison", name);
	return SCMP_CMP_EQ;
}

static unsigned count_held(const json_t *list, const char *capability)
{
	unsigned held = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) held += capability && strcmp(json_string_value(item), capability) == 0;
	return held;
}

static unsigned count_native(const json_t *list)
{
	unsigned native = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) native += abi_arch_by_name(json_string_value(item)) == abi_arch_native();
	return native;
}

static bool holds(const json_t *rule, const char *capability)
{
	const json_t *in = json_object_get(rule, "includes"), *out = json_object_get(rule, "excludes");
	const json_t *caps = json_object_get(in, "caps"), *arches = json_object_get(in, "arches");

	return count_held(caps, capability) == json_array_size(caps) &&
	       (!json_array_size(arches) || count_native(arches)) &&
	       !count_held(json_object_get(out, "caps"), capability) && !count_native(json_object_get(out, "arches"));
}

static bool add_name(scmp_filter_ctx filter, uint32_t action, const char *name, const json_t *args)
{
	int nr = seccomp_syscall_resolve_name(name);
	struct scmp_arg_cmp compare[6] = { { 0 } };
	unsigned seen[6] = { 0 };
	bool each_alone = false;
	const json_t *arg;
	size_t i;

	if (nr == __NR_SCMP_ERROR)
		return true;
	json_array_foreach(args, i, arg)
	{
		compare[i].arg = number_or(arg, "index", 0);
		each_alone |= seen[compare[i].arg]++ > 0;
		compare[i].op = operator_of(arg);
		compare[i].datum_a = (uint64_t)json_integer_value(json_object_get(arg, "value"));
		compare[i].datum_b = (uint64_t)json_integer_value(json_object_get(arg, "valueTwo"));
	}
	if (!each_alone)
		return seccomp_rule_add_array(filter, action, nr, (unsigned)json_array_size(args), compare) == 0;
	for (i = 0; i < json_array_size(args); i++)
		if (seccomp_rule_add_array(filter, action, nr, 1, &compare[i]))
			return false;
	return true;
}

static bool add_rules(scmp_filter_ctx filter, const json_t *profile, uint32_t default_action, const char *capability)
{
	const json_t *rule, *name;
	size_t i, k;

	json_array_foreach(json_object_get(profile, "syscalls"), i, rule)
	{
		uint32_t action = action_of(rule, "action", "errnoRet");

		if (action == default_action || !holds(rule, capability))
			continue;
		json_array_foreach(json_object_get(rule, "names"), k,
				   name) if (!add_name(filter, action, json_string_value(name),
						       json_object_get(rule, "args"))) return false;
	}
	return true;
}

/* As the kernel would get it. */
static void export(scmp_filter_ctx filter, struct buf *program)
{
	cleanup_fd int fd = memfd_create("filter", MFD_CLOEXEC);
	char bytes[4096];
	ssize_t got;

	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(program, bytes, (size_t)got);
	assert_int_equal(got, 0);
}

bool profile_filter(const char *text, size_t length, const char *const *arches, const char *capability,
		    struct buf *program)
{
	cleanup(release_json) json_t *profile = json_loadb(text, length, 0, NULL);
	cleanup(release_filter) scmp_filter_ctx filter = NULL;
	uint32_t default_action;

	assert_non_null(profile);
	default_action = action_of(profile, "defaultAction", "defaultErrnoRet");
	filter = seccomp_init(default_action);
	assert_non_null(filter);
	for (; *arches; arches++)
		assert_int_equal(seccomp_arch_add(filter, seccomp_arch_resolve_name(*arches)), 0);
	if (!add_rules(filter, profile, default_action, capability))
		return false;
	export(filter, program);
	return true;
}
