/*
 * The refused thing has another door: a twin, io_uring, clone3's structure, another process, a part of the kernel
 * that was broken before.
 */
#include "check/check.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

enum { FAMILY_MAX = 8 };

static const struct family {
	const char *what;
	bool whole; /* only a member that is refused altogether counts */
	const char *members[FAMILY_MAX + 1];
} families[] = {
#define FAMILY(what, ...)	{ what, false, { __VA_ARGS__ } },
#define FAMILY_WHOLE(what, ...) { what, true, { __VA_ARGS__ } },
#include "check/families.def"
#undef FAMILY
#undef FAMILY_WHOLE
};

/*
 * Whether the filter's author refuses some of this call on purpose: it is told apart from numbers that nobody has
 * listed, and what is refused is not refused for libc's sake (ENOSYS).
 */
static bool is_limited(struct check *check, enum abi_arch_id arch, uint32_t function)
{
	uint32_t refused = diagram_not(check->diagram, check_reaches(check, function));
	uint32_t meant =
		diagram_and(check->diagram, refused, diagram_not(check->diagram, check_is_enosys(check, function)));

	if (!check_overlap(check, meant, meant))
		return false;
	if (check_may_pass(check, function))
		return true;
	return function != check->unlisted[arch];
}

static void ask_family(struct check *check, enum abi_arch_id arch, const struct family *family)
{
	const char *limited = NULL, *open = NULL;

	for (size_t i = 0; family->members[i]; i++) {
		uint32_t function = check_syscall(check, arch, family->members[i]);

		if (function == DIAGRAM_NONE)
			continue;
		if (check_always_passes(check, function))
			open = open ? open : family->members[i];
		else if (is_limited(check, arch, function) && !(family->whole && check_may_pass(check, function)))
			limited = limited ? limited : family->members[i];
	}
	if (limited && open)
		check_report(check, arch, abi_syscall_by_name(open), 0, diagram_terminal(check->diagram, DIAGRAM_TRUE),
			     "%s is refused or limited and %s is open: both %s", limited, open, family->what);
}

void check_twin_open(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++)
		for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
			ask_family(check, arch, &families[i]);
}

/* Reports the first of these calls that the filter does not let through whatever its arguments. */
static const char *first_refused(struct check *check, enum abi_arch_id arch, const char *const *names)
{
	for (; *names; names++) {
		uint32_t function = check_syscall(check, arch, *names);

		if (function != DIAGRAM_NONE && !check_always_passes(check, function))
			return *names;
	}
	return NULL;
}

static void report_passing(struct check *check, enum abi_arch_id arch, const char *name, const char *detail)
{
	uint32_t function = check_syscall(check, arch, name);

	if (function != DIAGRAM_NONE)
		check_report(check, arch, abi_syscall_by_name(name), 0, check_passes(check, function), "%s", detail);
}

void check_io_uring_open(struct check *check)
{
	static const char *const done_by_ring[] = { "openat",	 "openat2",  "connect",	  "socket",    "bind",
						    "listen",	 "accept4",  "sendmsg",	  "recvmsg",   "unlinkat",
						    "renameat2", "mkdirat",  "linkat",	  "symlinkat", "setxattr",
						    "statx",	 "shutdown", "fallocate", "splice",    "read",
						    "write",	 NULL };

	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		const char *refused = first_refused(check, arch, done_by_ring);
		char detail[128];

		if (!refused)
			continue;
		snprintf(detail, sizeof(detail), "%s is refused or limited, and a ring makes it unseen", refused);
		report_passing(check, arch, "io_uring_setup", detail);
		report_passing(check, arch, "io_uring_enter", detail);
	}
}

static const struct namespace_flag {
	const char *name;
	uint32_t bit;
} namespace_flags[] = {
	{ "CLONE_NEWUSER", 0x10000000 }, { "CLONE_NEWNS", 0x00020000 },	 { "CLONE_NEWPID", 0x20000000 },
	{ "CLONE_NEWNET", 0x40000000 },	 { "CLONE_NEWIPC", 0x08000000 }, { "CLONE_NEWUTS", 0x04000000 },
};

/* Whether clone passes, and never with this flag. */
static bool clone_refuses(struct check *check, enum abi_arch_id arch, uint32_t bit)
{
	uint32_t function = check_syscall(check, arch, "clone"), passes;
	unsigned flags = arch == ABI_S390X || arch == ABI_S390 ? 1 : 0;

	if (function == DIAGRAM_NONE)
		return false;
	passes = check_passes(check, function);
	return check_overlap(check, passes, passes) &&
	       !check_overlap(check, passes, check_arg_is(check, arch, flags, bit, bit));
}

void check_clone_flags_open(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < sizeof(namespace_flags) / sizeof(*namespace_flags); i++) {
			const struct namespace_flag *flag = &namespace_flags[i];
			uint32_t bit = check_arg_is(check, arch, 0, flag->bit, flag->bit);
			char detail[128];

			if (!clone_refuses(check, arch, flag->bit))
				continue;
			snprintf(detail, sizeof(detail), "clone is refused %s, and this call makes that namespace",
				 flag->name);
			report_passing(check, arch, "clone3", detail);
			check_report(check, arch, abi_syscall_by_name("unshare"), 0,
				     diagram_and(check->diagram, bit,
						 check_passes(check, check_syscall(check, arch, "unshare"))),
				     "%s", detail);
			report_passing(check, arch, "setns", detail);
			break;
		}
	}
}

void check_loader_open(struct check *check)
{
	enum { PROT_EXEC_BIT = 4 };

	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		uint32_t execve = check_syscall(check, arch, "execve"), mmap = check_syscall(check, arch, "mmap");

		if (execve == DIAGRAM_NONE || mmap == DIAGRAM_NONE || check_may_pass(check, execve))
			continue;
		check_report(check, arch, abi_syscall_by_name("mmap"), 0,
			     diagram_and(check->diagram, check_passes(check, mmap),
					 check_arg_is(check, arch, 2, PROT_EXEC_BIT, PROT_EXEC_BIT)),
			     "execve is refused, and mmap maps what can be run");
	}
}

/* Doors of one kind: a call, sometimes only under one argument. */
struct door {
	const char *rule;
	const char *name;
	int arg; /* -1: whatever the arguments */
	uint32_t mask, value;
	const char *why;
};

static const struct door doors[] = {
#define DOOR(rule, name, why)			    { rule, name, -1, 0, 0, why },
#define DOOR_ARG(rule, name, arg, mask, value, why) { rule, name, arg, mask, value, why },
#include "check/doors.def"
};

void check_doors(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < sizeof(doors) / sizeof(*doors); i++) {
			const struct door *door = &doors[i];
			uint32_t open;

			if (strcmp(door->rule, check->rule->name) != 0)
				continue;
			open = check_syscall(check, arch, door->name);
			if (open == DIAGRAM_NONE)
				continue;
			open = check_passes(check, open);
			if (door->arg >= 0)
				open = diagram_and(check->diagram, open,
						   check_arg_is(check, arch, (unsigned)door->arg, door->mask,
								door->value));
			check_report(check, arch, abi_syscall_by_name(door->name), 0, open, "%s", door->why);
		}
	}
}
