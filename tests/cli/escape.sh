# shellcheck shell=bash disable=SC2154
# What is behind a sandbox, tried from inside: sockets, ports, keys, shared memory, signals, terminals, and the escapes
# that others had. The policy allows everything, so that it is not the filter which is tested. As root and as somebody
# without any right, where the tests run as root.

inside=${CALLGATE_INSIDE:-$here/../../build/tests/cli/inside}
chmod 755 .
cp "$CALLGATE" callgate
cp "$inside" inside
printf 'kernel 6.1\ndefault allow\n' >free.policy
printf 'kernel 6.1\ndefault allow\nkill-process seccomp if flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW\n' >speculating.policy
mkdir -m 755 presets
cp "$CALLGATE_PRESETS"/* presets
chmod -R a+rX presets callgate inside free.policy speculating.policy
export CALLGATE_PRESETS=$PWD/presets

as_root() { "$@"; }
nobody() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
fi
# A root that holds the questioner and nothing else, with all namespaces.
cell() { $who "$PWD/callgate" run --policy free.policy --unshare-all --ro-bind "$PWD/inside" /inside "$@"; }
# The machine's files as they are, with one namespace less than all.
open_cell() { $who "$PWD/callgate" run --policy free.policy "$@"; }
# A preset with its own policy.
preset_cell() { $who "$PWD/callgate" run --preset "$@"; }
landlock=$("$CALLGATE" doctor --json | python3 -c 'import json, sys
print(*[f["value"].split()[-1] for f in map(json.loads, sys.stdin) if f["name"] == "landlock" and f["present"]] or [0])')
needs_landlock() { # needs_landlock ABI DESCRIPTION: false, with a skip, where the kernel has less
	[ "$landlock" -ge "$1" ] && return
	skip "$2" "Landlock's ABI is $landlock, not $1"
	return 1
}

# Somebody who listens, outside.
mkfifo hold
"$inside" listen "callgate-test-$$" <hold >port &
listener=$!
exec 9>hold
until [ -s port ]; do sleep 0.01; done
port=$(cat port)
user_namespaces=yes
nobody unshare -U true 2>/dev/null || user_namespaces=no

questions() {
	expect 0 "$who: ports of others are out of reach" cell -- /inside connect "$port"
	stdout_is ECONNREFUSED
	expect 0 "$who:   all of them" cell -- /inside scan
	stdout_is 0
	expect 0 "$who:   but with --share-net" cell --share-net -- /inside connect "$port"
	stdout_is yes
	expect 0 "$who: abstract sockets of others are out of reach" cell -- /inside abstract "callgate-test-$$"
	stdout_is ECONNREFUSED
	if needs_landlock 6 "$who:   with the machine's network, too"; then
		expect 0 "$who:   with the machine's network, too" cell --share-net -- /inside abstract "callgate-test-$$"
		stdout_is EPERM
		expect 0 "$who: without a pid namespace others cannot be signalled either" open_cell --unshare-user -- \
			"$inside_copy" kill $$
		stdout_is EPERM
	fi
	if needs_landlock 4 "$who: TCP ports are limited by Landlock"; then
		expect 0 "$who: TCP ports are limited by Landlock" cell --share-net --connect-tcp "$port" -- /inside connect "$port"
		stdout_is yes
		expect 0 "$who:   to those that are named" cell --share-net --connect-tcp 1 -- /inside connect "$port"
		stdout_is EACCES
		expect 0 "$who:   for listening, too" cell --bind-tcp 1 -- /inside bind 8080
		stdout_is EACCES
		expect 0 "$who:   which one may" cell --bind-tcp 8080 -- /inside bind 8080
		stdout_is yes
	fi
	if needs_landlock 1 "$who: paths are limited by Landlock"; then
		mkdir -p allowed && chmod 777 allowed
		: >allowed/file && chmod 666 allowed/file
		expect 0 "$who: paths are limited by Landlock" open_cell --rox / --rw "$PWD/allowed" -- \
			"$inside_copy" write "$PWD/allowed/file"
		stdout_is yes
		expect 0 "$who:   to those that are named" open_cell --rox / -- "$inside_copy" write "$PWD/allowed/file"
		stdout_is EACCES
		expect 0 "$who:   also for reading" open_cell --rox "$inside_copy" -- "$inside_copy" write /etc/passwd
		stdout_is EACCES
		expect 126 "$who:   also for executing" open_cell --ro / -- "$inside_copy" ids
	fi
	if needs_landlock 5 "$who: commands to devices are limited by Landlock"; then
		expect 0 "$who: commands to devices are limited by Landlock" open_cell --rox / --rw /dev/urandom -- \
			"$inside_copy" ioctl /dev/urandom
		stdout_is yes
		expect 0 "$who:   to those that may be written" open_cell --rox / -- "$inside_copy" ioctl /dev/urandom
		stdout_is EACCES
		expect 0 "$who:   where it stands at all" open_cell -- "$inside_copy" ioctl /dev/urandom
		stdout_is yes
	fi
	expect 0 "$who: processes outside cannot be signalled" cell -- /inside kill $$
	stdout_is ESRCH
	expect 0 "$who: a new session keyring holds nothing" $who "$inside_copy" key callgate-test "$PWD/callgate" run \
		--policy free.policy --unshare-all --ro-bind "$inside_copy" /inside -- /inside keyring callgate-test
	stdout_is ENOKEY
	expect 0 "$who:   nor does its user's" $who "$inside_copy" user-key callgate-test "$PWD/callgate" run \
		--policy free.policy --unshare-all --ro-bind "$inside_copy" /inside -- /inside user-keyring callgate-test
	stdout_is ENOKEY
	expect 0 "$who:   which without a sandbox does" $who "$inside_copy" user-key callgate-test "$inside_copy" user-keyring callgate-test
	stdout_is yes
	ways
	speculation
	expect 0 "$who: only three descriptors are open" cell -- /inside descriptors
	stdout_is '0 1 2 '
	expect 0 "$who: capabilities do not come back" cell -- /inside securebits
	stdout_is 0xef

	key=$((RANDOM * 32768 + RANDOM + 1))
	expect 0 "$who: a System V segment" cell -- /inside shm-make $key
	stdout_is yes
	expect 0 "$who:   is not there in the next run" cell -- /inside shm-find $key
	stdout_is ENOENT
	expect 0 "$who:   nor outside" $who "$inside_copy" shm-find $key
	stdout_is ENOENT
	expect 0 "$who: /dev/shm is its own" open_cell --preset strict -- sh -c "echo x >/dev/shm/callgate-$$"
	expect 0 "$who:   and holds no more than it should" open_cell --preset strict -- sh -c \
		'test "$(df -k /dev/shm | sed -n "2s/^[^ ]*  *\([0-9]*\) .*/\1/p")" = 262144'
	check "$who:   and is not outside" test ! -e "/dev/shm/callgate-$$"

	# CVE-2019-5736: the launcher's own program is not to be had for writing, by whatever name.
	expect 0 "$who: the launcher's program cannot be overwritten" cell --proc /proc -- /inside write /proc/1/exe
	check '  or even named' grep -qE '^(EACCES|EPERM|ETXTBSY|EROFS|ENOENT)$' out
	expect 0 "$who:   nor the program's own" cell --proc /proc -- /inside write /proc/self/exe
	check '  by nobody' grep -qE '^(ETXTBSY|EROFS|EACCES)$' out
	expect 0 "$who: the first process's memory is closed" cell --proc /proc -- /inside memory 1
	stdout_is EACCES
	for rights in '' '--cap-add ALL'; do
		# shellcheck disable=SC2086 # nothing, or two words
		expect 0 "$who: nothing is done to the first process ($rights)" cell --proc /proc $rights -- /inside first
		stdout_is ''
	done
	# CVE-2024-21626: a folder outside that is open while the working folder is entered.
	leaked() { cell "$@" -- /inside escape 8</; }
	expect 0 "$who: no descriptor leads out" leaked
	stdout_is contained
	expect 125 "$who:   not as the working folder either" leaked --proc /proc --chdir /proc/self/fd/8
	ln -sfn /proc/self/fd/8 link
	expect 125 "$who:   nor through a link" leaked --proc /proc --ro-bind "$PWD/allowed" /a --symlink /proc/self/fd/8 /b --chdir /b
	# What is handed on is opened anew, by way of /proc, for what it is open for.
	if needs_landlock 3 "$who: a file on standard input cannot be written"; then
		mkdir -p given && chmod 777 given
		echo given >given/file && chmod 666 given/file
		for root in '--proc /proc' '--ro-bind / / --proc /proc' '--preset strict' '--preset read-only' '--preset workspace' '--preset judge'; do
			# shellcheck disable=SC2086 # words
			reopened() { open_cell --unshare-all $root --tmpfs /tmp --ro-bind "$PWD/inside" /tmp/inside -- /tmp/inside "$@" <given/file; }
			if [ "$root" = '--proc /proc' ]; then
				reopened() { cell --proc /proc -- /inside "$@" <given/file; }
			fi
			expect 0 "$who: a file on standard input cannot be written ($root)" reopened write /proc/self/fd/0
			stdout_is EACCES
			expect 0 "$who:   and is read" reopened read /proc/self/fd/0
			stdout_is yes
		done
		reopened() { cell --proc /proc -- /inside "$@" 2>>given/file; }
		expect 0 "$who:   one on standard error is written" reopened write /proc/self/fd/2
		stdout_is yes
		expect 0 "$who:   and not read" reopened read /proc/self/fd/2
		stdout_is EACCES
		reopened() { cell --proc /proc -- /inside "$@" <given; }
		expect 0 "$who:   and from a folder nothing is reached" reopened list /proc/self/fd/0/..
		stdout_is EACCES
		expect 0 "$who:   whatever is in it" reopened read /proc/self/fd/0/../free.policy
		stdout_is EACCES
		reopened() { cell --proc /proc --pass-fd 5 -- /inside "$@" 5<given; }
		expect 0 "$who:   one that was named is there" reopened write /proc/self/fd/5/file
		stdout_is yes
		expect 0 "$who:   and what is above it is not" reopened read /proc/self/fd/5/../free.policy
		stdout_is EACCES
	fi
	expect 0 "$who: what covers something cannot be lifted in a user namespace of its own" cell --proc /proc \
		--tmpfs /tmp -- /inside userns /proc/keys /proc/kmsg /inside /proc /
	check '  whether it gets one or not' grep -qE '^(done|EPERM|ENOSPC)$' out
	stdout_lacks unmounted
	stdout_lacks writable

	# What a root was mounted over must be gone: ".." of / would lead there.
	mkdir -p root/proc && cp "$inside" root/inside && echo hidden >root/hidden && chmod -R a+rX root
	local roots=(cell --ro-bind "$PWD/root" / --proc /proc)
	expect 0 "$who: nothing lies over a root that was bound" "${roots[@]}" -- /inside covered
	stdout_is no
	expect 0 "$who:   nor over one of several" "${roots[@]}" --tmpfs / --ro-bind "$PWD/root" / --proc /proc -- /inside covered
	stdout_is no
	expect 0 "$who:   nor over an empty one" cell --proc /proc -- /inside covered
	stdout_is no
	for preset in strict read-only workspace network judge; do
		expect 0 "$who:   nor over that of $preset" open_cell --preset $preset --ro-bind "$PWD/inside" /tmp/inside -- \
			/tmp/inside covered
		stdout_is no
	done
	expect 0 "$who:   so that what is masked stays so" open_cell --preset read-only -- \
		sh -c 'cat /etc/shadow /../etc/shadow 2>/dev/null | wc -c'
	stdout_is 0

	# Judge0's CVEs of 2024: a link where a folder was, in a folder that others write.
	rm -rf race && mkdir -m 777 race race/box
	ln -s / race/link
	expect 125 "$who: a source is not followed through a link" cell --bind "$PWD/race/link" /box -- /inside ids
	stderr_has 'goes through the link'
	expect 125 "$who:   nor through one on its way" cell --bind "$PWD/race/link/etc" /box -- /inside ids
	race
	check "$who: an exchange of folder and link wins nothing" test "$leaks" = 0

	rm -rf race
	mkdir -m 777 race race/box
	# A link in what is bound leads nowhere outside, and what is done through it is done inside.
	ln -sfn "$PWD/free.policy" race/box/out
	expect 0 "$who: a link in a folder leads nowhere outside" cell --bind "$PWD/race/box" /box -- /inside write /box/out
	stdout_is ENOENT
	echo mine >own && chmod 600 own
	ln -sfn "$PWD/own" race/box/own
	for call in chmod chown; do
		expect 0 "$who:   nor $call" cell --bind "$PWD/race/box" /box -- /inside $call /box/own
		stdout_is ENOENT
		expect 125 "$who:   nor what the launcher does" cell --bind "$PWD/race/box" /box --perms 0777 --tmpfs /box/own -- /inside ids
	done
	check "$who:   as seen from outside" test "$(stat -c '%a %u' own)" = "600 $(id -u)"
	ln -sfn /etc race/box/etc
	expect 125 "$who: nothing is mounted through a link outside" cell --bind "$PWD/race/box" /box --tmpfs /box/etc/x -- /inside ids
	check "$who:   or made there" test ! -e /etc/x
	rm -rf left && mkdir -m 777 left
	expect 0 "$who: no set-user-ID file is left behind" preset_cell strict --bind "$PWD/left" /left \
		--ro-bind "$PWD/inside" /tmp/inside -- /tmp/inside setuid /left
	stdout_is 0
	check "$who:   as seen from outside" test -z "$(find left -perm -4000)"
	rm -rf left && mkdir -m 777 left
	expect 0 "$who:   which a policy that allows all does not keep it from" cell --bind "$PWD/left" /left -- /inside setuid /left
	stdout_has '^[45]$' # one way is newer than that policy
	rm -rf left
	cp "$inside" setuid && chmod 6755 setuid
	expect 0 "$who: a set-user-ID program gives no rights" cell --uid 1000 --gid 1000 --ro-bind "$PWD/setuid" /setuid -- /setuid ids
	stdout_is '1000 1000 1000 1000 1000 1000 0'
	expect 0 "$who: memory is never writable and executable" cell --write-xor-execute -- /inside mmap
	stdout_is EACCES
	expect 0 "$who:   nor becomes so" cell --write-xor-execute -- /inside mprotect
	stdout_is EACCES
	if [ "$(uname -m)" = x86_64 ]; then
		expect 139 "$who: the time stamp counter is a fault" cell --no-tsc -- /inside tsc
		stderr_has 'ended for a fault (SIGSEGV), which reading the time stamp counter is'
		expect 0 "$who:   and stays one" cell --no-tsc -- /inside tsc-again
		stdout_is EPERM
		expect 0 "$who:   also with others' filter" cell --no-tsc --write-xor-execute -- /inside tsc-again
		stdout_is EPERM
	fi
}

