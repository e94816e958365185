# shellcheck shell=bash disable=SC2154
# The sandbox, asked from inside: what a program finds in it and what it cannot reach. Everything is said twice, as
# root and as somebody without any right, where the tests run as root.

# The program, its folder and its presets lie where others may not look.
chmod 755 .
cp "$CALLGATE" callgate
cp -r "$CALLGATE_PRESETS" presets
chmod -R a+rX presets callgate
export CALLGATE_PRESETS=$PWD/presets
mkdir -m 777 shared
cd shared || exit 1
: >../out
: >../err
echo outside >readable
echo secret >secret
chmod 600 secret
mkdir -m 777 box tree
echo data >tree/file
mkdir -m 700 closed

nobody() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
fi
as_root() { "$@"; }
for who in as_root nobody; do
	[ $who = nobody ] || [ "$(id -u)" = 0 ] || continue
	run_it() { $who ../callgate run --preset strict "$@"; }

	expect 0 "$who: a shell can fork and exec" run_it -- /bin/sh -c 'echo hello | cat; (exit 0)'
	stdout_is hello
	stderr_is ''
	expect 42 "$who: its status is handed on" run_it -- sh -c 'exit 42'
	expect 143 "$who: and so is a signal" run_it -- sh -c 'kill -TERM $$'
	stderr_is ''
	expect 127 "$who: a program that is not in there is 127" run_it -- no-such-program
	stderr_has "'no-such-program': no such program"
	expect 127 "$who:   also where a folder of PATH may not be searched" run_it --ro-bind "$PWD/closed" /closed \
		--setenv PATH=/closed:/bin -- no-such-program
	expect 0 "$who:   and one of a later folder is found" run_it --ro-bind "$PWD/closed" /closed \
		--setenv PATH=/closed:/bin -- true
	expect 126 "$who: one that cannot be executed is 126" run_it -- /etc/passwd
	expect 0 "$who: a working folder that is not in there becomes /" run_it -- pwd
	stdout_is /
	expect 125 "$who: but not one that was asked for" run_it --chdir /no/such/place -- true
	stderr_has "cannot enter the folder '/no/such/place'"

	expect 0 "$who: it has no capability in any set" run_it -- \
		sh -c 'grep ^Cap /proc/self/status | grep -v ":.0000000000000000$"; grep -q "^NoNewPrivs:.1" /proc/self/status'
	stdout_is ''
	expect 0 "$who: the first process does not tell who started it, and how" run_it -- \
		cat /proc/1/cmdline /proc/1/task/1/cmdline /proc/1/comm
	stdout_is 'callgate-init'
	expect 0 "$who: it sees no process but its own" run_it -- sh -c 'for i in /proc/[0-9]*; do echo "${i#/proc/}"; done'
	stdout_is $'1\n2'
	expect 1 "$who: nor can it signal one" run_it -- sh -c "kill -0 $$ 2>/dev/null"
	expect 0 "$who: it has a loopback and no other network" run_it -- sh -c 'sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d " "'
	stdout_is lo
	expect 0 "$who: nor has its first process" run_it -- sh -c 'sed 1,2d /proc/1/net/dev | cut -d: -f1 | tr -d " "'
	stdout_is lo
	expect 0 "$who: one user is mapped" run_it -- sh -c 'wc -l </proc/self/uid_map; wc -l </proc/self/gid_map'
	stdout_is $'1\n1'
	expect 0 "$who: its descriptors are three" run_it -- sh -c 'echo /proc/self/fd/*' 7<readable
	expect 0 "$who: nothing of it can be written but /tmp" run_it -- \
		sh -c 'for i in / /usr /etc /dev /proc; do touch $i/written 2>/dev/null && echo $i; done; touch /tmp/written'
	stdout_is ''
	check "$who:   and that is gone" test ! -e /tmp/written
	# To what it is, so that a sandbox which lets it through changes nothing.
	expect 1 "$who: a device of the machine can be written, and not changed" run_it -- \
		sh -c 'echo >/dev/null && chmod 666 /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty 2>&1 | sort -u | wc -l; chmod 666 /dev/null'
	stdout_is 6
	stderr_has 'Read-only file system'
	expect 1 "$who: the shadow file is not there" run_it -- sh -c 'cat /etc/shadow 2>/dev/null'
	expect 1 "$who: nor are files of this folder" run_it -- sh -c "cat '$PWD/readable' 2>/dev/null"
	expect 0 "$who: mounts are private, and the root read-only" run_it -- \
		sh -c 'grep -E " (shared|master):" /proc/self/mountinfo; grep -q " / / ro," /proc/self/mountinfo'
	stdout_is ''
	expect 0 "$who: every layer is enforced" run_it --dry-run -- sh
	for layer in user pid mount net ipc uts cgroup root capabilities keyring no-new-privs seccomp; do
		stdout_has "^$layer  *enforced"
	done
