# shellcheck shell=bash
# learn: a policy and its evidence, whole or not at all; the target's own output, and its status in the report.

expect 0 'learn writes a policy and leaves the output to the target' callgate learn -o a.policy -- sh -c 'echo hello; exit 3'
stdout_is hello
stderr_has 'sh ended with status 3'
check '  the policy kills what was not seen' grep -qx 'default kill-process' a.policy
check '  its evidence lies beside it' grep -q '"syscall":"write"' a.policy.evidence
expect 0 '  and it compiles' callgate compile -o a.bpf a.policy
expect 3 '  and the same work runs under it' callgate run --policy a.policy -- sh -c 'echo hello; exit 3'
stdout_is hello
stderr_is ''
expect 159 '  but no other' callgate run --policy a.policy -- sh -c 'mkdir folder'
check '  which did nothing' test ! -e folder

expect 0 'the report tells how the target ended' callgate learn -o b.policy --report report -- sh -c 'kill -TERM $$'
stderr_has 'sh ended by signal 15'
check '  as data' grep -q '"ended":"signalled","signal":15,"exit_status":143' report

# Counts: the calls of one program are one object a syscall, behind the target's own output.
expect 0 '--json lists every program and syscall' callgate learn --json -- sh -c 'echo first; true; /bin/true; exit 0'
check '  behind what the target printed' test "$(head -n 1 out)" = first
check '  with three keys' grep -qE '^\{"program": ?"[^"]*", ?"syscall": ?"execve", ?"count": ?1\}$' out
check '  each pair once' test -z "$(tail -n +2 out | sed 's/"count".*//' | sort | uniq -d)"
check '  the started program too' grep -q '/true"' out
check '  and no file is written' test -z "$(find . -name '*.evidence' -newer report)"

through_a_pipe() {
	local status
	"$CALLGATE" learn -o >(cat >through) -- true
	status=$?
	wait $!
	return $status
}
expect 0 'a policy can go into a pipe' through_a_pipe
check '  whole' grep -qx 'default kill-process' through
check '  and its evidence nowhere' not grep -q evidence through

# What goes on behind the target's back.
expect 0 'what a target leaves running is killed' callgate learn --report report -o left.policy -- sh -c 'sleep 1000 & exit 0'
stderr_has 'what it left running was killed'
check '  as the report says' grep -q '"cut_off":true' report
expect 0 'or waited for' callgate learn --linger --report report -o left.policy -- sh -c '(sleep 0.1; echo late) & exit 0'
stdout_is late
check '  as the report says' grep -q '"cut_off":false' report

# Several runs.
expect 0 'a second run is added to the first' callgate learn -o c.policy -- sh -c 'exit 0'
expect 0 '  with --append' callgate learn -o c.policy --append -- sh -c 'cd /; umask 22'
stderr_has 'from 2 runs'
check '  the policy says so' grep -q '^# Learned from 2 runs' c.policy
check '  and has what either needs' grep -qw umask c.policy
expect 0 'without --append a run stands alone' callgate learn -o c.policy -- sh -c 'exit 0'
check '  and forgets the others' not grep -qw umask c.policy
echo broken >c.policy.evidence
cp c.policy before
expect 2 'evidence that is broken is not added to' callgate learn -o c.policy --append -- touch ran
stderr_has 'c.policy.evidence:1: error: '
check '  the target is not even started' test ! -e ran
check '  and the policy stays' cmp before c.policy

expect 0 'a policy can go to stdout' callgate learn -o - -- true
check '  and is one' grep -qx 'default kill-process' out

# Both recorders see the same.
expect 0 'the listener records' callgate learn --recorder notify --json -- sh -c 'cd /; cd /; cd /'
check '  three changes of the folder' grep -qE '"chdir", ?"count": ?3\}' out
expect 0 'the tracer records' callgate learn --recorder trace --json -- sh -c 'cd /; cd /; cd /'
check '  the same three' grep -qE '"chdir", ?"count": ?3\}' out

