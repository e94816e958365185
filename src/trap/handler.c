/*
 * The handler holds no signal back, its own neither: what comes meanwhile ends the process, or runs its handler on top
 * of this one and may ask by itself. A handler that is left by a jump leaves a channel taken, of which there are
 * others.
 *
 * SIGSYS must not be blocked anywhere, or the kernel ends the process at its next trap. Calls that would block it, or
 * replace the handler, are trapped and carried out here without that; sigprocmask needs no call, since the mask that
 * the thread goes on with is in the signal's frame.
 */
#include "trap/handler.h"

#include "base/error.h"
#include "kernel/call.h"
#include "trap/ask.h"
#include "trap/registers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* si_code: a filter's trap */
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

enum { HANDLER_ERRNO_MAX = 4095, HANDLER_MASK_BYTES = 8 };

#define HANDLER_SIGSYS (UINT64_C(1) << (SIGSYS - 1))

/* The kernel's struct sigaction, with its 64 signals. */
struct handler_action {
	uint64_t handler, flags, restorer, mask;
};

/* The one thing that the library has for a whole process. */
static struct {
	struct trap_entry entry;
	struct ask_channels *channels; /* NULL: it is not armed */
} armed;

static bool can_read(uint64_t address, uint64_t length)
{
	return ask_can_read(address) && ask_can_read(address + length - 1);
}

/* rt_sigprocmask with a set to read: the mask that the thread goes on with, SIGSYS never in it. */
static int64_t change_mask(const uint64_t args[6], ucontext_t *context)
{
	uint64_t set, mask;

	if (args[3] != HANDLER_MASK_BYTES)
		return -EINVAL;
	if (!can_read(args[1], sizeof(set)))
		return -EFAULT;
	memcpy(&set, (const void *)(uintptr_t)args[1], sizeof(set));
	memcpy(&mask, &context->uc_sigmask, sizeof(mask));
	/* The kernel writes there first, so that it says whether one can. */
	if (args[2] && KERNEL_CALL(SYS_rt_sigprocmask, 0, 0, args[2], HANDLER_MASK_BYTES) == -EFAULT)
		return -EFAULT;
	if (args[2])
		memcpy((void *)(uintptr_t)args[2], &mask, sizeof(mask));
	if ((int)args[0] != SIG_BLOCK && (int)args[0] != SIG_UNBLOCK && (int)args[0] != SIG_SETMASK)
		return -EINVAL;
	mask = (int)args[0] == SIG_BLOCK ? mask | set : (int)args[0] == SIG_UNBLOCK ? mask & ~set : set;
	mask &= ~HANDLER_SIGSYS;
	memcpy(&context->uc_sigmask, &mask, sizeof(mask));
	return 0;
}

/* rt_sigaction for another signal, whose handler is to leave SIGSYS alone. */
static int64_t change_action(const uint64_t args[6])
{
	struct handler_action action;

	if (!can_read(args[1], sizeof(action)))
		return -EFAULT;
	memcpy(&action, (const void *)(uintptr_t)args[1], sizeof(action));
	action.mask &= ~HANDLER_SIGSYS;
	return KERNEL_CALL(SYS_rt_sigaction, args[0], &action, args[2], args[3], 0, TRAP_OWN_CALL);
}

/* close_range over the handler's own descriptors: what is below and what is above. */
static int64_t close_around(const uint64_t args[6])
{
	uint32_t first = (uint32_t)args[0], last = (uint32_t)args[1];
	uint32_t low = (uint32_t)armed.entry.door, high = low + QUESTION_CHANNELS;
	long result = 0;

	if (first < low)
		result = KERNEL_CALL(SYS_close_range, first, low - 1, args[2]);
	if (result == 0 && last > high)
		result = KERNEL_CALL(SYS_close_range, high + 1, last, args[2]);
	return result;
}

static int64_t answer_local(uint32_t nr, const uint64_t args[6], ucontext_t *context)
{
	if (nr == SYS_rt_sigprocmask)
		return change_mask(args, context);
	if (nr == SYS_rt_sigaction)
		return change_action(args);
	return nr == SYS_close_range ? close_around(args) : -ENOSYS;
}

/* What a rule `trap N` leaves to us. */
static int64_t answer_default(uint32_t nr, const uint64_t args[6], int number)
{
#ifdef SYS_newfstatat
	if (nr == SYS_newfstatat && args[3] & AT_EMPTY_PATH && (int)args[0] >= 0 &&
	    (!args[1] || (ask_can_read(args[1]) && *(const char *)(uintptr_t)args[1] == '\0')))
		return KERNEL_CALL(SYS_fstat, args[0], args[2]);
#endif
	return number >= 1 && number <= HANDLER_ERRNO_MAX ? -number : -EPERM;
}

/* The same call once more, with SIGSYS blocked: the kernel ends the process. */
static void end_process(ucontext_t *context, uint32_t nr)
{
	uint64_t mask;

	memcpy(&mask, &context->uc_sigmask, sizeof(mask));
	mask |= HANDLER_SIGSYS;
	memcpy(&context->uc_sigmask, &mask, sizeof(mask));
	trap_rewind(context, nr);
}

static void answer_asked(const siginfo_t *info, const uint64_t args[6], ucontext_t *context)
{
	struct ask_call call = { .audit = info->si_arch,
				 .nr = (uint32_t)info->si_syscall,
				 .ip = (uint64_t)(uintptr_t)info->si_call_addr };
	int64_t result;

	for (int i = 0; i < 6; i++)
		call.args[i] = args[i];
	if (ask_supervisor(armed.entry.door, armed.channels, &call, &result))
		trap_return(context, result);
	else if (armed.entry.last_error)
		trap_return(context, -armed.entry.last_error);
	else
		end_process(context, call.nr);
}

static void handle(int signal, siginfo_t *info, void *frame)
{
	ucontext_t *context = frame;
	uint32_t nr = (uint32_t)info->si_syscall;
	uint64_t args[6];

	/* Sent by somebody. */
	if (info->si_code != SYS_SECCOMP)
		return;
	trap_arguments(context, args);
	if (info->si_arch != TRAP_AUDIT)
		trap_return(context, -ENOSYS);
	else if (info->si_errno == TRAP_ASK)
		answer_asked(info, args, context);
	else if (info->si_errno == TRAP_LOCAL)
		trap_return(context, answer_local(nr, args, context));
	else
		trap_return(context, answer_default(nr, args, info->si_errno));
}

static struct ask_channels *make_channels(void)
{
	struct ask_channels *channels =
		mmap(NULL, sizeof(*channels), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (channels == MAP_FAILED)
		return NULL;
	if (madvise(channels, sizeof(*channels), MADV_WIPEONFORK) == 0) {
		channels->is_mine = 1;
		return channels;
	}
	munmap(channels, sizeof(*channels));
	return NULL;
}

int trap_arm(const struct trap_entry *entry, struct callgate_error *err)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	struct ask_channels *channels;
	sigset_t own;

	if (armed.channels)
		return fail(err, CALLGATE_E_INVALID, "this process has entered a trap before");
	channels = make_channels();
	if (!channels)
		return fail_errno(err, "cannot make memory that a fork empties");
	armed.entry = *entry;
	armed.channels = channels;
	sigemptyset(&action.sa_mask);
	sigemptyset(&own);
	sigaddset(&own, SIGSYS);
	if (sigaction(SIGSYS, &action, NULL) < 0 || pthread_sigmask(SIG_UNBLOCK, &own, NULL))
		return fail_errno(err, "cannot set the handler of SIGSYS");
	return CALLGATE_OK;
}
