/*
 * Forked twice: the one in between ends at once, and who is left belongs to init or to whoever reaps here.
 */
#include "kernel/orphan.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/pidfd.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool orphan_is_told(const struct orphan *self)
{
	struct pollfd ends[] = { { .fd = self->socket, .events = POLLIN }, { .fd = self->maker, .events = POLLIN } };
	char byte;

	/* A kernel without memory for a moment is not yet a maker that has ended. */
	while (poll(ends, 2, -1) < 0)
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	/* At its end of file a socket is readable, and nothing is read. */
	return ends[0].revents & POLLIN && recv(self->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Everything but two descriptors. */
static void close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 0)
		syscall(SYS_close_range, 0U, low - 1, 0U);
	if (high > low + 1)
		syscall(SYS_close_range, low + 1, high - 1, 0U);
	syscall(SYS_close_range, high + 1, ~0U, 0U);
}

static void __attribute__((noreturn)) orphan_main(orphan_work *work, void *context, struct orphan self)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	close_others(self.socket, self.maker);
	work(&self, context);
	_exit(0);
}

int orphan_start(orphan_work *work, void *context, int *ret_socket, struct callgate_error *err)
{
	cleanup_fd int ours = -1, theirs = -1, maker = -1;
	int pair[2], in_between = 0, reaps = 0;
	pid_t pid;

	if (pidfd_of(getpid(), &maker, err) < 0)
		return CALLGATE_E_OS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_errno(err, "cannot make a socket");
	ours = pair[0];
	theirs = pair[1];
	/* Where orphans come to us, this one shall not. */
	prctl(PR_GET_CHILD_SUBREAPER, &reaps);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	pid = fork();
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			orphan_main(work, context, (struct orphan){ .socket = theirs, .maker = maker });
		_exit(pid < 0 ? errno : 0);
	}
	/* Until it is gone, whatever else may be wrong: before, its orphan would still come to us. */
	while (pid > 0 && waitpid(pid, &in_between, 0) < 0 && errno != ECHILD)
		;
	prctl(PR_SET_CHILD_SUBREAPER, reaps);
	if (pid < 0)
		return fail_errno(err, "cannot start a process");
	if (WIFEXITED(in_between) && WEXITSTATUS(in_between)) {
		errno = WEXITSTATUS(in_between);
		return fail_errno(err, "cannot start a process");
	}
	*ret_socket = take_fd(ours);
	return CALLGATE_OK;
}

void orphan_end(int socket)
{
	char byte;

	if (socket < 0)
		return;
	/* Who could not be told by that is told by the close, and not waited for. */
	if (shutdown(socket, SHUT_WR) == 0)
		while (read(socket, &byte, 1) < 0 && errno == EINTR)
			;
	close(socket);
}
