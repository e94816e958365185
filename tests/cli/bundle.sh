# shellcheck shell=bash disable=SC2154
# An OCI bundle, as its maker hands it over: a folder with a root and a config.json. What the program finds in it is what a
# runtime gives it, and what a runtime would forbid and cannot be forbidden stops the start.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
busybox=$(command -v busybox)

chmod 755 .
cp "$CALLGATE" callgate
as_root() { "$@"; }
nobody() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
fi

tree() {
	mkdir -p bundle/rootfs/{bin,proc,dev,tmp,sys,data,etc} bundle/data
	printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000:A User:/home/user:/bin/sh\n' >bundle/rootfs/etc/passwd
	cp "$busybox" bundle/rootfs/bin/busybox
	for name in sh cat ls hostname id env grep sort touch kill; do ln -s busybox bundle/rootfs/bin/$name; done
	echo shared >bundle/data/file
	cat >bundle/rootfs/bin/tell <<-'END'
		#!/bin/sh
		id -u
		id -g
		hostname
		pwd
		umask
		env | grep -v -e '^SHLVL=' | sort
		ulimit -n
		grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
		cat /data/file
		for file in /written /data/written /proc/sys/kernel/hostname; do touch $file 2>/dev/null && echo "wrote $file"; done
		touch /tmp/written && echo 'wrote /tmp'
		[ -s /proc/kcore ] && echo 'kcore is there'
		sort /proc/net/dev | grep -c :
		kill -QUIT 4194303 2>/dev/null; echo "kill $?"
		exit 3
	END
	chmod -R a+rX,+x bundle/rootfs/bin bundle
}

config() { # config [EXTRA-OF-PROCESS [EXTRA-OF-LINUX [EXTRA]]]
	cat >bundle/config.json <<-END
		{"ociVersion": "1.0.2", "hostname": "bundle", "root": {"path": "rootfs", "readonly": true},
		"process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "args": ["/bin/tell"], "cwd": "/data",
		  "env": ["PATH=/bin", "GREETING=hello"], "noNewPrivileges": true,
		  "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}],
		  "capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"]}${1:+, $1}},
		"mounts": [
		  {"destination": "/proc", "type": "proc", "source": "proc"},
		  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
		  {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]},
		  {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "noexec", "size=1024k"]},
		  {"destination": "/data", "type": "bind", "source": "$PWD/bundle/data", "options": ["rbind", "ro"]}],
		"linux": {"namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}],
		  "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
		  "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO"}]}
		  ${2:+, $2}}${3:+, $3}}
	END
	chmod a+r bundle/config.json
}

process() { # process ARGS MORE: another program of the bundle, with keys of its process
	config
	python3 - "$1" "$2" <<-'PYTHON'
		import json, sys
		bundle = json.load(open("bundle/config.json"))
		bundle["process"]["args"] = json.loads(sys.argv[1])
		bundle["process"].update(json.loads(sys.argv[2]))
		json.dump(bundle, open("bundle/config.json", "w"))
	PYTHON
}

told() { # told CAPABILITIES
	printf '%s\n' 0 0 bundle /data 0022 GREETING=hello HOME=/root PATH=/bin PWD=/data 100 "CapPrm:	$1" "CapEff:	$1" "CapBnd:	$1" \
		$'NoNewPrivs:\t1' $'Seccomp:\t2' shared 'wrote /tmp' 1 'kill 1'
}

run_crun() {
	# shellcheck disable=SC2016 # the shell inside expands them
	unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && cd bundle &&
		crun --root "$0" --cgroup-manager=disabled run "callgate-test-$$"' "$PWD/state"
}
run_runc() { (cd bundle && timeout 60 runc --root "$PWD/../state-runc" run "callgate-test-$$"); }

# The runtimes that can start this bundle here, for the same checks.
find_runtimes() {
	local runtime
	runtimes=()
	[ "$(id -u)" = 0 ] || return
	for runtime in crun runc; do
		command -v "$runtime" >/dev/null && unshare -m mount -t tmpfs none /sys/fs/cgroup 2>/dev/null || continue
		"run_$runtime" >out 2>err </dev/null
		[ $? = 3 ] && runtimes+=("$runtime")
	done
}

