/*
 * Which call is it? The same number is another call on another arch, in x32's half of the numbers, behind a
 * multiplexer, or on the next kernel.
 */
#include "check/check.h"

#include "prove/describe.h"

enum { X32_BIT = 0x40000000 };

/* Reports some call with this audit number that passes. */
static void report_audit(struct check *check, uint32_t audit, uint32_t function, const char *detail)
{
	struct diagram_input witness;

	if (!check_find(check, check_passes(check, function), &witness))
		return;
	witness.words[DIAGRAM_ARCH] = audit;
	check_report_at(check, &witness, NULL, "%s", detail);
}

/* An arch between these that one could really call as: the same kernel runs it beside one that the subject means. */
static uint32_t reachable_audit(const struct check *check, uint32_t low, uint32_t high)
{
	const struct abi_arch *beside;

	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++)
		for (size_t i = 0; (beside = abi_arch_beside(arch, i)); i++)
			if (beside->audit >= low && beside->audit <= high && beside->audit != abi_arch(arch)->audit)
				return beside->audit;
	return low;
}

void check_arch_unchecked(struct check *check)
{
	if (check->subject->root == DIAGRAM_NONE || check_depends_on(check, check->subject->root, DIAGRAM_ARCH) ||
	    !check_may_pass(check, check->subject->root))
		return;
	report_audit(check, reachable_audit(check, 0, UINT32_MAX), check->subject->root,
		     "the filter never tells arches apart");
}

void check_compat_open(struct check *check)
{
	struct describe_ranges ranges = { 0 };
	struct arena scratch = { 0 };

	if (!check_depends_on(check, check->subject->root, DIAGRAM_ARCH))
		return;
	check->status = describe_arches(check->diagram, check->subject->root, &scratch, &ranges, NULL);
	for (size_t i = 0; !check->status && i < ranges.length; i++) {
		const struct describe_numbers *range = &ranges.items[i];
		bool named = false;

		for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
			named |= check->declared[arch] && range->low == abi_arch(arch)->audit &&
				 range->low == range->high;
		if (!named && check_may_pass(check, range->function)) {
			report_audit(check, reachable_audit(check, range->low, range->high), range->function,
				     "a call of an arch that is not named passes");
			break;
		}
	}
	arena_fini(&scratch);
}

void check_x32_open(struct check *check)
{
	uint32_t bit, open;
	struct diagram_input witness;

	if (!check->declared[ABI_X86_64] || check->declared[ABI_X32])
		return;
	bit = diagram_word_equals(check->diagram, DIAGRAM_NR, X32_BIT, X32_BIT);
	open = diagram_and(check->diagram, bit, check_passes(check, check->by_arch[ABI_X86_64]));
	if (!check_find(check, open, &witness))
		return;
	witness.words[DIAGRAM_ARCH] = abi_arch(ABI_X86_64)->audit;
	check_report_at(check, &witness, NULL, "number 0x%x passes, which is an x32 call", witness.words[DIAGRAM_NR]);
}

/* What the multiplexers of i386, s390 and others hide: their first argument and the call that it stands for. */
static const struct multiplexed {
	const char *multiplexer;
	uint32_t number, mask;
	const char *call;
} multiplexed_calls[] = {
#define SOCKETCALL(number, call) { "socketcall", number, UINT32_MAX, call },
#define IPC(number, call)	 { "ipc", number, 0xffff, call },
#include "check/multiplexed.def"
};

void check_multiplexed(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < sizeof(multiplexed_calls) / sizeof(*multiplexed_calls); i++) {
			const struct multiplexed *row = &multiplexed_calls[i];
			uint32_t door = check_syscall(check, arch, row->multiplexer);
			uint32_t call = check_syscall(check, arch, row->call), open;

			if (door == DIAGRAM_NONE || call == DIAGRAM_NONE || check_always_passes(check, call))
				continue;
			open = diagram_and(check->diagram, check_passes(check, door),
					   check_arg_is(check, arch, 0, row->mask, row->number));
			if (check_overlap(check, open, open)) {
				check_report(check, arch, abi_syscall_by_name(row->multiplexer), 0, open,
					     "%s is refused or limited, and %s(%u) makes the same call", row->call,
					     row->multiplexer, row->number);
				break;
			}
		}
	}
}

void check_clone_arg_order(struct check *check)
{
	static const enum abi_arch_id stack_first[] = { ABI_S390X, ABI_S390 };

	for (size_t i = 0; i < sizeof(stack_first) / sizeof(*stack_first); i++) {
		enum abi_arch_id arch = stack_first[i];
		uint32_t clone;

		if (!check->declared[arch])
			continue;
		clone = check_syscall(check, arch, "clone");
		if (check_depends_on(check, clone, check_low(arch, 0)) &&
		    !check_depends_on(check, clone, check_low(arch, 1)))
			check_report(check, arch, abi_syscall_by_name("clone"), 0, check_passes(check, clone),
				     "clone is judged by its first argument, which is the stack");
	}
}

/* What is newer than the policy: the calls that the tables know to be, and a number that nothing has. */
void check_newer_refused(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		uint32_t refused = diagram_not(check->diagram, check_reaches(check, check->unknown[arch]));
		uint32_t nr = abi_arch(arch)->nr_base + 1023, wrong;

		wrong = diagram_and(check->diagram, refused,
				    diagram_not(check->diagram, check_is_enosys(check, check->unknown[arch])));
		if (check_overlap(check, wrong, wrong))
			check_report(check, arch, NULL, nr, wrong, "a number that no kernel has defined is refused");
	}
}

void check_newer_open(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++)
		check_report(check, arch, NULL, abi_arch(arch)->nr_base + 1023,
			     check_passes(check, check->unknown[arch]), "a number that no kernel has defined passes");
}

void check_no_effect_name(struct check *check)
{
	const struct policy *policy = check->subject->policy;

	for (size_t i = 0; policy && i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		for (size_t j = 0; j < rule->name_count; j++) {
			bool exists = false;

			for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
				exists |= policy->arches[arch] && rule->names[j].syscall->nr[arch] >= 0;
			if (!exists)
				check_report_at(check, NULL, &rule->names[j].position,
						"'%s' exists on no arch of this policy", rule->names[j].syscall->name);
		}
	}
}
