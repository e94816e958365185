# shellcheck shell=bash
# What static analysis is known to lose, a small program each: every call that the program makes must be found, and
# nothing that it cannot make.
export XDG_CACHE_HOME=$PWD/cache

if ! command -v cc >/dev/null; then
	skip 'what others lose is found' 'no compiler'
	return 0
fi

build() { # build NAME [FLAG...]: a program of standard input
	local name=$1
	shift
	cat >"$name.c"
	cc -O2 -o "$name" "$name.c" "$@"
}

finds() { # finds NAME SYSCALL...: scan finds all of them, and leaves nothing unresolved
	local name=$1
	shift
	expect 0 "$name is scanned" callgate scan --json "./$name"
	for call; do
		check "  $call" grep -q "\"syscall\": *\"$call\"" out
	done
	check '  nothing is unresolved' not grep -q '"unresolved"' out
}

lacks() { # lacks SYSCALL...: of the last program
	for call; do
		check "  not $call" not grep -q "\"syscall\": *\"$call\"" out
	done
}

# A reference into the middle of a structure does not cut it in two.
build inner <<'END'
#include <sys/epoll.h>
#include <sys/eventfd.h>
struct module { char name[64]; struct { int (*open)(int); int (*event)(unsigned, int); } actions; };
static struct module module = { "events", { epoll_create1, eventfd } };
int (*volatile chosen)(int);
int main(int argc, char **argv)
{
	struct module *volatile whole = &module;
	chosen = module.actions.open;
	return argc > 1 ? chosen(0) : whole->actions.event(0, 0);
}
END
finds inner epoll_create1 eventfd2

# Nor where the middle is aligned as another structure's start would be, and what refers to it never runs.
build halves -rdynamic -s <<'END'
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
static struct halves { int (*one[4])(int); int (*other[4])(unsigned, int); } halves __attribute__((aligned(32))) = {
	{ epoll_create1, inotify_init1, close, fsync }, { eventfd, eventfd, eventfd, eventfd }
};
void *spare(void) { return &halves.other; }
__attribute__((noinline, noipa)) static int call(struct halves *whole, int number)
{
	return number > 3 ? whole->one[number & 3](0) : whole->other[number & 3](0, 0);
}
int main(int argc, char **argv) { return call(&halves, argc); }
END
finds halves epoll_create1 eventfd2 fsync

# What is looked up by name is entered: by a constant that a wrapper is given, by any name among what the program exports,
# in a library that is opened although the program has it.
build looks <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
__attribute__((noinline, noipa)) static int call(const char *name) { return ((int (*)(void))dlsym(RTLD_DEFAULT, name))(); }
int main(int argc, char **argv) { return argc > 1 ? call("sync") : call("vhangup"); }
END
finds looks sync vhangup
build looks_any -rdynamic <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int plugged(void) { return vhangup(); }
int main(int argc, char **argv) { return ((int (*)(void))dlsym(RTLD_DEFAULT, argv[1]))(); }
END
expect 0 'looks_any is scanned' callgate scan --json ./looks_any
check '  vhangup' grep -q '"syscall": *"vhangup"' out
check '  and that it may be any function is unresolved' grep -q '"unresolved": *"it looks a function up by a name' out
build near -shared -fPIC -Wl,-soname,./near.so <<'END'
#include <unistd.h>
int start(void) { return setsid(); }
int other(void) { return vhangup(); }
END
mv near near.so
build looks_near ./near.so <<'END'
#include <dlfcn.h>
int start(void);
int main(int argc, char **argv) { return start() + ((int (*)(void))dlsym(dlopen("./near.so", RTLD_NOW), argv[1]))(); }
END
finds looks_near setsid vhangup

