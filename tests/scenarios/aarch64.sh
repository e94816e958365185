# shellcheck shell=bash disable=SC2154
# tests/cli/run ../scenarios/aarch64: programs for another machine. What each kind that a compiler makes is seen to do under
# qemu-user must be among what scan says that it can do. The recorder of calls is qemu's own.
scenarios=$here/../scenarios
cross=aarch64-linux-gnu
export XDG_CACHE_HOME=$PWD/cache

for tool in "$cross-gcc" qemu-aarch64; do
	if ! command -v "$tool" >/dev/null; then
		skip "programs for aarch64 do what scan found" "there is no $tool"
		return 0
	fi
done

# A system of its own, as far as programs need one.
mkdir -p root/bin root/lib
for library in ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6; do
	file=$("$cross-gcc" -print-file-name="$library")
	[ -e "$file" ] && cp -L "$file" root/lib/
done
qemu_arguments=(-L "$PWD/root" -strace -D "$PWD/calls")

build() { # build NAME COMPILER ARGUMENT...
	local name=$1
	shift
	"$@" -o "root/bin/$name" >errors 2>&1 || { cat errors >&2; return 1; }
}

seen() { # seen NAME: the names of the calls that it makes
	rm -f calls
	mkdir -p work
	(cd work && timeout 120 qemu-aarch64 "${qemu_arguments[@]}" "../root/bin/$1" >/dev/null 2>../errors) || return 1
	grep -aoE '(^|[^a-z0-9_"])[0-9]+ [a-z0-9_]+\(' calls | sed 's/.* //; s/($//' | sort -u >"$1.seen"
}

found() { # found NAME: all of them are among what scan said
	grep -o '"syscall": *"[a-z0-9_]*"' out | sed 's/.*: *"//; s/"$//' | sort -u >"$1.found"
	comm -23 "$1.seen" "$1.found" >missing
	[ -s "$1.seen" ] && [ ! -s missing ]
}

holds() { # holds NAME LEAST: it makes that many calls at least, all foreseen
	check "$1 runs" seen "$1"
	check "  and makes calls enough to be worth it" [ "$(wc -l <"$1.seen")" -ge "$2" ]
	expect 0 '  scan reads it' callgate scan --json --root root "/bin/$1"
	check '  and finds every call' found "$1"
	cp missing err
	check '  with none unresolved' not grep -q '"unresolved"' out
}

kind() { # kind NAME ARGUMENT...: kinds.c, compiled so
	local name=$1
	shift
	build "$name" "$cross-gcc" -O2 -pthread -D_GNU_SOURCE "$scenarios/kinds.c" "$@" && holds "$name" 50
}

kind pie
kind nopie -no-pie -fno-pie
kind static -static -DSTILL
kind static-pie -static-pie -DSTILL
kind stripped -s -O0
kind now -O3 -flto -fno-plt -Wl,-z,now
kind bare -s -static -DSTILL -fno-asynchronous-unwind-tables
kind guarded -mbranch-protection=standard -mno-outline-atomics -Os

# What is known of the C library counts there too, though its words for its version stand beside code.
build small "$cross-gcc" -O2 "$scenarios/hello.c" && holds small 8
check '  and nothing that its interpreter does only as a program' not grep -q '"syscall": *"execve"' out

# What this kernel never had is another call there.
cat >renamed.c <<'END'
#include <signal.h>
#include <unistd.h>
int main(void)
{
	char *const no[] = { 0 };
	dup2(1, 100);
	alarm(1);
	signal(SIGALRM, SIG_IGN);
	if (vfork() == 0)
		_exit(0);
	readlink("nothing", (char[8]){ 0 }, 8);
	execve("nothing", no, no);
	return getpgrp() == 0;
}
END
build renamed "$cross-gcc" -O2 renamed.c && holds renamed 12

build assembly "$cross-gcc" -nostdlib -static "$scenarios/aarch64.S" && holds assembly 6
build assembly-pie "$cross-gcc" -nostdlib -static-pie "$scenarios/aarch64.S" && holds assembly-pie 6

if command -v "$cross-g++" >/dev/null; then
	build cplusplus "$cross-g++" -O2 -pthread -std=c++17 "$scenarios/kinds.cc" && holds cplusplus 25
	build cplusplus-static "$cross-g++" -O2 -pthread -std=c++17 -static "$scenarios/kinds.cc" && holds cplusplus-static 25
else
	skip 'programs in C++' "there is no $cross-g++"
fi

# The other compiler makes other code of the same.
clang=$(command -v clang-14 || command -v clang)
headers=$(dirname "$("$cross-gcc" -print-file-name=libc.so)")/../include
if [ -n "$clang" ] && build clang "$clang" --target=$cross "-I$headers" -O2 -pthread -D_GNU_SOURCE "$scenarios/kinds.c"; then
	holds clang 50
else
	skip 'programs that clang made' 'there is none that makes programs for aarch64'
fi

# A policy is of that machine, whose kernel lacks what is old.
expect 0 'a policy is written' callgate scan -o aarch64.policy --root root /bin/assembly
check '  for its machine' grep -q '^arch aarch64$' aarch64.policy
expect 0 '  and compiled' callgate compile -o aarch64.bpf aarch64.policy
expect 0 '  which allows what the program does there' callgate simulate aarch64.policy 'aarch64:getuid()'
expect 1 '  and nothing of another' callgate simulate aarch64.policy 'x86_64:getuid()'
if [ "$(uname -m)" = x86_64 ]; then
	cc -nostdlib -static -o root/bin/native "$scenarios/kinds.S"
	expect 2 'programs of two machines are no policy' callgate scan -o both.policy --root root /bin/assembly /bin/native
	stderr_has "'/bin/native' is a program for x86_64, and '/bin/assembly' is one for aarch64"
	check '  and nothing is written' not test -e both.policy
fi
