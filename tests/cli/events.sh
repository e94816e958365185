# shellcheck shell=bash disable=SC2154
# What happens to a target, told while it happens and at its end.
cat >open.policy <<'P'
kernel 6.1
default allow
kill-process uname
P
holds() { # holds DESCRIPTION EXPRESSION: of e, the events
	check "  $1" python3 -c "
import json, sys
e = [json.loads(line) for line in open('events')]
sys.exit(not ($2))"
}

expect 3 'a run is told from its start to its end' callgate run -p open.policy --events events -- sh -c 'exit 3'
stderr_is ''
holds 'in two lines' '[x["event"] for x in e] == ["started", "ended"]'
holds 'with what was started' 'e[0]["argv"] == ["sh", "-c", "exit 3"] and e[0]["pid"] > 1 and e[0]["policy"].endswith("open.policy")'
holds 'and how it ended' 'e[1]["exit_status"] == 3 and e[1]["time"] >= e[0]["time"] > 1700000000'
expect 0 'the next run is told behind it' callgate run -p open.policy --events events -- sh -c 'uname || uname; true'
holds 'refusals when they happen' '[x["event"] for x in e][2:] == ["started", "refused", "refused", "ended"]'
holds 'with the call and its way' 'e[3]["syscall"] == "uname" and isinstance(e[3]["backtrace"], list)'
expect 137 'a limit is told' callgate run -p open.policy --events events --wall-time 100ms -- sleep 30
holds 'with the end' 'e[-1]["event"] == "ended" and e[-1]["limit"] == "wall-time"'
expect 125 'a program that is not started has no events' callgate run -p open.policy --events none/events -- true
stderr_has "cannot write 'none/events'"

expect 4 'the report goes to a descriptor' sh -c '"$0" run -p open.policy --status-fd 7 -- sh -c "exit 4" 7>status' "$CALLGATE"
check '  as one object' python3 -c 'import json; assert json.load(open("status"))["exit_status"] == 4'
expect 2 'which the target has not' sh -c '"$0" run -p open.policy --status-fd 7 -- sh -c "echo x >&7" 7>status' "$CALLGATE"
for wrong in x 7x -1 99999999999 77; do
	expect 2 "'$wrong' is no descriptor" callgate run -p open.policy --status-fd "$wrong" -- true
	stderr_has 'no open descriptor'
done
mkfifo pipe
expect 0 'a reader that goes away ends nothing' sh -c 'head -n 1 pipe >first & "$0" run -p open.policy --events pipe -- sh -c "sleep 0.3"; wait' "$CALLGATE"
check '  it had the beginning' grep -q '"event":"started"' first
for option in --events --report; do
	expect 125 "$option to a FIFO that nobody reads does not wait for ever" timeout 120 "$CALLGATE" run -p open.policy $option pipe -- true
	stderr_has "cannot write 'pipe': nobody reads from it"
	stderr_has '^hint: start the reader'
done
expect 0 '  and one that is read gets it' sh -c 'cat pipe >report & "$0" run -p open.policy --report pipe -- true; wait' "$CALLGATE"
check '  whole' python3 -c 'import json; assert json.load(open("report"))["exit_status"] == 0'
without_reader() {
	python3 - "$CALLGATE" <<-'PYTHON'
	import os, subprocess, sys
	there, here = os.pipe()
	os.close(there)
	sys.exit(subprocess.run([sys.argv[1], "run", "-p", "open.policy", "--status-fd", str(here), "--", "true"], pass_fds=[here],
	                        restore_signals=True).returncode)
	PYTHON
}
expect 125 'a descriptor that nobody reads is told of' without_reader
stderr_has 'the report could not be written to descriptor'
