/*
 * What firejail's lines come to: for x86-64 a filter each, which lets other arches through and answers x32's numbers
 * with the action of seccomp-error-action; for some of them another for i386. They are caught from a running firejail,
 * and compared, in tests/programs/profiles.sh.
 */
#include "import/firejail.h"

#include "base/error.h"
#include "import/build.h"
#include "import/stack.h"

#include <string.h>

enum { GROUP_DEPTH_MAX = 8 };

#define LOW	      UINT32_MAX /* firejail looks at the low half of an argument */
#define CLONE_NEWTIME UINT64_C(0x80)

struct loading {
	struct import *import;
	const struct firejail_settings *settings;
	struct stack native, secondary; /* x86-64, i386 */
};

static struct arena *arena(struct loading *loading)
{
	return &loading->import->policy->arena;
}

static const struct {
	const char *name, *members;
} groups[] = {
#define FIREJAIL_GROUP(name, members) { name, members },
#include "import/firejail-groups.def"
#undef FIREJAIL_GROUP
};

const char *firejail_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return groups[i].members;
	return NULL;
}

/* NULL without memory, which is said. */
static struct stack_filter *new_filter(struct stack *stack, const struct policy_position *position)
{
	struct policy_action allow = { .kind = POLICY_ALLOW, .position = *position };

	return stack_push(stack, &allow);
}

/* An action at a place; NULL without memory. */
static const struct policy_action *placed(struct loading *loading, struct policy_action action,
					  const struct policy_position *position)
{
	struct policy_action *made = arena_alloc(arena(loading), sizeof(*made));

	if (!made)
		return NULL;
	action.position = *position;
	*made = action;
	return made;
}

static const struct policy_action *refusal(struct loading *loading, const struct policy_position *position)
{
	return placed(loading, loading->settings->action, position);
}

/* The filter that blocks other arches is a ready-made one beside a list that takes the place of the default. */
static const struct policy_action *secondary_refusal(struct loading *loading)
{
	static const struct policy_action ready_made = { .kind = POLICY_ERRNO, .errno_name = "EPERM" };
	const struct firejail_settings *settings = loading->settings;
	bool has_list = settings->drop.text || settings->keep.text;

	return placed(loading, has_list ? ready_made : settings->action, &settings->secondary);
}

/* What stands first in a list counts. */
static void list_call(struct loading *loading, struct stack_filter *filter, const struct abi_syscall *syscall,
		      const struct policy_action *action)
{
	uint16_t kernel = loading->import->source->kernel;

	if (!filter->listed[syscall - abi_syscall_at(0)] && (!kernel || syscall->since <= kernel))
		stack_list(filter, syscall, action);
}

/* Names with blanks between them; of those that are no call of any arch nothing is said. */
static int list_members(struct loading *loading, struct stack_filter *filter, const char *members,
			const struct policy_action *action, unsigned depth)
{
	int status = CALLGATE_OK;

	while (!status && *members) {
		size_t length = strcspn(members, " ");
		const char *member = arena_strndup(arena(loading), members, length), *inner;
		const struct abi_syscall *syscall;

		if (!member)
			return fail_nomem(loading->import->err);
		inner = firejail_group(member);
		syscall = abi_syscall_by_name(member);
		if (inner && depth < GROUP_DEPTH_MAX)
			status = list_members(loading, filter, inner, action, depth + 1);
		else if (syscall)
			list_call(loading, filter, syscall, action);
		members += length + (members[length] == ' ');
	}
	return status;
}

/* One entry of a list: "mount", "!mount", "@clock", "mount:ENOSYS", "$165". */
struct entry {
	const char *name;   /* without what stands around it */
	const char *answer; /* behind the colon, or NULL */
	bool is_exception;
	struct policy_position position;
};

static int fail_entry(struct loading *loading, const struct entry *entry, const char *what, const char *near)
{
	return import_suggest(loading->import,
			      firejail_fail(loading->import, &entry->position, CALLGATE_E_UNKNOWN, "unknown %s '%s'",
					    what, entry->name),
			      near);
}

