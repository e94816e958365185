# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016 # the folder comes from tests/cli/run; the shells inside expand what they are given
# Programs that are linked with libseccomp, on the distribution's library and on ours: they load the same number of
# filters, in order, and each two are one function. What is not installed is skipped; tools/consumers installs it all.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
library=${COMPAT_LIBRARY:-$(realpath "$(dirname "$CALLGATE")/../../compat/libseccomp")}
loader=$PWD/loader
theirs=$(ldconfig -p | sed -n 's/^[[:space:]]*libseccomp\.so\.2 .*x86-64.*=> //p' | head -n 1)

# Differences that docs/libseccomp.md tells of: calls that libseccomp 2.5.4 does not know have rules in our filter alone,
# and where tor allows a call and kills it, ours kills it.
known='^uretprobe:\|^mremap if arg0 == 0x[0-9a-f]* and flags == MREMAP_MAYMOVE: allow -> kill-thread$'

root_may() { [ "$(id -u)" = 0 ] && unshare -m "$@" 2>/dev/null; }

# Filters in order: SIDE/filter, SIDE/filter.2, …. The loader's notes tell which library there was; they are taken with
# both, for they take a descriptor.
catch() { # catch SIDE COMMAND...
	local side=$1
	shift
	rm -rf "$side" loader
	mkdir "$side" loader
	(cd "$side" && timeout 100 "$CALLGATE" show --as asm --save filter "${options[@]}" -- \
		env LD_DEBUG=libs LD_DEBUG_OUTPUT="$loader/notes" "$@") >"$side.list" 2>"$side.said" </dev/null
	echo $? >"$side.status"
}

same() { # same FILE FILE: one function, but for what is known
	"$CALLGATE" diff "$1" "$2" >pair 2>&1 || [ $? = 1 ] || return 2
	! grep -v '^ ' pair | grep -qv "$known"
}

# Each filter of theirs has one of ours. Processes that start together load theirs in any order.
pairs_are_same() {
	local file other
	mkdir ours/found
	for file in theirs/filter*; do
		for other in "ours/${file#*/}" ours/filter*; do
			[ -e "$other" ] && same "$file" "$other" && mv "$other" ours/found/ && continue 2
		done
		"$CALLGATE" diff "$file" "ours/${file#*/}" | sed "s|^|# $file: |"
		return 1
	done
}

insns() { stat -c %s "$1"/filter* | awk '{ sum += $1 / 8 } END { print sum }'; }

compare() { # compare NAME
	cat theirs.said ours.said >err
	if [ ! -e theirs/filter ]; then
		skip "$1" "it loads none here: $(tail -n 1 theirs.said)"
		return 1
	fi
	check "$1: as many filters" test "$(ls theirs)" = "$(ls ours)"
	check '  its end is the same' cmp theirs.status ours.status
	echo "# table: $1 | $(find theirs -type f | wc -l) | $(insns theirs) | $(insns ours)"
	check '  each is the same function' pairs_are_same
}

had_ours() { check '  by our library' grep -rqs "calling init: $library/libseccomp.so.2" loader; }

# A program on both libraries.
twice() { # twice NAME PROGRAM ARGUMENT...
	local name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1"
		return
	fi
	catch theirs env -u LD_LIBRARY_PATH "$@" # as many descriptors as with ours
	catch ours env LD_LIBRARY_PATH="$library" "$@"
	compare "$name" && had_ours
}

# One that clears its environment: ours lies over theirs, in a mount namespace of the program's own.
twice_over() { # twice_over NAME PROGRAM ARGUMENT...
	local name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1"
	elif ! root_may mount --bind "$library/libseccomp.so.2" "$theirs"; then
		skip "$name" 'no mount namespace may be made'
	else
		catch theirs "$@"
		catch ours unshare -m sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' \
			"$library/libseccomp.so.2" "$theirs" "$@"
		compare "$name"
	fi
}

# One whose filter holds addresses: the same in both runs, since both libraries are there, in either order.
twice_in_place() { # twice_in_place NAME PROGRAM ARGUMENT...
	local name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1"
	elif ! setarch -R true 2>/dev/null; then
		skip "$name" 'addresses cannot be kept'
	else
		catch theirs setarch -R env LD_PRELOAD="$theirs:$library/libseccomp.so.2" "$@"
		catch ours setarch -R env LD_PRELOAD="$library/libseccomp.so.2:$theirs" "$@"
		compare "$name" && had_ours
	fi
}

# Containers, with the profile of Docker and Podman for three arches. Control groups are hidden from crun, which needs
# none here, and are plain for runc, which makes one.
containers() {
	local lack=
	[ -e /usr/share/containers/seccomp.json ] || lack='no /usr/share/containers/seccomp.json'
	[ -e /bin/busybox ] || lack='no busybox'
	[ -d /sys/fs/cgroup ] || lack='no /sys/fs/cgroup'
	root_may mount -t tmpfs none /sys/fs/cgroup || lack='no mount namespace may be made'
	if [ -n "$lack" ]; then
		skip 'crun' "$lack"
		skip 'runc' "$lack"
		return
	fi
	"$here/../../tools/bundle" "$PWD/bundle" sh -c 'grep Seccomp: /proc/self/status'
	run_crun='mount -t tmpfs none /sys/fs/cgroup && cd "$0" && exec crun --root ../crun --cgroup-manager=disabled run "c$$"'
	run_runc='mount -t cgroup2 none /sys/fs/cgroup && cd "$0" && exec runc --root ../runc run "callgate-test-$$"'
	if unshare -m sh -c "$run_crun" "$PWD/bundle" >out 2>err; then
		twice 'crun' unshare -m sh -c "$run_crun" "$PWD/bundle"
		check '  and the program inside runs under it' grep -q '^Seccomp:[[:space:]]*2' ours.list ours.said
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

unset MAN_DISABLE_SECCOMP
printf '.TH CAUGHT 1\n.SH NAME\ncaught \\- a page\n' >caught.1
mkdir tor tpm
options=()
containers
twice 'man-db' man -P cat -l "$PWD/caught.1"
twice 'universal-ctags' ctags --_interactive=sandbox
twice "systemd-tests" /usr/lib/systemd/tests/test-seccomp
# These would go on, or need a network.
options=(--enough 1)
twice 'arping' arping -z -w 1 -c 1 -i lo 127.0.0.1
twice 'chrony, level 1' chronyd -F 1 -d -x -u root 'port 0' 'cmdport 0' "pidfile $PWD/chrony.pid"
twice 'chrony, level 2' chronyd -F 2 -d -x -u root 'port 0' 'cmdport 0' "pidfile $PWD/chrony.pid"
twice_in_place 'tor' tor --Sandbox 1 --DisableNetwork 1 --DataDirectory "$PWD/tor" --SocksPort 0 --quiet -f /dev/null \
	--ignore-missing-torrc
twice 'swtpm' swtpm socket --tpm2 --tpmstate "dir=$PWD/tpm" --ctrl "type=unixio,path=$PWD/tpm/control"
twice 'qemu-system-x86' qemu-system-x86_64 -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny \
	-M none -nographic -monitor none -serial none
if root_may -n true; then
	twice 'slirp4netns' unshare -n sh -c 'exec slirp4netns --enable-seccomp --configure $$ tap0'
else
	skip 'slirp4netns' 'no network namespace may be made'
fi
