/*
 * The subject cut by arch and number once, so that a rule asks about a syscall's function of its arguments and never
 * about the whole filter.
 *
 * What a filter *means* to let through decides many rules: a policy says so with `arch`. Of a bare program it is read
 * off the meaning: an arch is declared when the filter singles its audit number out and lets something pass there; a
 * program that never looks at the arch was written for the native one. x32 is declared when all of its numbers that
 * pass are calls that x32 has.
 */
#include "check/check.h"

#include "base/error.h"
#include "prove/describe.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

/* Some number that no kernel has defined and that lies outside every arch's table. */
enum { CHECK_UNKNOWN_NR = 0x00ffff00 };

static uint32_t map_passes(uint32_t value, void *context)
{
	uint32_t action = value & SECCOMP_RET_ACTION_FULL;

	(void)context;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

static uint32_t map_reaches(uint32_t value, void *context)
{
	uint32_t action = value & SECCOMP_RET_ACTION_FULL;

	return map_passes(value, context) || action == SECCOMP_RET_USER_NOTIF || action == SECCOMP_RET_TRACE;
}

static uint32_t map_is(uint32_t value, void *context)
{
	return (value & SECCOMP_RET_ACTION_FULL) == *(const uint32_t *)context;
}

static uint32_t map_is_value(uint32_t value, void *context)
{
	return value == *(const uint32_t *)context;
}

uint32_t check_passes(struct check *check, uint32_t function)
{
	return diagram_map(check->diagram, map_passes, NULL, function);
}

uint32_t check_reaches(struct check *check, uint32_t function)
{
	return diagram_map(check->diagram, map_reaches, NULL, function);
}

uint32_t check_is(struct check *check, uint32_t function, uint32_t ret_action)
{
	return diagram_map(check->diagram, map_is, &ret_action, function);
}

uint32_t check_is_value(struct check *check, uint32_t function, uint32_t value)
{
	return diagram_map(check->diagram, map_is_value, &value, function);
}

uint32_t check_is_enosys(struct check *check, uint32_t function)
{
	return check_is_value(check, function, SECCOMP_RET_ERRNO | (uint32_t)abi_errno_by_name(ABI_X86_64, "ENOSYS"));
}

static bool check_is_condition(struct check *check, uint32_t condition, uint32_t value)
{
	return condition == diagram_terminal(check->diagram, value);
}

bool check_always_passes(struct check *check, uint32_t function)
{
	return check_is_condition(check, check_passes(check, function), DIAGRAM_TRUE);
}

static bool check_some(struct check *check, uint32_t condition)
{
	return condition != DIAGRAM_NONE && !check_is_condition(check, condition, DIAGRAM_FALSE);
}

bool check_may_pass(struct check *check, uint32_t function)
{
	return check_some(check, check_passes(check, function));
}

bool check_overlap(struct check *check, uint32_t a, uint32_t b)
{
	return check_some(check, diagram_and(check->diagram, a, b));
}

bool check_depends_on(struct check *check, uint32_t function, enum diagram_word word)
{
	return diagram_restrict(check->diagram, function, word, 0) != function;
}

/* The syscalls are sorted by name. */
static size_t check_index(const struct abi_syscall *syscall)
{
	size_t low = 0, high = abi_syscall_count();

	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(abi_syscall_at(middle)->name, syscall->name) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint32_t check_syscall(struct check *check, enum abi_arch_id arch, const char *name)
{
	const struct abi_syscall *syscall = abi_syscall_by_name(name);

	if (!syscall || syscall->nr[arch] < 0)
		return DIAGRAM_NONE;
	return check->by_syscall[arch][check_index(syscall)];
}

enum diagram_word check_low(enum abi_arch_id arch, unsigned arg)
{
	return diagram_arg_word(arg, false, abi_arch(arch)->big_endian);
}

enum diagram_word check_high(enum abi_arch_id arch, unsigned arg)
{
	return diagram_arg_word(arg, true, abi_arch(arch)->big_endian);
}

uint32_t check_arg_is(struct check *check, enum abi_arch_id arch, unsigned arg, uint32_t mask, uint32_t value)
{
	return diagram_word_equals(check->diagram, check_low(arch, arg), mask, value);
}

bool check_next_arch(const struct check *check, enum abi_arch_id *arch)
{
	while (*arch < ABI_ARCH_COUNT && !check->declared[*arch])
		++*arch;
	return *arch < ABI_ARCH_COUNT;
}

static bool check_x32_is_meant(struct check *check)
{
	bool some = false;

	for (uint32_t nr = 0x40000000; nr < 0x40000400; nr++) {
		uint32_t function = diagram_restrict(check->diagram, check->by_arch[ABI_X32], DIAGRAM_NR, nr);

		if (!check_may_pass(check, function))
			continue;
		if (!abi_syscall_by_nr(ABI_X32, nr))
			return false;
		some = true;
	}
	return some && !check_may_pass(check, diagram_restrict(check->diagram, check->by_arch[ABI_X32], DIAGRAM_NR,
							       UINT32_MAX));
}

static int check_declare_from_program(struct check *check, struct callgate_error *err)
{
	struct arena scratch = { 0 };
	struct describe_ranges ranges = { 0 };
	bool any = false;
	int status = describe_arches(check->diagram, check->subject->root, &scratch, &ranges, err);

	for (size_t i = 0; status == CALLGATE_OK && i < ranges.length; i++) {
		const struct describe_numbers *range = &ranges.items[i];

		for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
			if (range->low != range->high || abi_arch(arch)->audit != range->low || arch == ABI_X32)
				continue;
			check->declared[arch] = check_may_pass(check, range->function);
			any |= check->declared[arch];
		}
	}
	arena_fini(&scratch);
	if (!any)
		check->declared[abi_arch_native()->id] = true;
	if (check->declared[ABI_X86_64])
		check->declared[ABI_X32] = check_x32_is_meant(check);
	return status;
}

/*
 * What a known call gets that the author has not listed: the policy's default; of a program that lets undefined
 * numbers pass, that; else the refusal that most known calls have.
 */
static uint32_t check_find_unlisted(struct check *check, enum abi_arch_id arch)
{
	uint32_t most_common = check->unknown[arch];
	size_t count = abi_syscall_count(), most = 0;

	if (check->subject->policy)
		return diagram_terminal(check->diagram,
					policy_action_value(&check->subject->policy->default_action, arch).ret);
	if (check_may_pass(check, check->unknown[arch]))
		return check->unknown[arch];
	for (size_t i = 0; i < count; i++) {
		uint32_t function = check->by_syscall[arch][i];
		size_t same = 0;

		if (function == DIAGRAM_NONE || function == most_common || check_may_pass(check, function))
			continue;
		for (size_t j = 0; j < count; j++)
			same += check->by_syscall[arch][j] == function;
		if (same > most) {
			most = same;
			most_common = function;
		}
	}
	return most_common;
}

static bool check_cut_arch(struct check *check, enum abi_arch_id arch)
{
	size_t count = abi_syscall_count();
	uint32_t base = abi_arch(arch)->nr_base;

	check->by_syscall[arch] = calloc(count, sizeof(*check->by_syscall[arch]));
	if (!check->by_syscall[arch])
		return false;
	for (size_t i = 0; i < count; i++) {
		int32_t nr = abi_syscall_at(i)->nr[arch];

		check->by_syscall[arch][i] =
			nr < 0 ? DIAGRAM_NONE
			       : diagram_restrict(check->diagram, check->by_arch[arch], DIAGRAM_NR, (uint32_t)nr);
	}
	check->unknown[arch] =
		diagram_restrict(check->diagram, check->by_arch[arch], DIAGRAM_NR, base | CHECK_UNKNOWN_NR);
	check->unlisted[arch] = check_find_unlisted(check, arch);
	return true;
}

static int check_init(struct check *check, const struct check_subject *subject, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	*check = (struct check){ .subject = subject, .diagram = subject->diagram };
	check->kernel = subject->policy ? subject->policy->kernel : ABI_KERNEL_NEWEST;
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		check->by_arch[arch] =
			diagram_restrict(subject->diagram, subject->root, DIAGRAM_ARCH, abi_arch(arch)->audit);
	if (!subject->policy)
		status = check_declare_from_program(check, err);
	for (enum abi_arch_id arch = 0; status == CALLGATE_OK && arch < ABI_ARCH_COUNT; arch++) {
		if (subject->policy)
			check->declared[arch] = subject->policy->arches[arch];
		if (check->declared[arch] && !check_cut_arch(check, arch))
			status = CALLGATE_E_NOMEM;
	}
	return status;
}

int check_ask(const struct check_subject *subject, struct check *ret_check, struct callgate_error *err)
{
	int status;

	diagram_clear_status(subject->diagram);
	status = check_init(ret_check, subject, err);
	for (size_t i = 0; status == CALLGATE_OK && i < check_rule_count; i++) {
		ret_check->rule = &check_rules[i];
		ret_check->rule->ask(ret_check);
		status = ret_check->status ? ret_check->status : diagram_status(subject->diagram);
	}
	if (status == CALLGATE_OK)
		return CALLGATE_OK;
	if (status == CALLGATE_E_NOMEM)
		error_set(err, status, "out of memory");
	else if (status == CALLGATE_E_LIMIT)
		error_set(err, status, "the diagram's budget is spent");
	check_fini(ret_check);
	return status;
}

void check_fini(struct check *check)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		free(check->by_syscall[arch]);
	arena_fini(&check->arena);
	*check = (struct check){ 0 };
}
