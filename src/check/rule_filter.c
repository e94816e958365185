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

void check_dead_code(struct check *check)
{
	const struct check_subject *subject = check->subject;
	bool *reached;

	if (!subject->insns || subject->compiled)
		return;
	reached = program_reached(subject->insns, subject->length);
	if (!reached) {
		check->status = CALLGATE_E_NOMEM;
		return;
	}
	for (size_t i = 0; i < subject->length; i++)
		if (!reached[i]) {
			check_report_at(check, NULL, NULL, "instruction %zu is never reached", i);
			break;
		}
	free(reached);
}

void check_errno_range(struct check *check)
{
	const struct check_subject *subject = check->subject;

	for (size_t i = 0; subject->insns && i < subject->length; i++) {
		const struct sock_filter *insn = &subject->insns[i];

		if (insn->code == (BPF_RET | BPF_K) && (insn->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
		    (insn->k & SECCOMP_RET_DATA) > 4095) {
			check_report_at(check, NULL, NULL, "instruction %zu returns errno %u", i,
					insn->k & SECCOMP_RET_DATA);
			return;
		}
	}
}

void check_uncacheable_allow(struct check *check)
{
	const struct check_subject *subject = check->subject;
	uint32_t allow = diagram_terminal(check->diagram, SECCOMP_RET_ALLOW);

	if (!subject->insns)
		return;
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			const struct abi_syscall *syscall = abi_syscall_at(i);
			int lost = -1;

			if (check->by_syscall[arch][i] != allow ||
			    bpf_is_cacheable(subject->insns, subject->length, abi_arch(arch)->audit,
					     (uint32_t)syscall->nr[arch], &lost))
				continue;
			check_report(check, arch, syscall, 0, diagram_terminal(check->diagram, DIAGRAM_TRUE),
				     "%s and maybe others lost the bitmap at instruction %d", syscall->name, lost);
			return;
		}
	}
}

void check_too_long(struct check *check)
{
	if (!check->subject->insns)
		check_report_at(check, NULL, NULL, "the policy needs more than %d instructions", BPF_MAXINSNS);
}

void check_stack_budget(struct check *check)
{
	size_t length = check->subject->length;

	if (check->subject->insns && (length + STACK_INSNS_EACH) * STACK_DEPTH_WANTED > STACK_INSNS_MAX)
		check_report_at(check, NULL, NULL, "%zu instructions: %zu such filters can be stacked", length,
				STACK_INSNS_MAX / (length + STACK_INSNS_EACH));
}