static int next_entry(struct loading *loading, struct firejail_value *rest, struct entry *ret_entry)
{
	struct entry entry = { .position = rest->position };
	size_t length = strcspn(rest->text, ",");
	char *text = arena_strndup(arena(loading), rest->text, length), *colon;

	if (!text)
		return fail_nomem(loading->import->err);
	colon = strchr(text, ':');
	entry.is_exception = text[0] == '!';
	entry.name = text + entry.is_exception;
	if (colon) {
		*colon = '\0';
		entry.answer = colon + 1;
	}
	if (!*entry.name || strpbrk(text, " ") || (entry.name[0] == '@' && (entry.is_exception || entry.answer)) ||
	    (entry.is_exception && entry.answer))
		return firejail_fail(loading->import, &entry.position, CALLGATE_E_SYNTAX,
				     "expected NAME, NAME:ERRNO, !NAME, $NUMBER or @GROUP between commas");
	length += rest->text[length] == ',';
	rest->text += length;
	rest->position.col += (unsigned)length;
	*ret_entry = entry;
	return CALLGATE_OK;
}

static int find_call(struct loading *loading, const struct entry *entry, const struct abi_syscall **ret_syscall)
{
	uint32_t nr = 0;

	if (entry->name[0] != '$') {
		*ret_syscall = abi_syscall_by_name(entry->name);
		return *ret_syscall ? CALLGATE_OK
				    : fail_entry(loading, entry, "syscall", abi_syscall_nearest(entry->name));
	}
	for (const char *c = entry->name + 1; *c; c++) {
		if (*c < '0' || *c > '9' || nr > 100000)
			return fail_entry(loading, entry, "number", NULL);
		nr = nr * 10 + (uint32_t)(*c - '0');
	}
	*ret_syscall = abi_syscall_by_nr(ABI_X86_64, nr);
	return *ret_syscall ? CALLGATE_OK : fail_entry(loading, entry, "number", NULL);
}

/* What an entry that is no plain name gets. */
static int special_action(struct loading *loading, const struct entry *entry, bool is_keep,
			  const struct policy_action **ret_action)
{
	struct policy_action *action = arena_alloc(arena(loading), sizeof(*action));

	if (!action)
		return fail_nomem(loading->import->err);
	*action = loading->settings->action;
	if (entry->is_exception && !is_keep)
		*action = (struct policy_action){ .kind = POLICY_ALLOW };
	else if (entry->answer && strcmp(entry->answer, "kill") == 0)
		*action = (struct policy_action){ .kind = POLICY_KILL_THREAD };
	else if (entry->answer && strcmp(entry->answer, "log") == 0)
		*action = (struct policy_action){ .kind = POLICY_LOG };
	else if (entry->answer && abi_errno_by_name(ABI_X86_64, entry->answer) >= 0)
		*action = (struct policy_action){ .kind = POLICY_ERRNO, .errno_name = entry->answer };
	else if (entry->answer) {
		const struct entry wrong = { .name = entry->answer, .position = entry->position };

		return fail_entry(loading, &wrong, "errno", abi_errno_nearest(entry->answer));
	}
	action->position = entry->position;
	*ret_action = action;
	return CALLGATE_OK;
}

static int list_entry(struct loading *loading, struct stack_filter *filter, const struct entry *entry, bool is_keep,
		      bool specials)
{
	const struct abi_syscall *syscall = NULL;
	const struct policy_action *action = NULL;
	const char *members = firejail_group(entry->name);
	bool is_special = entry->is_exception || entry->answer;
	int status = CALLGATE_OK;

	if (entry->name[0] != '@')
		status = find_call(loading, entry, &syscall);
	else if (!members)
		status = fail_entry(loading, entry, "group of syscalls", NULL);
	if (status || is_special != specials)
		return status;
	if (is_special) {
		status = special_action(loading, entry, is_keep, &action);
	} else {
		struct policy_action *made = arena_alloc(arena(loading), sizeof(*made));

		if (!made)
			return fail_nomem(loading->import->err);
		*made = loading->settings->action;
		if (is_keep)
			*made = (struct policy_action){ .kind = POLICY_ALLOW };
		made->position = entry->position;
		action = made;
	}
	if (status || syscall)
		return status ? status : (list_call(loading, filter, syscall, action), CALLGATE_OK);
	return list_members(loading, filter, members, action, 0);
}