# What a program gets that its bundle does not say.
say_of_program() { # say_of_program USER ENV: of the process of a bundle
	python3 - "$1" "$2" <<-'PYTHON'
		import json, sys
		bundle = json.load(open("bundle/config.json"))
		process = bundle["process"]
		process["user"] = json.loads(sys.argv[1])
		process.pop("env")
		if sys.argv[2]:
		    process["env"] = json.loads(sys.argv[2])
		process["args"] = ["/bin/sh", "-c", "echo $HOME; id -u; umask; env | grep -c -e TERM= -e LANG= -e A=; exit 0"]
		json.dump(bundle, open("bundle/config.json", "w"))
	PYTHON
}
gets() { # gets DESCRIPTION USER ENV LINES: under every runtime that is here
	local runtime
	config
	say_of_program "$2" "$3"
	expect 0 "$1" env LANG=C.UTF-8 TERM=dumb ./callgate run --bundle bundle
	stdout_is "$4"
	printf '%s\n' "$4" >expected
	for runtime in "${runtimes[@]}"; do
		"run_$runtime" >out 2>err </dev/null
		check "  as under $runtime" cmp out expected
	done
}

start_there() {
	for who in as_root nobody; do
		[ $who = nobody ] || [ "$(id -u)" = 0 ] || continue
		# shellcheck disable=SC2046 # nothing, or one word
		expect 3 "$who: a bundle's program runs" $who ./callgate run --bundle bundle
		stdout_is "$(told 0000000000000020)"
		stderr_is ''
		expect 0 "$who:   or another one in its sandbox" $who ./callgate run --bundle bundle -- /bin/cat /data/file
		stdout_is shared
		expect 0 "$who:   with settings on top" $who ./callgate run --bundle bundle --hostname other -- /bin/hostname
		stdout_is other
	done
	find_runtimes
	told 0000000000000020 >expected
	[ ${#runtimes[@]} -gt 0 ] || skip 'as container runtimes run it' 'needs root, crun or runc, and a mount namespace'
	for runtime in "${runtimes[@]}"; do
		"run_$runtime" >out 2>err </dev/null
		check "as $runtime runs it" cmp out expected
	done
	process '["/bin/sh", "-c", "until grep -x 700 /proc/self/oom_score_adj; do :; done; pwd"]' '{"cwd": "/tmp/a/b", "oomScoreAdj": 700}'
	expect 0 'its score, and a folder that is made' ./callgate run --bundle bundle --wall-time 1m
	stdout_is $'700\n/tmp/a/b'
	stderr_is ''
	printf '700\n/tmp/a/b\n' >expected
	for runtime in "${runtimes[@]}"; do
		"run_$runtime" >out 2>err </dev/null
		check "  as under $runtime" cmp out expected
	done
	check '  which is not ours' test "$(cat /proc/self/oom_score_adj)" -lt 700
	process '["/bin/sh", "-c", "pwd"]' '{"cwd": "/made"}'
	expect 125 'a folder that would be made in what is read-only' ./callgate run --bundle bundle
	stderr_has "cannot enter the folder '/made'"
	stderr_has '^hint: it is missing, and the root is read-only'
	sed -i 's/"readonly": true/"readonly": false/' bundle/config.json
	expect 0 '  is made where the root is written' ./callgate run --bundle bundle
	stdout_is /made
	rmdir bundle/rootfs/made
	process '["/bin/sh", "-c", "id -G"]' '{"user": {"uid": 0, "gid": 0, "additionalGids": [7, 42]}}'
	expect 0 'more groups are root'"'"'s to give' ./callgate run --bundle bundle
	if [ "$(id -u)" = 0 ]; then
		stdout_is '0 7 42'
		stderr_is ''
		expect 0 '  also in a user namespace' ./callgate run --bundle bundle --unshare-user
		stdout_is '0 7 42'
	fi
	expect 0 '  and nobody else'"'"'s' nobody ./callgate run --bundle bundle
	stdout_lacks 42
	stderr_has '"additionalGids" is left out'
	umask 077
	gets 'the home of its user' '{"uid": 1000, "gid": 1000}' '["PATH=/bin"]' $'/home/user\n1000\n0022\n0'
	gets 'a home that is said' '{"uid": 0, "gid": 0}' '["PATH=/bin", "HOME=/srv"]' $'/srv\n0\n0022\n0'
	gets 'a umask that is said' '{"uid": 0, "gid": 0, "umask": 23}' '["PATH=/bin"]' $'/root\n0\n0027\n0'
	gets 'no variable of ours' '{"uid": 0, "gid": 0}' '' $'/root\n0\n0022\n0'
	runtimes=() # crun gives none
	gets 'a user whom nobody knows' '{"uid": 4242, "gid": 0}' '["PATH=/bin", "A=b"]' $'/\n4242\n0022\n1'
	rm bundle/rootfs/etc/passwd
	ln -s /proc/self/environ bundle/rootfs/etc/passwd
	gets 'a list of users that is none' '{"uid": 1000, "gid": 0}' '["PATH=/bin"]' $'/\n1000\n0022\n0'
	rm bundle/rootfs/etc/passwd
	umask 022
	config
	sed -i 's/"seccomp": {.*/"sysctl": {}/' bundle/config.json
	expect 2 'one without a profile needs a policy' ./callgate run --bundle bundle
	stderr_has 'the bundle has no profile, and no --policy was given'
}

if [ -z "$busybox" ] || "$busybox" sh -c 'exit 0' 2>/dev/null && ldd "$busybox" >/dev/null 2>&1; then
	skip 'a bundle' 'no static busybox'
else
	tree
	config
	start_there
fi

# A root of a whole distribution, with programs that are not static: this machine's own.
mkdir -p bundle
process '["/bin/sh", "-c", "cat /etc/os-release; ls / >/tmp/list; touch /etc/written"]' '{"cwd": "/tmp/work"}'
sed -i 's/"path": "rootfs"/"path": "\/"/; s/{"destination": "\/data"[^}]*}/{"destination": "\/run", "type": "tmpfs", "source": "tmpfs"}/' bundle/config.json
expect 1 'a distribution is a root' callgate run --bundle bundle
check '  with its files' cmp out /etc/os-release
stderr_has 'Read-only file system'

config '"apparmorProfile": "web"'
expect 125 'what cannot be had stops the start' callgate run --bundle bundle
stderr_has "config.json:5:"
stderr_has '"apparmorProfile" cannot be had'
config '' '"sysctl": {"net.core.somaxconn": "1"}'
expect 125 '  also of Linux' callgate run --bundle bundle
config '' '' '"hooks": {"poststop": [{"path": "/bin/x"}]}'
expect 125 '  also hooks' callgate run --bundle bundle
config '"oomScoreAdj": 7' '"resources": {"memory": {"limit": 33554432}, "pids": {"limit": 20}}'
expect 0 'limits become settings' callgate run --bundle bundle --print-config
stdout_has '- memory: "33554432"'
stdout_has '- pids: "20"'
stdout_has '- oom-score-adj: "7"'
process '["/bin/true"]' '{"terminal": true}'
expect 0 'what is left out is said' callgate run --bundle bundle --print-config
stderr_has '"terminal" is left out'
config
sed -i 's/"SCMP_ACT_ERRNO"/"SCMP_ACT_NOTIFY"/' bundle/config.json
expect 125 'a profile that asks a supervisor' callgate run --bundle bundle -- true
config
check 'no key of the specification is passed over' python3 "$here/bundle_keys.py" "$CALLGATE"
expect 2 'a folder that is none' callgate run --bundle no/such/folder
stderr_has "the bundle 'no/such/folder' cannot be found"
mkdir -p empty
expect 2 'one without a configuration' callgate run --bundle empty
stderr_has config.json
