#include "asked.h"

#include "unit.h"

#include "kernel/load.h"
#include "kernel/notify.h"
#include "kernel/pidfd.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int load_listener(unsigned nr, unsigned flags)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	int listener = -1;

	if (kernel_filter_load(insns, sizeof(insns) / sizeof(*insns), SECCOMP_FILTER_FLAG_NEW_LISTENER | flags,
			       &listener, NULL) != CALLGATE_OK)
		return -1;
	return listener;
}

static void __attribute__((noreturn))
be_asked(const struct asked_way *way, unsigned nr, int (*act)(void), int tell, int go)
{
	int listener;
	char byte;

	if (way->before)
		way->before();
	listener = load_listener(nr, way->flags);
	if (write(tell, &listener, sizeof(listener)) != sizeof(listener) || read(go, &byte, 1) != 1)
		_exit(99);
	close(listener);
	close(tell);
	close(go);
	_exit(act());
}

struct asked asked_start_by(const struct asked_way *way, unsigned nr, int (*act)(void))
{
	struct asked asked = { .listener = -1 };
	int tell[2], go[2], number = -1, pidfd;

	assert_int_equal(pipe(tell), 0);
	assert_int_equal(pipe(go), 0);
	asked.pid = fork();
	assert_true(asked.pid >= 0);
	if (asked.pid == 0)
		be_asked(way, nr, act, tell[1], go[0]);
	assert_int_equal(read(tell[0], &number, sizeof(number)), sizeof(number));
	assert_true(number >= 0);
	assert_int_equal(pidfd_of(asked.pid, &pidfd, NULL), 0);
	assert_int_equal(pidfd_fetch(pidfd, number, &asked.listener, NULL), 0);
	assert_int_equal(write(go[1], "g", 1), 1);
	close(pidfd);
	for (int i = 0; i < 2; i++) {
		close(tell[i]);
		close(go[i]);
	}
	return asked;
}

struct asked asked_start(unsigned nr, int (*act)(void))
{
	return asked_start_by(&(struct asked_way){ .flags = notify_filter_flags() }, nr, act);
}

int asked_end(struct asked *asked)
{
	int status = -1;

	assert_int_equal(TEMP_FAILURE_RETRY(waitpid(asked->pid, &status, 0)), asked->pid);
	if (asked->listener >= 0)
		close(asked->listener);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
