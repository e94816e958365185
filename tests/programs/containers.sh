# shellcheck shell=bash disable=SC2154
# A profile means what crun loads for it: the filter is caught as a container starts, and compared. The container has one
# static program and its own mounts; the folder of the control groups is hidden, since crun does not need one here.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
profile=/usr/share/containers/seccomp.json

unavailable() {
	[ "$(id -u)" = 0 ] || { echo 'needs root'; return; }
	command -v crun >/dev/null || { echo 'no crun'; return; }
	command -v musl-gcc >/dev/null || { echo 'no musl-gcc'; return; }
	[ -d /sys/fs/cgroup ] || { echo 'no /sys/fs/cgroup'; return; }
	unshare -m mount -t tmpfs none /sys/fs/cgroup 2>/dev/null || { echo 'no mount namespace may be made'; return; }
}

bundle() { # bundle PROFILE
	mkdir -p rootfs/dev rootfs/proc rootfs/sys
	printf '{"ociVersion": "1.0.0", "mounts": [], "process": {"args": ["/inside"], "cwd": "/",
	"user": {"uid": 0, "gid": 0}}, "root": {"path": "rootfs"},
	"linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}], "seccomp": %s}}' "$(cat "$1")" >config.json
}

# Starts the container and catches its filter.
start() { # start FILTER
	# shellcheck disable=SC2016 # the shell inside expands them
	CALLGATE=$CALLGATE unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup &&
		"$CALLGATE" show --as asm --save "$0" -- crun --root "$PWD/state" --cgroup-manager=disabled run "test-$$"' \
		"$1"
}

crun_starts() { # crun_starts NAME PROFILE
	bundle "$2"
	expect 0 "a container starts with $1" start "$1.bpf"
	expect 0 '  and its filter is what was read' callgate diff "$1.bpf" config.json
	expect 0 '  as the profile alone says' callgate diff "$1.bpf" "$2"
}

reason=$(unavailable)
if [ -n "$reason" ]; then
	skip 'a container has the filter of its profile' "$reason"
else
	mkdir rootfs
	printf 'int main(void) { return 0; }\n' >inside.c
	musl-gcc -static -o rootfs/inside inside.c
	bundle <(echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_TRAP"}]}')
	if start probe.bpf >out 2>err; then
		cat >small.policy <<'END'
kernel 7.1
default errno ENOSYS
foreign kill-thread
allow read, write, execve, exit_group, arch_prctl, set_tid_address, ioctl, writev, brk, mprotect, munmap
allow mmap if not (prot & PROT_WRITE and prot & PROT_EXEC)
errno EPERM openat if flags & O_ACCMODE != 0
allow lseek if offset in 3..9
log socket if domain in {AF_UNIX, AF_INET}
END
		callgate convert --to oci --runtime none -o small.json small.policy 2>/dev/null
		crun_starts small small.json
		expect 0 '  and that is the policy' callgate diff small.policy small.bpf
		if [ -e "$profile" ]; then
			callgate convert --to oci -o whole.json "$profile" 2>/dev/null
			crun_starts whole whole.json
			expect 0 '  and that is the profile for every container' callgate diff "$profile" whole.bpf
		else
			skip 'the profile for every container' "no $profile"
		fi
	else
		skip 'a container has the filter of its profile' "crun cannot start one here: $(tail -n 1 err)"
	fi
fi
