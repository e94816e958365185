# shellcheck shell=bash disable=SC2154
# The table "Beside other tools" of docs/run.md, tried: in each peer that this machine has, a program asks what it can, under
# the peer's strictest settings, and what it is told must be what the cell says: ✔ all facts of the row hold, · none does, or
# the peer has no word for it, ◐ some do. What no machine of ours can try is marked so in the table.
# shellcheck source=/dev/null
. "$here/peers_start.sh"
table=$here/../../docs/run.md
peers=()
title='' rows=''
declare -A facts settings answers # by peer, of the row

cell() { # cell PEER: the mark in its column of the row
	awk -F ' *[|] *' -v title="$title" -v peer="$1" '$3 == "callgate" { for (i = 3; i <= NF; i++) if ($i == peer) column = i }
		column && $2 == title { split($column, words, " "); print words[1] }' "$table"
}

# Ends the row before this one: each peer's facts make a mark, which must be the cell's.
row() { # row TITLE
	local peer mark
	for peer in "${peers[@]}"; do
		[ -n "${facts[$peer]-}" ] || continue
		case ${facts[$peer]} in
		*yes*no* | *no*yes*) mark=◐ ;;
		*yes*) mark=✔ ;;
		*) mark=· ;;
		esac
		echo "${facts[$peer]} ${answers[$peer]-}" >out
		check "$title: $peer $mark" test "$(cell "$peer")" = "$mark"
	done
	rows+="$title"$'\n'
	title=$1 facts=() settings=() answers=()
}
use() { # use PEER SETTING...: for the next fact
	local peer=$1
	shift
	settings[$peer]=$(printf '%s\n' "$@")
}

# A fact of one peer, by a command that succeeds where it holds.
fact_of() { # fact_of PEER COMMAND...
	local peer=$1
	shift
	[[ " ${peers[*]} " == *" $peer "* ]] || return 0
	if "$@" >out 2>err </dev/null; then facts[$peer]+='yes '; else facts[$peer]+='no '; fi
}

# A fact of all: the program is told WANTED, or with !WANTED something else.
fact() { # fact WANTED QUESTION [ARGUMENT...]
	local wanted=$1 peer answer own
	shift
	for peer in "${peers[@]}"; do
		own=()
		[ -z "${settings[$peer]-}" ] || mapfile -t own <<<"${settings[$peer]}"
		[ "${settings[$peer]-}" != nothing ] || { facts[$peer]+='no ' && continue; }
		answer=$("in_$peer" "${own[@]}" -- "$@" 2>err <"$input" | $through)
		answers[$peer]+=" $answer"
		if [ "${wanted#!}" = "$wanted" ]; then
			fact_of "$peer" test "$answer" = "$wanted"
		else
			fact_of "$peer" test -n "$answer" -a "$answer" != "${wanted#!}"
		fi
	done
	settings=()
	through='cat'
}
input=/dev/null
through='cat' # what makes one word of the next answers

if [ "$(id -u)" != 0 ]; then
	skip 'what peers do' 'two of them need root'
	return 0
fi
for peer in bwrap firejail crun systemd; do
	if command -v "$peer" >/dev/null && [ "$("in_$peer" -- ids 2>err </dev/null | wc -w)" = 7 ]; then
		peers+=("$peer")
	else
		skip "what $peer does" "it starts no program here: $(tail -n 1 err)"
	fi
done

has_word() { grep -qi -e "$2" "$(command -v "$1")"; } # has_word PEER WORD: anywhere in its program
has_option() { "$1" --help 2>&1 | grep -qi -e "$2"; } # has_option PEER WORD
words() { sort | tr '\n' ' '; }
starts() { "in_$1" "${@:2}" -- ids >out 2>err </dev/null && [ -s out ]; } # starts PEER SETTING...
starts_systemd() { [ -n "$(in_systemd "$@" -- ids)" ]; }

row 'works without root and without set-user-ID'
before=(setpriv --no-new-privs --reuid 65534 --regid 65534 --clear-groups)
fact_of bwrap test "$(in_bwrap -- tsc)" = yes
before=()
fact_of crun test "$(map='[{"containerID": 0, "hostID": 65534, "size": 1}]' && chmod 777 state &&
	user=(setpriv --no-new-privs --reuid 65534 --regid 65534 --clear-groups) &&
	in_crun 'linux.namespaces+={"type": "user"}' "linux.uidMappings=$map" "linux.gidMappings=$map" -- tsc)" = yes