# What is opened while it runs is entered by any name.
build plug -shared -fPIC <<'END'
#include <sys/timerfd.h>
int start(void) { return timerfd_create(0, 0); }
END
mv plug plug.so
build opens <<'END'
#include <dlfcn.h>
int main(int argc, char **argv)
{
	void *library = dlopen("./plug.so", RTLD_NOW);
	int (*start)(void) = (int (*)(void))dlsym(library, argv[1]);
	return start();
}
END
finds opens timerfd_create
build opens_any <<'END'
#include <dlfcn.h>
int main(int argc, char **argv)
{
	int (*start)(void) = (int (*)(void))dlsym(dlopen(argv[1], RTLD_NOW), argv[2]);
	return start();
}
END
expect 0 'a name that is not known is said' callgate scan --json ./opens_any
stderr_has '--dlopen names it'
lacks timerfd_create
expect 0 '  and can be told' callgate scan --json --dlopen ./plug.so ./opens_any
check '  timerfd_create' grep -q '"syscall": *"timerfd_create"' out

# The restorer's frame begins a byte early, clone3's ends before its syscall, set*id tell other threads by a signal.
build threads -pthread <<'END'
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
static void *work(void *data) { return data; }
static void handler(int number) { (void)number; }
int main(void)
{
	pthread_t thread;
	signal(SIGUSR1, handler);
	pthread_create(&thread, 0, work, 0);
	pthread_join(thread, 0);
	return setresuid(1, 1, 1);
}
END
finds threads rt_sigreturn rt_sigaction clone3 set_robust_list setresuid
check '  rt_sigreturn has its place' grep -q '"rt_sigreturn".*"address": *"0x' out
lacks setresgid setgroups

# A stub of the linkage table leads to what its slot holds, and nowhere else.
build lazy -Wl,-z,lazy -fno-pie -no-pie <<'END'
#include <sys/syscall.h>
#include <unistd.h>
static long ask(long number) { return syscall(number, 0, 0, 0); }
int main(int argc, char **argv) { return (int)(argc > 1 ? ask(SYS_getcpu) : ask(SYS_sched_rr_get_interval)); }
END
finds lazy getcpu sched_rr_get_interval

# A table among code holds the bytes of a syscall; nobody runs it.
cat >table.S <<'END'
	.text
	.globl main
	.type main, @function
main:	lea numbers(%rip), %rdx
	mov 8(%rdx), %eax
	ret
	.size main, . - main
	.align 16
numbers:
	.byte 0x06, 0x07, 0xb8, 165, 0, 0, 0, 0x0f, 0x05, 0xc3, 0, 0, 0, 0, 0, 0
	.section .note.GNU-stack,"",@progbits
END
cc -o table table.S
finds table exit_group
lacks mount

# Without relocations, words of data are pointers.
build fixed -static <<'END'
#include <sys/stat.h>
#include <unistd.h>
static int (*const routines[])(const char *, mode_t) = { mkdir, mkfifo };
int main(int argc, char **argv) { return routines[argc & 1]("x", 0700); }
END
finds fixed mkdir mknodat
build moved -static-pie <<'END'
#include <sys/stat.h>
#include <unistd.h>
static int (*const routines[])(const char *, mode_t) = { mkdir, mkfifo };
int main(int argc, char **argv) { return routines[argc & 1]("x", 0700); }
END
finds moved mkdir mknodat

# A switch is a table, a loop over pointers is one, and an argument decides what is behind it.
build switches <<'END'
#include <sys/mman.h>
#include <unistd.h>
#include <sched.h>
#include <sys/stat.h>
static long work(int what)
{
	switch (what) {
	case 0: return sync(), 0;
	case 1: return getppid();
	case 2: return sched_yield();
	case 3: return setsid();
	case 4: return umask(0);
	case 5: return munlockall();
	default: return vhangup();
	}
}
static long (*volatile ways[])(int) = { work };
int main(int argc, char **argv) { return (int)ways[argc - 1](argc); }
END
finds switches sync getppid sched_yield setsid umask munlockall vhangup
build decided <<'END'
#include <unistd.h>
__attribute__((noinline, noclone, noipa)) static long work(int what) { return what == 3 ? vhangup() : what == 4 ? setsid() : 0; }
int main(void) { return (int)work(3); }
END
finds decided vhangup
lacks setsid

