# shellcheck shell=bash disable=SC2154
# A refusal that was told before is explained.
cat >shut.policy <<'P'
kernel 6.1
default allow
errno EPERM mkdir, mkdirat
kill-process uname
P
expect 1 'a run that is watched' callgate run -p shut.policy --watch --events events -- sh -c 'mkdir one; mkdir two'
expect 0 'its last refusal' callgate why events
stdout_has 'was refused  *mkdir("two", '
stdout_has 'by  *shut.policy:3: errno EPERM mkdir, mkdirat'
stdout_has "to allow it  *'allow mkdir' before shut.policy:3"
stdout_has 'that opens  *every mkdir, whatever its arguments'
expect 0 'a certain one' callgate why --number 1 events
stdout_has 'mkdir("one", '
expect 0 'all of them' callgate why --list events
stdout_has '^ *2  .*mkdir("two"'
check '  a line each' test "$(wc -l <out)" -eq 2
expect 0 'as what it is' sh -c '"$0" why --json - <events' "$CALLGATE"
check '  an event' python3 -c 'import json; assert json.load(open("out"))["syscall"] == "mkdir"'
expect 2 'one that is not there' callgate why --number 3 events
stderr_has 'tells of fewer than 3'
expect 1 'nothing to explain' callgate why /dev/null
stderr_has '/dev/null tells of no refused call'
expect 2 'no file' callgate why missing
expect 2 'what cannot be read is no file without refusals' callgate why .
stderr_has "cannot read '.': Is a directory"
expect 2 'they are counted from 1' callgate why --number 0 events
stderr_has 'counted from 1'
(head -c 2000000 /dev/zero | tr '\0' '[' && cat events) >long
expect 0 'a line that is too long is passed over' callgate why --list long
check '  with the line that it runs into' test "$(wc -l <out)" -eq 2
expect 1 'a line of a stranger' sh -c 'printf "{\"event\":\"refused\",\"call\":7}\n\033[31m\n" | "$0" why' "$CALLGATE"
expect 0 'steers no terminal' sh -c 'printf "{\"event\":\"refused\",\"program\":\"\\\\u001b[31m\\\\n\",\"call\":\"\\\\u0007\"}\n" | "$0" why' "$CALLGATE"
stdout_has '^?\[31m?$'
stdout_has 'was ended for  *?$'

python3 -c '
import json
for pid, ip, way in ((7, "0x40", [{"address": "0x40", "module": "/bin/x", "build_id": "", "offset": "0x40", "symbol": "maker", "symbol_offset": "0x7", "file": "", "line": 0}]),
                     (8, "0x40", []), (7, "0x41", []), (7, "0x40", [])):
    print(json.dumps({"event": "refused", "time": 1.5, "pid": pid, "tid": pid, "program": "/bin/x", "arch": "x86_64", "syscall": "mkdir", "nr": 83,
                      "args": [], "ip": ip, "call": "mkdir(1)", "outcome": "failed", "seen_by": "listener", "ret": 327681, "backtrace": way}))' >places
expect 0 'what a place is told without' callgate why places
stdout_has 'maker+0x7'
stdout_has '(when it came from there before)'
for number in 2 3; do
	expect 0 'of another one is not borrowed' callgate why --number $number places
	check '  not its functions' test "$(grep -c maker out)" -eq 0
done

record='audit(1795819033.695:65930): auid=0 uid=0 gid=0 ses=0 pid=1075 comm="uname" exe="/usr/bin/uname" sig=31 arch=c000003e syscall=63 compat=0 ip=0x7f91a8ca5b07 code=0x80000000'
for line in "$record" "type=SECCOMP msg=$record" "[ 12.5] audit: type=1326 $record"; do
	expect 0 'a record of the audit log' sh -c 'echo "$1" | "$0" why -p shut.policy' "$CALLGATE" "$line"
	stdout_has '^/usr/bin/uname, process 1075'
	stdout_has 'by  *shut.policy:4: kill-process uname'
done

# A core file: where the kernel writes one here.
if [ "$(uname -m)" != x86_64 ]; then
	skip 'a core file' 'they are read on x86-64'
elif [ "$(cat /proc/sys/kernel/core_pattern)" != core ] || ! (ulimit -c unlimited) 2>/dev/null; then
	skip 'a core file' 'this kernel does not write core files into the working directory'
else
	printf 'kernel 6.1\ndefault allow\nkill-process mkdirat\n' >die.policy
	cat >die.c <<-'C'
		#include "filter.h"
		#include <fcntl.h>
		#include <sys/stat.h>
		int main(void) { return callgate_confine() || mkdirat(AT_FDCWD, "secret folder", 0700); }
	C
	check 'a program that its filter ends' sh -c '"$0" compile --format c -o filter.h die.policy && gcc -g -o die die.c' "$CALLGATE"
	(ulimit -c unlimited && ./die) >out 2>&1
	core=$(ls core* 2>/dev/null)
	if [ -z "$core" ]; then
		skip 'a core file' 'there is none'
	else
		expect 0 'a core file says the call' callgate why -p die.policy "$core"
		stdout_has 'was ended for  *mkdirat(AT_FDCWD, "secret folder", S_IRWXU)'
		stdout_has 'by  *die.policy:3: kill-process mkdirat'
		stdout_has 'main+0x[0-9a-f]* (die+0x[0-9a-f]*) .*die.c:4'
		stdout_has "to allow it  *'allow mkdirat' before die.policy:3"
	fi
fi