# An ordinary user, of whom firejail wants to know.
ordinary() {
	# shellcheck disable=SC2016 # the shell inside expands them
	unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec setpriv --reuid 23456 --regid 23456 --clear-groups "$@"' "$PWD/passwd" "$@"
}
(cat /etc/passwd && echo "someone:x:23456:23456::$PWD:/bin/sh") >passwd
fact_of firejail test "$(before=(ordinary setpriv --no-new-privs) && in_firejail -- tsc)" = yes
# A service of a manager that belongs to nobody.
own_service() { # own_service SETTING...
	mkdir -p manager/user-units
	rm -f "$out/own"
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'Requires=own.service' 'After=own.service' >manager/user-units/user.target
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'SuccessAction=exit-force' 'FailureAction=exit-force' '[Service]' 'Type=oneshot' \
		'StandardOutput=file:/run/out/own' "$@" 'ExecStart=/run/out/inside namespaces' >manager/user-units/own.service
	program=/usr/bin/env in_systemd User=65534 Delegate=yes RuntimeDirectory=manager -- XDG_RUNTIME_DIR=/run/manager HOME=/ \
		/lib/systemd/systemd --user --unit=user.target >out
	grep -q '^net:' "$out/own" && ! grep -qxF -f "$out/own" namespaces
}
fact_of systemd own_service PrivateUsers=yes PrivateNetwork=yes
fact_of systemd own_service DynamicUser=yes

row 'processes, mounts, network, IPC, host name of its own'
"$inside" namespaces >namespaces
for name in pid mnt net ipc uts; do
	# Of a systemd in namespaces, one that it starts without any setting tells what is outside.
	other() {
		local own outside=namespaces
		own=$(grep "^$name:") || return
		[ "$peer" != systemd ] || outside=$out/plain
		[ "$own" = "$(grep "^$name:" "$outside")" ] || echo other
	}
	through=other
	use firejail --net=none
	use systemd PrivateNetwork=yes PrivateIPC=yes ProtectHostname=yes PrivateTmp=yes ProtectProc=invisible \
		"ExecStopPost=+/bin/sh -c '/run/out/inside namespaces >/run/out/plain'"
	fact other namespaces
done

row 'a root that begins empty'
use systemd TemporaryFileSystem=/ BindReadOnlyPaths=/run/out/inside
use firejail --private --private-bin=true --private-etc=passwd --private-dev --private-opt=x --private-srv=x
own() { grep . >list && ! grep -qxE 'etc|home|usr|root|var|bin' list && echo own; }
through=own
fact own list /
use firejail --private-etc=passwd
use systemd TemporaryFileSystem=/ BindReadOnlyPaths=/run/out/inside
through=words
fact '!passwd shadow ' list /etc

row overlays
overlay='"destination": "/tmp/o", "type": "overlay", "source": "overlay", "options"'
mkdir -p "$out/extension/usr/lib/extension-release.d" upper work
released=/usr/lib/extension-release.d/extension-release.extension
echo ID=_any >"$out/extension$released"
fact_of bwrap has_option bwrap overlay
fact_of firejail starts firejail --overlay-tmpfs
for options in "lowerdir=$out/secrets:$out/box" "lowerdir=$out/secrets\", \"upperdir=$PWD/upper\", \"workdir=$PWD/work"; do
	fact_of crun test "$(in_crun "mounts+={$overlay: [\"$options\"]}" -- read /tmp/o/secret)" = yes
done
fact_of systemd test "$(in_systemd ExtensionDirectories=/run/out/extension -- read $released)" = yes
fact_of systemd test "$(in_systemd ExtensionDirectories=/run/out/extension -- write $released)" = yes
rm -rf "$out/extension"

row '`/proc` fresh, read-only and masked'
use systemd ProtectProc=invisible ProcSubset=pid ProtectKernelTunables=yes PrivateUsers=yes User=65534
few() { [ "$(grep -c '^[0-9]')" -le 2 ] && echo few; }
through=few
fact few list /proc
use systemd ProtectProc=invisible ProcSubset=pid ProtectKernelTunables=yes
fact '!yes' write /proc/sys/kernel/hostname
use systemd ProtectProc=invisible ProcSubset=pid ProtectKernelTunables=yes
hidden=/proc/timer_list
[ -e $hidden ] || hidden=/proc/keys
fact '!yes' read $hidden

row 'sources that are not followed through links'
for source in link link/deeper; do
	use bwrap --ro-bind %S/$source %B
	use firejail --bind=%S/$source,%B
	use crun 'mounts+={"destination": "%B", "type": "bind", "source": "%S/'$source'", "options": ["bind"]}'
	use systemd BindReadOnlyPaths=%S/$source:%B
	fact '' read %B/secret
done

row 'no place to mount at is made outside'
for peer in "${peers[@]}"; do
	case $peer in
	bwrap) starts bwrap --bind "$out/box" /box --tmpfs /box/made ;;
	firejail) starts firejail --tmpfs="$out/box/made" ;;
	crun) starts crun 'mounts+={"destination": "/box/made", "type": "tmpfs", "source": "tmpfs"}' ;;
	systemd) starts_systemd TemporaryFileSystem=/run/out/box/made ;;
	esac
	fact_of "$peer" test ! -e "$out/box/made" -a ! -e bundle/rootfs/box/made
	rm -rf "$out/box/made" bundle/rootfs/box/made