# What came of each call: seen where it is asked for, and never made up.
expect 0 'the tracer sees results where it is asked' callgate learn --recorder trace --results -o results.policy -- sh -c 'ls /missing'
check '  of every call' not grep -q '"errors":"unknown"' results.policy.evidence
check '  with its errno' grep -q '"answered":[1-9].*"errors":\[\[2,' results.policy.evidence
expect 0 '  and else says that it does not know' callgate learn --recorder trace -o unknown.policy -- sh -c 'ls /missing'
check '  of any call' not grep -qE '"answered":[1-9]' unknown.policy.evidence
expect 0 '  whoever asks why is told' callgate profile --why execve unknown.policy.evidence
stdout_has 'it is not known what came of them'
expect 3 'the listener never does' callgate learn --recorder notify --results -o never.policy -- true
stderr_has 'never told what came of them'
check '  and records nothing then' test ! -e never.policy

# Main of what is executed later, too.
expect 0 'main of later programs is seen where it is asked for' callgate learn --recorder notify --mains -o mains.policy -- sh -c 'true | cat'
check '  in the one that is executed' sh -c 'grep "\"program\":\"[^\"]*/cat\"" mains.policy.evidence | grep -q "\"main\":[0-9]"'
stderr_lacks 'left running'

# Signals go to the target; what was recorded until then is written.
stopped() {
	local learner status
	"$CALLGATE" learn -o stopped.policy -- sh -c 'trap "exit 5" TERM; touch up; while :; do sleep 0.05; done' &
	learner=$!
	until [ -e up ]; do
		kill -0 "$learner" 2>/dev/null || return 99
		sleep 0.05
	done
	kill -TERM "$learner"
	wait "$learner"
	status=$?
	return "$status"
}
expect 0 'a signal is handed on, and the policy written' stopped
stderr_has 'sh ended with status 5'
check '  whole' callgate compile -o stopped.bpf stopped.policy

# What cannot be.
expect 2 'nothing to do is misuse' callgate learn -- true
expect 2 'no program is misuse' callgate learn -o d.policy
expect 127 'a program that is not there' callgate learn -o d.policy -- ./missing
stderr_has missing
echo '#!/bin/sh' >file
expect 126 'a program that cannot be executed' callgate learn -o d.policy -- ./file
check '  leaves no policy' test ! -e d.policy
check '  and no evidence' test ! -e d.policy.evidence
expect 3 'a target that forks without end' callgate learn --processes 30 -o d.policy -- sh -c 'f() { f | f; }; f'
stderr_has 'more than 30 processes'
check '  leaves no policy either' test ! -e d.policy
touched() { callgate learn -o missing/d.policy -- touch ran; }
expect 2 'a folder that is not there' touched
check '  is noticed before the target is started' test ! -e ran
expect 2 'a folder in place of the policy' callgate learn -o . -- touch ran

# Which target, and only one.
expect 2 'a program and a process are one too many' callgate learn --pid 1 --json -- true
stderr_has 'one of PROGRAM, --pid and --cgroup'
expect 2 '--for is no limit of a program' callgate learn --for 1s --json -- true
expect 2 'a number without a unit is no duration' callgate learn --pid 1 --for 10 --json
stderr_has '500ms, 10s, 5m'

# Without privilege: the message says which, and who does it instead.
dropped=()
[ "$(id -u)" != 0 ] || dropped=(setpriv "--bounding-set=-bpf,-perfmon,-sys_admin")
if "${dropped[@]}" true 2>err; then
	expect 3 'attaching without privilege' "${dropped[@]}" "$CALLGATE" learn --pid $$ -o attached.policy
	stderr_has 'needs CAP_BPF and CAP_PERFMON, which this process lacks'
	stderr_has 'hint: only the kernel.s recorder can attach'
	stderr_has 'callgate learn -- PROGRAM'
	expect 3 '  to a cgroup too' "${dropped[@]}" "$CALLGATE" learn --cgroup / -o attached.policy
	stderr_has 'callgate learn -- PROGRAM'
	check '  writes nothing' test ! -e attached.policy
	expect 0 'recording without privilege' "${dropped[@]}" "$CALLGATE" learn -o fallen.policy -- true
	stderr_has 'recorded by \(trace\|notify\) (not by bpf: '
else
	skip 'attaching without privilege' "$(head -n 1 err)"
fi