done

# What contradicts itself, or is not there, is said before anything is started.
printf 'kernel 6.1\ndefault allow\n' >free.policy
free() { callgate run --policy free.policy "$@"; }
expect 2 'a fresh /proc needs a pid namespace' free --proc /proc -- touch touched
stderr_has 'and there is none'
stderr_has '^hint: add --unshare-pid'
expect 2 'the first process is one of two' free --unshare-pid --init --as-pid-1 -- touch touched
stderr_has 'exclude each other'
expect 125 'a source that is not there' free --ro-bind /no/such /x -- touch touched
stderr_has "cannot mount '/no/such': No such file or directory"
stderr_has "^hint: 'ro-bind' names it; 'ro-bind-try' leaves out what is not there"
expect 125 '  nor one that is written' free --dev-bind /no/such /x -- touch touched
stderr_has "^hint: 'dev-bind' names it"
expect 125 '  nor one of an overlay' free --overlay-src /no/such --tmp-overlay /x -- touch touched
stderr_has "^hint: 'overlay-src' names it"
expect 125 '  nor where its changes go' free --overlay-src / --overlay /no/such /no/work /x -- touch touched
stderr_has "^hint: 'overlay' names it"
for setting in ro rox rw rwx; do
	expect 125 "a path that Landlock is told and that is not there ($setting)" free --$setting /no/such -- touch touched
	stderr_has "cannot open '/no/such', which '$setting' names: No such file"
	stderr_has '^hint: name what is there'
done
expect 125 '  is no Landlock that is not there' free --ro /no/such --allow-degraded landlock -- touch touched
expect 125 '  nor is one that the sandbox lacks' callgate run --preset strict --ro "$PWD" -- touch touched
stderr_has '^hint: it is looked for in the sandbox'
expect 2 'a configuration that is not there' free --config no.yaml -- touch touched
stderr_has "cannot open 'no.yaml'"
expect 127 'a program that the sandbox lacks' callgate run --preset strict -- "$PWD/no-program"
stderr_has '^hint: it has only what is mounted in it'
for pair in 'strict judge /usr' 'read-only workspace /proc' 'network strict /usr'; do
	read -r one other place <<<"$pair"
	expect 2 "two presets are two sandboxes ($one, $other)" callgate run --preset "$one" --preset "$other" -- touch touched
	stderr_has "presets '$one' and '$other' both say what lies at '$place'"
	stderr_has '^hint: name one of them'