/* The entries of a list that have an answer of their own, or the others. */
static int list_entries(struct loading *loading, struct stack_filter *filter, const struct firejail_value *list,
			bool is_keep, bool specials)
{
	struct firejail_value rest = *list;
	int status = CALLGATE_OK;

	while (!status && rest.text && *rest.text) {
		struct entry entry;

		status = next_entry(loading, &rest, &entry);
		if (!status)
			status = list_entry(loading, filter, &entry, is_keep, specials);
	}
	return status;
}

/* A list of what is left: firejail adds what it needs to start the program. */
static int load_keep(struct loading *loading)
{
	const struct firejail_value *list = &loading->settings->keep;
	const struct policy_action *otherwise = refusal(loading, &list->position);
	struct policy_action *allow = arena_alloc(arena(loading), sizeof(*allow));
	struct stack_filter *filter;
	int status;

	if (!otherwise || !allow)
		return fail_nomem(loading->import->err);
	*allow = (struct policy_action){ .kind = POLICY_ALLOW, .position = list->position };
	filter = stack_push(&loading->native, otherwise);
	if (!filter)
		return CALLGATE_E_NOMEM;
	status = list_entries(loading, filter, list, true, true);
	if (!status)
		status = list_members(loading, filter, "@default-keep", allow, 0);
	return status ? status : list_entries(loading, filter, list, true, false);
}

static int load_drop(struct loading *loading)
{
	const struct firejail_settings *settings = loading->settings;
	const struct firejail_value *list = settings->drop.text ? &settings->drop : &settings->more;
	struct stack_filter *filter = new_filter(&loading->native, &settings->calls);
	const struct policy_action *refused = refusal(loading, &settings->calls);
	int status;

	if (!filter)
		return CALLGATE_E_NOMEM;
	if (!refused)
		return fail_nomem(loading->import->err);
	status = list_entries(loading, filter, list, false, true);
	if (!status && !settings->drop.text)
		status = list_members(loading, filter, settings->has_debuggers ? "@default" : "@default-nodebuggers",
				      refused, 0);
	return status ? status : list_entries(loading, filter, list, false, false);
}

/* For i386, beside the default list, the one that firejail was built with; all of it, where that is to be blocked. */
static int load_secondary(struct loading *loading)
{
	static const char built_in[] =
		"mount umount2 ptrace kexec_load name_to_handle_at open_by_handle_at create_module init_module "
		"finit_module delete_module iopl ioperm ioprio_set swapon swapoff syslog process_vm_readv "
		"process_vm_writev sysfs _sysctl adjtimex clock_adjtime lookup_dcookie perf_event_open fanotify_init "
		"kcmp add_key request_key keyctl uselib acct modify_ldt pivot_root io_setup io_destroy io_getevents "
		"io_submit io_cancel remap_file_pages mbind set_mempolicy migrate_pages move_pages vmsplice chroot "
		"reboot nfsservctl get_kernel_syms";
	const struct firejail_settings *settings = loading->settings;
	bool blocks = settings->secondary.line;
	const struct policy_position *position = blocks ? &settings->secondary : &settings->calls;
	const struct policy_action *refused = blocks ? secondary_refusal(loading) : refusal(loading, position);
	struct stack_filter *filter;

	if (!refused)
		return fail_nomem(loading->import->err);
	if (!blocks && (settings->drop.text || settings->keep.text))
		return CALLGATE_OK;
	if (blocks) {
		loading->import->policy->foreign_action = *refused;
		loading->import->policy->foreign_position = refused->position;
		return stack_push(&loading->secondary, refused) ? CALLGATE_OK : CALLGATE_E_NOMEM;
	}
	filter = new_filter(&loading->secondary, position);
	return filter ? list_members(loading, filter, built_in, refused, 0) : CALLGATE_E_NOMEM;
}

