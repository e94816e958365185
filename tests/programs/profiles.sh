# shellcheck shell=bash disable=SC2154
# A profile means what firejail loads for it: a program that waits is started with it, and its filters, which the kernel
# hands out to the privileged, are compared.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin

# Debian's firejail was built with names up to these.
knows=5.10
needed='read,write,close,openat,fstat,newfstatat,mmap,mprotect,munmap,brk,pread64,access,arch_prctl,set_tid_address,'
needed+='set_robust_list,rseq,prlimit64,getrandom,exit_group,futex,rt_sigaction,rt_sigprocmask,ioctl,lseek,fcntl,readlink,pause'

# The name of this run's program, which is in no other process's.
program=waits$$
jail=

# Whose comm is the program's name: the process inside.
find_inside() {
	local comm
	for comm in /proc/[0-9]*/comm; do
		if [ "$(cat "$comm" 2>/dev/null)" = "$program" ]; then
			inside=${comm#/proc/}
			inside=${inside%/comm}
			return 0
		fi
	done
	return 1
}

start() { # start PROFILE
	local tries=0
	inside=
	# It leaves mounts of its own behind, here in a namespace that goes with it.
	unshare -m firejail --quiet --profile="$1" "$PWD/$program" >jail.log 2>&1 </dev/null &
	jail=$!
	until find_inside; do
		kill -0 "$jail" 2>/dev/null && [ $((tries += 1)) -le 600 ] || return 1
		sleep 0.1
	done
}

stop() {
	[ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null
	[ -z "$jail" ] || kill -TERM "$jail" 2>/dev/null
	wait "$jail" 2>/dev/null
	jail=
}
trap 'stop; cd / && rm -rf "$folder"' EXIT

# Other arches cannot be called here, and firejail looks at the number of socket's i386 call whatever the arch.
differs_elsewhere_only() {
	callgate diff --kernel "$knows" "$1" "pid:$inside" >differences || [ $? = 1 ] || return 1
	! grep -e ' -> ' differences | grep -v -e '^other:' | grep -q .
}

profile() { # profile LINE...
	printf '%s\n' "$@" >tried.profile
	if start "$PWD/tried.profile"; then
		result 0 "firejail starts a program with ${1:0:60}"
		check '  and its filters are what was read' differs_elsewhere_only tried.profile
	else
		cp jail.log err
		result 1 "firejail starts a program with ${1:0:60}"
	fi
	stop
}

unavailable() {
	[ "$(id -u)" = 0 ] || { echo 'needs root'; return; }
	[ "$(uname -m)" = x86_64 ] || { echo 'another machine'; return; }
	command -v firejail >/dev/null || { echo 'no firejail'; return; }
	case $(unshare -m firejail --version 2>/dev/null) in
	'firejail version 0.9.72'*) ;;
	*) echo 'not the firejail whose groups are known'; return ;;
	esac
	printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' >waits.c
	musl-gcc -static -o "$program" waits.c 2>/dev/null || { echo 'no musl-gcc'; return; }
	echo seccomp >tried.profile
	start "$PWD/tried.profile" || echo "it starts nothing here: $(tail -n 1 jail.log)"
	"$CALLGATE" show "pid:$inside" >out 2>err || echo "the kernel does not show filters: $(tail -n 1 err)"
	stop
}

reason=$(unavailable)
if [ -n "$reason" ]; then
	skip 'a program has the filters of its profile' "$reason"
else
	profile 'seccomp getpid:EBUSY,!mount,@swap' 'seccomp-error-action kill'
	# shellcheck disable=SC2016 # a number, for firejail
	profile 'seccomp.drop mount:ENOSYS,umount2:kill,!settimeofday,@clock,$101' 'seccomp-error-action log'
	profile 'seccomp.drop mount' seccomp.block-secondary 'seccomp-error-action EACCES'
	profile "seccomp.keep $needed,!mount,@clock,ppoll:ENOSYS" 'protocol unix' seccomp.block-secondary 'seccomp.drop pause'
	profile seccomp 'protocol unix,inet' 'protocol netlink' memory-deny-write-execute 'restrict-namespaces net,time' \
		'restrict-namespaces user' allow-debuggers seccomp.block-secondary
	profile 'ignore seccomp' seccomp 'seccomp.drop clone3,socket # why' restrict-namespaces 'protocol unix'
fi

# Those that come with it, without one that asks for 32-bit programs or for a file that is not there.
read_all() {
	local status=0
	for file in "$@"; do
		"$CALLGATE" simulate "$file" 'read()' >/dev/null 2>err || [ $? = 1 ] || { status=1; cat err >&2; }
	done
	return $status
}
readarray -t profiles < <(grep -L -e '^seccomp\.32' -e '^include [^ ]*\.inc\.profile' /etc/firejail/[a-z]*0*.profile \
	/etc/firejail/[a-e]*[knr].profile 2>/dev/null)
if [ "$(uname -m)" = x86_64 ] && [ ${#profiles[@]} -gt 50 ]; then
	expect 0 "${#profiles[@]} profiles of Debian's are read" read_all "${profiles[@]:0:100}"
else
	skip "the profiles of Debian's" 'no firejail-profiles'
fi
