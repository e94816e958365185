# shellcheck shell=bash disable=SC2154
# scan --after main: what a program can still do when it has come to its main. What its start alone does is left out, but
# never what the start has let others know of: handlers, threads, what runs at the end.
cat >late.c <<'C'
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_t thread;

__attribute__((noinline)) static void by_both(void)
{
	if (getuid() == 77)
		_exit(9);
}

static void handler(int signal)
{
	getppid();
}

static void at_the_end(void)
{
	chdir("/");
}

static void *of_a_thread(void *unused)
{
	getpgid(0);
	return NULL;
}

__attribute__((constructor)) static void first(void)
{
	umask(022);
	by_both();
	signal(SIGUSR1, handler);
	atexit(at_the_end);
	pthread_create(&thread, NULL, of_a_thread, NULL);
}

__attribute__((destructor)) static void last(void)
{
	getegid();
}

int main(void)
{
	by_both();
	raise(SIGUSR1);
	pthread_join(thread, NULL);
	return getsid(0) < 0;
}
C
after() { # after PROGRAM: its calls then, a line each
	callgate scan --no-cache --after main --json "$1" 2>err | sed -n 's/.*"syscall": *"\([^"]*\)".*/\1/p'
}

expect 2 'no other mark is known' callgate scan --after poll /bin/true
stderr_has "cannot be 'poll'"
expect 2 'nor of what runs' callgate scan --after main --running
expect 0 'a program after its start' callgate scan --no-cache --after main --json /bin/true
for call in set_tid_address rseq set_robust_list prlimit64 arch_prctl; do stdout_lacks "\"$call\""; done
stdout_has '"write"'
stdout_has '"exit_group"'
expect 0 '  has reasons that do not begin with it' callgate scan --no-cache --after main --why write /bin/true
stdout_has 'makes the call'
expect 1 '  and none for what it does no more' callgate scan --no-cache --after main --why rseq /bin/true
expect 0 'and a policy of two parts' callgate scan --no-cache --after main -o true.policy /bin/true
check '  the second of which stands at main' grep -q '^phase running at main {$' true.policy
expect 0 '  is in form' callgate fmt --check true.policy
expect 1 '  refuses there' callgate simulate --phase running true.policy 'rseq(0, 0, 0, 0)'
stdout_is kill-process
expect 0 '  what it allows before' callgate simulate true.policy 'rseq(0, 0, 0, 0)'

if ! command -v cc >/dev/null; then
	skip 'what a start lets others know of stays' 'no compiler'
	return 0
fi
marks=yes
callgate run --policy true.policy -- /bin/true >out 2>err || ! grep -q 'cannot be traced\|on this machine' err || marks=

kind() { # kind NAME COMPILER OPTION...
	local name=$1 call
	shift
	if ! command -v "$1" >/dev/null || ! "$@" -w -O2 -pthread -o "$name" late.c 2>err; then
		skip "what a start of a program that is $name lets others know of stays" 'it cannot be built here'
		return 0
	fi
	after "./$name" >list
	for call in getuid getppid chdir getpgid getegid getsid exit_group; do
		check "$name: $call can come after main" grep -qx "$call" list
	done
	case $name in
	*musl*) ;; # its start calls constructors by name
	*) check "$name: umask came before" not grep -qx umask list ;;
	esac
	check "$name: a signal that it sends itself too" grep -qxE 'tgkill|tkill' list
	expect 0 "$name: its policy" callgate scan --no-cache --unresolved none --after main -o "$name.policy" "./$name"
	[ -n "$marks" ] || return 0
	expect 0 "$name:   lets it run" callgate run --policy "$name.policy" -- "./$name"
	stderr_lacks 'was ended'
}
kind pie cc
kind fixed cc -no-pie
kind now cc -fno-plt -Wl,-z,now -s
kind static cc -static
kind static-pie cc -static-pie -s
kind musl musl-gcc
kind static-musl musl-gcc -static

cat >starts.c <<'C'
#include <unistd.h>

int main(void)
{
	return execl("/bin/true", "true", (char *)0);
}
C
cc -o starts starts.c
expect 0 'what is started starts then' callgate scan --no-cache --exec --unresolved none --after main -o starts.policy ./starts
expect 0 '  and may do what a start does' callgate simulate --phase running starts.policy 'rseq(0, 0, 0, 0)'
[ -z "$marks" ] || expect 0 '  where it is run' callgate run --policy starts.policy -- ./starts
expect 0 'a program that is named behind another is started by it' callgate scan --no-cache --unresolved none --after main -o two.policy ./starts /bin/true
expect 0 '  too' callgate simulate --phase running two.policy 'rseq(0, 0, 0, 0)'

printf '\t.globl _start\n_start:\tmov $231, %%eax\n\tsyscall\n' >bare.S
if cc -nostdlib -static -o bare bare.S 2>err; then
	expect 2 'a program without a C library' callgate scan --no-cache --after main ./bare
	stderr_has 'no main that a C library is told of'
fi
