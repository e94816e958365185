# shellcheck shell=bash disable=SC2154,SC2016 # the shells inside expand what they are given
# A learned policy as a container's profile: crun and runc start the learned program under it, in every way there is, and
# what was not learned is refused. Control groups are hidden from crun, which needs none here, and are plain for runc.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin

unavailable() {
	[ "$(id -u)" = 0 ] || { echo 'needs root'; return; }
	[ -e /bin/busybox ] || { echo 'no busybox'; return; }
	[ -d /sys/fs/cgroup ] || { echo 'no /sys/fs/cgroup'; return; }
	unshare -m mount -t tmpfs none /sys/fs/cgroup 2>/dev/null || { echo 'no mount namespace may be made'; return; }
}

bundle() { # bundle NO_NEW_PRIVILEGES PROFILE COMMAND...
	local privileges=$1 profile=$2 words
	shift 2
	words=$(printf ',"%s"' "$@")
	mkdir -p rootfs/bin rootfs/proc rootfs/dev rootfs/sys
	cp /bin/busybox rootfs/bin
	printf '{"ociVersion": "1.0.0", "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
	"process": {"args": [%s], "cwd": "/bin", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0, "additionalGids": [5]},
	"capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"],
	"inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}, "noNewPrivileges": %s}, "root": {"path": "rootfs"},
	"linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}], "seccomp": %s}}' \
		"${words#,}" "$privileges" "$(cat "$profile")" >config.json
}

# The runtime's commands, with $1 for the container's name, in a mount namespace of their own.
in_runtime() { # in_runtime RUNTIME SCRIPT
	local groups='mount -t tmpfs none /sys/fs/cgroup' options=--cgroup-manager=disabled
	[ "$1" = crun ] || { groups='mount -t cgroup2 none /sys/fs/cgroup' options=; }
	unshare -m sh -c "$groups && runtime='$1 --root $PWD/state $options' && $2" - "callgate-test-$$"
}

started='$runtime run $1'
created='$runtime create $1 && $runtime start $1; s=$?; for i in $(seq 100); do
	$runtime state $1 | grep -q stopped && break; sleep 0.1; done; $runtime delete -f $1; exit $s'
# The container sleeps under a profile that lets everything through; what enters it has the other one, by its process.
learned='/bin/busybox grep Seccomp: /proc/self/status'
refused='/bin/busybox mkdir /bin/made'

starts() { # starts RUNTIME NO_NEW_PRIVILEGES PROFILE NAME
	# shellcheck disable=SC2086 # words
	bundle "$2" "$3" $learned
	expect 0 "$1 starts the learned program, $4" in_runtime "$1" "$started"
	stdout_has '^Seccomp:[[:space:]]*2$'
	expect 0 '  by create and start too' in_runtime "$1" "$created"
	stdout_has '^Seccomp:[[:space:]]*2$'
	# shellcheck disable=SC2086
	bundle "$2" "$3" $refused
	expect 159 '  and what was not learned is its end' in_runtime "$1" "$started"
	check '  before it is done' test ! -e rootfs/bin/made
}

enters() { # enters RUNTIME PROFILE
	bundle false "$2" /bin/busybox sleep 30
	expect 0 "$1 lets the learned program into a container" in_runtime "$1" \
		"\$runtime run -d \$1 >said 2>&1 </dev/null; \$runtime exec \$1 $learned; s=\$?; \$runtime delete -f \$1; exit \$s"
	stdout_has '^Seccomp:[[:space:]]*2$'
}

with() { # with RUNTIME
	bundle true <(echo '{"defaultAction": "SCMP_ACT_ALLOW"}') /bin/busybox true
	if ! command -v "$1" >/dev/null || ! in_runtime "$1" "$started" >out 2>err </dev/null; then
		skip "$1 starts the learned program" "it cannot start a container here: $(tail -n 1 err)"
		return
	fi
	starts "$1" false any.json 'which may gain privileges'
	starts "$1" true few.json 'which may not'
	expect 0 '  of this runtime alone' callgate convert --to oci --runtime "$1" --no-new-privileges -o own.json learned.policy
	starts "$1" true own.json 'by calls of this runtime alone'
	enters "$1" long.json
	# shellcheck disable=SC2086
	bundle false none.json $learned
	expect 1 '  and cannot without them' in_runtime "$1" "$started"
}

reason=$(unavailable)
if [ -n "$reason" ]; then
	skip 'containers are started under a learned policy' "$reason"
else
	# shellcheck disable=SC2086
	expect 0 'a program is learned' callgate learn -o learned.policy -- $learned
	expect 0 'and is a profile' callgate convert --to oci -o any.json learned.policy
	stderr_has 'for the runtime: prctl if option in {'
	stderr_has 'learned.policy: that is what crun or runc needs before the program runs, which can make them too'
	expect 0 '  for containers without new privileges' callgate convert --to oci --no-new-privileges -o few.json learned.policy
	expect 0 '  or only for itself' callgate convert --to oci --runtime none -o none.json learned.policy
	for profile in none few any; do
		callgate simulate $profile.json 'execve()' 'setuid(0)' >"$profile.answers"
	done
	check '  of which each lets through more' test "$(cat none.answers few.answers any.answers | tr '\n' ' ')" = \
		'kill-process kill-process allow kill-process allow allow '
	{ cat learned.policy; echo 'allow nanosleep, clock_nanosleep, setgroups'; } >long.policy
	expect 0 '  or for one that waits' callgate convert --to oci -o long.json long.policy
	with crun
	with runc
fi