/* Calls, names with blanks between them, refused under a condition. */
static int refuse(struct loading *loading, struct stack *stack, struct stack_filter *filter, const char *names,
		  const struct policy_condition *condition, const struct policy_action *action)
{
	struct policy_name *made = arena_array(arena(loading), strlen(names), sizeof(*made));
	struct policy_rule rule = { .names = made, .condition = condition };

	if (!made || !condition || !action)
		return fail_nomem(loading->import->err);
	rule.action = *action;
	rule.position = action->position;
	while (*names) {
		size_t length = strcspn(names, " ");
		const char *name = arena_strndup(arena(loading), names, length);

		if (!name)
			return fail_nomem(loading->import->err);
		made[rule.name_count++] = (struct policy_name){ abi_syscall_by_name(name), rule.position };
		names += length + (names[length] == ' ');
	}
	return stack_add_rule(stack, filter, &rule);
}

/* Domains of other machines: all but the native one and the one that undoes another, and the question for it. */
static int load_personality(struct loading *loading)
{
	const struct policy_position *position = &loading->settings->secondary;
	struct stack_filter *filter = new_filter(&loading->native, position);
	const struct policy_condition *is_native =
		build_both(arena(loading), POLICY_OR, build_compare(arena(loading), "arg0", POLICY_OP_EQ, 0),
			   build_compare(arena(loading), "arg0", POLICY_OP_EQ, 0xffffffff));

	if (!filter)
		return CALLGATE_E_NOMEM;
	return refuse(loading, &loading->native, filter, "personality", build_not(arena(loading), is_native),
		      secondary_refusal(loading));
}

static int load_calls(struct loading *loading)
{
	int status = CALLGATE_OK;

	if (!loading->settings->has_calls)
		return CALLGATE_OK;
	status = loading->settings->keep.text ? load_keep(loading) : load_drop(loading);
	if (!status)
		status = load_secondary(loading);
	if (!status && loading->settings->secondary.line)
		status = load_personality(loading);
	return status;
}

/* On i386 by its number alone, which socketcall has not. */
static int load_protocol(struct loading *loading)
{
	const struct policy_position *position = &loading->settings->protocol;
	const struct policy_action refused = { .kind = POLICY_ERRNO,
					       .errno_name = "EOPNOTSUPP",
					       .position = *position };
	struct policy_condition *known = build_in_set(arena(loading), "arg0", loading->settings->families);
	struct stack *const stacks[] = { &loading->native, &loading->secondary };
	int status = CALLGATE_OK;

	if (known)
		known->mask = build_number(arena(loading), LOW);
	if (!known || !known->mask)
		return fail_nomem(loading->import->err);
	for (size_t i = 0; !status && i < 2; i++) {
		struct stack_filter *filter = new_filter(stacks[i], position);

		status = filter ? refuse(loading, stacks[i], filter, "socket", build_not(arena(loading), known),
					 &refused)
				: CALLGATE_E_NOMEM;
	}
	return status;
}

/* asm-generic/mman-common.h: PROT_WRITE 2, PROT_EXEC 4; linux/shm.h: SHM_EXEC 0100000. */
static int load_write_execute(struct loading *loading, struct stack *stack)
{
	const struct policy_action *refused = refusal(loading, &loading->settings->write_execute);
	const struct policy_condition *both = build_compare(arena(loading), "arg2", POLICY_OP_ALL, 6);
	const struct policy_condition *executable = build_compare(arena(loading), "arg2", POLICY_OP_ANY, 4);
	const struct policy_condition *attached = build_compare(arena(loading), "arg2", POLICY_OP_ANY, 0100000);
	bool is_native = stack == &loading->native;
	struct stack_filter *filter = new_filter(stack, &loading->settings->write_execute);
	int status;

	if (!filter)
		return CALLGATE_E_NOMEM;
	status = refuse(loading, stack, filter, is_native ? "mmap" : "mmap2", both, refused);
	if (!status)
		status = refuse(loading, stack, filter, "mprotect pkey_mprotect", executable, refused);
	if (!status)
		status = refuse(loading, stack, filter, "shmat", attached, refused);
	return status ? status
		      : refuse(loading, stack, filter, is_native ? "memfd_create" : "memfd_create mmap", &build_always,
			       refused);
}

