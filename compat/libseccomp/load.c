/*
 * Into the kernel. The program is the precomputed one where there is one: then nothing is allocated.
 */
#include "context.h"
#include "kernel/load.h"
#include "level.h"
#include "notify.h"
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* A process has one listener: once there is one, later filters do without. */
static bool wants_listener(const struct context *context)
{
	return context_has_notify(context) && notify_listener() < 0;
}

static unsigned load_flags(const struct context *context)
{
	const uint32_t *attributes = context->content.attributes;
	bool listens = wants_listener(context);
	unsigned flags = 0;

	if (attributes[SCMP_FLTATR_CTL_TSYNC])
		flags |= SECCOMP_FILTER_FLAG_TSYNC | (listens ? SECCOMP_FILTER_FLAG_TSYNC_ESRCH : 0);
	if (attributes[SCMP_FLTATR_CTL_LOG])
		flags |= SECCOMP_FILTER_FLAG_LOG;
	if (attributes[SCMP_FLTATR_CTL_SSB])
		flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (listens)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (listens && attributes[SCMP_FLTATR_CTL_WAITKILL])
		flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return flags;
}

/* What seccomp(2) would say; before it there was prctl(2), which knows no flags. */
static int attach(const struct bpf_program *program, unsigned flags)
{
	struct sock_fprog old_form = { (unsigned short)program->length, program->insns };

	if (level_now() >= LEVEL_TSYNC)
		return kernel_filter_load_raw(program->insns, program->length, flags);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &old_form) < 0 ? -errno : 0;
}

static int load_program(const struct context *context, const struct bpf_program *program)
{
	unsigned flags = load_flags(context);
	int result = 0;

	if (context->content.attributes[SCMP_FLTATR_CTL_NNP])
		result = kernel_no_new_privs_set();
	if (!result)
		result = attach(program, flags);
	if (result < 0)
		return result == -ESRCH ? result : context_kernel_error(context, -result);
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		notify_set_listener(result);
	else if (result > 0)
		return -ESRCH; /* the number of a thread that could not be brought along */
	return 0;
}

int seccomp_load(struct context *context)
{
	struct bpf_program program = { 0 };
	int status;

	if (!context_is_valid(context))
		return -EINVAL;
	if (context->precomputed.insns)
		return load_program(context, &context->precomputed);
	status = context_program(context, false, &program);
	if (!status)
		status = load_program(context, &program);
	free(program.insns);
	return status;
}