# What the kernel can be asked for that leads out of containers, or reaches what is outside. A policy that allows everything
# leaves open what reaches nothing there: io_uring and userfaultfd, watching files that it sees, measuring itself, keys of
# its own, a user namespace in its own; the policy of the presets does not.
ways() {
	local reached='(io-uring|userfaultfd|fanotify|perf|key|unshare-user|clone-user)' preset
	expect 0 "$who: none of the known ways leads out" cell --proc /proc --tmpfs /tmp -- /inside ways $$
	check '  by what is beside the filter' test -z "$(grep ' yes$' out | grep -vxE "$reached yes")"
	expect 0 "$who:   nor for who has all rights in there" cell --cap-add ALL --proc /proc --tmpfs /tmp -- /inside ways $$
	reached="${reached%)}|open-tree|fsopen|writable|chroot|unshare-mounts)"
	check '  that are none outside' test -z "$(grep ' yes$' out | grep -vxE "$reached yes")"
	for preset in strict read-only workspace network judge; do
		expect 0 "$who:   and $preset leaves none to be tried" preset_cell $preset --ro-bind "$PWD/inside" /tmp/inside -- \
			/tmp/inside ways $$
		stdout_has '^io-uring E'
		stdout_lacks ' yes$'
		expect 0 "$who:   nor a core file" preset_cell $preset -- sh -c 'ulimit -Hc'
		stdout_is 0
	done
}

