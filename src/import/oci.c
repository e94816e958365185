/*
 * The seccomp part of an OCI runtime configuration, and the profiles of Docker, Podman and containerd, which are that
 * with conditions on capabilities, arches and kernels. It is taken as crun and runc take it, with libseccomp's rules:
 *
 * - a rule whose action is the default one is none (libseccomp refuses such);
 * - several comparisons must all hold, unless two of them are of one argument: then each is a rule of its own;
 * - a name that is no syscall is ignored, which is said;
 * - the native arch is always among those of the filter.
 */
#include "import/import.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/nearest.h"
#include "import/json.h"
#include "import/libseccomp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	ERRNO_MAX = 4095,   /* what the kernel hands on at most */
	DATA_MAX = 0xffff,  /* of trace */
	NAMES_NOTED = 12,   /* unknown names that are spelt in the note */
	ARCH_NAME_MAX = 31, /* longer ones are unknown */
	SLIPS_MAX = 2,	    /* in a key: so near to one that is known, it was meant to be that */
};

struct reading {
	struct import *import;
	struct libseccomp_rules rules;
	struct buf unknown; /* names that are no syscall */
	size_t unknown_count;
};

static const struct {
	const char *name;
	enum policy_action_kind kind;
} actions[] = {
	{ "SCMP_ACT_ALLOW", POLICY_ALLOW },
	{ "SCMP_ACT_ERRNO", POLICY_ERRNO },
	{ "SCMP_ACT_KILL", POLICY_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", POLICY_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", POLICY_KILL_THREAD },
	{ "SCMP_ACT_LOG", POLICY_LOG },
	{ "SCMP_ACT_NOTIFY", POLICY_NOTIFY },
	{ "SCMP_ACT_TRACE", POLICY_TRACE },
	{ "SCMP_ACT_TRAP", POLICY_TRAP },
};

static const struct {
	const char *name;
	enum policy_op op;
	bool is_masked; /* "value" is the mask and "valueTwo" what is compared with */
} operators[] = {
	{ "SCMP_CMP_EQ", POLICY_OP_EQ, false }, { "SCMP_CMP_GE", POLICY_OP_GE, false },
	{ "SCMP_CMP_GT", POLICY_OP_GT, false }, { "SCMP_CMP_LE", POLICY_OP_LE, false },
	{ "SCMP_CMP_LT", POLICY_OP_LT, false }, { "SCMP_CMP_MASKED_EQ", POLICY_OP_EQ, true },
	{ "SCMP_CMP_NE", POLICY_OP_NE, false },
};

