/*
 * Three things end the wait: a byte, or that no writer is left; a signal; the clock. The byte is taken, as bwrap takes
 * it, but never waited for: somebody else may have been quicker.
 */
#include "launch/hold.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "launch/watch.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MILLISECOND_NS INT64_C(1000000)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* For poll(2), never too short; −1 without a limit. */
static int hold_patience(int64_t end_ns)
{
	int64_t left = end_ns ? end_ns - now_ns() : -1;

	if (!end_ns)
		return -1;
	if (left <= 0)
		return 0;
	return left / MILLISECOND_NS < INT_MAX ? (int)(left / MILLISECOND_NS) + 1 : INT_MAX;
}

/* Whether there is no more to wait for. Fails with −1 and errno. */
static int hold_read(int fd)
{
	char byte;
	struct iovec data = { &byte, 1 };
	ssize_t got = preadv2(fd, &data, 1, -1, RWF_NOWAIT);

	/* Files that know no such flag, and older kernels' pipes. */
	if (got < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == ESPIPE))
		got = read(fd, &byte, 1);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	return got < 0 ? -1 : true;
}

/* The next signal that asks us to end; 0 where none does. */
static int hold_signal(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		int signal = (int)info.ssi_signo;

		if (signal == SIGTSTP)
			raise(SIGSTOP);
		else if (signal != SIGCHLD && signal != SIGCONT && signal != SIGWINCH)
			return signal;
	}
	return 0;
}

static int hold_wait(int fd, int signals, struct launch_start *start, int64_t end_ns, struct hold_end *end,
		     struct callgate_error *err)
{
	struct pollfd waits[] = { { .fd = fd, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
	int is_open = false;

	while (!is_open && !end->signal && !end->late && !(start && launch_start_has_ended(start))) {
		int ready = poll(waits, 2, hold_patience(end_ns));

		if (ready < 0 && errno != EINTR)
			return fail_errno(err, "cannot wait for --block-fd");
		if (ready > 0 && waits[1].revents)
			end->signal = hold_signal(signals);
		if (ready > 0 && waits[0].revents && !end->signal)
			is_open = waits[0].revents & POLLNVAL ? (errno = EBADF, -1) : hold_read(fd);
		if (is_open < 0)
			return fail_errno(err, "cannot wait for --block-fd");
		end->late = !is_open && end_ns && now_ns() >= end_ns;
	}
	return CALLGATE_OK;
}

int hold_await(const struct callgate_sandbox *sandbox, struct launch_start *start, struct hold_end *ret_end,
	       struct callgate_error *err)
{
	struct hold_end end = { 0 };
	cleanup_fd int signals = -1;
	int status;
	sigset_t mask;

	if (!sandbox || sandbox->block_fd < 0) {
		*ret_end = end;
		return CALLGATE_OK;
	}
	mask = watch_mask();
	signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return fail_errno(err, "cannot wait for --block-fd");
	status = hold_wait(sandbox->block_fd, signals, start,
			   sandbox->wall_ns ? now_ns() + (int64_t)sandbox->wall_ns : 0, &end, err);
	if (status == CALLGATE_OK)
		*ret_end = end;
	return status;
}
