/*
 * The settings of systemd.exec(5) that become filters, a row each. Where systemd warns and goes on without what it did
 * not understand, which leaves a process with less of a filter than its unit says, this reader refuses.
 */
#include "base/error.h"
#include "base/nearest.h"
#include "import/systemd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ERRNO_MAX = 4095, FAMILIES_MAX = 64, GROUP_DEPTH_MAX = 8, SLIPS_MAX = 2 };

/* A setting on its way. */
struct setting {
	struct import *import;
	struct systemd_settings *settings;
	const struct systemd_line *line;
	bool is_inverted; /* its value began with ~, which its first word has no more */
};

static struct arena *arena(struct setting *setting)
{
	return &setting->import->policy->arena;
}

#define setting_fail(setting, position, ...) systemd_fail((setting)->import->err, (position), __VA_ARGS__)

/* A ~ stands before all of the value; the word that it stood before may be empty then. */
static void take_tilde(struct setting *setting)
{
	struct systemd_word *first = setting->line->words;

	setting->is_inverted = first->text[0] == '~';
	first->text += setting->is_inverted;
	first->position.col += setting->is_inverted;
}

static int one_word(struct setting *setting, const char *what, const char **ret_word)
{
	if (setting->line->word_count != 1)
		return setting_fail(setting, &setting->line->position, CALLGATE_E_SYNTAX, "%s= takes %s",
				    setting->line->key, what);
	*ret_word = setting->line->words[0].text;
	return CALLGATE_OK;
}

static int boolean(const char *word)
{
	static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
	static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (strcasecmp(word, yes[i]) == 0)
			return 1;
		if (strcasecmp(word, no[i]) == 0)
			return 0;
	}
	return -1;
}

static int set_switch(struct setting *setting, enum systemd_switch index)
{
	const struct systemd_line *line = setting->line;
	const char *word;
	int status = one_word(setting, "yes or no", &word), value;

	if (status)
		return status;
	value = boolean(word);
	if (value < 0)
		return setting_fail(setting, &line->words[0].position, CALLGATE_E_SYNTAX,
				    "expected yes or no, not '%s'", word);
	setting->settings->on[index] = value ? line->words[0].position : (struct policy_position){ 0 };
	return CALLGATE_OK;
}

/* "kill", the name of an errno, or its number. */
static int read_refusal(struct setting *setting, const char *word, const struct policy_position *position,
			struct policy_action *ret_action)
{
	struct policy_action action = { .kind = POLICY_ERRNO, .position = *position };
	unsigned long number;
	char *end;

	if (strcmp(word, "kill") == 0) {
		action.kind = POLICY_KILL_PROCESS;
	} else if (abi_errno_by_name(abi_arch_native()->id, word) >= 0) {
		action.errno_name = arena_strdup(arena(setting), word);
		if (!action.errno_name)
			return fail_nomem(setting->import->err);
	} else {
		number = strtoul(word, &end, 10);
		if (word[0] < '0' || word[0] > '9' || *end || number > ERRNO_MAX) {
			return import_suggest(setting->import,
					      setting_fail(setting, position, CALLGATE_E_UNKNOWN,
							   "expected an errno or 'kill', not '%s'", word),
					      abi_errno_nearest(word));
		}
		action.data = (uint16_t)number;
	}
	*ret_action = action;
	return CALLGATE_OK;
}

static int set_error_number(struct setting *setting, enum systemd_switch index)
{
	const struct systemd_line *line = setting->line;
	const char *word;
	int status;

	(void)index;
	if (!line->word_count) {
		setting->settings->refusal = (struct policy_action){ .kind = POLICY_KILL_PROCESS };
		return CALLGATE_OK;
	}
	status = one_word(setting, "an errno or 'kill'", &word);
	return status ? status : read_refusal(setting, word, &line->words[0].position, &setting->settings->refusal);
}

/* One call; what it says is listed, or what the list's first kind of line said of it is taken back. */
static int list_call(struct setting *setting, struct systemd_calls *calls, const char *name, struct systemd_call *call)
{
	const struct abi_syscall *syscall = abi_syscall_by_name(name);
	bool is_own = call->action.kind != POLICY_ALLOW && !call->takes_refusal;
	bool lists = setting->is_inverted != calls->is_allow_list || (is_own && setting->is_inverted);

	if (!syscall)
		return CALLGATE_E_UNKNOWN;
	/* A libseccomp that is older than the call does not know it, and systemd goes on without it. */
	if (!setting->import->source->kernel || syscall->since <= setting->import->source->kernel)
		calls->calls[syscall - abi_syscall_at(0)] = lists ? call : NULL;
	return CALLGATE_OK;
}

