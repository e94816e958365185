# shellcheck shell=bash
# A program under a policy: as if Callgate were not there, until something is refused.

cat >free.policy <<'END'
kernel 6.1
default allow
END
cat >cage.policy <<'END'
kernel 6.1
default allow
# the shell may not change its folder, nor start anything
kill-process chdir, fchdir
kill-process execve, execveat
END
cat >errno.policy <<'END'
kernel 6.1
default allow
errno EPERM chdir, fchdir
END
run() { callgate run --policy cage.policy -- "$@"; }
free() { callgate run --policy free.policy "$@"; }

expect 0 'a program ends with its own status' run true
stdout_is ''
stderr_is ''
expect 42 '  whatever it is' run sh -c 'exit 42'
stderr_is ''
expect 143 'a signal is 128 and its number' run sh -c 'kill -TERM $$'
stderr_is ''
expect 0 'its output is its own' run echo hello
stdout_is 'hello'
piped() { echo hello | run cat; }
expect 0 'and so is its input' piped
stdout_is 'hello'

expect 127 'a missing program is 127' run no-such-program
stderr_has "'no-such-program': no such program"
expect 127 '  by its path, too' run ./no-such-program
mkdir closed && chmod 0 closed
in_closed() { PATH=$PWD/closed:$PATH run "$@"; }
expect 127 '  also where a folder of PATH may not be searched' in_closed no-such-program
stderr_has "'no-such-program': no such program"
expect 0 '  and one of a later folder is found' in_closed true
chmod 700 closed
echo text >data && chmod 600 data
expect 126 'one that may not be executed is 126' run ./data
stderr_has "cannot execute './data': Permission denied"
stderr_has '^hint: '
chmod 700 data
expect 126 'so is one that the kernel cannot execute' run ./data
stderr_has 'Exec format error'
expect 126 'so is a folder' run /
expect 2 'no policy is misuse' callgate run -- true
stderr_has 'no --policy was given'
expect 125 'one that is not there is 125' callgate run --policy no.policy -- true
stderr_has 'no.policy'
printf 'kernel 6.1\ndefault allow\nkill-process opne\n' >bad.policy
expect 125 'so is one with an error' callgate run --policy bad.policy -- touch touched
stderr_has "bad.policy:3:14: error: unknown syscall 'opne'"
check '  and nothing was started' test ! -e touched
printf 'kernel 6.1\ndefault allow\nnotify chdir\n' >notify.policy
expect 125 'so is one that asks a supervisor' callgate run --policy notify.policy -- touch touched
stderr_has 'supervisor'
check '  and nothing was started' test ! -e touched
expect 2 'but a descriptor that is not open is misuse' free --pass-fd 77 -- true
stderr_has "'pass-fd' takes a descriptor that is open, not 77"
expect 125 'so is a folder that is not there' free --chdir /no/such/place -- true

expect 159 'a refused call ends the program' run sh -c 'cd /tmp'
stderr_has 'was ended for chdir("/tmp")'
stderr_has 'cage.policy:4: kill-process chdir, fchdir'
expect 159 'the launcher was let in, and nobody else is' run sh -c 'exec /bin/echo hello'
stdout_is ''
stderr_has 'was ended for execve("/bin/echo", \["/bin/echo", "hello"\], 0x[0-9a-f]*)'
stderr_has 'cage.policy:5: kill-process execve, execveat'
expect 0 'a child of the program is held, too' run sh -c '(cd /); [ $? = 159 ]'
stderr_has 'was ended for chdir("/")'
expect 6 'an errno is the program'\''s business' callgate run --policy errno.policy -- sh -c 'cd / 2>/dev/null || exit 6'
stderr_is ''
printf 'kernel 6.1\ndefault kill-process\n' >nothing.policy
expect 159 'what no rule lists is refused by default' callgate run --policy nothing.policy -- true
stderr_has 'was ended for '
stderr_has "^callgate: hint: 'allow "
stderr_has 'nothing.policy:2: default kill-process: '
printf '%s\n' 'import os, threading' 'threads = [threading.Thread(target=threading.Event().wait) for i in range(3)]' \
	'threads.append(threading.Thread(target=os.chdir, args=["/tmp"]))' \
	'for thread in threads: thread.start()' >threads.py
expect 159 'a thread'\''s call ends its process' callgate run --report report --policy cage.policy -- /usr/bin/python3 threads.py
stderr_has 'was ended for chdir("/tmp")'
check '  and is told once' test "$(grep -c 'was ended for' err)" = 1
for action in 'trap 3' kill-thread; do
	printf 'kernel 6.1\ndefault allow\n%s chdir\n' "$action" >action.policy
	expect 159 "$action ends it as well" callgate run --policy action.policy -- sh -c 'cd /'
	stderr_has "action.policy:3: $action chdir"
done
printf 'kernel 6.1\ndefault kill-process\ninclude "@base"\nallow clock_nanosleep if flags == 1\n' >listed.policy
expect 159 'a call with other arguments than a rule has' callgate run --policy listed.policy -- sleep 0.001
stderr_has 'was ended for clock_nanosleep('
stderr_has 'listed.policy:2: default kill-process: no condition of its rules for clock_nanosleep holds (listed.policy:4)'
stderr_has "hint: 'allow clock_nanosleep if ...', of these arguments, would let it pass"
expect 159 'without a trace only the signal is known' free --no-trace -- sh -c 'kill -SYS $$'
stderr_has 'SIGSYS'

