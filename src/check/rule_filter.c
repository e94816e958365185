/*
 * The filter around the filter: rules and instructions that decide nothing, what the kernel's bitmap and limits make
 * of the program, and kernels on which a tracer comes before the filter.
 */
#include "check/check.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

/* Of a stack, the kernel counts each filter's length and 4 more (MAX_INSNS_PER_PATH in kernel/seccomp.c). */
enum { STACK_INSNS_MAX = 32768, STACK_INSNS_EACH = 4, STACK_DEPTH_WANTED = 16 };

static void report_ptrace(struct check *check, uint16_t fixed, const char *detail)
{
	if (!check->subject->policy || check->kernel >= fixed)
		return;
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++)
		check_report(check, arch, abi_syscall_by_name("ptrace"), 0,
			     check_passes(check, check_syscall(check, arch, "ptrace")), "%s", detail);
}

void check_tracer_first(struct check *check)
{
	report_ptrace(check, ABI_KERNEL(4, 8), "ptrace passes, and the policy is for a kernel before 4.8");
}

void check_suspend_seccomp(struct check *check)
{
	report_ptrace(check, ABI_KERNEL(5, 18), "ptrace passes, and the policy is for a kernel before 5.18");
}

/* Marks what control flow can reach; jumps are forward, so one pass does. */
static bool *program_reached(const struct sock_filter *insns, size_t length)
{
	bool *reached = calloc(length + 1, sizeof(*reached));

	if (!reached)
		return NULL;
	reached[0] = true;
	for (size_t i = 0; i < length; i++) {
		if (!reached[i] || BPF_CLASS(insns[i].code) == BPF_RET)
			continue;
		if (BPF_CLASS(insns[i].code) != BPF_JMP)
			reached[i + 1] = true;
		else if (BPF_OP(insns[i].code) == BPF_JA)
			reached[i + 1 + insns[i].k] = true;
		else
			reached[i + 1 + insns[i].jt] = reached[i + 1 + insns[i].jf] = true;
	}
	return reached;
}

/* " of filter 2" where there are several. */
static const char *which_filter(struct check *check, size_t index)
{
	const char *text =
		check->subject->program_count < 2 ? "" : arena_printf(&check->arena, " of filter %zu", index + 1);

	if (!text)
		check->status = CALLGATE_E_NOMEM;
	return text ? text : "";
}

static void report_dead_code(struct check *check, size_t index)
{
	const struct bpf_program *program = &check->subject->programs[index];
	bool *reached = program_reached(program->insns, program->length);

	if (!reached) {
		check->status = CALLGATE_E_NOMEM;
		return;
	}
	for (size_t i = 0; i < program->length; i++)
		if (!reached[i]) {
			check_report_at(check, NULL, NULL, "instruction %zu%s is never reached", i,
					which_filter(check, index));
			break;
		}
	free(reached);
}

void check_dead_code(struct check *check)
{
	for (size_t i = 0; !check->subject->compiled && !check->status && i < check->subject->program_count; i++)
		report_dead_code(check, i);
}

static void report_errno_range(struct check *check, size_t index)
{
	const struct bpf_program *program = &check->subject->programs[index];

	for (size_t i = 0; i < program->length; i++) {
		const struct sock_filter *insn = &program->insns[i];

		if (insn->code == (BPF_RET | BPF_K) && (insn->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
		    (insn->k & SECCOMP_RET_DATA) > 4095) {
			check_report_at(check, NULL, NULL, "instruction %zu%s returns errno %u", i,
					which_filter(check, index), insn->k & SECCOMP_RET_DATA);
			return;
		}
	}
}

void check_errno_range(struct check *check)
{
	for (size_t i = 0; !check->status && i < check->subject->program_count; i++)
		report_errno_range(check, i);
}

/* Whether some filter lost the call: which one and where. */
static bool has_lost_bitmap(const struct check_subject *subject, uint32_t audit, uint32_t nr, size_t *ret_filter,
			    int *ret_lost)
{
	for (size_t i = 0; i < subject->program_count; i++)
		if (!bpf_is_cacheable(subject->programs[i].insns, subject->programs[i].length, audit, nr, ret_lost)) {
			*ret_filter = i;
			return true;
		}
	return false;
}

void check_uncacheable_allow(struct check *check)
{
	uint32_t allow = diagram_terminal(check->diagram, SECCOMP_RET_ALLOW);

	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			const struct abi_syscall *syscall = abi_syscall_at(i);
			size_t filter;
			int lost = -1;

			if (check->by_syscall[arch][i] != allow ||
			    !has_lost_bitmap(check->subject, abi_arch(arch)->audit, (uint32_t)syscall->nr[arch],
					     &filter, &lost))
				continue;
			check_report(check, arch, syscall, 0, diagram_terminal(check->diagram, DIAGRAM_TRUE),
				     "%s and maybe others lost the bitmap at instruction %d%s", syscall->name, lost,
				     which_filter(check, filter));
			return;
		}
	}
}

void check_too_long(struct check *check)
{
	if (check->subject->policy && !check->subject->program_count)
		check_report_at(check, NULL, NULL, "the policy needs more than %d instructions", BPF_MAXINSNS);
}

void check_stack_budget(struct check *check)
{
	const struct check_subject *subject = check->subject;
	size_t taken = 0, longest = 0;

	for (size_t i = 0; i < subject->program_count; i++) {
		size_t length = subject->programs[i].length + STACK_INSNS_EACH;

		taken += length;
		longest = longest < length ? length : longest;
	}
	if (subject->process && taken + BPF_MAXINSNS + STACK_INSNS_EACH > STACK_INSNS_MAX)
		check_report_at(check, NULL, NULL, "%zu filters take %zu: one more of full length does not fit",
				subject->program_count, taken);
	else if (longest * STACK_DEPTH_WANTED > STACK_INSNS_MAX)
		check_report_at(check, NULL, NULL, "%zu instructions: %zu such filters can be stacked",
				longest - STACK_INSNS_EACH, STACK_INSNS_MAX / longest);
}