# Where the machine has switches they are tried; on others is seen that nothing is lost.
speculation() {
	local asked=absent
	expect 0 "$who: what mitigates speculation is kept" cell --proc /proc -- /inside speculation
	check '  as outside, or for good' test "$(cat out)" = "$($who "$inside_copy" speculation |
		if grep -q ':.*force ' out; then sed 's/thread mitigated/thread force mitigated/; s/conditional disabled/conditional force disabled/'; else cat; fi)"
	expect 0 "$who:   which is told" cell --dry-run -- /inside ids
	stdout_has '^speculation  *enforced'
	expect 0 "$who:   and may be asked for" cell --no-speculation --allow-degraded speculation --dry-run -- /inside ids
	asked=$(sed -n 's/^speculation  *//p' out)
	if [ "$asked" = enforced ]; then
		expect 0 "$who:   it is off then" cell --no-speculation --proc /proc -- /inside speculation
		stdout_lacks 'vulnerable$\|enabled$'
		expect 0 "$who:   for good" cell --no-speculation -- /inside speculation-on
		stdout_is no
	else
		expect 125 "$who:   where it cannot be had ($asked) nothing is started" cell --no-speculation -- /inside ids
		stderr_has 'keep the processor from speculating'
		stderr_has '^hint: --allow-degraded speculation runs it without; needs Linux 4.17'
	fi
	# A filter is not loaded with a word that would let it speculate: a cage kills whoever says it.
	expect 0 "$who:   no filter allows it" $who "$PWD/callgate" run --no-trace --setenv ASAN_OPTIONS=detect_leaks=0 \
		--env 'CALLGATE_*' --policy speculating.policy -- "$PWD/callgate" run --preset strict --write-xor-execute -- true
	expect 159 "$who:   which would be seen" $who "$PWD/callgate" run --no-trace --policy speculating.policy -- "$inside_copy" filter 4
	expect 0 "$who:   and nothing else would" $who "$PWD/callgate" run --no-trace --policy speculating.policy -- "$inside_copy" filter 0
}

