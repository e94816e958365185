/*
 * The kernel does the work; here is only waited, for whichever end comes first. The signals that end it are blocked and
 * read from a descriptor, so that none of them falls into a gap.
 */
#include "observe/attach.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/pidfd.h"
#include "kernel/probe.h"
#include "observe/calls.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

struct attachment {
	const struct attach_spec *spec;
	struct calls *calls;
	int signals;
	int process; /* pidfd; −1: no process is waited for */
	sigset_t old_mask;
	struct attach_end end;
};

static uint64_t attach_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int attach_take_signals(struct attachment *attachment, struct callgate_error *err)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaddset(&mask, ends[i]);
	sigprocmask(SIG_BLOCK, &mask, &attachment->old_mask);
	attachment->signals = signalfd(-1, &mask, SFD_CLOEXEC);
	return attachment->signals < 0 ? fail_errno(err, "cannot wait for signals") : CALLGATE_OK;
}

static void attachment_fini(struct attachment *attachment)
{
	calls_free(attachment->calls);
	cleanup_fd_close(&attachment->process);
	cleanup_fd_close(&attachment->signals);
	sigprocmask(SIG_SETMASK, &attachment->old_mask, NULL);
}

/* Milliseconds that are left, as poll takes them; −1: no end is set. */
static int attach_left(const struct attachment *attachment, uint64_t begun_ns)
{
	uint64_t passed = (attach_now_ns() - begun_ns) / 1000000;

	if (!attachment->spec->for_ms)
		return -1;
	if (passed >= attachment->spec->for_ms)
		return 0;
	return attachment->spec->for_ms - passed > INT_MAX ? INT_MAX : (int)(attachment->spec->for_ms - passed);
}

static void attach_wait(struct attachment *attachment)
{
	struct pollfd ends[] = { { .fd = attachment->signals, .events = POLLIN },
				 { .fd = attachment->process, .events = POLLIN } };
	uint64_t begun_ns = attach_now_ns();
	struct signalfd_siginfo signal;
	int got = 0, left;

	do {
		left = attach_left(attachment, begun_ns);
		got = left == 0 ? 0 : poll(ends, 2, left);
	} while (left != 0 && (got == 0 || (got < 0 && errno == EINTR)));
	attachment->end.interrupted = got > 0 && ends[0].revents & POLLIN &&
				      read(attachment->signals, &signal, sizeof(signal)) == sizeof(signal);
	attachment->end.has_ended = got > 0 && ends[1].revents & POLLIN;
	attachment->end.wall_ns = attach_now_ns() - begun_ns;
}

static int attach_begin(struct attachment *attachment, struct callgate_error *err)
{
	const struct attach_spec *spec = attachment->spec;
	struct calls_spec calls = { .cgroup = spec->cgroup };
	int status = attach_take_signals(attachment, err);

	if (status == CALLGATE_OK && spec->pid)
		status = pidfd_of(spec->pid, &attachment->process, err);
	if (status == CALLGATE_OK)
		status = calls_new(&calls, &attachment->calls, err);
	/* What runs already has no filter of ours, and may have a tracer: there is nobody else to see its calls. */
	if (status == CALLGATE_E_UNSUPPORTED)
		error_hint(
			err,
			"only the kernel's recorder can attach: run it as root, or with CAP_BPF and CAP_PERFMON; "
			"without them, `callgate learn -- PROGRAM` starts the program anew and records it by a tracer");
	if (status == CALLGATE_OK && spec->pid)
		status = calls_follow(attachment->calls, spec->pid, err);
	return status;
}

int attach_run(const struct attach_spec *spec, struct evidence *evidence, struct attach_end *ret_end,
	       struct callgate_error *err)
{
	cleanup(attachment_fini) struct attachment attachment = { .spec = spec, .signals = -1, .process = -1 };
	int status = attach_begin(&attachment, err);

	evidence->kernel = probe_kernel_version();
	if (status < 0)
		return status;
	attach_wait(&attachment);
	status = calls_finish(attachment.calls, evidence, err);
	if (status < 0)
		return status;
	status = evidence_close_run(evidence, "bpf", true, err);
	if (status < 0)
		return status;
	*ret_end = attachment.end;
	return CALLGATE_OK;
}
