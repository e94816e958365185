/*
 * What systemd's settings come to: one filter each, for each arch of the machine, which lets other arches through
 * (src/shared/seccomp-util.c of its sources; caught in tests/programs/units.sh). An arch here is a condition of rules
 * where a setting speaks of some only: where a call's arguments lie in memory, systemd refuses the call as a whole or
 * leaves the setting without effect.
 */
#include "base/error.h"
#include "import/build.h"
#include "import/stack.h"
#include "import/systemd.h"

#include <string.h>

/* sys/stat.h: S_ISUID and S_ISGID. */
#define SUID_BITS    06000
/* linux/sched.h: SCHED_OTHER, SCHED_BATCH and SCHED_IDLE, a bit each; what is none of them is realtime. */
#define NOT_REALTIME (1u << 0 | 1u << 3 | 1u << 5)

struct loading {
	struct import *import;
	const struct systemd_settings *settings;
	struct stack stack;
	struct stack_filter *filter;		/* the one of the setting */
	const struct policy_position *position; /* of the setting */
};

static struct arena *arena(struct loading *loading)
{
	return &loading->import->policy->arena;
}

/* A refusal of some calls, names with blanks between them, under a condition, on the arches that are not in not_on. */
static int refuse(struct loading *loading, const char *names, const struct policy_condition *condition,
		  const char *errno_name, uint32_t not_on)
{
	struct policy_rule rule = {
		.action = { .kind = POLICY_ERRNO, .errno_name = errno_name, .position = *loading->position },
		.condition = condition,
		.not_on = not_on,
		.position = *loading->position,
	};
	struct policy_name *made = arena_array(arena(loading), strlen(names), sizeof(*made));

	if (!made || !condition)
		return fail_nomem(loading->import->err);
	rule.names = made;
	while (*names) {
		size_t length = strcspn(names, " ");
		const char *name = arena_strndup(arena(loading), names, length);
		const struct abi_syscall *syscall = name ? abi_syscall_by_name(name) : NULL;

		if (!name)
			return fail_nomem(loading->import->err);
		if (syscall)
			made[rule.name_count++] = (struct policy_name){ syscall, *loading->position };
		names += length + (names[length] == ' ');
	}
	return stack_add_rule(&loading->stack, loading->filter, &rule);
}

static int refuse_group(struct loading *loading, const char *group)
{
	return refuse(loading, systemd_group(group), &build_always, "EPERM", 0);
}

static int load_hostname(struct loading *loading)
{
	return refuse(loading, "sethostname setdomainname", &build_always, "EPERM", 0);
}

/* The arches where a call, as named, can be reached by a carrier, whose arguments are not seen. */
static uint32_t arches_with(const char *carrier)
{
	const struct abi_syscall *syscall = abi_syscall_by_name(carrier);
	uint32_t arches = 0;

	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (syscall->nr[arch] >= 0)
			arches |= UINT32_C(1) << arch;
	return arches;
}

static int load_families(struct loading *loading)
{
	const struct systemd_families *families = &loading->settings->families;
	const struct policy_condition *condition = &build_always;

	if (families->listed)
		condition = build_in_set(arena(loading), "word0", families->listed);
	else if (!families->is_allow_list)
		return CALLGATE_OK;
	if (families->is_allow_list && families->listed)
		condition = build_not(arena(loading), condition);
	return refuse(loading, "socket", condition, "EAFNOSUPPORT", arches_with("socketcall"));
}

/* The arches on which mmap has one argument, an address. */
static uint32_t arches_with_mmap_hidden(void)
{
	const struct abi_syscall *syscall = abi_syscall_by_name("mmap");
	uint32_t arches = 0;

	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		struct abi_arg args[6];

		if (abi_syscall_args(syscall, arch, args) < 2)
			arches |= UINT32_C(1) << arch;
	}
	return arches;
}