if command -v musl-gcc >/dev/null; then
	printf '%s\n' '#include <unistd.h>' '#include <sys/syscall.h>' \
		'int main(void) { return (int)syscall(SYS_getcpu, 0, 0, 0) + fsync(0); }' >other.c
	musl-gcc -O2 -o other other.c && musl-gcc -O2 -static -o other_static other.c
	finds other getcpu fsync arch_prctl
	finds other_static getcpu fsync arch_prctl
else
	skip 'musl' 'no musl-gcc'
fi

# An array in the frame that is indexed: any of its pointers may be called, and any of its numbers is another then. A vector that
# is stored beside one leaves it.
for level in 0 1 2; do
	build "frame$level" "-O$level" <<'END'
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
static int epoll(int flags) { return epoll_create1(flags); }
static int event(int flags) { return eventfd(0, flags); }
static int timer(int flags) { return timerfd_create(0, flags); }
int main(int argc, char **argv)
{
	struct { volatile char before[400]; int (*makers[3])(int); volatile char behind[400]; } all;
	all.before[0] = all.before[399] = all.behind[399] = 1;
	all.makers[0] = epoll;
	all.makers[1] = event;
	all.makers[2] = timer;
	return all.makers[argc % 3](0) + 1;
}
END
	finds "frame$level" epoll_create1 eventfd2 timerfd_create
done
build stored <<'END'
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct { volatile char before[400]; long numbers[3]; volatile char behind[400]; } all;
	all.before[0] = all.behind[399] = 1;
	all.numbers[0] = SYS_getpid;
	all.numbers[argc % 3] = SYS_getgid;
	return syscall(all.numbers[0]) + 1;
}
END
expect 0 'a number that may have been overwritten' callgate scan --json ./stored
check '  is not taken for known' grep -q '"unresolved"' out

# A linker set is gone through from its start to its end, and of its entries only the first is referred to.
set_of_calls='#include <sys/stat.h>
#include <unistd.h>
#define ENTRY(name) static const call entry_##name __attribute__((section("calls"), used)) = name
#define NAMED(name) const call named_##name __attribute__((section("calls"), used)) = name
typedef int (*call)(void);
extern const call __start_calls[], __stop_calls[];
static int mask(void) { return umask(0); }
static int group(void) { return getpgid(0); }
static int session(void) { return getsid(0); }
#ifdef IS_NAMED
NAMED(mask); NAMED(group); NAMED(session);
#else
ENTRY(mask); ENTRY(group); ENTRY(session);
#endif
int all(void) { for (const call *one = __start_calls; one < __stop_calls; one++) (*one)(); return 0; }'
for how in -pie -no-pie -static; do
	{ echo "$set_of_calls" && echo 'int main(void) { return all(); }'; } | build "set$how" $how
	finds "set$how" umask getpgid getsid
done
echo "$set_of_calls" | build libset.so -DIS_NAMED -shared -fPIC -s
echo 'int all(void); int main(void) { return all(); }' | build set_of_library -L. -lset -Wl,-rpath,"$PWD"
finds set_of_library umask getpgid getsid

# Who handles SIGTRAP goes on behind a breakpoint.
build breakpoint <<'END'
#include <signal.h>
#include <sys/stat.h>
static void nothing(int number) { }
int main(void)
{
	signal(SIGTRAP, nothing);
#ifdef __x86_64__
	__asm__ volatile("int3");
#endif
	return umask(0) == 077;
}
END
finds breakpoint umask

# What is made as another machine makes it is no call of this one, and is said: by the old gate, or with x32's bit.
if [[ $(uname -m) == x86_64 ]]; then
	build other <<'END'
int main(int argc, char **argv)
{
	long number = argc > 1 ? 20 : 0x40000000 + 111;
	if (argc > 1)
		__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
	else
		__asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
	return number < 0;
}
END
	expect 0 'a program that makes calls of other machines is scanned' callgate scan --json ./other
	check '  what i386 would make is said' grep -q '"unresolved": *"it is made as a program for i386 makes it"' out
	check '  what x32 would make is said' grep -q '"unresolved": *"it is made as a program for x32 makes it"' out
	lacks getpgrp
	expect 2 '  and no policy is written' callgate scan -o other.policy ./other
fi
