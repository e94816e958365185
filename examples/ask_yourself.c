/*
 * A process that asks for itself: where there may be no listener, its own handler of SIGSYS puts what the rules answer
 * to a supervisor, which here is the process that it was forked from. The code that opens files knows nothing of it.
 */
#include <callgate/callgate.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void try_to_open(const char *path)
{
	int fd = open(path, O_RDONLY);

	printf("%s: %s\n", path, fd < 0 ? strerror(errno) : "opened");
}

static int work(struct callgate_trap *trap)
{
	struct callgate_error err;

	if (callgate_trap_enter(trap, &err) != CALLGATE_OK) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	try_to_open("/usr/include/errno.h");
	try_to_open("/usr/include/../../etc/passwd");
	return fflush(stdout) ? 1 : 0;
}

/* Answers until the other process is gone. */
static int supervise(struct callgate_trap *trap, struct callgate_error *err)
{
	struct callgate_notify *notify = NULL;
	int status = callgate_notify_new(NULL, &notify, err);

	if (status == CALLGATE_OK)
		status = callgate_trap_answer(trap, notify, err);
	if (status == CALLGATE_OK)
		status = callgate_notify_run(notify, err);
	callgate_notify_free(notify);
	return status;
}

int main(void)
{
	struct callgate_policy *policy = NULL;
	struct callgate_trap *trap = NULL;
	struct callgate_error err;
	int ended = 0, status = callgate_policy_read("ask_yourself.policy", NULL, &policy, &err);
	pid_t pid = -1;

	if (status == CALLGATE_OK)
		status = callgate_trap_new(policy, &trap, &err);
	if (status == CALLGATE_OK)
		pid = fork();
	if (pid == 0)
		_exit(work(trap));
	if (status == CALLGATE_OK)
		status = supervise(trap, &err);
	if (status != CALLGATE_OK)
		fprintf(stderr, "%s\n", err.message);
	if (pid > 0)
		waitpid(pid, &ended, 0);
	callgate_trap_free(trap);
	callgate_policy_free(policy);
	return status != CALLGATE_OK || pid < 0 || ended != 0;
}
