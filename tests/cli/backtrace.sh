# shellcheck shell=bash disable=SC2154
# By which functions a refused call came about.
cat >calls.c <<'C'
#include <unistd.h>
__attribute__((noinline)) int innermost(int n) { return chdir("/") + n; }
__attribute__((noinline)) int middle(int n) { return innermost(n + 1) + 1; }
int main(void) { return middle(1) * 2; }
C
cat >calls.policy <<'P'
kernel 6.1
default kill-process
include "@base"
P
if ! command -v cc >/dev/null || [ "$(uname -m)" != x86_64 ]; then
	skip 'functions are named' 'no compiler, or another machine'
elif ! cc -O1 -g -fno-optimize-sibling-calls -o calls calls.c; then
	check 'the program compiles' false
else
	expect 159 'a refused call is told with its functions' callgate run --backtrace -p calls.policy -- ./calls
	stdout_is ''
	stderr_has 'ended for chdir'
	stderr_has '  at .*(libc\.so\.6+0x[0-9a-f]*)'
	stderr_has '  at innermost+0x[0-9a-f]* (calls+0x[0-9a-f]*) .*calls\.c:2$'
	stderr_has '  at middle+0x[0-9a-f]* (calls+0x[0-9a-f]*) .*calls\.c:3$'
	stderr_has '  at main+0x[0-9a-f]* (calls+0x[0-9a-f]*) .*calls\.c:4$'
	expect 159 'a report has them too' callgate run --report report.json -p calls.policy -- ./calls
	stderr_lacks '  at '
	check 'in their order' python3 - <<'PY'
import json
frames = json.load(open("report.json"))["refusals"][0]["backtrace"]
names = [f["symbol"] for f in frames]
own = [n for n in names if n in ("innermost", "middle", "main")]
assert own == ["innermost", "middle", "main"], names
assert [f["line"] for f in frames if f["symbol"] in own] == [2, 3, 4], frames
assert all(f["build_id"] for f in frames if f["symbol"] in own), frames
PY
	strip calls
	expect 159 'one without symbols is told by its offsets' callgate run --backtrace -p calls.policy -- ./calls
	stderr_has '  at (calls+0x[0-9a-f]*)$'
	cp "$CALLGATE" callgate-alone
	expect 159 'without callgate-observe the rest is told' ./callgate-alone run --backtrace -p calls.policy -- ./calls
	stderr_has 'ended for chdir'
	stderr_lacks '  at '
	stderr_has 'callgate-observe, which reads it, is neither beside this program nor in'
	expect 159 '  and what was not asked for is not missed' ./callgate-alone run --report report.json -p calls.policy -- ./calls
	stderr_lacks 'callgate-observe'
	printf '#!/bin/sh\nexit 1\n' >callgate-observe
	chmod +x callgate-observe
	expect 159 'one that reads nothing is told' ./callgate-alone run --backtrace -p calls.policy -- ./calls
	stderr_has 'no backtrace: callgate-observe could not read it'
	rm callgate-observe
fi

registers=0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1234
expect 2 'a process is a number' callgate backtrace --registers $registers me
stderr_has "'me' is no process"
expect 2 'registers are needed' callgate backtrace 1
stderr_has 'no --registers'
for wrong in "" 1 "$registers," ${registers},1 ${registers/1234/x} ${registers/1234/-}; do
	expect 2 "'$wrong' are no registers" callgate backtrace --registers "$wrong" 1
	stderr_has 'takes 17 hexadecimal numbers'
done
expect 2 'a process that is not there is told' callgate backtrace --registers $registers 2147483646
stderr_has 'cannot look into process'
expect 0 'wrong registers lead nowhere' callgate backtrace --registers $registers $$
stdout_is '0x0000000000001234 (no file)'
expect 0 'as JSON too' callgate backtrace --json --registers $registers $$
stdout_has '"address":"0x1234","module":""'
