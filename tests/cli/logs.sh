# shellcheck shell=bash
# learn --from: what strace and the kernel's audit log wrote of a run, as evidence beside that of our own recorders.

work='cd /; cd /tmp; /bin/true; exit 3'

# dash may be woken from its wait once or twice, and returns from the handler so often.
calls() { grep -vE '"(wait4|rt_sigreturn)"' out | sort; }

if strace -f -o /dev/null true 2>err; then
	# Without PWD, as our recorders start it.
	env -i PATH="$PATH" strace -f -o run.log sh -c "$work" 2>/dev/null
	expect 0 'what strace wrote is a recording' callgate learn --from strace --json --report report run.log
	stderr_has 'run.log: .* recorded by strace'
	calls >by_strace
	check '  whole' grep -q '"cut_off":false' report
	check '  and by its name' grep -q '"recorder":"strace"' report
	expect 0 '  our tracer sees' callgate learn --recorder trace --json -- sh -c "$work"
	calls >by_trace
	check '  the same calls by the same programs, as often' cmp by_strace by_trace

	expect 0 'it becomes a policy with evidence' callgate learn --from strace -o run.policy run.log
	check '  with results' grep -q '"answered":' run.policy.evidence
	check '  where main begins is not known' grep -q '"recorder":"strace",.*"main":false' run.policy.evidence
	expect 3 '  and the same work runs under it' callgate run --policy run.policy -- sh -c "$work"
	expect 0 'a run of our own is added' callgate learn --recorder trace -o run.policy --append -- sh -c "$work"
	stderr_has 'from 2 runs'
	check '  of the same programs' test "$(grep -o '"program":"[^"]*","build_id":"[0-9a-f]*"' run.policy.evidence | sort -u | wc -l)" = 2
	expect 2 'the same log is not added twice' callgate learn --from strace -o run.policy --append run.log
	stderr_has 'both hold the recording'
	ln -f run.log again.log
	expect 2 '  nor read twice at once' callgate learn --from strace -o run.policy again.log run.log
	stderr_has "'again.log' and 'run.log' are one log"
	cp run.policy.evidence before
	head -c -20 run.log >cut.log
	expect 2 'a log that is cut off is refused' callgate learn --from strace -o run.policy --append cut.log
	stderr_has '^cut.log:[0-9]*: error: the last line is cut off'
	check '  and changes nothing' cmp before run.policy.evidence
	grep -v exit_group run.log >lacks.log
	expect 2 'a log that lacks calls is refused' callgate learn --from strace -o lacks.policy lacks.log
	stderr_has 'calls were left out (strace -e)'
	check '  and nothing is written' test ! -e lacks.policy
	sed '5s/.*/12 opne(1) = 2/' run.log >wrong.log
	expect 2 'a line that is no call is refused' callgate learn --from strace --json wrong.log
	stderr_has "^wrong.log:5: error: unknown syscall 'opne'"

	strace -f -ff -tt -o each sh -c 'true; /bin/true | cat' 2>/dev/null
	expect 0 'a file a process is one recording' callgate learn --from strace --report report -o each.policy each.*
	check '  by all three programs' grep -q '"programs":3' report
	check '  with times' grep -q '"times":{"' each.policy.evidence
	if strace -V | grep -q stack-trace=; then
		strace -f -k -o places.log /bin/true 2>/dev/null
		expect 0 'strace -k tells places' callgate learn --from strace -o places.policy places.log
		check '  and so what the loader did' grep -q '"phases":{"load":' places.policy.evidence
		check '  from where' grep -qE '"sites":\[\["/[^"]*ld-[^"]*","0x' places.policy.evidence
	else
		skip 'strace -k tells places' 'this strace cannot'
	fi
	cat run.log >piped
	expect 0 'a log can come through a pipe' sh -c 'cat piped | "$0" learn --from strace --json -' "$CALLGATE"
else
	skip 'what strace wrote is a recording' "$(head -n 1 err)"
fi

# The audit log names the program with each call. An event is one call, however many records it has.
event() { # event NUMBER SYSCALL REST...
	printf 'type=SYSCALL msg=audit(1700000000.0%s:%s): arch=c000003e syscall=%s %s items=0 ppid=1 pid=77 exe="%s" key="all"\n' \
		"$1" "$1" "$2" "$3" "${4:-/nowhere/a b}"
}
{
	event 10 257 'success=no exit=-2 a0=ffffff9c a1=7ffd a2=80000 a3=0' /nowhere/web
	printf 'type=PATH msg=audit(1700000000.010:10): item=0 name="/etc/x"\n'
	printf 'type=SECCOMP msg=audit(1700000000.011:11): pid=77 exe="/nowhere/web" sig=0 arch=c000003e syscall=41 ip=0x7f code=0x7ffc0000\n'
	event 11 41 'success=yes exit=3 a0=2 a1=80001 a2=0 a3=0' /nowhere/web
	event 12 231 'a0=0 a1=0 a2=0 a3=0' /nowhere/web
} >audit.log
expect 0 'the audit log is a recording too' callgate learn --from audit --report report -o audit.policy audit.log
check '  of three calls' grep -q '"calls":3' report
check '  by their program' grep -q '"program":"/nowhere/web".*"syscall":"socket","count":1' audit.policy.evidence
check '  with what came of them' grep -q '"syscall":"openat".*"errors":\[\[2,1' audit.policy.evidence
expect 0 '  and is asked as any other' callgate profile --why socket audit.policy.evidence
stdout_has 'AF_INET: 1'
# What auditd and ausearch -i really wrote (tests/logs), of 119 syscalls in both ways to write them.
records=$here/../logs
expect 0 "auditd's own records" callgate learn --from audit -o real.policy "$records/audit.log"
stderr_has ': 248 calls of 119 syscalls by 5 programs, recorded by audit'
expect 0 '  and the same by ausearch -i' callgate learn --from audit --report report -o words.policy "$records/audit-interpreted.log"
stderr_has ': 248 calls of 119 syscalls by 5 programs, recorded by audit'
stderr_has 'its times are words: when the calls came is not known'
check '  without times' grep -q '"untimed":true' report
check '  and not more' not grep -q '"times":' words.policy.evidence
expect 1 '  mean the same' callgate diff real.policy words.policy
check '  but for the types of sockets, of which only the kind is told' \
	test "$(grep -c '^[^ ]' out)" = "$(grep -c '^socket' out)"

# Records while they happen: what a filter logs, from the kernel itself, as auditd would write them.
printf 'kernel 6.1\ndefault allow\nlog uname, brk\n' >logging.policy
cp "$(command -v uname)" "named.$$"
if python3 "$here/audit_records.py" live.log "named.$$" 2 "$CALLGATE" run --policy logging.policy -- "./named.$$" >/dev/null 2>err; then
	expect 0 'records of the kernel are read as they come' callgate learn --from audit --json live.log
	stdout_has '"program":"[^"]*named.*","syscall":"uname","count":1}'
	stdout_has '"program":"[^"]*named.*","syscall":"brk"'
else
	skip 'records of the kernel are read as they come' "$(tail -n 1 err)"
fi

{ cat audit.log; echo 'audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64'; } >lost.log
expect 2 'records that the kernel lost fail it' callgate learn --from audit -o lost.policy lost.log
stderr_has '^lost.log:6: error: the kernel lost records'

# Options may stand behind a log, which has none of its own.
expect 0 'options behind the log' callgate learn --from audit audit.log -o behind.policy --report report
check '  are options' grep -q 'allow .*socket' behind.policy
expect 2 '  but not behind --' callgate learn --from audit --json -- audit.log -o
stderr_has "cannot open '-o'"
expect 2 '  and none at all is told' callgate learn --from audit audit.log
stderr_has 'nothing was asked for'
expect 2 'those behind a program are its own' callgate learn true -o never.policy
stderr_has "hint: .*options stand before PROGRAM, what stands behind it is its own"

# A terminal is told while a log is read; of a program that runs it is the program's alone.
if command -v script >/dev/null; then
	TERM=xterm script -qec "'$CALLGATE' learn --from audit audit.log -o typed.policy" typed >/dev/null 2>&1 </dev/null
	check 'a log is read with a line that goes away' grep -q 'reading what was logged: 0 s' typed
	TERM=xterm script -qec "'$CALLGATE' learn --recorder trace -o typed.policy -- sh -c 'echo mine'" typed >/dev/null 2>&1 </dev/null
	check 'a program has the terminal for itself' not grep -q "$(printf '\033')" typed
	check '  and is told of when it has ended' sh -c "tr -d '\r' <typed | grep -A1 '^mine\$' | grep -q 'ended with status 0: '"
else
	skip 'what a terminal is told' 'no script'
fi

# What does not go together.
expect 2 'a log needs no recorder' callgate learn --from strace --recorder bpf --json audit.log
stderr_has 'a log was written already'
expect 2 '  and no sandbox' callgate learn --from audit --unshare-net --json audit.log
expect 2 '  but a name' callgate learn --from audit --json
expect 2 'a log that is not there' callgate learn --from strace --json missing.log
stderr_has missing.log
expect 2 'the log of another' callgate learn --from strace --json audit.log
