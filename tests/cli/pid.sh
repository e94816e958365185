# shellcheck shell=bash
# shellcheck disable=SC2154 # the folder of the tests comes from tests/cli/run
# The filters of a live process, read from the kernel. That takes CAP_SYS_ADMIN and a caller without filters; where the
# tests have less, what everybody may ask is tried all the same.

compiled() { # compiled NAME LINE...: NAME.bpf, which allows all but what the lines say
	local name=$1
	shift
	printf '%s\n' 'kernel 6.1' 'arch x86_64' 'default allow' "$@" >"$name.policy"
	"$CALLGATE" compile -o "$name.bpf" "$name.policy"
}
compiled old 'errno EPERM mount'
compiled middle 'errno EACCES mount' 'kill-process ptrace'
compiled new 'errno EPERM mount, umount2' 'errno EPERM ioctl if request == TIOCSTI'

# hold FILE...: a process in $pid that carries these; release ends it.
hold() {
	coproc HELD { exec python3 "$here/hold_filters.py" "$@" 2>held.err; }
	held=$HELD_PID
	exec 7<&"${HELD[0]}" 8>&"${HELD[1]}"
	eval "exec ${HELD[0]}<&- ${HELD[1]}>&-"
	pid=
	read -r pid <&7 || cat held.err
}
release() {
	exec 7<&- 8>&-
	wait "$held"
}

expect 0 'a process without filters allows all' callgate show "pid:$$"
stdout_has '^no filters$'
expect 0 '  as everybody may know' callgate simulate "pid:$$" 'mount()'
stdout_is 'allow'

expect 2 'a process that is not there' callgate show pid:2147483647
stderr_has 'no such process'
expect 2 'what is no number' callgate show pid:self
stderr_has "'pid:self' names no process"
: >pid:1
expect 2 'a file of such a name is meant as ./pid:1' callgate show ./pid:1
stderr_has '^./pid:1:'

exec 5<>leaked
hold old.bpf middle.bpf new.bpf
exec 5<&-
if ! callgate show "pid:$pid" >out 2>err; then
	check 'without the privilege, what works is said' grep -q -e "show -- PROGRAM" -e 'ptrace_scope' err
	skip 'the filters of a live process' "$(head -n 1 err)"
	release
	return
fi

expect 0 'each filter with what it is for' callgate show "pid:$pid"
stdout_has '^3 filters, 1 is the oldest$'
stdout_has '^  *umount2: allow -> errno EPERM$'
stdout_has '^  *ioctl if request == TIOCSTI: allow -> errno EPERM$'
stdout_has '^  *mount: errno EACCES -> errno EPERM$'
stdout_has '^  *ptrace: allow -> kill-process$'
stdout_has '^  1: [0-9]* instructions, decides nothing'
stdout_has '^  mount  *165  errno EPERM$'
expect 0 'instructions, filter by filter' callgate show --as asm "pid:$pid"
stdout_has '^; filter 3 of 3, the newest$'
expect 0 'and the diagram of all' callgate show --as diagram "pid:$pid"
stdout_has '^digraph'

expect 1 'which filter decided, and where' callgate explain "pid:$pid" 'ptrace()'
stdout_has '^  filter: 2, instruction [0-9]*: ret 0x80000000$'
expect 1 '  of equal precedence the newest' callgate explain --json "pid:$pid" 'mount()'
stdout_has '"filter":3'

callgate merge -o merged.bpf old.bpf middle.bpf new.bpf 2>/dev/null
expect 0 'the stack is the files it was made of' callgate diff merged.bpf "pid:$pid"
expect 0 '  and becomes one filter' callgate merge -o one.bpf "pid:$pid"
stderr_has '^callgate: 3 filters of [0-9]* instructions became one of [0-9]*, of the same meaning$'
expect 0 '  of the same meaning' callgate diff one.bpf "pid:$pid"
expect 0 '  as compile makes it' callgate compile -o again.bpf "pid:$pid"
check '  to the byte' cmp one.bpf again.bpf
expect 1 'what one of them alone lacks' callgate diff new.bpf "pid:$pid"
stdout_has '^ptrace: allow -> kill-process$'
expect 0 'what a call costs is the sum' callgate cost "pid:$pid"
expect 1 'its holes' callgate check "pid:$pid"
stdout_has ' twin-open: mount '
stdout_has " leaked-descriptor: descriptor 5 is a writable file (.*/leaked), and write writes to it"
stdout_lacks ' no-new-privs: '
expect 1 'and what no filter sees' callgate check --all "pid:$pid"

if command -v setpriv >/dev/null && [ "$(id -u)" = 0 ]; then
	without() { setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin "$CALLGATE" "$@"; }
	if without show "pid:$pid" >out 2>err; then
		skip 'without CAP_SYS_ADMIN' 'setpriv takes nothing away here'
	else
		expect 3 'without CAP_SYS_ADMIN' without show "pid:$pid"
		stderr_has "it takes CAP_SYS_ADMIN"
		stderr_has "'show -- PROGRAM'"
		stdout_is ''
	fi
fi
check 'the process runs on' kill -0 "$pid"
release
expect 2 'and is gone when it has ended' callgate show "pid:$pid"

export NO_NEW_PRIVS_OFF=1
hold old.bpf
expect 1 'a privileged process may load one without no_new_privs' callgate check "pid:$pid"
stdout_has ' no-new-privs: '
release
