# shellcheck shell=bash disable=SC2154
# A unit means what systemd loads for it: a manager is started in namespaces of its own, with one unit, and the filters
# that its children load are caught, merged and compared. The manager is a user's, which asks for no more than a control
# group tree and two folders; it ends with its unit.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
manager=/lib/systemd/systemd

# Debian's libseccomp knows no call that is newer, so that its systemd goes on without them.
knows=6.7

# The manager moves whoever is in its control group to one below it: it gets one of its own first, and the root that it
# sees is that.
# shellcheck disable=SC2016 # the shell inside expands them
outside='mount -t cgroup2 none "$1/cgroup" &&
	own=$1/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup)/callgate.units.$$ && mkdir "$own" && echo $$ >"$own/cgroup.procs" || exit
	unshare -mC sh -c "$2" manager "$1" "$3"
	status=$?
	echo $$ >"$own/../cgroup.procs"
	until find "$own" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.05; done
	exit $status'

# shellcheck disable=SC2016
inside='mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/systemd/inaccessible/dir &&
	touch /run/systemd/inaccessible/reg /run/systemd/inaccessible/chr /run/systemd/inaccessible/sock &&
	mount -t cgroup2 none /sys/fs/cgroup &&
	exec env -i PATH="$PATH" HOME="$1" XDG_RUNTIME_DIR="$1/run" XDG_CONFIG_HOME="$1/config" \
		"$2" --user --unit=tried.service'

start() { # start: catches the filters of tried.service in caught, caught.2, …
	rm -rf manager caught caught.*
	mkdir -p manager/run manager/cgroup manager/config/systemd/user
	chmod 700 manager/run
	{
		printf '[Unit]\nDefaultDependencies=no\nSuccessAction=exit-force\nFailureAction=exit-force\n'
		cat tried.service
		printf 'Type=oneshot\nExecStart=/bin/true\n'
	} >manager/config/systemd/user/tried.service
	if [ -d tried.service.d ]; then
		cp -r tried.service.d manager/config/systemd/user/
	fi
	timeout 60 "$CALLGATE" show --as asm --save caught -- \
		unshare -m sh -c "$outside" outside "$PWD/manager" "$inside" "$manager"
}

# All that were caught, as one filter.
merge_caught() { # merge_caught FILTER
	local filters
	readarray -t filters < <(printf '%s\n' caught caught.* | sort -V)
	while [ ${#filters[@]} -gt 20 ]; do
		"$CALLGATE" merge -o "part.${#filters[@]}" "${filters[@]:0:20}" || return 1
		filters=("part.${#filters[@]}" "${filters[@]:20}")
	done
	"$CALLGATE" merge -o "$1" "${filters[@]}"
}

# A unit of these lines; what is loaded for it is what it was read as.
unit() { # unit LINE...
	printf '%s\n' '[Service]' "$@" >tried.service
	expect 0 "systemd starts a service with $1" start
	expect 0 '  with filters, merged to one' merge_caught merged.bpf
	expect 0 '  which is what was read' callgate diff --kernel "$knows" merged.bpf tried.service
	rm -rf tried.service.d
}

unavailable() {
	[ "$(id -u)" = 0 ] || { echo 'needs root'; return; }
	[ -x "$manager" ] || { echo 'no systemd'; return; }
	[ "$("$manager" --version | awk 'NR == 1 { print $2 }')" = 252 ] || { echo 'not the systemd whose groups are known'; return; }
	[ "$(uname -m)" = x86_64 ] || { echo 'another machine'; return; }
	[ -d /sys/fs/cgroup ] || { echo 'no /sys/fs/cgroup'; return; }
	unshare -mC mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null || { echo 'no namespaces may be made'; return; }
	printf '[Service]\nProtectHostname=yes\n' >tried.service
	start >out 2>err </dev/null || { echo "its manager does not run here: $(tail -n 1 err)"; return; }
}

reason=$(unavailable)
if [ -n "$reason" ]; then
	skip 'a service has the filters of its unit' "$reason"
else
	unit 'SystemCallFilter=@system-service'
	unit 'SystemCallFilter=~@mount:EPERM @clock:kill open:5 ptrace' 'SystemCallErrorNumber=EACCES' \
		'SystemCallLog=~read write' 'SystemCallArchitectures=native'
	unit 'SystemCallFilter=read write' 'SystemCallFilter=~write:ENOSYS mount:EPERM socket' 'SystemCallFilter=socket semop' \
		'SystemCallLog=kexec_load' 'SystemCallArchitectures=x32'
	unit 'RestrictAddressFamilies=AF_UNIX AF_INET' 'RestrictNamespaces=uts ipc' 'MemoryDenyWriteExecute=yes' \
		'RestrictRealtime=yes' 'LockPersonality=yes' 'Personality=x86' 'SystemCallFilter=~shmat accept'
	unit 'RestrictAddressFamilies=~AF_PACKET AF_NETLINK' 'RestrictNamespaces=~user net' 'DynamicUser=yes' \
		'ProtectKernelTunables=yes' 'ProtectKernelLogs=yes' 'SystemCallFilter=~bpf'
	mkdir tried.service.d
	printf '[Service]\nSystemCallFilter=~@resources\n' >tried.service.d/a.conf
	printf '[Service]\nRestrictNamespaces=yes\n' >tried.service.d/b.conf
	unit 'SystemCallFilter=@system-service' 'SystemCallErrorNumber=EPERM' 'RestrictAddressFamilies=none' \
		'RestrictSUIDSGID=yes' 'MemoryDenyWriteExecute=yes' 'PrivateDevices=yes' 'ProtectClock=yes' 'ProtectHostname=yes' \
		'ProtectKernelModules=yes' 'LockPersonality=yes'

	# What is written for systemd is what it loads: a unit's filters, as one that has no rules, become a unit again.
	printf '%s\n' '[Service]' 'SystemCallFilter=@system-service' 'SystemCallFilter=~@resources mount:EACCES ptrace:kill' \
		'SystemCallLog=getpid' 'SystemCallErrorNumber=EPERM' 'SystemCallArchitectures=native' \
		'RestrictAddressFamilies=AF_UNIX AF_INET' 'MemoryDenyWriteExecute=yes' >asked.service
	expect 0 'a unit becomes a filter' callgate compile --kernel "$knows" -o asked.bpf asked.service
	expect 0 '  and a unit again' callgate convert --to systemd -o tried.service asked.bpf
	stderr_is 'callgate: asked.bpf: proved equal to what was written'
	expect 0 '  with which systemd starts a service' start
	expect 0 '  with filters, merged to one' merge_caught merged.bpf
	expect 0 '  which is the first' callgate diff asked.bpf merged.bpf

	{
		echo '[Service]'
		"$manager" --dump-configuration-items | sed -n 's/^\([A-Za-z][A-Za-z0-9-]*\)=.*/\1=x/p' |
			grep -v -e '^SystemCall' -e '^Restrict[ANRS]' -e '^Dynam' -e '^MemoryDeny' -e 'Personality' \
				-e '^ProtectHostname' -e '^ProtectKernel' -e '^ProtectClock' -e '^PrivateDevices'
	} >others.service
	expect 0 'no other setting of systemd is taken for a slip' callgate show others.service
	check '  of many' test "$(wc -l <others.service)" -gt 400
fi
