/*
 * What was seen and what could be done, put side by side: by syscall, since a place that is seen is the instruction
 * behind the call and one that is read is where the number was said. What only could be done is added to the policy;
 * what was done and could not be is a contradiction, and told.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "learn/gaps.h"

#include <stdlib.h>
#include <string.h>

/* Syscalls that some scanned program can make, each once. */
struct reachable {
	struct arena arena;	       /* owns the values of arguments */
	struct learn_reachable *items; /* owned */
	size_t count;
};

static void reachable_fini(struct reachable *reachable)
{
	arena_fini(&reachable->arena);
	free(reachable->items);
}

/* The call's place in the scan, or the count of all when it is not there. */
static size_t scan_find(const struct callgate_scan *scan, const char *syscall)
{
	size_t count = callgate_scan_count(scan);

	for (size_t i = 0; i < count; i++) {
		struct callgate_scan_call call;

		callgate_scan_call(scan, i, &call);
		if (strcmp(call.syscall, syscall) == 0)
			return i;
	}
	return count;
}

static bool scan_makes(const struct callgate_scan *scan, const char *syscall)
{
	return scan_find(scan, syscall) < callgate_scan_count(scan);
}

/* "O_CLOEXEC" or "0x80000". False for what is neither. */
static bool value_of_text(const struct abi_arg *type, const char *text, uint64_t *ret_value)
{
	char *end;

	if (type->constants && abi_constant_find(type->constants, abi_arch_native()->id, text, ret_value))
		return true;
	*ret_value = strtoull(text, &end, 0);
	return end != text && !*end;
}

/* Adds what the argument can be in this scan. A value that is not understood may be anything. */
static bool reachable_add_arg(struct reachable *reachable, struct evidence_arg *arg, const struct abi_arg *type,
			      const char *const *values, size_t count)
{
	arg->many |= count == 0;
	for (size_t i = 0; i < count; i++) {
		struct evidence_value value = { 0 };

		if (!value_of_text(type, values[i], &value.value)) {
			arg->many = true;
			continue;
		}
		if (type->bits < 64)
			value.value &= UINT64_MAX >> (64 - type->bits);
		if (!VEC_PUSH(&reachable->arena, arg, value))
			return false;
	}
	return true;
}

static bool reachable_add_args(struct reachable *reachable, struct learn_reachable *could,
			       const struct callgate_scan *scan, size_t index)
{
	struct abi_arg types[6];
	unsigned count = abi_syscall_args(could->syscall, abi_arch_native()->id, types);

	for (unsigned i = 0; i < count; i++) {
		const char *const *values = NULL;
		const char *name = NULL;
		size_t values_count = callgate_scan_argument(scan, index, i, &name, &values);

		if (!reachable_add_arg(reachable, &could->args[i], &types[i], values, values_count))
			return false;
	}
	return true;
}

static int reachable_collect(const struct callgate_profile_scan *scans, size_t count, struct reachable *ret_reachable,
			     struct callgate_error *err)
{
	ret_reachable->items = calloc(abi_syscall_count(), sizeof(*ret_reachable->items));
	if (!ret_reachable->items)
		return fail_nomem(err);
	for (size_t i = 0; i < abi_syscall_count(); i++) {
		struct learn_reachable *could = &ret_reachable->items[ret_reachable->count];
		bool is_made = false;

		could->syscall = abi_syscall_at(i);
		if (could->syscall->nr[abi_arch_native()->id] < 0)
			continue;
		for (size_t j = 0; j < count; j++) {
			size_t index = scan_find(scans[j].scan, could->syscall->name);

			if (index == callgate_scan_count(scans[j].scan))
				continue;
			is_made = true;
			if (!reachable_add_args(ret_reachable, could, scans[j].scan, index))
				return fail_nomem(err);
		}
		ret_reachable->count += is_made;
	}
	return CALLGATE_OK;
}

/* Whether no place asks for, opens or looks up what nobody knows. */
static bool scan_knows_all(const struct callgate_scan *scan)
{
	return callgate_scan_unresolved_count(scan) == 0 && callgate_scan_opens_count(scan) == 0 &&
	       callgate_scan_lookups_count(scan) == 0;
}

/* Whether a call of this program is one that its scan should have found. */
static int join_entry(struct callgate_profile *profile, const struct evidence_entry *entry,
		      const struct callgate_profile_scan *scan, struct callgate_gaps *gaps, struct callgate_error *err)
{
	struct callgate_profile_gap gap = { .program = entry->program->path,
					    .count = entry->count,
					    .runs = entry->seen.runs };

	if (entry->arch != abi_arch_native() || !entry->syscall || strcmp(entry->program->path, scan->program) != 0 ||
	    scan_makes(scan->scan, entry->syscall->name))
		return CALLGATE_OK;
	if (!scan_knows_all(scan->scan)) {
		profile->unexplained++;
		return CALLGATE_OK;
	}
	return gaps_add(gaps, profile, entry, gap, err);
}

static int join_contradictions(struct callgate_profile *profile, const struct callgate_profile_scan *scans,
			       size_t count, struct callgate_gaps *gaps, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	profile->unresolved = 0;
	profile->unexplained = 0;
	for (size_t i = 0; i < count; i++) {
		profile->unresolved += callgate_scan_unresolved_count(scans[i].scan);
		for (size_t j = 0; status == CALLGATE_OK && j < profile->evidence->entries.length; j++)
			status = join_entry(profile, profile->evidence->entries.items[j], &scans[i], gaps, err);
	}
	return status;
}

int callgate_profile_join(struct callgate_profile *profile, const struct callgate_profile_scan *scans, size_t count,
			  enum callgate_reachable reachable, struct callgate_gaps **ret_gaps,
			  struct callgate_error *err)
{
	static const struct policy_action actions[] = {
		[CALLGATE_REACHABLE_LOG] = { .kind = POLICY_LOG },
		[CALLGATE_REACHABLE_ALLOW] = { .kind = POLICY_ALLOW },
		[CALLGATE_REACHABLE_NOTIFY] = { .kind = POLICY_NOTIFY },
		[CALLGATE_REACHABLE_ERRNO] = { .kind = POLICY_ERRNO, .errno_name = "EPERM" },
	};
	cleanup(gaps_discard) struct callgate_gaps *gaps = calloc(1, sizeof(*gaps));
	cleanup(reachable_fini) struct reachable could = { 0 };
	struct learn_wishes wishes = { .twins = true,
				       .phases = profile->phases,
				       .reachable_action = actions[reachable] };
	int status = gaps ? reachable_collect(scans, count, &could, err) : fail_nomem(err);

	if (status < 0)
		return status;
	wishes.reachable = could.items;
	wishes.reachable_count = could.count;
	status = profile_make(profile, &wishes, err);
	if (status == CALLGATE_OK)
		status = join_contradictions(profile, scans, count, gaps, err);
	if (status < 0)
		return status;
	gaps_sort(gaps);
	*ret_gaps = take_ptr(gaps);
	return CALLGATE_OK;
}