/* asm-generic/mman-common.h: PROT_WRITE 2, PROT_EXEC 4; linux/shm.h: SHM_EXEC 0100000. */
static int load_write_execute(struct loading *loading)
{
	uint32_t hidden = arches_with_mmap_hidden();
	const struct policy_condition *both = build_compare(arena(loading), "word2", POLICY_OP_ALL, 6);
	const struct policy_condition *executable = build_compare(arena(loading), "word2", POLICY_OP_ANY, 4);
	const struct policy_condition *attached = build_compare(arena(loading), "word2", POLICY_OP_ANY, 0100000);
	int status = refuse(loading, "mmap", both, "EPERM", hidden);

	if (!status)
		status = refuse(loading, "mmap", &build_always, "EPERM", ~hidden);
	if (!status)
		status = refuse(loading, "mmap2", both, "EPERM", 0);
	if (!status)
		status = refuse(loading, "mprotect pkey_mprotect", executable, "EPERM", 0);
	return status ? status : refuse(loading, "shmat", attached, "EPERM", arches_with("ipc"));
}

static int load_realtime(struct loading *loading)
{
	const struct policy_condition *ordinary = build_in_set(arena(loading), "word1", NOT_REALTIME);

	return refuse(loading, "sched_setscheduler", build_not(arena(loading), ordinary), "EPERM", 0);
}

/* A call makes a file only where its flags say so. */
static const struct policy_condition *creates(struct loading *loading, const char *flags, const char *mode)
{
	struct policy_value *o_creat = arena_alloc(arena(loading), sizeof(*o_creat));
	struct policy_condition *flag = build_compare(arena(loading), flags, POLICY_OP_ANY, 0);

	if (!o_creat || !flag)
		return NULL;
	*o_creat = (struct policy_value){ .kind = POLICY_VALUE_NAME, .name = "O_CREAT" };
	flag->value = o_creat;
	return build_both(arena(loading), POLICY_AND, flag,
			  build_compare(arena(loading), mode, POLICY_OP_ANY, SUID_BITS));
}

static int load_suid(struct loading *loading)
{
	static const char second[] = "chmod fchmod mkdir mknod creat";
	static const char third[] = "fchmodat fchmodat2 mkdirat mknodat";
	int status =
		refuse(loading, second, build_compare(arena(loading), "word1", POLICY_OP_ANY, SUID_BITS), "EPERM", 0);

	if (!status)
		status = refuse(loading, third, build_compare(arena(loading), "word2", POLICY_OP_ANY, SUID_BITS),
				"EPERM", 0);
	if (!status)
		status = refuse(loading, "open", creates(loading, "word1", "word2"), "EPERM", 0);
	if (!status)
		status = refuse(loading, "openat", creates(loading, "word2", "word3"), "EPERM", 0);
	return status ? status : refuse(loading, "openat2", &build_always, "ENOSYS", 0);
}

/* setns without a kind takes any; where no kind is left, it is refused as a whole. clone3's flags lie in memory. */
static int load_namespaces(struct loading *loading)
{
	uint64_t left = loading->settings->namespaces;
	uint64_t refused = (SYSTEMD_NAMESPACES_ALL | SYSTEMD_NAMESPACE_TIME) & ~left;
	const char *flags = abi_arch_native()->id == ABI_S390X ? "word1" : "word0";
	const struct policy_condition *joins = &build_always;
	int status;

	if ((left & SYSTEMD_NAMESPACES_ALL) == SYSTEMD_NAMESPACES_ALL)
		return CALLGATE_OK;
	if (left & SYSTEMD_NAMESPACES_ALL)
		joins = build_both(arena(loading), POLICY_OR, build_compare(arena(loading), "word1", POLICY_OP_EQ, 0),
				   build_compare(arena(loading), "word1", POLICY_OP_ANY, refused));
	status = refuse(loading, "clone3", &build_always, "ENOSYS", 0);
	if (!status)
		status = refuse(loading, "setns", joins, "EPERM", 0);
	if (!status)
		status = refuse(loading, "unshare", build_compare(arena(loading), "word0", POLICY_OP_ANY, refused),
				"EPERM", 0);
	return status ? status
		      : refuse(loading, "clone", build_compare(arena(loading), flags, POLICY_OP_ANY, refused), "EPERM",
			       0);
}

static int load_tunables(struct loading *loading)
{
	return refuse(loading, "_sysctl", &build_always, "EPERM", 0);
}

static int load_modules(struct loading *loading)
{
	return refuse_group(loading, "@module");
}

static int load_logs(struct loading *loading)
{
	return refuse(loading, "syslog", &build_always, "EPERM", 0);
}

