/*
 * What only a live process has: descriptors that were open before its filter, and privileges around it. A filter sees
 * the number 3 and not what it is, so a door that the policy shut (no socket, no open) may stand open as a descriptor.
 */
#include "check/check.h"

#include <sys/stat.h>
#include <unistd.h>

/* What can be done with a descriptor, by what it is; the first of them that passes is told. */
static const struct descriptor_use {
	enum kernel_descriptor_kind kind;
	const char *syscall; /* whose first argument the descriptor is */
	const char *what;
} uses[] = {
#define USE(kind, syscall, what) { KERNEL_DESCRIPTOR_##kind, syscall, what },
#include "check/uses.def"
};

static const char *const kinds[] = {
	[KERNEL_DESCRIPTOR_FILE] = "a writable file", [KERNEL_DESCRIPTOR_FOLDER] = "a folder",
	[KERNEL_DESCRIPTOR_DEVICE] = "a device",      [KERNEL_DESCRIPTOR_SOCKET] = "a socket",
	[KERNEL_DESCRIPTOR_PIPE] = "a pipe",	      [KERNEL_DESCRIPTOR_OTHER] = "a kernel object",
};

/* Standard descriptors are handed over on purpose; a pipe, an eventfd or a file that is only read leads nowhere else. */
static bool is_leaked(const struct kernel_descriptor *descriptor)
{
	switch (descriptor->kind) {
	case KERNEL_DESCRIPTOR_FILE:
		return descriptor->fd > STDERR_FILENO && descriptor->writable;
	case KERNEL_DESCRIPTOR_FOLDER:
	case KERNEL_DESCRIPTOR_DEVICE:
	case KERNEL_DESCRIPTOR_SOCKET:
		return descriptor->fd > STDERR_FILENO;
	case KERNEL_DESCRIPTOR_PIPE:
	case KERNEL_DESCRIPTOR_OTHER:
		break;
	}
	return false;
}

static void ask_descriptor(struct check *check, const struct kernel_descriptor *descriptor)
{
	enum abi_arch_id arch = abi_arch_native()->id;

	for (size_t i = 0; check->declared[arch] && i < sizeof(uses) / sizeof(*uses); i++) {
		uint32_t function = check_syscall(check, arch, uses[i].syscall), through;

		/* Whoever tells descriptors apart has named those that pass. */
		if (uses[i].kind != descriptor->kind || function == DIAGRAM_NONE ||
		    check_depends_on(check, function, check_low(arch, 0)))
			continue;
		through = diagram_and(check->diagram, check_passes(check, function),
				      check_arg_is(check, arch, 0, UINT32_MAX, (uint32_t)descriptor->fd));
		if (!check_overlap(check, through, through))
			continue;
		check_report(check, arch, abi_syscall_by_name(uses[i].syscall), 0, through,
			     "descriptor %d is %s (%s), and %s %s", descriptor->fd, kinds[descriptor->kind],
			     descriptor->name, uses[i].syscall, uses[i].what);
		return;
	}
}

void check_leaked_descriptor(struct check *check)
{
	const struct check_subject *subject = check->subject;

	/* Where nothing is filtered, nothing leaks through. */
	for (size_t i = 0; subject->descriptors && subject->program_count && i < subject->descriptors->length; i++)
		if (is_leaked(&subject->descriptors->items[i]))
			ask_descriptor(check, &subject->descriptors->items[i]);
}

void check_no_new_privs(struct check *check)
{
	const struct kernel_process *process = check->subject->process;

	if (process && process->seccomp == KERNEL_SECCOMP_FILTER && !process->no_new_privs)
		check_report_at(check, NULL, NULL, "no_new_privs is not set, and a setuid program would run filtered");
}

#ifdef __x86_64__

#include <cpuid.h>

/* Whether user space may write its protection keys: the bit says that the kernel switched them on. */
static bool has_protection_keys(void)
{
	unsigned eax, ebx, ecx = 0, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ecx & bit_OSPKE;
}

#else

static bool has_protection_keys(void)
{
	return false;
}

#endif

void check_instruction_unfiltered(struct check *check)
{
	if (!check->subject->process || !check->subject->program_count)
		return;
	if (has_protection_keys())
		check_report_at(check, NULL, NULL, "WRPKRU works here: what pkey_mprotect forbids, it permits");
#ifdef __x86_64__
	check_report_at(check, NULL, NULL, "RDTSC works unless the process gave it up: it measures time");
#endif
}
