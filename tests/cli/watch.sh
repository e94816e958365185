# shellcheck shell=bash disable=SC2154
# Refusals that the kernel tells nobody of: watched, observed only, staged.
cat >shut.policy <<'P'
kernel 6.1
default allow
errno EPERM mkdir, mkdirat
kill-process uname
P
cat >open.policy <<'P'
kernel 6.1
default allow
errno EPERM mkdir, mkdirat
P
holds() { # holds DESCRIPTION EXPRESSION: of e, the events
	check "  $1" python3 -c "
import json, sys
e = [json.loads(line) for line in open('events')]
r = [x for x in e if x['event'] == 'refused']
sys.exit(not ($2))"
	rm -f events
}
# The program itself: what is found in PATH may be a script that calls others.
python=$(python3 -c 'import sys; print(sys.executable)')
run() { expect "$1" "$2" callgate run "${@:3}"; }

run 1 'a call that fails is told of' -p shut.policy --watch --events events -- mkdir new
stderr_has 'mkdir was refused mkdir("new", '
stderr_has 'shut.policy:3: errno EPERM mkdir, mkdirat'
stderr_has 'cannot create directory.*Operation not permitted'
holds 'as an event of one form' 'len(r) == 1 and r[0]["outcome"] == "failed" and r[0]["seen_by"] == "listener" and r[0]["action"] == "errno EPERM" and r[0]["line"] == 3 and r[0]["program"].endswith("mkdir") and len(r[0]["build_id"]) == 40 and r[0]["pid"] == r[0]["tid"] > 1 and r[0]["cgroup"].startswith("/")'
run 1 'with the rule that would let it pass' -p shut.policy --watch --report report -- mkdir new
check '  in the report too' python3 -c '
import json
r = json.load(open("report"))
assert r["watched"] == 1 and r["refused"] == 0 and r["suppressed"] == 0, r
edit = r["refusals"][0]["edit"]
assert edit["rule"] == "allow mkdir" and edit["file"] == "shut.policy" and edit["line"] == 3, edit
assert edit["opens"][0] == "every mkdir, whatever its arguments" and any("twin-open" in x for x in edit["opens"]), edit'
cat >twice.policy <<'P'
kernel 6.1
default allow
errno EPERM fchdir if fd == 1000
errno EACCES fchdir if fd == 1001
P
cat >twice.py <<'P'
import os
for number in (1001, 1000, 1001):
    try:
        os.fchdir(number)
    except PermissionError:
        pass
P
run 0 'a call may be refused by two lines' -p twice.policy --watch --events events -- "$python" twice.py
holds 'and its edit stands before the one that did' '[x["edit"]["line"] for x in r] == [4, 3, 4] == [x["line"] for x in r]'
run 1 'without --watch nobody hears of it' -p shut.policy -- mkdir new
stderr_lacks callgate

if [ "$(uname -m)" = x86_64 ]; then
	# What reads it has a deadline, which a very busy machine may miss.
	for _ in 1 2 3 4 5; do
		rm -f events
		"$CALLGATE" run -p shut.policy --watch --events events -- mkdir new 2>/dev/null
		grep -q '"backtrace":\[{' events && break
	done
	holds 'its way is told, though nothing stopped its thread' '[f["symbol"] for f in r[0]["backtrace"]][0] == "mkdir" and len(r[0]["backtrace"]) > 2'
fi
run 159 'a call that ends it ends it' -p shut.policy --watch --events events -- uname
holds 'by the kernel, where it is traced' 'len(r) == 1 and r[0]["outcome"] == "ended" and r[0]["seen_by"] == "exit"'
run 159 'and where it is not' -p shut.policy --watch --no-trace --events events -- uname
holds 'by the supervisor' 'len(r) == 1 and r[0]["outcome"] == "ended" and r[0]["seen_by"] == "listener" and e[-1]["ended"] == "signalled" and e[-1]["signal"] == 31'

run 0 'an observer lets all pass' -p shut.policy --observe --events events -- sh -c 'mkdir seen && uname'
stderr_has 'mkdir would be refused mkdir("seen", '
stderr_has 'uname would be ended for uname('
check '  and the call is made' test -d seen
holds 'and tells of it' '[x["outcome"] for x in r] == ["let-through"] * 2'
run 1 'a new rule can be tried before it holds' -p shut.policy --staged open.policy --events events -- sh -c 'uname; mkdir not'
holds 'while those that held go on' '[(x["syscall"], x["outcome"]) for x in r if x["syscall"] in ("uname", "mkdir")] == [("uname", "let-through"), ("mkdir", "failed")]'
run 2 'one cannot observe and stage' -p shut.policy --observe --staged open.policy -- true
stderr_has 'exclude each other'
run 125 'phases are loaded by the kernel alone' -p <(printf 'kernel 6.1\ndefault allow\nphase a at uname {\nkill-process mkdir\n}\n') --observe -- true
stderr_has 'cannot be observed only'

