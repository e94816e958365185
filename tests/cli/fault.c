/*
 * Faults at each system call of a launcher: an error in the call's place, or a signal when it is made. The launcher and
 * all that it clones are traced, call by call, until a target is executed, which is let go.
 *
 *	fault HOW FIRST STRIDE UID COMMAND...      HOW: EMFILE, SIGTERM; the calls FIRST, FIRST + STRIDE, … of user UID
 *
 * One run a call, until a run has no such call any more. The target is to say `confined`. What must hold of each run:
 * either that was said, or nothing was, and why is on standard error; and no process is left. A line is printed for
 * each run of which that does not hold, and one that sums up. Calls are counted from the first F_GETFD on, with which
 * the command begins: what is before is libc's.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT = 4096, PATIENCE_SECONDS = 120, SKIPPED = 77, CANNOT_TRACE = 122 };

struct how {
	int error;  /* in the call's place */
	int signal; /* or to the launcher, when the call is made */
};

struct run {
	struct how how;
	long wanted; /* which call */
	long seen;   /* how many there were */
	bool counts;
	pid_t launcher, failing;    /* whose call is to fail when it returns, 0: nobody's */
	unsigned long long nr, arg; /* of the call that failed, and its first argument */
	pid_t who;
	int status; /* of the launcher */
	char out[OUTPUT], err[OUTPUT];
};

#ifdef __x86_64__

static void skip_call(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static void give_result(pid_t pid, int error)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.rax = (unsigned long long)-error;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static const bool can_inject = true;

#else

static void skip_call(pid_t pid)
{
}

static void give_result(pid_t pid, int error)
{
}

static const bool can_inject = false;

#endif

/* Who cannot end has no way to go on; brk does not tell an errno, and close has
 * closed whatever it tells. */
static bool may_fail(unsigned long long nr)
{
	return nr != SYS_exit_group && nr != SYS_exit && nr != SYS_rt_sigreturn && nr != SYS_brk && nr != SYS_close;
}

static void at_entry(struct run *run, pid_t pid, const struct __ptrace_syscall_info *info)
{
	run->counts |= info->entry.nr == SYS_fcntl && info->entry.args[1] == F_GETFD;
	if (!run->counts || !may_fail(info->entry.nr) || run->seen++ != run->wanted)
		return;
	run->nr = info->entry.nr;
	run->arg = info->entry.args[0];
	run->who = pid;
	if (run->how.signal) {
		kill(run->launcher, run->how.signal);
		return;
	}
	skip_call(pid);
	run->failing = pid;
}

static void at_call(struct run *run, pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		at_entry(run, pid, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT && run->failing == pid) {
		give_result(pid, run->how.error);
		run->failing = 0;
	}
}

/* One stop of one process; whether that is followed on. */
static void at_stop(struct run *run, pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	bool is_over = run->seen > run->wanted && run->failing != pid;

	if (signal == (SIGTRAP | 0x80)) {
		at_call(run, pid);
		signal = 0;
	} else if (event == PTRACE_EVENT_EXEC && run->counts) {
		/* A target: its calls are its own. */
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return;
	} else if (event || signal == SIGTRAP) {
		signal = 0;
	} else if (signal == SIGSTOP && pid != run->launcher) {
		signal = 0; /* with which a new one begins */
	}
	/* When the fault has been, nobody need be followed from call to call. */
	ptrace(is_over ? PTRACE_DETACH : PTRACE_SYSCALL, pid, NULL, (void *)(long)signal);
}

static void on_alarm(int signal)
{
}

/* Until no process is left; whether one still was when patience ended. */
static bool follow(struct run *run)
{
	bool left = false;
	int status;

	alarm(PATIENCE_SECONDS);
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == ECHILD)
			break;
		if (pid < 0) {
			/* What is left is traced, and ends with us; the launcher's children are ours when it is gone. */
			if (left)
				exit(1);
			left = true;
			kill(run->launcher, SIGKILL);
			alarm(1);
			continue;
		}
		if (pid == run->launcher && (WIFEXITED(status) || WIFSIGNALED(status)))
			run->status = status;
		if (WIFSTOPPED(status))
			at_stop(run, pid, status);
	}
	alarm(0);
	return left;
}

static void __attribute__((noreturn)) become(char **command, int out, int err, uid_t user)
{
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	if (user && (setgroups(0, NULL) < 0 || setgid(user) < 0 || setuid(user) < 0))
		_exit(120);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(CANNOT_TRACE);
	raise(SIGSTOP);
	execv(command[0], command);
	_exit(121);
}

static int temporary(void)
{
	return (int)syscall(SYS_memfd_create, "fault", 1);
}

static void read_all(int fd, char text[OUTPUT])
{
	ssize_t length = pread(fd, text, OUTPUT - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	close(fd);
}

static bool run_once(struct run *run, char **command, uid_t user)
{
	int out = temporary(), err = temporary(), status;
	bool left;

	run->launcher = fork();
	if (run->launcher == 0)
		become(command, out, err, user);
	waitpid(run->launcher, &status, 0);
	if (!WIFSTOPPED(status))
		exit(SKIPPED);
	ptrace(PTRACE_SETOPTIONS, run->launcher, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	ptrace(PTRACE_SYSCALL, run->launcher, NULL, NULL);
	left = follow(run);
	read_all(out, run->out);
	read_all(err, run->err);
	return left;
}

/* NULL when all is as it must be. */
static const char *wrong(const struct run *run, bool left)
{
	bool confined = strcmp(run->out, "confined\n") == 0;

	if (left)
		return "a process was left";
	if (run->out[0] && !confined)
		return "the target was not confined";
	if (run->how.signal)
		return NULL;
	if (WIFSIGNALED(run->status) && !confined)
		return "the launcher died";
	if (!confined && !run->err[0])
		return "nothing ran, and nobody says why";
	if (!confined && WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0)
		return "nothing ran, and that is told as success";
	return NULL;
}

static bool how_of(const char *name, struct how *how)
{
	for (int number = 1; number < 134; number++)
		if (strerrorname_np(number) && strcmp(strerrorname_np(number), name) == 0)
			how->error = number;
	for (int number = 1; number < 32; number++)
		if (strncmp(name, "SIG", 3) == 0 && sigabbrev_np(number) && strcmp(sigabbrev_np(number), name + 3) == 0)
			how->signal = number;
	return how->error || how->signal;
}

int main(int argc, char **argv)
{
	long stride = argc > 5 ? atol(argv[3]) : 0, runs = 0, confined = 0, bad = 0;
	struct how how = { 0 };

	if (stride < 1 || !how_of(argv[1], &how))
		return 2;
	if (!can_inject)
		return SKIPPED;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
	for (long wanted = atol(argv[2]);; wanted += stride) {
		struct run run = { .how = how, .wanted = wanted };
		bool left = run_once(&run, argv + 5, (uid_t)atoi(argv[4]));
		const char *why = wrong(&run, left);

		runs++;
		confined += strcmp(run.out, "confined\n") == 0;
		if (why) {
			bad++;
			printf("%s at call %ld, %llu(%#llx) of %s: %s: status %#x, said '%s', '%s'\n", argv[1], wanted,
			       run.nr, run.arg, run.who == run.launcher ? "the launcher" : "a child", why, run.status,
			       run.out, run.err);
		}
		if (run.seen <= wanted)
			break;
	}
	printf("%s: %ld runs, %ld confined, %ld wrong\n", argv[1], runs, confined, bad);
	return bad > 0;
}
