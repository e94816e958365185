# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016 # the folder comes from tests/cli/run; the shells inside expand what they are given
# Programs that are linked with libseccomp have the same filters on ours: those that are quickly installed.
# shellcheck source=tests/programs/twice.sh
. "$here/../programs/twice.sh"

profile=/usr/share/containers/seccomp.json

mapfile -t capabilities < <("$here/../../tools/bundle" --capabilities | sed 's/^/--cap=/')

run_crun='mount -t tmpfs none /sys/fs/cgroup && cd "$0" &&
	exec crun --root ../crun --cgroup-manager=disabled run "c$$"'
run_runc='mount -t cgroup2 none /sys/fs/cgroup && cd "$0" && exec runc --root ../runc run "callgate-test-$$"'

# Containers, with the profile of Docker and Podman for three arches. Control groups are hidden from crun, which needs
# none here, and are plain for runc, which makes one.
containers() {
	local lack=
	[ -e "$profile" ] || lack="no $profile"
	[ -e /bin/busybox ] || lack='no busybox'
	[ -d /sys/fs/cgroup ] || lack='no /sys/fs/cgroup'
	root_may mount -t tmpfs none /sys/fs/cgroup || lack='no mount namespace may be made'
	if [ -n "$lack" ]; then
		skip 'crun' "$lack"
		skip 'runc' "$lack"
		return
	fi
	"$here/../../tools/bundle" "$PWD/bundle" sh -c 'grep Seccomp: /proc/self/status'
	if unshare -m sh -c "$run_crun" "$PWD/bundle" >out 2>err; then
		twice 'crun' unshare -m sh -c "$run_crun" "$PWD/bundle"
		check '  and the program inside runs under it' grep -q '^Seccomp:[[:space:]]*2' ours.list ours.said
		expect 0 '  and it is the profile, as we read it' callgate diff "${capabilities[@]}" "$profile" theirs/filter
	else
		skip 'crun' "it cannot start a container here: $(tail -n 1 err)"
	fi
	if unshare -m sh -c "$run_runc" "$PWD/bundle" >out 2>err; then
		twice_over 'runc' unshare -m sh -c "$run_runc" "$PWD/bundle"
		check '  and the program inside runs under it' grep -q '^Seccomp:[[:space:]]*2' ours.list ours.said
	else
		skip 'runc' "it cannot start a container here: $(tail -n 1 err)"
	fi
}

# A container whose filter asks somebody outside: the listener passes through our library.
listener() {
	if ! root_may mount -t tmpfs none /sys/fs/cgroup || ! command -v crun >/dev/null || [ ! -e /bin/busybox ]; then
		skip 'crun, with a listener' 'no container may be started'
		return
	fi
	printf '%s' '{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "SCMP_ARCH_X86_64",' \
		'"subArchitectures": []}], "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}' >asks.json
	"$here/../../tools/bundle" --profile asks.json --listener "$PWD/asked" "$PWD/asks" sh -c 'mkdir /proc/x'
	expect 1 'crun, with a listener: the call is refused by who was asked' env LD_LIBRARY_PATH="$library" \
		python3 "$here/../programs/listen.py" "$PWD/asked" 71 unshare -m sh -c "$run_crun" "$PWD/asks"
	stdout_has '^asked about 83$'
	stderr_has 'Protocol error'
}

unset MAN_DISABLE_SECCOMP
printf '.TH CAUGHT 1\n.SH NAME\ncaught \\- a page\n' >caught.1
mkdir tor tpm
options=()
containers
listener
twice 'man-db' man -P cat -l "$PWD/caught.1"
twice 'universal-ctags' ctags --_interactive=sandbox
# These would go on, or need a network.
options=(--enough 1)
twice 'arping' arping -z -w 1 -c 1 -i lo 127.0.0.1
twice_in_place 'tor' tor --Sandbox 1 --DisableNetwork 1 --DataDirectory "$PWD/tor" --SocksPort 0 --quiet -f /dev/null \
	--ignore-missing-torrc
twice 'swtpm' swtpm socket --tpm2 --tpmstate "dir=$PWD/tpm" --ctrl "type=unixio,path=$PWD/tpm/control"
if root_may -n true; then
	twice 'slirp4netns' unshare -n sh -c 'exec slirp4netns --enable-seccomp --configure $$ tap0'
else
	skip 'slirp4netns' 'no network namespace may be made'
fi