done

row 'no descriptor that was not named'
exec 7<"$out"
fact '0 1 2 ' descriptors
exec 7<&-

row 'files that are handed on are not opened for more'
input=$out/handed
: >"$input"
chmod 666 "$input"
use systemd StandardInput=file:/run/out/handed
fact '!yes' write /proc/self/fd/0
input=/dev/null

row 'a working folder does not lead out'
fact contained folder

row 'variables are chosen, not removed'
export A_SECRET=1
fact no variable A_SECRET
use bwrap --clearenv
use firejail --rmenv=A_SECRET # which names what is removed, and no option names what stays
firejail --help 2>&1 | grep -oE -e '--[a-z-]*env[a-z-]*' | grep -qvxE -e '--(rm)?env' || use firejail nothing
fact no variable A_SECRET
unset A_SECRET

row 'no capability in any set'
use systemd CapabilityBoundingSet=
fact none capabilities

row 'securebits locked'
use systemd 'SecureBits=noroot noroot-locked no-setuid-fixup no-setuid-fixup-locked keep-caps-locked'
locked() { grep -qxE '0x[ef]f|0x2f' && echo locked; }
through=locked
fact locked securebits

row 'a session keyring of its own'
before=("$inside" key callgate-peers /usr/bin/env)
becomes=(/run/out/inside key callgate-peers /usr/bin/env)
fact ENOKEY keyring callgate-peers
before=() becomes=()

row 'no typing into the terminal'
before=(python3 "$here/on_terminal.py")
if [ "$("${before[@]}" "$inside" tiocsti | head -n 1)" = yes ]; then
	through='grep -m1 .'
	use firejail --seccomp
	fact '!yes' tiocsti
	use bwrap --new-session
	use firejail --seccomp
	fact '!yes' tiocsti
else
	skip "$title" 'this kernel types for nobody'
fi
before=()

for title_of in 'rules on paths by Landlock' 'TCP ports by Landlock'; do
	row "$title_of"
	for peer in "${peers[@]}"; do fact_of "$peer" has_word "$peer" landlock; done
done

row "others' abstract sockets, with the machine's network"
mkfifo hold
"$inside" listen "$abstract" <hold >port &
listener=$!
exec 9>hold
until [ -s port ]; do sleep 0.01; done
use bwrap --share-net
use crun 'linux.namespaces=[{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]'
# The systemd that is tried has a network of its own, and somebody who listens there.
companion="ExecStart=/bin/sh -c 'rm -f /run/out/port; sleep 100 | /run/out/inside listen $abstract >/run/out/port'"
use systemd 'RestrictAddressFamilies=AF_UNIX AF_INET' "ExecStartPre=/bin/sh -c 'until [ -s /run/out/port ]; do sleep 0.01; done'"
fact '!yes' abstract "$abstract"
companion=
exec 9>&-
wait $listener

row 'limits on each process'
fact_of bwrap has_option bwrap limit
use bwrap nothing
use firejail --rlimit-nofile=33
use crun 'process.rlimits=[{"type": "RLIMIT_NOFILE", "soft": 33, "hard": 33}]'
use systemd LimitNOFILE=33
fact 33 files

row 'limits on all together'
fact_of bwrap has_option bwrap limit
fact_of firejail has_option firejail 'cgroup\|memory-max'
if grep -q pids "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/cgroup.controllers"; then
	fact_of systemd test "$(in_systemd TasksMax=7 -- processes)" = 6