/* Groups hold names that are of no arch here. */
static int list_group(struct setting *setting, struct systemd_calls *calls, const char *members,
		      struct systemd_call *call, unsigned depth)
{
	int status = CALLGATE_OK;

	while (!status && *members) {
		size_t length = strcspn(members, " ");
		const char *member = arena_strndup(arena(setting), members, length), *inner;

		if (!member)
			return fail_nomem(setting->import->err);
		inner = systemd_group(member);
		if (inner && depth < GROUP_DEPTH_MAX)
			status = list_group(setting, calls, inner, call, depth + 1);
		else
			list_call(setting, calls, member, call);
		members += length + (members[length] == ' ');
	}
	return status;
}

static int list_name(struct setting *setting, struct systemd_calls *calls, const char *name, struct systemd_call *call)
{
	const struct policy_position *position = &call->action.position;

	if (name[0] == '@') {
		const char *members = systemd_group(name);

		if (members)
			return list_group(setting, calls, members, call, 0);
		return import_suggest(setting->import,
				      setting_fail(setting, position, CALLGATE_E_UNKNOWN,
						   "unknown group of syscalls '%s'", name),
				      systemd_group_nearest(name));
	}
	if (list_call(setting, calls, name, call) == CALLGATE_OK)
		return CALLGATE_OK;
	return import_suggest(setting->import,
			      setting_fail(setting, position, CALLGATE_E_UNKNOWN, "unknown syscall '%s'", name),
			      abi_syscall_nearest(name));
}

/* A name or group, maybe with its own errno. */
static int list_word(struct setting *setting, struct systemd_calls *calls, const char *text,
		     const struct policy_position *position)
{
	struct systemd_call *call = arena_alloc(arena(setting), sizeof(*call));
	size_t length = strcspn(text, ":");
	const char *name = arena_strndup(arena(setting), text, length);
	bool is_log = calls == &setting->settings->log;
	int status;

	if (!call || !name)
		return fail_nomem(setting->import->err);
	call->action = (struct policy_action){ .kind = is_log ? POLICY_LOG : POLICY_ALLOW, .position = *position };
	if (text[length] == ':' && (is_log || !setting->is_inverted))
		return setting_fail(setting, position, CALLGATE_E_SYNTAX,
				    "only what is refused, behind a ~, has an errno: '%s'", text);
	if (text[length] == ':') {
		status = read_refusal(setting, text + length + 1, position, &call->action);
		if (status)
			return status;
	} else {
		call->takes_refusal = !is_log && setting->is_inverted;
	}
	if (is_log && setting->is_inverted)
		call->action.kind = POLICY_ALLOW;
	return list_name(setting, calls, name, call);
}

static int start_calls(struct setting *setting, struct systemd_calls *calls)
{
	const struct systemd_line *line = setting->line;
	struct systemd_call *call = arena_alloc(arena(setting), sizeof(*call));

	calls->calls = arena_array(arena(setting), abi_syscall_count(), sizeof(*calls->calls));
	if (!calls->calls || !call)
		return fail_nomem(setting->import->err);
	calls->is_set = true;
	calls->is_allow_list = !setting->is_inverted;
	calls->position = line->words[0].position;
	if (setting->is_inverted || calls == &setting->settings->log)
		return CALLGATE_OK;
	*call = (struct systemd_call){ .action = { .kind = POLICY_ALLOW, .position = calls->position } };
	return list_name(setting, calls, "@default", call);
}

static int set_calls(struct setting *setting, struct systemd_calls *calls)
{
	const struct systemd_line *line = setting->line;
	int status = CALLGATE_OK;

	if (!line->word_count) {
		*calls = (struct systemd_calls){ 0 };
		return CALLGATE_OK;
	}
	take_tilde(setting);
	if (!calls->is_set)
		status = start_calls(setting, calls);
	for (size_t i = 0; !status && i < line->word_count; i++)
		if (*line->words[i].text)
			status = list_word(setting, calls, line->words[i].text, &line->words[i].position);
	return status;
}

static int set_filter(struct setting *setting, enum systemd_switch index)
{
	(void)index;
	return set_calls(setting, &setting->settings->filter);
}

static int set_log(struct setting *setting, enum systemd_switch index)
{
	(void)index;
	return set_calls(setting, &setting->settings->log);
}

static int family(struct setting *setting, size_t index, uint64_t *ret_bit)
{
	const struct systemd_line *line = setting->line;
	const struct abi_constant_set *set;
	const char *word = line->words[index].text;
	uint64_t number;

	if (strncmp(word, "AF_", 3) != 0 || !abi_constant_find_any(abi_arch_native()->id, word, &number, &set) ||
	    number >= FAMILIES_MAX)
		return setting_fail(setting, &line->words[index].position, CALLGATE_E_UNKNOWN,
				    "unknown address family '%s'", word);
	*ret_bit = UINT64_C(1) << number;
	return CALLGATE_OK;
}

