# shellcheck shell=bash
# scan: what programs can do, as a table, as JSON, as a policy and as reasons. Every call that the tests know a program
# makes must be there; a number that cannot be known stops the policy and is never left out.

calls_of() { # calls_of FILE: the syscalls of JSON
	sed -n 's/.*"syscall": *"\([^"]*\)".*/\1/p' "$1"
}

expect 0 'a program is scanned' callgate scan --no-cache /bin/true
stdout_has exit_group
stdout_has 'SIG_SETMASK'
expect 0 '  as JSON' callgate scan --no-cache --json /bin/true
cp out true.json
check '  with five keys' grep -qE '^\{"program": ?"/bin/true", ?"syscall": ?"read", ?"nr": ?0, ?"args": ?\{.*\}, ?"sites": ?\[' true.json
check '  an object a syscall' test -z "$(calls_of true.json | sort | uniq -d)"
for call in brk arch_prctl mmap openat newfstatat read pread64 mprotect munmap close set_tid_address rseq \
	set_robust_list prlimit64 exit_group; do
	check "  $call is among them" grep -q "\"syscall\": *\"$call\"" true.json
done
check '  and nothing that it could not do' not grep -qE '"syscall": *"(socket|ptrace|mount|fork|clone)"' true.json

expect 0 'a policy is written' callgate scan --no-cache -o true.policy /bin/true
stdout_is ''
expect 0 '  which is in form' callgate fmt --check true.policy
expect 0 '  and compiles' callgate compile -o true.bpf true.policy
expect 0 '  and lets the program run' callgate run --policy true.policy -- /bin/true
expect 159 '  but no other' callgate run --policy true.policy -- mkdir folder

expect 0 'a reason is a way from the start to the call' callgate scan --no-cache --why exit_group /bin/true
stdout_has 'makes the call'
stdout_has 'calls the next'
expect 0 '  as JSON' callgate scan --no-cache --json --why exit_group /bin/true
check '  one object' test "$(wc -l <out)" = 1
check '  of steps' grep -qE '"why": *"exit_group", *"steps": *\[\{"module": *".*"function".*"address".*"how": *"' out
expect 1 '  and one without steps' callgate scan --no-cache --json --why mount /bin/true
check '  for what is not made' grep -qE '"why": *"mount", *"steps": *\[\]' out
expect 1 'there is no reason for what is not made' callgate scan --no-cache --why mount /bin/true
stderr_has 'does not make mount'

if command -v cc >/dev/null; then
	cat >known.c <<'END'
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	return socket(argc > 1 ? AF_UNIX : AF_INET, SOCK_STREAM, 0) + (int)syscall(SYS_getcpu, 0, 0, 0);
}
END
	cat >unknown.c <<'END'
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	return (int)syscall(atoi(argv[1]));
}
END
	cc -O2 -o known known.c && cc -O2 -o unknown unknown.c
	expect 0 'numbers and arguments come through wrappers' callgate scan --no-cache -o known.policy ./known
	check '  a number given to syscall()' grep -qw getcpu known.policy
	check '  a constant set of domains' grep -q 'domain in {AF_UNIX, AF_INET}' known.policy
	check '  and their type' grep -q 'type == SOCK_STREAM' known.policy
	expect 0 'a reason names functions' callgate scan --no-cache --why socket ./known
	stdout_has '(main)'
	stdout_has '(socket)'
	expect 0 'one of several has a reason' callgate scan --no-cache --why socket /bin/true ./known
	stdout_has '(socket)'
	stderr_has '/bin/true does not make socket'
	for name in sockte '' socket,bind '@io'; do
		expect 2 "  but '$name' is no call" callgate scan --no-cache --why "$name" ./known
	done
	expect 0 'a scan is saved' callgate scan --no-cache --json ./known
	sed "s|\"./known\"|\"./unknown\"|" out >saved
	expect 1 '  and a place that is unresolved since then is told' callgate scan --no-cache --since saved ./unknown
	stdout_has '^./unknown: unresolved: is new: '
	expect 0 '  but not what was so then' callgate scan --no-cache --json ./unknown
	cp out saved
	expect 0 '  and is so still' callgate scan --no-cache --since saved ./unknown
	printf 'kernel 6.1\ndefault allow\n' >open.policy
	expect 2 '  nor does a policy allow what nobody knows' callgate scan --no-cache --since open.policy ./unknown
	expect 0 '  but what the user decided' callgate scan --no-cache --since open.policy --unresolved none ./unknown
	expect 2 'a number that nobody knows stops the policy' callgate scan --no-cache -o unknown.policy ./unknown
	stderr_has 'unresolved'
	check '  which is not written' test ! -e unknown.policy
	expect 0 '  and is an object of JSON' callgate scan --no-cache --json ./unknown
	check '  with its place' grep -q '"unresolved": *".*"site": *{"module": *".*unknown", *"function": *"main"' out
	expect 0 '  until the user decides' callgate scan --no-cache --unresolved allow=getpid,umask -o unknown.policy ./unknown
	check '  what it may ask for' grep -qw umask unknown.policy
	expect 2 '  by names that exist' callgate scan --no-cache --unresolved allow=getpit -o unknown.policy ./unknown
	stderr_has "did you mean 'getpid'"
	expect 2 '  in the words of the option' callgate scan --no-cache --unresolved deny -o unknown.policy ./unknown
	stderr_has allow=
else
	skip 'numbers and arguments come through wrappers' 'no compiler'
fi

mkfifo pipe
printf '#!/bin/sh\n' >script
head -c 100 /bin/true >short
expect 2 'a folder is no program' callgate scan .
stderr_has 'is a folder'
expect 2 'nor is a pipe' callgate scan pipe
expect 0 'a script is its interpreter' callgate scan script
stdout_has execve
expect 2 'nor half a file' callgate scan short
expect 2 'nor nothing' callgate scan missing

# On a terminal it says what it reads, in one line that goes away again.
if command -v script >/dev/null; then
	TERM=xterm script -qec "'$CALLGATE' scan /usr/bin/true" typed >/dev/null 2>&1 </dev/null
	check 'a terminal sees what is read' grep -q 'reading /usr/bin/true, program 1' typed
	check '  in a line that is taken away' grep -q "$(printf '\r\033\\[K')" typed
	TERM=dumb script -qec "'$CALLGATE' scan /usr/bin/true" typed >/dev/null 2>&1 </dev/null
	check 'one that cannot move its cursor does not' not grep -q 'reading ' typed
else
	skip 'a terminal sees what is read' 'no script'
fi
expect 0 'a file gets none of it' callgate scan /usr/bin/true
stderr_lacks 'reading '