static int load_namespaces(struct loading *loading, struct stack *stack)
{
	const struct policy_position *position = &loading->settings->namespaces;
	const struct policy_action *refused = refusal(loading, position);
	const struct policy_action unknown = { .kind = POLICY_ERRNO, .errno_name = "ENOSYS", .position = *position };
	uint64_t kinds = loading->settings->refused_namespaces;
	const struct policy_condition *joins =
		build_both(arena(loading), POLICY_OR, build_masked(arena(loading), "arg1", LOW, POLICY_OP_EQ, 0),
			   build_compare(arena(loading), "arg1", POLICY_OP_ANY, kinds));
	struct stack_filter *filter = new_filter(stack, position);
	int status;

	if (!filter)
		return CALLGATE_E_NOMEM;
	status = refuse(loading, stack, filter, "clone3", &build_always, &unknown);
	if (!status)
		status = refuse(loading, stack, filter, "unshare",
				build_compare(arena(loading), "arg0", POLICY_OP_ANY, kinds), refused);
	if (!status)
		status = refuse(loading, stack, filter, "setns", joins, refused);
	if (!status && kinds & ~CLONE_NEWTIME)
		status = refuse(loading, stack, filter, "clone",
				build_compare(arena(loading), "arg0", POLICY_OP_ANY, kinds & ~CLONE_NEWTIME), refused);
	return status;
}

/* Each filter for x86-64 answers x32's numbers, the one for `protocol` as the last. */
static const struct policy_action *x32_action(struct loading *loading)
{
	const struct firejail_settings *settings = loading->settings;
	const struct policy_position top = { loading->import->name, 0, 0 };
	const struct policy_position *stated = &settings->action.position;
	const struct policy_action *action = refusal(loading, stated->line ? stated : &top);
	const struct policy_action *blocked = settings->secondary.line ? secondary_refusal(loading) : NULL;

	if (!action || (settings->secondary.line && !blocked))
		return NULL;
	if (blocked && (blocked->kind > action->kind || (blocked->kind == action->kind && !settings->protocol.line)))
		return blocked;
	return action;
}

static int finish(struct loading *loading)
{
	struct policy *policy = loading->import->policy;
	int status = stack_finish(&loading->native);

	if (!status && loading->secondary.filters.length)
		status = stack_finish(&loading->secondary);
	if (status)
		return status;
	policy->arches[ABI_X86_64] = true;
	policy->default_action = policy->newer_action = *policy->own[ABI_X86_64];
	policy->default_position = policy->newer_position = policy->default_action.position;
	if (!loading->native.filters.length)
		return CALLGATE_OK;
	policy->own[ABI_X32] = x32_action(loading);
	policy->arches[ABI_X32] = true;
	return policy->own[ABI_X32] ? CALLGATE_OK : fail_nomem(loading->import->err);
}

int firejail_stack(struct import *import, const struct firejail_settings *settings)
{
	struct loading loading = {
		.import = import,
		.settings = settings,
		.native = { .import = import, .arches = 1u << ABI_X86_64, .by_number = true },
		.secondary = { .import = import, .arches = 1u << ABI_I386, .by_number = true },
	};
	bool has_namespaces = settings->namespaces.line, has_write_execute = settings->write_execute.line;
	int status = CALLGATE_OK;

	import->policy->has_foreign = true;
	import->policy->foreign_action.kind = POLICY_ALLOW;
	import->policy->arches[ABI_X86_64] = true;
	import->policy->arches[ABI_I386] =
		settings->has_calls || has_namespaces || has_write_execute || settings->protocol.line;
	if (has_namespaces)
		status = load_namespaces(&loading, &loading.secondary);
	if (!status && has_namespaces)
		status = load_namespaces(&loading, &loading.native);
	if (!status && has_write_execute)
		status = load_write_execute(&loading, &loading.secondary);
	if (!status && has_write_execute)
		status = load_write_execute(&loading, &loading.native);
	if (!status)
		status = load_calls(&loading);
	if (!status && settings->protocol.line)
		status = load_protocol(&loading);
	import->policy->arches[ABI_I386] = loading.secondary.filters.length;
	return status ? status : finish(&loading);
}
