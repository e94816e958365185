# shellcheck shell=bash disable=SC2154
# A part of a policy that is stacked when the program comes to its main: behind constructors, before main's first
# instruction, whatever kind of program it is; and a program whose main is not known does not run.
cat >marked.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
int main(int argc, char **argv);

static void try(const char *who)
{
	printf("%s %s\n", who, chdir("/") ? strerror(errno) : "may");
	fflush(stdout);
}

static void last(void)
{
	try("the exit");
}

static void handler(int signal)
{
	try("a handler");
}

static int sharer(void *stack)
{
	char *arguments[] = { "sharer", NULL };

	_exit(main(1, arguments));
}

__attribute__((constructor)) static void before(void)
{
	const char *what = getenv("LANG") ? getenv("LANG") : "";
	char *arguments[] = { "true", NULL };
	static char stack[65536];
	pid_t pid = 0;

	if (strcmp(what, "again") == 0)
		return;
	try("a constructor");
	if (strcmp(what, "fork") == 0 && (pid = fork()) == 0)
		return;
	if (strcmp(what, "spawn") == 0)
		posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ);
	if (strcmp(what, "share") == 0)
		pid = clone(sharer, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	if (strcmp(what, "signal") == 0) {
		sigset_t all;

		sigfillset(&all);
		signal(SIGUSR1, handler);
		sigprocmask(SIG_BLOCK, &all, NULL);
		raise(SIGUSR1);
	}
	if (pid > 0)
		waitpid(pid, NULL, __WALL);
}

int main(int argc, char **argv)
{
	int result = chdir("/");
	sigset_t none;

	printf("main %s\n", result ? strerror(errno) : "may");
	fflush(stdout);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	atexit(last);
	if (argc > 1) {
		setenv("LANG", "again", 1);
		execv("/proc/self/exe", argv + 1);
	}
	return 41;
}
C
printf 'kernel 7.1\ndefault allow\nkill-process ptrace\n\nphase running at main {\n\terrno EACCES chdir\n}\n' >main.policy

expect 0 'main is a mark' callgate fmt main.policy
check '  that is printed as it was written' cmp out main.policy
expect 1 '  and what is stacked there has a meaning' callgate simulate --phase running main.policy 'chdir(0)'
stdout_is 'errno EACCES'
expect 0 '  which converts to itself' callgate convert --to policy main.policy
stdout_has '^phase running at main {'

if ! command -v cc >/dev/null || ! cc -w -o marked marked.c 2>err; then
	skip 'a program comes to its main' 'no compiler'
	return 0
fi
callgate run --policy main.policy -- true >out 2>err
if grep -q 'the kernel does not let us trace it\|on this machine' err; then
	skip 'a program comes to its main' "$(head -n 1 err)"
	return 0
fi

marked() { # marked DESCRIPTION PROGRAM
	expect 41 "$1" callgate run --policy main.policy -- "$2"
	stdout_is "$(printf '%s\n' 'a constructor may' 'main Permission denied' 'the exit Permission denied')"
}

marked 'from main on it is under the second part' ./marked
kind() { # kind NAME COMPILER OPTION...
	local name=$1
	shift
	if command -v "$1" >/dev/null && "$@" -w -o "$name" marked.c 2>err; then
		marked "a program that is $name" "./$name"
		strip -s -o stripped "$name" && marked '  and stripped' ./stripped
	else
		skip "a program that is $name" 'it cannot be built here'
	fi
}
kind fixed cc -no-pie
kind static cc -static
kind static-pie cc -static-pie
kind musl musl-gcc
kind static-musl musl-gcc -static
kind static-pie-musl musl-gcc -static-pie

expect 41 'a child that a constructor makes comes to main itself' env LANG=fork "$CALLGATE" run --policy main.policy -- ./marked
check '  both of them' test "$(grep -c '^main Permission denied$' out)" -eq 2
expect 41 'a program that a constructor starts has a main of its own' env LANG=spawn "$CALLGATE" run --policy main.policy -- ./marked
stdout_has '^main Permission denied$'
expect 41 'what is executed later has what was stacked, its start too' callgate run --policy main.policy -- ./marked again
check '  and comes to main as before' test "$(grep -c '^main Permission denied$' out)" -eq 2
expect 125 'who shares memory and no filter is no way round it' env LANG=share "$CALLGATE" run --policy main.policy -- ./marked
stderr_has 'could not be made to load the filter'
expect 41 'signals that a constructor blocks stay blocked' env LANG=signal "$CALLGATE" run --policy main.policy -- ./marked
stdout_is "$(printf '%s\n' 'a constructor may' 'main Permission denied' 'a handler Permission denied' 'the exit Permission denied')"
expect 0 'a script is what interprets it' callgate run --policy main.policy -- sh -c 'cd / 2>/dev/null || echo not'
stdout_is not