# Exchanges the source for a link, again and again, while sandboxes are started on it; counts the runs that saw the root.
race() {
	local i
	mkdir race/spare && chmod 777 race/spare
	ln -sfn / race/spare/box
	cp "$inside_copy" race/box/inside
	python3 - race/box race/spare/box <<-'PYTHON' &
	import ctypes, os, sys
	libc = ctypes.CDLL(None)
	a, b = (os.fsencode(path) for path in sys.argv[1:])
	parent = os.getppid()
	while os.getppid() == parent and not os.path.exists("race/stop"):
	    libc.renameat2(-100, a, -100, b, 2)
	PYTHON
	local racer=$!
	leaks=0
	for ((i = 0; i < 40; i++)); do
		cell --bind "$PWD/race/box" /box -- /inside write /box/etc/passwd >seen 2>/dev/null </dev/null
		! grep -qvE '^ENOENT$' seen || leaks=$((leaks + 1))
	done
	touch race/stop
	wait $racer
}

inside_copy=$PWD/inside
for who in as_root nobody; do
	if [ $who = as_root ] && [ "$(id -u)" != 0 ]; then continue; fi
	if [ $who = nobody ] && [ $user_namespaces = no ]; then
		skip 'the same without any right' 'user namespaces are refused here'
		continue
	fi
	questions
done
exec 9>&-
wait $listener

# What types into a terminal is taken for its user's typing.
typed() {
	local sandbox=()
	[ $# = 0 ] || sandbox=("$PWD/callgate" run "$@" --)
	python3 "$here/on_terminal.py" "${sandbox[@]}" "$inside_copy" tiocsti
}
expect 0 'without a sandbox somebody can type into the terminal' typed
if grep -qx -e yes out; then
	expect 0 'with one, nobody can' typed --policy free.policy --unshare-user
	stdout_lacks yes
	expect 125 'who keeps the terminal needs a policy against it' typed --tty --policy free.policy
	expect 0 '  and has one in the presets' typed --tty --preset read-only --ro-bind "$inside_copy" "$inside_copy"
	stdout_is EPERM
else
	skip 'with one, nobody can' 'this kernel types for nobody'
fi
