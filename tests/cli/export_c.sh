# shellcheck shell=bash disable=SC2154
# The C that is written is C99 for both compilers and C++, needs no library, and confines the process on this kernel.
cat >own.policy <<'END'
kernel 6.1
default kill-process
newer errno ENOSYS
include "@base"
allow madvise
errno EDOM getppid
END
cat >own.c <<'END'
#include "own.h"
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static pthread_barrier_t loaded;
static int other;
static void *wait_and_ask(void *nothing)
{
	pthread_barrier_wait(&loaded);
	other = syscall(SYS_getppid) == -1 && errno == EDOM;
	return nothing;
}
int main(void)
{
	pthread_t thread;
	char text[64];
	int here, length;

	if (pthread_barrier_init(&loaded, 0, 2) || pthread_create(&thread, 0, wait_and_ask, 0) || callgate_confine())
		return 1;
	pthread_barrier_wait(&loaded);
	here = syscall(SYS_getppid) == -1 && errno == EDOM;
	pthread_join(thread, 0);
	length = sprintf(text, "here %d, other thread %d\n", here, other);
	return write(1, text, length) == length && chdir("/") == 0;
}
END
printf '#include "own.h"\nint main() { return callgate_filter.len == 0 || callgate_confine(); }\n' >plain.cc
printf '#include "own.h"\nint unused;\n' >unused.c

expect 0 'a policy becomes C' callgate convert --to c -o own.h own.policy
stderr_is 'callgate: own.policy: proved equal to what was written'
expect 0 '  as compile writes it' callgate compile --format c own.policy
check '  byte for byte' cmp -s out own.h
callgate compile -o own.bpf own.policy
expect 0 'a raw filter becomes C' callgate convert --to c own.bpf
stderr_is 'callgate: own.bpf: proved equal to what was written'
expect 0 'a policy becomes instructions' callgate convert --to asm -o own.asm own.policy
stderr_is 'callgate: own.policy: proved equal to what was written'
expect 0 'a policy becomes a raw filter' callgate convert --to bpf -o again.bpf own.policy
check '  as compile writes it' cmp -s own.bpf again.bpf

sed 's/^errno EDOM/notify/' own.policy >asks.policy
expect 0 'a policy that asks a supervisor becomes C' callgate convert --to c -o asks.h asks.policy
stderr_has '^callgate: callgate_confine() opens no listener'

for compiler in gcc clang-14; do
	if ! command -v $compiler >/dev/null; then
		skip "$compiler takes it" "no $compiler"
		continue
	fi
	expect 0 "$compiler takes it" $compiler -std=c99 -Wall -Wextra -Werror -c -o unused.o unused.c
	expect 0 '  in a program' $compiler -std=c99 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -pthread -o own own.c
	expect 159 '  which is confined, every thread of it, and ends where it is refused' bash -c 'ulimit -c 0; ./own; exit $?'
	stdout_is 'here 1, other thread 1'
done
if command -v g++ >/dev/null; then
	expect 0 'C++ takes it' g++ -std=c++17 -Wall -Wextra -Werror -c -o plain.o plain.cc
else
	skip 'C++ takes it' 'no g++'
fi