static int set_families(struct setting *setting, enum systemd_switch index)
{
	struct systemd_families *families = &setting->settings->families;
	const struct systemd_line *line = setting->line;
	struct policy_position *position = &setting->settings->on[index];

	if (!line->word_count) {
		*families = (struct systemd_families){ 0 };
		*position = (struct policy_position){ 0 };
		return CALLGATE_OK;
	}
	if (line->word_count == 1 && strcmp(line->words[0].text, "none") == 0) {
		*families = (struct systemd_families){ .is_allow_list = true };
		*position = line->words[0].position;
		return CALLGATE_OK;
	}
	take_tilde(setting);
	if (!position->line)
		families->is_allow_list = !setting->is_inverted;
	*position = line->words[0].position;
	for (size_t i = 0; i < line->word_count; i++) {
		uint64_t bit = 0;
		int status = *line->words[i].text ? family(setting, i, &bit) : CALLGATE_OK;

		if (status)
			return status;
		if (setting->is_inverted != families->is_allow_list)
			families->listed |= bit;
		else
			families->listed &= ~bit;
	}
	return CALLGATE_OK;
}

static int namespaces(struct setting *setting, uint64_t *ret_flags)
{
	const struct systemd_line *line = setting->line;
	static const struct {
		const char *name;
		uint64_t flag;
	} known[] = {
		{ "cgroup", 0x02000000 }, { "ipc", 0x08000000 },
		{ "net", 0x40000000 },	  { "mnt", 0x00020000 },
		{ "pid", 0x20000000 },	  { "user", 0x10000000 },
		{ "uts", 0x04000000 },	  { "time", SYSTEMD_NAMESPACE_TIME },
	};
	uint64_t flags = 0;

	for (size_t i = 0; i < setting->line->word_count; i++) {
		size_t k = 0;

		if (!*line->words[i].text)
			continue;
		while (k < sizeof(known) / sizeof(*known) && strcmp(known[k].name, line->words[i].text) != 0)
			k++;
		if (k == sizeof(known) / sizeof(*known))
			return setting_fail(setting, &line->words[i].position, CALLGATE_E_UNKNOWN,
					    "unknown kind of namespace '%s'", line->words[i].text);
		flags |= known[k].flag;
	}
	*ret_flags = flags;
	return CALLGATE_OK;
}

static int set_namespaces(struct setting *setting, enum systemd_switch index)
{
	const struct systemd_line *line = setting->line;
	struct policy_position *position = &setting->settings->on[index];
	uint64_t *left = &setting->settings->namespaces, flags;
	int value = line->word_count == 1 ? boolean(line->words[0].text) : -1, status;

	if (!line->word_count || value >= 0) {
		*left = value > 0 ? 0 : SYSTEMD_NAMESPACES_ALL;
		*position = line->word_count ? line->words[0].position : (struct policy_position){ 0 };
		return CALLGATE_OK;
	}
	take_tilde(setting);
	status = namespaces(setting, &flags);
	if (status)
		return status;
	if (!position->line)
		*left = setting->is_inverted ? SYSTEMD_NAMESPACES_ALL & ~flags : flags;
	else
		*left = setting->is_inverted ? *left & ~flags : *left | flags;
	*position = line->words[0].position;
	return CALLGATE_OK;
}

/* By systemd's name. Those that this machine cannot run are not heard of: their calls are killed, and never made. */
static int arch(struct setting *setting, const struct systemd_word *word, uint32_t *arches)
{
	static const char *const elsewhere[] = {
		"alpha",   "arc",    "ia64", "mips-le", "mips64-n32", "mips64-le-n32", "sh64",	  "sparc",
		"sparc64", "tilegx", "cris", "nios2",	"mips64-le",  "ppc64-le",      "riscv32",
	};
	const struct abi_arch *found = abi_arch_by_name(word->text);

	if (strcmp(word->text, "native") == 0)
		found = abi_arch_native();
	if (found) {
		*arches |= UINT32_C(1) << found->id;
		return CALLGATE_OK;
	}
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++)
		if (strcmp(elsewhere[i], word->text) == 0)
			return CALLGATE_OK;
	return setting_fail(setting, &word->position, CALLGATE_E_UNKNOWN, "unknown arch '%s'", word->text);
}