else
	skip "$title: systemd" 'version 2 of control groups has no controller here'
fi
groups=v1
if starts crun; then
	fact_of crun test "$(in_crun 'linux.resources={"pids": {"limit": 7}}' "linux.cgroupsPath=\"/callgate-crun-$$\"" -- processes)" = 6
else
	skip "$title: crun" 'it can make no control group here'
fi
groups=

row 'no memory that is written and executed'
for question in mmap mprotect; do
	use firejail --memory-deny-write-execute
	use systemd MemoryDenyWriteExecute=yes
	fact '!yes' $question
done

row 'nor by a second mapping, a file, `ptrace`, `/proc/self/mem`…'
for way in $("$out/inject" routes); do
	case $way in mmap | mprotect | pkey-mprotect | passed-*) continue ;; esac
	[ "$("$out/inject" "$way" "$out/ways")" = ran ] || continue
	for peer in "${peers[@]}"; do
		case $peer in
		bwrap) program=/inject in_bwrap -- "$way" /tmp ;;
		firejail) program=$out/inject in_firejail --memory-deny-write-execute -- "$way" "$out/ways" ;;
		crun) program=/inject in_crun -- "$way" /tmp ;;
		systemd) program=/run/out/inject in_systemd MemoryDenyWriteExecute=yes -- "$way" /run/out/ways ;;
		esac >answer 2>err </dev/null
		answers[$peer]+=" $way:$(head -n 1 answer)"
		fact_of "$peer" grep -qx 'E[A-Z]*' answer
	done
done

row 'no time stamp counter'
fact '!yes' tsc

row 'a filter on system calls'
refuse() { printf '%s\n' 'kernel 6.1' 'default allow' "$1 $2" >refuse.policy && callgate compile -o refuse.bpf refuse.policy; }
profile() { echo 'linux.seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["'"$2"'"], "action": "'"$1"'"}]}'; }
refuse 'errno EPERM' kill
exec 8<refuse.bpf
use bwrap --seccomp 8
use firejail --seccomp.drop=kill
use crun "$(profile SCMP_ACT_ERRNO kill)"
use systemd SystemCallFilter=~kill SystemCallErrorNumber=EPERM
fact EPERM kill 1
fact_of bwrap has_option bwrap 'seccomp.*\(name\|syscall\)'

row 'whose policy need not allow `execve`'
refuse 'errno EPERM' execve
exec 8<refuse.bpf
use bwrap --seccomp 8
use firejail --seccomp=execve
use crun "$(profile SCMP_ACT_ERRNO execve)"
use systemd SystemCallFilter=@system-service SystemCallFilter=~@process SystemCallErrorNumber=EPERM
fact EPERM exec %I ids
# firejail's comes by a library, and so into a program that loads libraries.
fact_of firejail grep -q 'not permitted' <(program=/bin/sh in_firejail --seccomp=execve -- -c 'exec /bin/true' 2>&1)

row 'the refused call told with arguments and rule'
refuse kill-process kill
exec 8<refuse.bpf
in_bwrap --seccomp 8 -- kill 1 >told.bwrap 2>&1
before=(env LC_ALL=C)
in_firejail --seccomp-error-action=kill --seccomp.drop=kill -- kill 1 >told.firejail 2>&1
in_crun "$(profile SCMP_ACT_KILL_PROCESS kill)" -- kill 1 >told.crun 2>&1
before=()
in_systemd SystemCallFilter=~kill -- kill 1 >told.systemd 2>&1
cat "$out/log" >>told.systemd
for peer in "${peers[@]}"; do
	fact_of "$peer" grep -qiE 'SIGSYS|31/SYS|seccomp|bad system call' "told.$peer"
	fact_of "$peer" grep -qE 'kill\(' "told.$peer"
done
exec 8<&-

row 'one set of names for options and files'
printf '%s\0' --hostname of-a-file >arguments
printf 'rlimit-nofile 34\n' >limit.profile
fact_of bwrap test "$(in_bwrap --args 8 -- hostname 8<arguments)" = of-a-file
fact_of bwrap has_option bwrap '--\(config\|profile\)'
fact_of firejail test "$(firejail --quiet --profile="$PWD/limit.profile" "$inside" files)" = 34
fact_of crun has_option crun rlimit
companion='ExecStart=/bin/true'
fact_of systemd test "$(program=/usr/bin/systemd-run in_systemd "ExecStartPost=/bin/sh -c 'until [ -s /run/out/run ]; do sleep 0.01; done'" -- \
	--quiet -p LimitNOFILE=35 -p StandardOutput=file:/run/out/run /run/out/inside files; cat "$out/run")" = 35

