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
run 125 'one cannot observe and stage' -p shut.policy --observe --staged open.policy -- true
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
holds 'with the rule that asked it' 'len(r) == 1 and r[0]["outcome"] == "failed" and r[0]["line"] == 3 and "supervisor" in r[0]["reason"]'
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
holds 'nobody else is hidden' 'sum(x["program"].endswith("/mkdir") for x in r) == 1'