done
mkdir own
cp "$CALLGATE_PRESETS"/* own
printf 'setenv: OWN=1\ndir: /own\n' >own/added.yaml
with_own() { CALLGATE_PRESETS=own callgate run "$@"; }
expect 0 'one that adds to another is none of its own' with_own --preset strict --preset added -- sh -c '[ -d /own ] && echo "$OWN"'
stdout_is 1
expect 125 'a place that a link leads to nowhere' callgate run --preset strict --symlink /no/such /a --tmpfs /a -- touch touched
stderr_has "cannot mount a tmpfs at '/a'"
stderr_has '^hint: a link on the way to the place leads to nothing'
expect 125 'a place that links lead round' callgate run --preset strict --symlink /a /a --tmpfs /a -- touch touched
stderr_has '^hint: a link on the way to the place leads round'
expect 125 'a place that a link leads to where nothing is made' \
	callgate run --preset strict --symlink /usr /a --tmpfs /a/no-such -- touch touched
stderr_has "cannot mount a tmpfs at '/a/no-such': Read-only"
stderr_has '^hint: a link on the way to the place leads to where it is not'
expect 125 'a link over what is there' callgate run --preset strict --symlink /x /usr -- touch touched
stderr_has '^hint: something is there already'
expect 0 '  may be missing with -try' free --unshare-pid --ro-bind / / --ro-bind-try /no/such /x -- true
expect 125 'a place that cannot be made' free --unshare-all --ro-bind / / --tmpfs "$PWD/no-such-place" -- touch touched
stderr_has "cannot mount a tmpfs at '.*no-such-place'"
stderr_has '^hint: the place to mount at is not there'
check '  is not made' test ! -e no-such-place
expect 125 'a file does not go on a folder' free --unshare-all --ro-bind / / --ro-bind /etc/passwd /usr -- touch touched
stderr_has '^hint: a folder goes on a folder'
expect 2 'an unknown setting' free --ro-bnd /a /b -- touch touched
stderr_has "did you mean '--ro-bind'"
expect 2 'a setting without its values' free --ro-bind /usr
stderr_has "'--ro-bind' needs values: SOURCE DEST"
expect 2 'a value that means nothing' free --rlimit nofile=many -- touch touched
expect 2 'an unknown preset' callgate run --preset srtict -- touch touched
stderr_has 'no preset'
expect 2 'a relative place' free --tmpfs tmp -- touch touched
printf 'tmpfs: /tmp\nbnid: /x\n' >box.yaml
expect 2 'a configuration with an error says where' free --config box.yaml -- touch touched
stderr_has '^box.yaml:2:1: error: unknown setting'
check 'and nothing was started' test ! -e touched

# Options and files are the same.
expect 0 'settings are printed' callgate run --preset strict --setenv 'A=b "c"' --print-config
cp out printed.yaml
expect 0 '  and read back' callgate run --config printed.yaml --print-config
check '  as the same' cmp out printed.yaml
expect 0 '  and mean the same' callgate run --config printed.yaml -- sh -c 'echo "$A"'
stdout_is 'b "c"'
printf '{"preset": "strict", "chdir": "/tmp", "ro-bind": [["/etc/hostname", "/name"]]}' >box.json
expect 0 'JSON is YAML' callgate run --config box.json -- sh -c 'pwd; [ -s /name ]'
stdout_is /tmp

# What a file names lies where the file lies, and what a preset or an option names where we are.
mkdir -p project/data elsewhere
echo there >project/data/file
printf 'kernel 6.1\ndefault allow\nerrno EPERM mkdir, mkdirat\n' >project/own.policy
printf -- '- preset: strict\n- policy: own.policy\n- ro-bind: [[data, /d]]\n- bind: data\n- overlay-src: data\n- tmp-overlay: /o\n' >project/box.yaml
chmod -R a+rX project
from_elsewhere() { (cd elsewhere && callgate run "$@"); }
expect 0 "a file's paths count from its folder" from_elsewhere --config ../project/box.yaml -- \
	sh -c "cat /d/file /o/file '$PWD/project/data/file'; ! mkdir /tmp/a 2>/dev/null"
stdout_is $'there\nthere\nthere'
expect 0 '  and are printed as what they mean' from_elsewhere --config ../project/box.yaml --print-config
stdout_has "^- policy: \"$PWD/project/own.policy\""
stdout_has "^- ro-bind: \[\[\"$PWD/project/data\", \"/d\"\]\]"
cp out elsewhere/printed.yaml
expect 0 '  so that it is the same from everywhere' callgate run --config elsewhere/printed.yaml -- cat /d/file
stdout_is there
echo 'preset: workspace' >project/work.yaml
expect 0 'a preset begins where it is started, also from a file' from_elsewhere --config ../project/work.yaml -- sh -c 'pwd; echo x >written'
stdout_is "$PWD/elsewhere"
check '  and writes there' test -s elsewhere/written -a ! -e project/written
expect 0 'an option counts from here' from_elsewhere --preset strict --ro-bind . /d -- cat /d/written
stdout_is x
piped() { echo 'ro-bind: [[project, /d]]' | callgate run --preset strict --config /dev/stdin -- ls /d/data; }
expect 0 'what comes by a pipe lies nowhere, and counts from here' piped
stdout_is file

# Mounts of every kind.
mkdir lower upper work && echo low >lower/file
overlay=(--overlay-src "$PWD/lower")
change='cat /o/file && echo new >/o/file && cat /o/file'
expect 0 'an overlay that forgets' callgate run --preset strict "${overlay[@]}" --tmp-overlay /o -- sh -c "$change"
stdout_is $'low\nnew'
check '  has changed nothing' test "$(cat lower/file)" = low
expect 0 'an overlay that keeps' callgate run --preset strict "${overlay[@]}" --overlay "$PWD/upper" "$PWD/work" /o -- sh -c "$change"
check '  keeps it apart' test "$(cat lower/file upper/file)" = $'low\nnew'
expect 2 'an overlay that is read-only' callgate run --preset strict --overlay-src /usr/share "${overlay[@]}" --ro-overlay /o -- sh -c "$change"
stdout_is low
chmod -R u+rwX work && rm -rf work
expect 0 'folders, links and masks' callgate run --preset strict --dir /a/b --symlink /a /c --ro-bind "$PWD/lower" /l --mask /l/file -- \
	sh -c 'cd /c/b && [ ! -s /l/file ] && ls /l'
stdout_is file
expect 0 'a tmpfs has a size' callgate run --preset strict --size 4K --tmpfs /s -- sh -c '! head -c 100000 /dev/zero 2>/dev/null >/s/full'
expect 0 'a tmpfs has permissions' callgate run --preset strict --perms 1750 --tmpfs /s -- stat -c %a /s
stdout_is 1750
expect 126 'nothing in it is executed, where that was said' callgate run --preset strict --noexec --tmpfs /s -- \
	sh -c 'cp /bin/true /s/true && exec /s/true 2>/dev/null'
expect 126 'nor what is bound' callgate run --preset strict --noexec --ro-bind /usr/bin /programs -- /programs/true
expect 0 '  and only there' callgate run --preset strict --noexec --tmpfs /s --tmpfs /t -- sh -c 'cp /bin/true /t/true && exec /t/true'
expect 0 'a host name' callgate run --preset strict --hostname box -- uname -n
stdout_is box
expect 0 'a umask' callgate run --preset strict --umask 027 -- sh -c 'umask; : >/tmp/a; stat -c %a /tmp/a'
stdout_is $'0027\n640'
expect 2 '  that is none' callgate run --preset strict --umask 1000 -- true
expect 0 'a limit' callgate run --preset strict --rlimit nofile=17:19 -- sh -c 'ulimit -Sn; ulimit -Hn'
stdout_is $'17\n19'
expect 0 'the program as the first process' callgate run --preset strict --as-pid-1 -- sh -c 'echo $$'
stdout_is 1
expect 0 'what it leaves running is waited for' callgate run --preset strict --linger -- sh -c '(sleep 0.2; echo late) & exit 0'
stdout_is late
blocked() {
	mkfifo gate
	callgate run --preset strict --block-fd 9 -- echo started 9<>gate >started &
	local pid=$!
	[ ! -s started ] && echo go >gate && wait $pid
}
expect 0 'it waits until something can be read' blocked
check '  and starts then' test "$(cat started)" = started

if [ "$(id -u)" = 0 ]; then
	printf 'kernel 6.1\ndefault allow\nerrno EPERM setgroups\n' >groups.policy
	# Who is traced cannot look for leaks.
	without_groups() { callgate run --policy groups.policy --setenv ASAN_OPTIONS=detect_leaks=0 -- "$CALLGATE" run --preset strict "$@"; }
	for _ in 1 2 3; do
		expect 125 'where groups cannot be given up nothing is started' without_groups -- touch touched
		stderr_has 'the target was not started: cannot take its user and group'
	done
fi

# A machine that has less.
if unshare -Ur true 2>/dev/null; then
	# shellcheck disable=SC2016
	without_namespaces() {
		unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces &&
			exec setpriv --bounding-set -all --inh-caps -all "$@"' sh "$CALLGATE" run --preset "$@"
	}
	expect 125 'where user namespaces are refused nothing is started' without_namespaces strict -- touch touched
	stderr_has 'user namespaces are refused here'
	stderr_has '^hint: --allow-degraded user runs it without; sysctl user.max_user_namespaces'
	if [ "$("$CALLGATE" doctor | grep -c '^  landlock  *abi')" = 1 ]; then
		expect 0 '  but with what is left, if that is allowed' without_namespaces strict --allow-degraded namespaces -- \
			sh -c "! cat '$PWD/readable' 2>/dev/null && ! touch '$PWD/written' 2>/dev/null && echo here"
		stdout_is here
		expect 0 '  which the report tells' without_namespaces strict --allow-degraded namespaces --dry-run -- sh
		stdout_has '^user  *absent'
		stdout_has '^root  *degraded'
		stdout_has '^no-new-privs  *enforced'
		stderr_has 'user: not to be had here'
		if "$CALLGATE" doctor | grep -q '^  landlock  *abi \([4-9]\|[1-9][0-9]\)'; then
			stdout_has '^net  *degraded'
			stderr_has 'net: only in part, no TCP and all else'
			expect 1 '  nor is TCP the machine'"'"'s' without_namespaces strict --allow-degraded namespaces -- \
				bash -c ': </dev/tcp/127.0.0.1/9'
			stderr_has 'Permission denied'
		fi
		expect 0 '  and what it does not mask' without_namespaces workspace --allow-degraded namespaces --dry-run -- sh
		stderr_has 'root: only in part, with nothing masked: /etc/shadow, '
	fi
	# What a container's filter refuses is named, with the way to do without.
	if [ "$(id -u)" = 0 ]; then
		printf 'kernel 6.1\ndefault allow\nerrno EPERM keyctl, mount_setattr\n' >container.policy
		in_container() { callgate run --policy container.policy --setenv ASAN_OPTIONS=detect_leaks=0 -- "$CALLGATE" run --preset strict "$@"; }
		expect 125 'a layer that fails in the target stops the start' in_container -- touch touched
		stderr_has '^hint: --allow-degraded mount runs it without'
		expect 125 '  and what stands on it too' in_container --allow-degraded mount -- touch touched
		expect 125 '  each by its name' in_container --allow-degraded mount --allow-degraded root -- touch touched
		stderr_has '^hint: --allow-degraded keyring runs it without; an outer sandbox refuses keyctl'
	fi
	# A container without ranges of its own: nobody can give groups up in there.
	within() { unshare -Ur "$CALLGATE" run --preset strict "$@"; }
	expect 0 'where groups are denied to all it has those that it had' within -- sh -c 'echo $(($(id -G | wc -w) - $1))' sh \
		"$(unshare -Ur id -G | wc -w)"
	stdout_is 0
	# shellcheck disable=SC2016
	within_the_last() {
		unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$CALLGATE" run --preset strict \
			--allow-degraded user "$@"
	}
	expect 0 '  also where there is no user namespace for it alone' within_the_last -- sh -c 'cat /etc/shadow; grep ^CapBnd: /proc/self/status'
	stdout_is $'CapBnd:\t0000000000000000'
	stderr_has "'\?/etc/shadow'\?: No such file"
	# The status is LeakSanitizer's where the command has it, which cannot work without /proc either.
	no_proc() { unshare -Urm sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$CALLGATE" run --preset strict "$@"; }
	no_proc -- touch touched >out 2>err </dev/null
	check 'without /proc nothing is started' grep -q 'cannot write /proc/[0-9]*/uid_map' err
	check '  and it is said what is missing' grep -q '^hint: .*/proc mounted' err