static const char *const flags[] = {
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* A brace, and behind it what no other language has there: a string, or nothing. */
bool oci_recognise(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r')))
		at++;
	if (at == length || text[at++] != '{')
		return false;
	while (at < length && (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r')))
		at++;
	return at == length || text[at] == '"' || text[at] == '}';
}

static int fail_unknown(const struct reading *reading, const struct json_value *value, const char *what)
{
	error_set(reading->import->err, CALLGATE_E_UNKNOWN, "unknown %s '%s'", what, value->text);
	error_place(reading->import->err, value->position.file, value->position.line, value->position.col);
	return CALLGATE_E_UNKNOWN;
}

/* Every element of a member that is an array of strings; an absent member has none. */
#define FOR_EACH_ITEM(array, item) \
	for (const struct json_value *item = (array) ? (array)->first : NULL; item; item = item->next)

static int member_texts(const struct reading *reading, const struct json_value *object, const char *key,
			const struct json_value **ret_array)
{
	const struct json_value *array;
	int status = json_member_of_kind(object, key, JSON_ARRAY, &array, reading->import->err);

	if (status)
		return status;
	FOR_EACH_ITEM(array, item)
	if (item->kind != JSON_STRING)
		return json_fail(item, reading->import->err, "\"%s\" must hold strings, not %s", key,
				 json_kind_name(item->kind));
	*ret_array = array;
	return CALLGATE_OK;
}

/* A number, or its name where both are given: what Podman's profiles have beside it. */
static int read_errno(const struct reading *reading, const struct json_value *object, const char *number_key,
		      const char *name_key, uint64_t max, bool *ret_given, uint16_t *ret_number)
{
	const struct json_value *number_value = json_member(object, number_key), *name;
	uint64_t number = 1; /* EPERM */
	int status = number_value ? json_number(number_value, max, &number, reading->import->err) : CALLGATE_OK;

	if (!status)
		status = json_member_of_kind(object, name_key, JSON_STRING, &name, reading->import->err);
	if (status)
		return status;
	if (name && name->text[0]) {
		int by_name = abi_errno_by_name(abi_arch_native()->id, name->text);

		if (by_name < 0)
			return fail_unknown(reading, name, "errno");
		number = (uint64_t)by_name;
	}
	*ret_given = number_value;
	*ret_number = (uint16_t)number;
	return CALLGATE_OK;
}

static int read_action(const struct reading *reading, const struct json_value *object, const char *action_key,
		       const char *errno_key, const char *name_key, struct policy_action *ret_action)
{
	const struct json_value *value;
	int status = json_member_of_kind(object, action_key, JSON_STRING, &value, reading->import->err);
	struct policy_action action = { .kind = POLICY_KILL_PROCESS };
	bool given, known = false;

	if (status)
		return status;
	if (!value)
		return json_fail(object, reading->import->err, "there is no \"%s\" here", action_key);
	for (size_t i = 0; i < COUNT(actions); i++) {
		if (strcmp(actions[i].name, value->text) != 0)
			continue;
		action.kind = actions[i].kind;
		known = true;
	}
	if (!known)
		return fail_unknown(reading, value, "action");
	action.position = value->position;
	status = read_errno(reading, object, errno_key, name_key, action.kind == POLICY_TRACE ? DATA_MAX : ERRNO_MAX,
			    &given, &action.data);
	if (status)
		return status;
	if (action.kind != POLICY_ERRNO && action.kind != POLICY_TRACE) {
		if (given)
			return json_fail(json_member(object, errno_key), reading->import->err,
					 "\"%s\" is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE, not for %s", errno_key,
					 value->text);
		action.data = 0;
	}
	*ret_action = action;
	return CALLGATE_OK;
}

/* "SCMP_ARCH_X86_64" and, as crun has it, "x86_64". */
static const struct abi_arch *arch_by_name(const char *name)
{
	char full[sizeof("SCMP_ARCH_") + ARCH_NAME_MAX] = "SCMP_ARCH_";
	const struct abi_arch *arch = abi_arch_by_name(name);
	size_t at = strlen(full);

	if (arch || strlen(name) > ARCH_NAME_MAX)
		return arch;
	for (; *name; name++)
		full[at++] = (char)(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
	return abi_arch_by_name(full);
}

static int fail_arch(const struct reading *reading, const struct json_value *name)
{
	fail_unknown(reading, name, "arch");
	error_hint(reading->import->err, "there are %s", abi_arch_names());
	return CALLGATE_E_UNKNOWN;
}

static int add_arch(const struct reading *reading, const struct json_value *name)
{
	const struct abi_arch *arch = arch_by_name(name->text);

	if (!arch)
		return fail_arch(reading, name);
	reading->import->policy->arches[arch->id] = true;
	return CALLGATE_OK;
}

static int add_arches(const struct reading *reading, const struct json_value *array)
{
	FOR_EACH_ITEM(array, item)
	{
		int status = add_arch(reading, item);

		if (status)
			return status;
	}
	return CALLGATE_OK;
}

/* The row of this machine's arch; the others are for other machines. */
static int read_arch_map(const struct reading *reading, const struct json_value *map)
{
	FOR_EACH_ITEM(map, row)
	{
		const struct json_value *sub_arches;
		const char *name;
		int status;

		if (row->kind != JSON_OBJECT)
			return json_fail(row, reading->import->err, "\"archMap\" must hold objects, not %s",
					 json_kind_name(row->kind));
		status = json_member_text(row, "architecture", &name, reading->import->err);
		if (!status)
			status = member_texts(reading, row, "subArchitectures", &sub_arches);
		if (!status && name && arch_by_name(name) == abi_arch_native())
			status = add_arches(reading, sub_arches);
		if (status)
			return status;
	}
	return CALLGATE_OK;
}

static int read_arches(const struct reading *reading, const struct json_value *profile)
{
	const struct json_value *arches, *map;
	int status = member_texts(reading, profile, "architectures", &arches);

	if (!status)
		status = json_member_of_kind(profile, "archMap", JSON_ARRAY, &map, reading->import->err);
	if (status)
		return status;
	if (arches && arches->count && map && map->count)
		return json_fail(map, reading->import->err, "\"archMap\" beside \"architectures\": only one can hold");
	reading->import->policy->arches[abi_arch_native()->id] = true;
	status = add_arches(reading, arches);
	return status ? status : read_arch_map(reading, map);
}

/* "4.8", as minKernel has it. */
static int read_kernel(const struct reading *reading, const struct json_value *value, uint16_t *ret_kernel)
{
	unsigned major, minor;
	char rest;

	if (sscanf(value->text, "%3u.%3u%c", &major, &minor, &rest) != 2 || major > 255 || minor > 255)
		return json_fail(value, reading->import->err,
				 "'%s' is no kernel: a major and a minor number, as in 4.8", value->text);
	*ret_kernel = ABI_KERNEL(major, minor);
	return CALLGATE_OK;
}

/*
 * Whether a key is a slip away from one that is known: a letter or two, or capitals, which runtimes in Go read as if
 * they were small ones and others pass over.
 */
static bool is_slip(const char *key, const struct nearest *nearest)
{
	size_t slips = strlen(key) > 2 * SLIPS_MAX ? SLIPS_MAX : 1;

	return nearest->name && (nearest->distance <= slips || strcasecmp(key, nearest->name) == 0);
}

/* Runtimes pass over what they do not know, and a slip takes all that it stands before with it. */
static int check_keys(const struct reading *reading, const struct json_value *object, const char *const *known,
		      size_t count, bool all_known)
{
	FOR_EACH_ITEM(object, item)
	{
		struct nearest nearest = nearest_to(item->key);
		bool is_known = false;

		for (size_t i = 0; i < count && !is_known; i++) {
			is_known = strcmp(known[i], item->key) == 0;
			nearest_try(&nearest, known[i]);
			if (strcasecmp(known[i], item->key) == 0)
				nearest.name = known[i];
		}
		if (is_known || (!all_known && !is_slip(item->key, &nearest)))
			continue;
		json_error(item, reading->import->err, "unknown key \"%s\"", item->key);
		return import_suggest(reading->import, CALLGATE_E_SYNTAX, nearest.name);
	}
	return CALLGATE_OK;
}

/* What a filter of "includes" or "excludes" says of this machine, its kernel and the process. */
struct scope {
	size_t arches, arches_hit; /* named, and of this machine */
	size_t caps, caps_hit;	   /* named, and held */
	bool has_kernel, kernel_hit;
};

/* A condition that is not understood would put its rule out of force, or in. */
static int check_scope(const struct reading *reading, const struct json_value *object, const struct json_value *arches,
		       const struct json_value *caps)
{
	static const char *const keys[] = { "arches", "caps", "minKernel" };
	int status = check_keys(reading, object, keys, COUNT(keys), true);

	if (status)
		return status;
	FOR_EACH_ITEM(arches, item)
	if (!abi_arch_by_name(item->text))
		return fail_arch(reading, item);
	FOR_EACH_ITEM(caps, item)
	if (import_capability(item->text) < 0)
		return fail_unknown(reading, item, "capability");
	return CALLGATE_OK;
}

static int read_scope(const struct reading *reading, const struct json_value *rule, const char *key,
		      struct scope *ret_scope)
{
	struct callgate_error *err = reading->import->err;
	const struct json_value *object, *arches, *caps, *kernel;
	struct scope scope = { 0 };
	int status = json_member_of_kind(rule, key, JSON_OBJECT, &object, err);

	*ret_scope = scope;
	if (status || !object)
		return status;
	status = member_texts(reading, object, "arches", &arches);
	if (!status)
		status = member_texts(reading, object, "caps", &caps);
	if (!status)
		status = json_member_of_kind(object, "minKernel", JSON_STRING, &kernel, err);
	if (status)
		return status;
	status = check_scope(reading, object, arches, caps);
	if (status)
		return status;
	FOR_EACH_ITEM(arches, item)
	scope.arches++, scope.arches_hit += abi_arch_by_name(item->text) == abi_arch_native();
	FOR_EACH_ITEM(caps, item)
	scope.caps++, scope.caps_hit += import_holds(reading->import, item->text);
	if (kernel && kernel->text[0]) {
		uint16_t minimum;

		status = read_kernel(reading, kernel, &minimum);
		if (status)
			return status;
		scope.has_kernel = true;
		scope.kernel_hit = reading->import->kernel >= minimum;
	}
	*ret_scope = scope;
	return CALLGATE_OK;
}

/* A rule holds here when all that it includes does, one arch of several, and nothing that it excludes. */
static int is_in_scope(const struct reading *reading, const struct json_value *rule, bool *ret_in)
{
	struct scope in, out;
	int status = read_scope(reading, rule, "includes", &in);

	if (!status)
		status = read_scope(reading, rule, "excludes", &out);
	if (status)
		return status;
	*ret_in = (!in.arches || in.arches_hit) && in.caps_hit == in.caps && (!in.has_kernel || in.kernel_hit) &&
		  !out.arches_hit && !out.caps_hit && !out.kernel_hit;
	return CALLGATE_OK;
}

/* Whether calls of this action are refused more strictly than those that no rule names. */
static bool is_stricter(const struct reading *reading, const struct policy_action *action)
{
	return callgate_action_overrides(policy_action_value(action, abi_arch_native()->id),
					 policy_action_value(&reading->import->policy->default_action,
							     abi_arch_native()->id));
}

/* A name that is no syscall may be one of a later kernel: nothing is lost where its rule lets it through. */
static int add_name(struct reading *reading, const struct json_value *name, struct libseccomp_rule *rule,
		    struct policy_name *names)
{
	const struct abi_syscall *syscall;

	if (name->kind != JSON_STRING)
		return json_fail(name, reading->import->err, "a name must be a string, not %s",
				 json_kind_name(name->kind));
	syscall = abi_syscall_by_name(name->text);
	if (syscall)
		names[rule->name_count++] = (struct policy_name){ syscall, name->position };
	else if (is_stricter(reading, &rule->action))
		return import_suggest(reading->import,
				      fail_unknown(reading, name, "syscall, in a rule that refuses it,"),
				      abi_syscall_nearest(name->text));
	else if (reading->unknown_count++ < NAMES_NOTED)
		buf_printf(&reading->unknown, "%s%s", reading->unknown.length ? ", " : "", name->text);
	return CALLGATE_OK;
}

/* Docker's old "name" or "names". */
static int read_names(struct reading *reading, const struct json_value *object, struct libseccomp_rule *rule)
{
	struct callgate_error *err = reading->import->err;
	const struct json_value *list, *single;
	struct policy_name *names;
	int status = json_member_of_kind(object, "names", JSON_ARRAY, &list, err);

	if (!status)
		status = json_member_of_kind(object, "name", JSON_STRING, &single, err);
	if (status)
		return status;
	if (single && !single->text[0])
		single = NULL;
	if (single && list && list->count)
		return json_fail(single, err, "\"name\" beside \"names\": only one can hold");
	if (!single && !list)
		return json_fail(object, err, "there are no \"names\" here");
	names = arena_array(&reading->import->policy->arena, single ? 1 : list->count, sizeof(*names));
	if (!names)
		return fail_nomem(err);
	rule->names = names;
	if (single)
		return add_name(reading, single, rule, names);
	FOR_EACH_ITEM(list, item)
	{
		status = add_name(reading, item, rule, names);
		if (status)
			return status;
	}
	return CALLGATE_OK;
}

static int optional_number(const struct reading *reading, const struct json_value *object, const char *key,
			   uint64_t *ret_number)
{
	const struct json_value *value = json_member(object, key);

	*ret_number = 0;
	return value ? json_number(value, UINT64_MAX, ret_number, reading->import->err) : CALLGATE_OK;
}

static int read_test(const struct reading *reading, const struct json_value *object, struct libseccomp_test *ret_test)
{
	struct callgate_error *err = reading->import->err;
	static const char *const keys[] = { "index", "op", "value", "valueTwo" };
	const struct json_value *op = NULL, *index = NULL;
	uint64_t arg = 0, value, second;
	int status = check_keys(reading, object, keys, COUNT(keys), true);

	if (!status)
		status = json_member_of_kind(object, "op", JSON_STRING, &op, err);
	if (!status)
		status = json_member_of_kind(object, "index", JSON_NUMBER, &index, err);
	if (!status && (!op || !index))
		return json_fail(object, err, "an argument without \"%s\"", op ? "index" : "op");
	if (!status)
		status = json_number(index, 5, &arg, err);
	if (!status)
		status = optional_number(reading, object, "value", &value);
	if (!status)
		status = optional_number(reading, object, "valueTwo", &second);
	if (status)
		return status;
	for (size_t i = 0; i < COUNT(operators); i++) {
		bool is_masked = operators[i].is_masked;

		if (strcmp(operators[i].name, op->text) != 0)
			continue;
		*ret_test = (struct libseccomp_test){
			.arg = (unsigned)arg,
			.op = operators[i].op,
			.is_masked = is_masked,
			.mask = is_masked ? value : 0,
			.value = is_masked ? second : value,
			.position = object->position,
		};
		return CALLGATE_OK;
	}
	return fail_unknown(reading, op, "comparison");
}

static int read_tests(const struct reading *reading, const struct json_value *object, struct libseccomp_rule *rule,
		      bool *ret_each_alone)
{
	struct libseccomp_test *tests;
	const struct json_value *list;
	unsigned seen = 0;
	int status = json_member_of_kind(object, "args", JSON_ARRAY, &list, reading->import->err);

	*ret_each_alone = false;
	if (status || !list)
		return status;
	tests = arena_array(&reading->import->policy->arena, list->count, sizeof(*tests));
	if (!tests)
		return fail_nomem(reading->import->err);
	rule->tests = tests;
	FOR_EACH_ITEM(list, item)
	{
		if (item->kind != JSON_OBJECT)
			return json_fail(item, reading->import->err, "\"args\" must hold objects, not %s",
					 json_kind_name(item->kind));
		status = read_test(reading, item, &tests[rule->test_count]);
		if (status)
			return status;
		*ret_each_alone |= seen >> tests[rule->test_count].arg & 1;
		seen |= 1u << tests[rule->test_count++].arg;
	}
	return CALLGATE_OK;
}

static bool same_action(const struct policy_action *a, const struct policy_action *b)
{
	return a->kind == b->kind && a->data == b->data;
}

static int add_rule(struct reading *reading, const struct libseccomp_rule *rule, bool each_alone)
{
	struct libseccomp_rule one = *rule;

	if (!rule->name_count || same_action(&rule->action, &reading->import->policy->default_action))
		return CALLGATE_OK;
	if (!each_alone)
		return libseccomp_add(&reading->rules, rule);
	one.test_count = 1;
	for (size_t i = 0; i < rule->test_count; i++) {
		int status;

		one.tests = &rule->tests[i];
		status = libseccomp_add(&reading->rules, &one);
		if (status)
			return status;
	}
	return CALLGATE_OK;
}

static int read_rule(struct reading *reading, const struct json_value *object)
{
	static const char *const keys[] = { "name", "names",   "action",   "errno",   "errnoRet",
					    "args", "comment", "includes", "excludes" };
	struct libseccomp_rule rule = { .position = object->position };
	bool in_scope = false, each_alone;
	int status;

	if (object->kind != JSON_OBJECT)
		return json_fail(object, reading->import->err, "\"syscalls\" must hold objects, not %s",
				 json_kind_name(object->kind));
	status = check_keys(reading, object, keys, COUNT(keys), false);
	if (!status)
		status = is_in_scope(reading, object, &in_scope);
	if (!status)
		status = read_action(reading, object, "action", "errnoRet", "errno", &rule.action);
	rule.position = rule.action.position; /* whose line says more than a bracket */
	if (!status && in_scope)
		status = read_names(reading, object, &rule);
	if (!status)
		status = read_tests(reading, object, &rule, &each_alone);
	if (status || !in_scope)
		return status;
	return add_rule(reading, &rule, each_alone);
}

static int read_rules(struct reading *reading, const struct json_value *profile)
{
	const struct json_value *list;
	int status = json_member_of_kind(profile, "syscalls", JSON_ARRAY, &list, reading->import->err);

	FOR_EACH_ITEM(status ? NULL : list, item)
	{
		status = read_rule(reading, item);
		if (status)
			break;
	}
	return status;
}

/* They are for whoever loads the filter, and no part of what it means. */
static int read_flags(const struct reading *reading, const struct json_value *profile)
{
	const struct json_value *list;
	const char *listener = NULL;
	int status = member_texts(reading, profile, "flags", &list);

	if (!status)
		status = json_member_text(profile, "listenerPath", &listener, reading->import->err);
	if (status)
		return status;
	FOR_EACH_ITEM(list, item)
	{
		size_t i = 0;

		while (i < COUNT(flags) && strcmp(flags[i], item->text) != 0)
			i++;
		if (i == COUNT(flags))
			return fail_unknown(reading, item, "flag");
		status = import_note(reading->import, "%s: %s is for whoever loads the filter", reading->import->name,
				     item->text);
		if (status)
			return status;
	}
	if (listener && listener[0])
		return import_note(reading->import, "%s: the listener of notifications is for whoever loads the filter",
				   reading->import->name);
	return CALLGATE_OK;
}

static int note_unknown(const struct reading *reading)
{
	size_t count = reading->unknown_count;

	if (reading->unknown.failed)
		return fail_nomem(reading->import->err);
	if (!count)
		return CALLGATE_OK;
	return import_note(reading->import, "%s: %zu name%s that no syscall has, and without effect: %s%s",
			   reading->import->name, count, count == 1 ? "" : "s", buf_text(&reading->unknown),
			   count > NAMES_NOTED ? ", ..." : "");
}

/* A whole configuration has the profile as its linux.seccomp. */
static int find_profile(const struct reading *reading, const struct json_value *top,
			const struct json_value **ret_profile)
{
	const struct json_value *linux_part, *profile;
	int status;

	if (top->kind != JSON_OBJECT)
		return json_fail(top, reading->import->err, "a profile is an object, not %s",
				 json_kind_name(top->kind));
	*ret_profile = top;
	status = json_member_of_kind(top, "linux", JSON_OBJECT, &linux_part, reading->import->err);
	if (status || !linux_part || json_member(top, "defaultAction"))
		return status;
	status = json_member_of_kind(linux_part, "seccomp", JSON_OBJECT, &profile, reading->import->err);
	if (status)
		return status;
	if (!profile)
		return json_fail(linux_part, reading->import->err,
				 "the configuration has no \"seccomp\": nothing is filtered");
	*ret_profile = profile;
	return CALLGATE_OK;
}

static int read_profile(struct reading *reading, const struct json_value *top)
{
	static const char *const keys[] = {
		"defaultAction", "defaultErrno", "defaultErrnoRet",  "architectures", "archMap",
		"flags",	 "listenerPath", "listenerMetadata", "syscalls",
	};
	struct policy *policy = reading->import->policy;
	const struct json_value *profile = NULL;
	int status = find_profile(reading, top, &profile);

	if (!status)
		status = check_keys(reading, profile, keys, COUNT(keys), false);
	if (!status)
		status = read_action(reading, profile, "defaultAction", "defaultErrnoRet", "defaultErrno",
				     &policy->default_action);
	if (!status)
		status = read_arches(reading, profile);
	policy->default_position = policy->default_action.position;
	if (!status)
		status = read_rules(reading, profile);
	if (!status)
		status = read_flags(reading, profile);
	if (!status)
		status = note_unknown(reading);
	return status ? status : libseccomp_finish(&reading->rules);
}

static void reading_fini(struct reading *reading)
{
	buf_fini(&reading->unknown);
}

int oci_read(struct import *import)
{
	cleanup(reading_fini) struct reading reading = { .import = import, .rules = { .import = import } };
	const struct json_value *top;
	int status = json_parse(import->name, import->source->text, import->source->length, &import->policy->arena,
				&top, import->err);

	return status ? status : read_profile(&reading, top);
}