static int set_arches(struct setting *setting, enum systemd_switch index)
{
	const struct systemd_line *line = setting->line;
	int status = CALLGATE_OK;

	if (!line->word_count) {
		setting->settings->arches = 0;
		setting->settings->on[index] = (struct policy_position){ 0 };
		return CALLGATE_OK;
	}
	setting->settings->on[index] = line->words[0].position;
	for (size_t i = 0; !status && i < line->word_count; i++)
		status = arch(setting, &line->words[i], &setting->settings->arches);
	return status;
}

/* linux/personality.h: PER_LINUX of the machine's own arch, PER_LINUX32 of the one that it also runs. */
static int set_personality(struct setting *setting, enum systemd_switch index)
{
	const struct systemd_line *line = setting->line;
	const char *word;
	const struct abi_arch *found;
	int status = one_word(setting, "the name of an arch", &word);

	(void)index;
	if (status)
		return status;
	found = abi_arch_by_name(word);
	if (!found)
		return setting_fail(setting, &line->words[0].position, CALLGATE_E_UNKNOWN, "unknown personality '%s'",
				    word);
	setting->settings->personality = found == abi_arch_native() ? 0 : 8;
	return CALLGATE_OK;
}

static const struct {
	const char *key;
	int (*set)(struct setting *setting, enum systemd_switch index);
	enum systemd_switch index;
} keys[] = {
	{ "SystemCallFilter", set_filter, SYSTEMD_SWITCHES },
	{ "SystemCallLog", set_log, SYSTEMD_SWITCHES },
	{ "SystemCallErrorNumber", set_error_number, SYSTEMD_SWITCHES },
	{ "SystemCallArchitectures", set_arches, SYSTEMD_ARCHES },
	{ "RestrictAddressFamilies", set_families, SYSTEMD_FAMILIES },
	{ "RestrictNamespaces", set_namespaces, SYSTEMD_NAMESPACES },
	{ "RestrictRealtime", set_switch, SYSTEMD_REALTIME },
	{ "RestrictSUIDSGID", set_switch, SYSTEMD_SUID },
	{ "DynamicUser", set_switch, SYSTEMD_DYNAMIC_USER },
	{ "MemoryDenyWriteExecute", set_switch, SYSTEMD_WRITE_EXECUTE },
	{ "LockPersonality", set_switch, SYSTEMD_PERSONALITY },
	{ "Personality", set_personality, SYSTEMD_SWITCHES },
	{ "ProtectHostname", set_switch, SYSTEMD_HOSTNAME },
	{ "ProtectKernelTunables", set_switch, SYSTEMD_TUNABLES },
	{ "ProtectKernelModules", set_switch, SYSTEMD_MODULES },
	{ "ProtectKernelLogs", set_switch, SYSTEMD_LOGS },
	{ "ProtectClock", set_switch, SYSTEMD_CLOCK },
	{ "PrivateDevices", set_switch, SYSTEMD_DEVICES },
};

enum { KEYS = sizeof(keys) / sizeof(*keys) };

static bool has_processes(const char *section)
{
	static const char *const sections[] = { "Service", "Socket", "Mount", "Swap" };

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		if (strcmp(sections[i], section) == 0)
			return true;
	return false;
}

/* A slip in one of ours, be it in capitals, which systemd would go on without. */
static int look_for_slip(struct setting *setting)
{
	struct nearest nearest = nearest_to(setting->line->key);
	bool is_case = false;

	for (size_t i = 0; i < KEYS && !is_case; i++) {
		is_case = strcasecmp(keys[i].key, setting->line->key) == 0;
		nearest_try(&nearest, keys[i].key);
		if (is_case)
			nearest.name = keys[i].key;
	}
	if (!is_case && (!nearest.name || nearest.distance > SLIPS_MAX || strlen(setting->line->key) <= 2 * SLIPS_MAX))
		return CALLGATE_OK;
	return import_suggest(setting->import,
			      setting_fail(setting, &setting->line->position, CALLGATE_E_UNKNOWN,
					   "unknown setting '%s'", setting->line->key),
			      nearest.name);
}

int systemd_set(struct import *import, struct systemd_settings *settings, const struct systemd_line *line)
{
	struct setting setting = { .import = import, .settings = settings, .line = line };

	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].key, line->key) != 0)
			continue;
		if (has_processes(line->section))
			return keys[i].set(&setting, keys[i].index);
		return setting_fail(
			&setting, &line->position, CALLGATE_E_SYNTAX,
			"%s= has no effect in [%s]: processes are of [Service], [Socket], [Mount] and [Swap]",
			line->key, line->section);
	}
	return has_processes(line->section) ? look_for_slip(&setting) : CALLGATE_OK;
}
