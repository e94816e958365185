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
	expect 126 "$who: one that cannot be executed is 126" run_it -- /etc/passwd
	expect 0 "$who: a working folder that is not in there becomes /" run_it -- pwd
	stdout_is /
	expect 125 "$who: but not one that was asked for" run_it --chdir /no/such/place -- true
	stderr_has "cannot enter the folder '/no/such/place'"

	expect 0 "$who: it has no capability in any set" run_it -- \
		sh -c 'grep ^Cap /proc/self/status | grep -v ":.0000000000000000$"; grep -q "^NoNewPrivs:.1" /proc/self/status'
	stdout_is ''
	expect 0 "$who: it sees no process but its own" run_it -- sh -c 'for i in /proc/[0-9]*; do echo "${i#/proc/}"; done'
	stdout_is $'1\n2'
	expect 1 "$who: nor can it signal one" run_it -- sh -c "kill -0 $$ 2>/dev/null"
	expect 0 "$who: it has a loopback and no other network" run_it -- sh -c 'sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d " "'
	stdout_is lo
	expect 0 "$who: one user is mapped" run_it -- sh -c 'wc -l </proc/self/uid_map; wc -l </proc/self/gid_map'
	stdout_is $'1\n1'
	expect 0 "$who: its descriptors are three" run_it -- sh -c 'echo /proc/self/fd/*' 7<readable
	expect 0 "$who: nothing of it can be written but /tmp" run_it -- \
		sh -c 'for i in / /usr /etc /dev /proc; do touch $i/written 2>/dev/null && echo $i; done; touch /tmp/written'
	stdout_is ''
	check "$who:   and that is gone" test ! -e /tmp/written
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