row presets
fact_of bwrap has_option bwrap 'preset\|profile'
fact_of firejail test "$(firejail --quiet --profile=default "$inside" capabilities)" = none
fact_of crun test -n "$(cd state && crun spec && ls config.json)"
fact_of crun has_option crun 'preset\|profile'
fact_of systemd grep -q ^NoNewPrivileges=yes /usr/lib/systemd/portable/profile/strict/service.conf
fact_of systemd test "$(in_systemd Profile=strict -- capabilities)" = none # a portable service has one, a unit does not

row 'each layer told as enforced or not'
in_bwrap --info-fd 8 -- ids 8>information >out 2>err
fact_of bwrap grep -q '"net-namespace"' information
fact_of bwrap grep -qi '"cap\|"seccomp' information
fact_of firejail has_option firejail '--caps.print'
fact_of firejail has_option firejail 'enforced\|layers'
fact_of crun has_option crun 'enforced\|layers'
fact_of systemd systemd-analyze security --offline=yes --threshold=100 "$PWD/manager/units/probe.service"
fact_of systemd has_option systemd-analyze enforced

row 'a missing layer stops the start'
if unshare -Ur true 2>/dev/null; then
	# shellcheck disable=SC2016 # the shell inside expands it
	before=(unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -all --inh-caps -all "$@"' sh)
	fact_of bwrap not starts bwrap
	fact_of crun not starts crun
	before=()
fi
fact_of firejail not starts firejail --overlay-tmpfs
before=(firejail --quiet --noprofile)
fact_of firejail test "$(in_firejail -- capabilities)" = none
before=()
fact_of systemd not starts_systemd BindPaths=/run/out/missing
refuse 'errno EPERM' 'unshare if flags & CLONE_NEWNET'
cp refuse.bpf "$out"
becomes=(python3 /run/out/under.py /run/out/refuse.bpf)
fact_of systemd not starts_systemd PrivateNetwork=yes
becomes=()

row 'and may be missing only by name'
fact_of bwrap starts bwrap --ro-bind-try /no/such /x
fact_of bwrap starts bwrap --unshare-net-try
fact_of firejail has_option firejail '-try\|degraded'
fact_of crun has_option crun '-try\|degraded'
fact_of systemd starts_systemd BindPaths=-/run/out/missing
fact_of systemd has_option systemctl degraded

# What peers have, and we have not.
knows_setting() { [ -n "$(in_systemd "$1" -- ids)" ] && ! grep -q 'Unknown key' "$out/log"; }
row 'AppArmor or SELinux'
fact_of bwrap has_option bwrap '--exec-label'
fact_of firejail has_option firejail '--apparmor'
fact_of crun has_word crun apparmorProfile
fact_of systemd knows_setting AppArmorProfile=-none

row 'a sandbox that runs can be entered'
fact_of bwrap has_option bwrap '--join\|exec PID'
fact_of firejail has_option firejail '--join='
fact_of crun has_option crun '^[[:space:]]*exec'
fact_of systemd knows_setting $'[Unit]\nJoinsNamespaceOf=other.service\n[Service]'
fact_of systemd has_option systemctl '^[[:space:]]*enter'

row 'an interface of its own with a way out'
fact_of bwrap has_option bwrap 'veth\|macvlan\|netns'
fact_of firejail has_option firejail '--net=ethernet_interface'
fact_of crun has_option crun 'veth\|macvlan\|netns'
fact_of systemd knows_setting NetworkNamespacePath=/proc/self/ns/net
fact_of systemd knows_setting MacVLAN=eth0

row 'calls to D-Bus are filtered'
fact_of bwrap has_option bwrap dbus
fact_of firejail has_option firejail '--dbus-user.talk='
fact_of crun has_option crun dbus
fact_of systemd knows_setting DBusPolicy=x
row ''

in_the_table() { sed -n '/^| | callgate | bwrap/,/^$/s/^| \([^|]*[^ |]\) |.*/\1/p' "$table"; }
diff <(in_the_table) <(grep . <<<"$rows") >out
check 'every row of the table was tried' test ! -s out