cat >bare.S <<'S'
	.globl _start
_start:	mov $1, %edi
	mov $1, %eax
	lea text(%rip), %rsi
	mov $4, %edx
	syscall
	mov $231, %eax
	xor %edi, %edi
	syscall
	.data
text:	.ascii "ran\n"
S
if cc -nostdlib -static -o bare bare.S 2>err; then
	expect 0 'a program without a C library' ./bare
	stdout_is ran
	printf 'kernel 7.1\ndefault allow\nkill-process write if fd == 1\nkill-process ptrace\n\nphase running at main {\n\tkill-process chdir\n}\n' >bare.policy
	expect 125 '  has no main that is known' callgate run --policy bare.policy -- ./bare
	stderr_has 'has no main that a C library is told of'
	stderr_has 'phase NAME at SYSCALL'
fi
if cc -m32 -w -o narrow marked.c 2>err || cc -m32 -nostdlib -static -x c -o narrow - 2>err <<<'void _start(void) { for (;;); }'; then
	expect 125 'a program of another machine' callgate run --policy main.policy -- ./narrow
	stderr_has 'no program of this machine'
fi

# Two parts at main, a call's part with it, and a policy that allows neither tracing nor seccomp.
printf 'kernel 7.1\ndefault allow\nkill-process ptrace, seccomp\nphase one at main {\n\terrno EACCES chdir\n}\nphase two at main {\n\terrno EPERM getcwd\n}\nphase three at umask {\n\terrno EPERM mkdir\n}\n' >many.policy
expect 0 'several parts' callgate run --policy many.policy -- sh -c 'mkdir one; cd / 2>/dev/null || echo main; umask 022; mkdir two 2>/dev/null || echo call'
stdout_is "$(printf 'main\ncall\n')"
check '  each from its own mark on' test -d one -a ! -d two
# A rule that lets it trace: it is traced until main alone.
sed 's/^kill-process ptrace$/allow ptrace/' main.policy >tracing.policy
expect 0 'what may trace itself is let go at main' callgate run --policy tracing.policy -- sh -c 'grep "^TracerPid:.0$" /proc/self/status && (cd / 2>/dev/null || echo not)'
stdout_is "$(printf 'TracerPid:\t0\nnot\n')"
expect 41 '  and so are its children' env LANG=fork "$CALLGATE" run --policy tracing.policy -- ./marked
check '  after their own main' test "$(grep -c '^main Permission denied$' out)" -eq 2
expect 125 'what cannot be traced is not started' callgate run --no-trace --policy main.policy -- touch started
check '  at all' test ! -e started

# What was seen before main only is refused from there on, whoever recorded it.
cat >masks.c <<'C'
#include <sys/stat.h>
#include <unistd.h>

__attribute__((constructor)) static void before(void)
{
	umask(022);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		umask(022);
	return chdir("/");
}
C
cc -o masks masks.c
for recorder in auto trace notify; do
	rm -f learned.policy*
	callgate learn --phases --recorder $recorder -o learned.policy -- ./masks >out 2>err
	if [ $? = 2 ] || grep -q 'not seen' err; then
		skip "main is seen by the recorder $recorder" "$(head -n 1 err)"
		continue
	fi
	check "main is seen by the recorder $recorder" grep -q '^phase running at main {' learned.policy
	check '  in its evidence' grep -q '"main": *true' learned.policy.evidence
	expect 0 '  what is learned lets it run' callgate run --policy learned.policy -- ./masks
	expect 159 '  and refuses what came only before' callgate run --policy learned.policy -- ./masks again
	stderr_has 'was ended for umask'
	expect 0 '  evidence alone says the same' callgate profile --phases -o joined.policy learned.policy.evidence
	check '  with that part' grep -q '^phase running at main {' joined.policy
done
expect 0 'of a program that starts another' callgate learn --phases -o starting.policy -- sh -c 'true; /bin/true; :'
check '  no part is written, which that would start under' not grep -q '^phase' starting.policy
if [ -x bare ]; then
	expect 0 'of a program without a main' callgate learn --phases -o bare.policy -- ./bare
	check '  none is written either' not grep -q '^phase' bare.policy
	stderr_has 'where main begins was not seen'
fi