static int load_clock(struct loading *loading)
{
	return refuse_group(loading, "@clock");
}

static int load_devices(struct loading *loading)
{
	return refuse_group(loading, "@raw-io");
}

static int load_personality(struct loading *loading)
{
	const struct policy_condition *other =
		build_compare(arena(loading), "word0", POLICY_OP_NE, loading->settings->personality);

	return refuse(loading, "personality", other, "EPERM", 0);
}

/* The machine's arch and those that it also runs. A filter for some arches kills the thread that calls by another; for
 * x32 it takes x86-64 too. */
static int load_arches(struct loading *loading)
{
	const struct policy_position *stated = &loading->settings->on[SYSTEMD_ARCHES];
	struct policy *policy = loading->import->policy;
	enum abi_arch_id native = abi_arch_native()->id;
	const struct abi_arch *beside;

	policy->arches[native] = true;
	for (size_t i = 0; (beside = abi_arch_beside(native, i)); i++)
		if (!stated->line || loading->settings->arches >> beside->id & 1)
			policy->arches[beside->id] = true;
	policy->has_foreign = true;
	policy->foreign_action.kind = stated->line ? POLICY_KILL_THREAD : POLICY_ALLOW;
	policy->foreign_action.position = policy->foreign_position = *stated;
	return CALLGATE_OK;
}

/* What is refused takes SystemCallErrorNumber=, which stands anywhere. */
static int load_calls(struct loading *loading, const struct systemd_calls *calls, enum policy_action_kind kind)
{
	struct policy_action otherwise = { .kind = POLICY_ALLOW };
	bool is_log = kind == POLICY_LOG;

	if (!calls->is_set)
		return CALLGATE_OK;
	if (calls->is_allow_list && !is_log)
		otherwise = loading->settings->refusal;
	else if (!calls->is_allow_list && is_log)
		otherwise.kind = POLICY_LOG;
	otherwise.position = calls->position;
	loading->filter = stack_push(&loading->stack, &otherwise);
	if (!loading->filter)
		return CALLGATE_E_NOMEM;
	for (size_t i = 0; i < abi_syscall_count(); i++) {
		struct systemd_call *call = calls->calls[i];

		if (!call)
			continue;
		if (call->takes_refusal) {
			struct policy_position position = call->action.position;

			call->action = loading->settings->refusal;
			call->action.position = position;
			call->takes_refusal = false;
		}
		stack_list(loading->filter, abi_syscall_at(i), &call->action);
	}
	return CALLGATE_OK;
}

static int (*const loads[SYSTEMD_SWITCHES])(struct loading *loading) = {
	[SYSTEMD_HOSTNAME] = load_hostname,
	[SYSTEMD_FAMILIES] = load_families,
	[SYSTEMD_WRITE_EXECUTE] = load_write_execute,
	[SYSTEMD_REALTIME] = load_realtime,
	[SYSTEMD_SUID] = load_suid,
	[SYSTEMD_NAMESPACES] = load_namespaces,
	[SYSTEMD_TUNABLES] = load_tunables,
	[SYSTEMD_MODULES] = load_modules,
	[SYSTEMD_LOGS] = load_logs,
	[SYSTEMD_CLOCK] = load_clock,
	[SYSTEMD_DEVICES] = load_devices,
	[SYSTEMD_PERSONALITY] = load_personality,
	[SYSTEMD_DYNAMIC_USER] = load_suid,
};

int systemd_stack(struct import *import, const struct systemd_settings *settings)
{
	static const struct policy_action allow = { .kind = POLICY_ALLOW };
	struct loading loading = { .import = import, .settings = settings, .stack.import = import };
	int status = load_arches(&loading);

	for (size_t i = 0; !status && i < SYSTEMD_SWITCHES; i++) {
		loading.position = &settings->on[i];
		if (!loading.position->line || !loads[i])
			continue;
		loading.filter = stack_push(&loading.stack, &allow);
		status = loading.filter ? loads[i](&loading) : CALLGATE_E_NOMEM;
	}
	if (!status)
		status = load_calls(&loading, &settings->log, POLICY_LOG);
	if (!status)
		status = load_calls(&loading, &settings->filter, POLICY_ALLOW);
	return status ? status : stack_finish(&loading.stack);
}