expect 159 'a report is written' callgate run --report report --policy cage.policy -- sh -c 'cd /'
check '  as one JSON object' python3 -c '
import json
report = json.load(open("report"))
assert report["argv"] == ["sh", "-c", "cd /"], report
assert report["policy"] == "cage.policy"
assert report["ended"] == "signalled" and report["signal"] == 31 and report["exit_status"] == 159
assert report["wall_seconds"] > 0 and report["max_rss_kib"] > 0
assert report["user_seconds"] >= 0 and report["system_seconds"] >= 0
assert report["enforced"] == ["environment", "session", "death-signal", "core-limit", "descriptors", "no-new-privs", "seccomp"]
assert report["traced"] and report["refused"] == 1
refusal, = report["refusals"]
assert refusal["syscall"] == "chdir" and refusal["call"] == "chdir(\"/\")", refusal
assert refusal["action"] == "kill-process" and refusal["file"] == "cage.policy" and refusal["line"] == 4, refusal
'
expect 3 'also of a good end' callgate run --report report --policy cage.policy -- sh -c 'exit 3'
check '  with its status' python3 -c '
import json
report = json.load(open("report"))
assert report["ended"] == "exited" and report["status"] == 3 and report["refused"] == 0 and report["refusals"] == []
'
echo kept >kept
expect 0 'what the program puts in its place does not lead it elsewhere' \
	free --report swapped -- sh -c 'ln -s kept swapped'
check '  and the file behind the link is as it was' test "$(cat kept)" = kept
expect 125 'a report that cannot be written is a failure' callgate run --report no/such/place --policy cage.policy -- true
stderr_has 'no/such/place'
if [ -w /dev/full ]; then
	expect 125 'so is a full disk' callgate run --report /dev/full --policy cage.policy -- true
	stderr_has 'No space left on device'
else
	skip 'so is a full disk' 'no /dev/full'
fi

export SECRET=1 LC_TIME=C
expect 0 'the environment is what is safe' free -- env
stdout_has '^PATH='
stdout_has '^LC_TIME=C$'
stdout_lacks '^SECRET='
stdout_lacks '^CALLGATE'
expect 0 '  and what is named' free --env SECRET --setenv NAME=value --setenv PATH=/bin:/usr/bin -- env
stdout_has '^SECRET=1$'
stdout_has '^NAME=value$'
stdout_has '^PATH=/bin:/usr/bin$'
expect 0 '  or nothing else' free --clearenv --env SECRET -- env
stdout_is 'SECRET=1'
expect 2 'a setting needs its value' free --setenv NAME -- true
stderr_has "'NAME' is not NAME=VALUE"
expect 2 '  or its name' free --setenv =VALUE -- true
expect 2 '  and a name has no value' free --env NAME=VALUE -- true

echo leaked >leak
leaked() { free -- sh -c '! cat <&3 2>/dev/null' 3<leak; }
passed() { free --pass-fd 3 -- sh -c 'cat <&3' 3<leak; }
expect 0 'a descriptor that was not named is closed' leaked
stdout_is ''
expect 0 'one that was named is not' passed
stdout_is 'leaked'
expect 2 'it has a number' free --pass-fd three -- true
stderr_has "'pass-fd' takes the number of a descriptor, not 'three'"
mkdir folder
expect 0 'the working folder can be another' free --chdir folder -- pwd
stdout_has '/folder$'

closed_stdout() { run sh -c 'exit 7' >&-; }
expect 7 'a closed stdout is the program'\''s business' closed_stdout
expect 5 'what is left running is killed' free -- sh -c 'sleep 1000 & echo $! >pid; exit 5'
check '  before it ends' not kill -0 "$(cat pid)" 2>/dev/null
expect 5 'or waited for' free --linger -- sh -c '(sleep 0.1; echo late >late) & exit 5'
check '  until it has ended' test -s late

handed_on() {
	"$CALLGATE" run --policy free.policy -- sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.01; done' >ready &
	local pid=$!
	until grep -q ready ready || ! kill -0 $pid; do sleep 0.01; done
	kill -TERM $pid
	wait $pid
}
expect 9 'a signal is handed on' handed_on
state() { sed -n 's/^State:.\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null; }
stopped() {
	"$CALLGATE" run --policy free.policy -- sh -c 'echo $$ >target; until [ -e go ]; do sleep 0.01; done; exit 4' &
	local pid=$!
	until [ -s target ] || ! kill -0 $pid; do sleep 0.01; done
	kill -TSTP $pid
	until [ "$(state $pid)" = T ] || ! kill -0 $pid; do sleep 0.01; done
	touch go
	kill -CONT $pid
	wait $pid
}
: >target
expect 4 'a stop stops it, and it goes on' stopped
killed() {
	"$CALLGATE" run --policy free.policy -- sh -c 'echo $$ >pid; exec sleep 1000' &
	local pid=$!
	until [ -s pid ] || ! kill -0 $pid; do sleep 0.01; done
	kill -KILL $pid
	wait $pid
	[ -s pid ] || return 1
	while kill -0 "$(cat pid)" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$(cat pid)/status" 2>/dev/null; do
		sleep 0.01
	done
}
: >pid
expect 0 'a program dies with the launcher' killed

# LeakSanitizer, where the command has it, cannot work in a traced process.
nested() {
	free --setenv ASAN_OPTIONS=detect_leaks=0 -- "$CALLGATE" run --policy cage.policy -- sh -c 'cd /'
}
expect 159 'a cage stands in a cage' nested
expect 0 'a raw filter is a policy, too' callgate compile -o cage.bpf cage.policy
expect 159 '  and refuses the same' callgate run --policy cage.bpf -- sh -c 'cd /'
stderr_has 'was ended for chdir("/")'