else
	skip 'a machine that has less' 'user namespaces are refused here'
fi
# Too few descriptors: it starts as confined as ever, or not at all.
few() { (ulimit -n "$1" && exec "$CALLGATE" run --preset strict -- sh -c 'cat /etc/shadow 2>/dev/null || echo confined') >few 2>few.err; }
wrong=
for n in $(seq 3 24); do
	few "$n"
	case "$?:$(cat few)" in 0:confined | 125: | 2: | 127:) ;; *) wrong+=" $n:$(cat few few.err)" ;; esac
done
check 'too few descriptors weaken nothing' test -z "$wrong"
check '  and enough are enough' test "$(cat few)" = confined

# What is learned in a sandbox is what will run in it.
expect 0 'learning has the same ground' callgate learn -o learned.policy --preset strict -- sh -c 'echo /proc/[0-9]*; exit 3'
stdout_is '/proc/1 /proc/2'
expect 0 '  on which its policy holds' callgate run --preset strict --policy learned.policy -- sh -c 'echo /proc/[0-9]*'
stdout_is '/proc/1 /proc/2'

# A launcher that is killed, at whatever moment, leaves nothing of a sandbox behind.
killed_at_any_moment() {
	python3 - "$1" "$CALLGATE" <<-'PYTHON'
	import os, random, subprocess, sys, time
	mark, command = sys.argv[1:]
	def left():
	    found = []
	    for pid in filter(str.isdigit, os.listdir("/proc")):
	        try:
	            words = open(f"/proc/{pid}/cmdline").read().split("\0")
	        except OSError:
	            continue
	        if any(mark in word for word in words) and int(pid) != os.getpid():
	            found.append(pid)
	    return found
	for _ in range(80):
	    run = subprocess.Popen([command, "run", "--preset", "strict", "--", "sh", "-c", f"sleep {mark} & sleep {mark}"],
	                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
	    time.sleep(random.random() * 0.015)
	    run.kill()
	    run.wait()
	# What was killed may take its time to go.
	for _ in range(1000):
	    if not left():
	        sys.exit(0)
	    time.sleep(0.02)
	sys.exit(f"left: {left()}")
	PYTHON
}
expect 0 'a launcher that is killed at any moment leaves nothing' killed_at_any_moment "77$$.$RANDOM"

# The policy of the presets, for a sandbox that is none of them.
expect 1 'the policy of the presets has a name' callgate run --policy @contained -- sh -c 'unshare -r true 2>/dev/null || exit 1'
expect 0 '  which is printed as a setting' callgate run --policy @contained --print-config
stdout_has '^- policy: "@contained"'
expect 125 '  and another one is not there' callgate run --policy @containd -- touch touched
stderr_has "cannot open '@containd'"

# How early it is ended when memory is out.
expect 0 'a score is given' free --oom-score-adj 900 --wall-time 1m -- sh -c 'until grep -x 900 /proc/self/oom_score_adj; do :; done'
stdout_is 900
check '  and ours stays' test "$(cat /proc/self/oom_score_adj)" -lt 900
own_score=$(cat /proc/self/oom_score_adj)
if [ "$own_score" -gt -1000 ]; then
	expect 125 'one that is less than ours is root'"'"'s to give' nobody ../callgate run --preset strict --oom-score-adj -1000 -- touch touched
	stderr_has "'oom-score-adj' -1000 is less than ours, $own_score"
fi
expect 2 'more groups need a right' nobody ../callgate run --preset strict --add-gid 7 -- touch touched
stderr_has "'add-gid' needs root"
if [ "$(id -u)" = 0 ]; then
	expect 0 '  which root has' ../callgate run --preset strict --add-gid 7 --add-gid 42 -- id -G
	stdout_is '0 7 42'
fi