# What a broker refuses, too.
cat >asks.policy <<'P'
kernel 6.1
default allow
notify openat via files {
    read "/usr/**"
    read "/etc/**"
    read "/lib/**"
    read "/proc/**"
    deny "**" errno EACCES
}
P
echo hidden >hidden
run 1 'what a broker refuses is told' -p asks.policy --watch --events events -- cat hidden
stderr_has 'cat was refused openat(AT_FDCWD, "hidden"'
holds 'with the clause that decided, and the one that would permit it' "len(r) == 1 and r[0]['outcome'] == 'failed' and r[0]['line'] == 8 and r[0]['rule'].startswith('deny ') and 'asks.policy:3' in r[0]['reason'] and (r[0]['edit']['rule'], r[0]['edit']['line']) == ('read \"$PWD/hidden\"', 8)"
cat >owns.policy <<'P'
kernel 6.1
default allow
notify openat via files {
    read "/**"
    write "/dev/**"
}
notify connect via network {
    allow unix "/run/nobody"
}
notify uname once
notify kill own-children
P
cat >asks.py <<'P'
import os, socket
def attempt(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        pass
attempt(open, "missing")
attempt(open, "new", "w")
attempt(socket.socket().connect, ("127.0.0.1", 9))
attempt(socket.socket(socket.AF_UNIX).connect, "\0here")
attempt(os.uname)
attempt(os.uname)
attempt(os.kill, os.getppid(), 0)
P
told="[('connect', 7, 'allow tcp 127.0.0.1:9'), ('connect', 7, 'allow unix \"@here\"'), ('kill', 11, 'allow kill'), ('openat', 3, 'write \"$PWD/new\"'), ('uname', 10, 'allow uname')]"
seen='[(x["syscall"], x["line"], x["edit"] and x["edit"]["rule"], x["outcome"]) for x in r]'
run 0 'each broker tells what it refused, and nothing that the kernel did' -p owns.policy --watch --events events -- "$python" asks.py
holds 'with the smallest edit' "sorted(set($seen)) == [(*x, 'failed') for x in $told]"
check '  and it was refused' not test -e new
run 0 'an observer refuses nothing of it' -p owns.policy --observe --events events -- "$python" asks.py
holds 'but tells it all' "sorted(set($seen)) == [(*x, 'let-through') for x in $told]"
check '  and it was made' test -e new
run 0 'nor does who stages, where the forerunner let it pass' -p asks.policy --staged open.policy -- cat hidden
stderr_has 'cat would be refused openat(AT_FDCWD, "hidden"'

printf 'kernel 6.1\ndefault allow\ntrap 5 mkdir\n' >trap.policy
cat >handles.py <<'P'
import os, signal
signal.signal(signal.SIGSYS, lambda *_: None)
try:
    os.mkdir("no")
except OSError:
    pass
P
run 0 'a trap that is handled is told' -p trap.policy --watch --events events -- "$python" handles.py
if grep -q '"traced":true' events; then
	holds 'as a call that failed' '[(x["syscall"], x["outcome"], x["action"]) for x in r] == [("mkdir", "failed", "trap 5")]'
else
	skip '  as a call that failed' 'nobody can be traced here'
	rm -f events
fi
run 159 'one that is not ends it' -p trap.policy --watch --events events -- mkdir no
holds 'and is told once at the most' '[(x["outcome"], x["action"]) for x in r] in ([("ended", "trap 5")], [])'
run 1 'ENOSYS in place of an answer is no refusal' -p <(printf 'kernel 6.1\ndefault allow\nerrno ENOSYS mkdir\n') --watch -- mkdir new
stderr_lacks callgate
printf 'kernel 6.1\ndefault errno ENOSYS\nallow execve\ninclude "@base"\nallow openat, statfs, newfstatat, statx, umask\n' >unnamed.policy
run 1 'of a policy that says it to all else it is one' -p unnamed.policy --watch -- mkdir there
stderr_has 'mkdir was refused mkdir[at]*('
run 0 'and the report of an observer' -p shut.policy --observe --report report -- uname
check '  does not call it confined' python3 -c '
import json
r = json.load(open("report"))
assert r["layers"]["seccomp"] == "degraded" and "observed" in r["weaker"], r'

# 20000 as fast as they can be made: what is not told is counted.
cat >flood.py <<'P'
import os
for i in range(20000):
    try:
        os.mkdir("no")
    except PermissionError:
        pass
P
run 0 'a flood is told in part' -p shut.policy --watch --events events -- "$python" flood.py
stderr_has 'and [0-9]* more refusals of these kinds'
holds 'and counted in whole' 'len(r) + sum(x["count"] for x in e if x["event"] == "suppressed") == 20000 == e[-1]["watched"] + e[-1]["suppressed"] and len(r) >= 64'
cat >both.sh <<S
"$python" flood.py &
mkdir quiet
wait
S
run 0 'beside a flood' -p shut.policy --watch --events events -- sh both.sh
stderr_has '/mkdir was refused mkdir("quiet", '
holds 'nobody else is hidden' 'sum(x["program"].endswith("/mkdir") for x in r) == 1'
