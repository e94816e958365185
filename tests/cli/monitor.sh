# shellcheck shell=bash disable=SC2154
# Refusals from many sources, told to all who are named.
cat >shut.policy <<'P'
kernel 6.1
default allow
errno EPERM mkdir, mkdirat
kill-process uname
P
"$CALLGATE" run -p shut.policy --watch --events events -- mkdir one 2>/dev/null
"$CALLGATE" run -p shut.policy --watch --events events -- mkdir two 2>/dev/null
cp events both
until_true() { # until_true COMMAND...: waits for it, for some minutes at most
	for _ in $(seq 2000); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

expect 2 'nothing to watch' callgate monitor
stderr_has 'nothing to watch'
expect 2 'no such file' callgate monitor missing
expect 0 'what is in a file is told' callgate monitor events
stdout_has 'mkdir\[[0-9]*\] was refused mkdir("one", .*) (shut.policy:3)'
check '  a line each' test "$(wc -l <out)" -eq 2
expect 0 'or as it is' callgate monitor --json --count 1 events
check '  up to a number of refusals' python3 -c '
import json
e = [json.loads(line) for line in open("out")]
assert [x["event"] for x in e] == ["started", "refused"], e'
expect 0 'from a pipe' sh -c 'cat events | "$0" monitor -' "$CALLGATE"
stdout_has 'mkdir("two"'
expect 0 'what is no event is counted' sh -c 'printf "nonsense\n{\"event\":\"refused\",\"pid\":-1}\n\ntype=SYSCALL msg=audit(1.5:1): x\n" | "$0" monitor -' "$CALLGATE"
stdout_is ''
stderr_has '2 lines were neither event nor record'
expect 0 'a stranger steers no terminal' sh -c 'printf "{\"event\":\"refused\",\"program\":\"\\\\u001b[2J\"}\n" | "$0" monitor -' "$CALLGATE"
stdout_has '^..:..:.. ?\[2J\[0\] was ended for $'
echo "type=SECCOMP msg=audit(1.5:1): pid=7 exe=\"/bin/uname\" arch=c000003e syscall=63 ip=0x1 code=0x80000000" >log
expect 0 'a policy explains what comes without' callgate monitor -p shut.policy log
stdout_has '/bin/uname\[7\] was ended for uname(...) (shut.policy:4)'

: >growing
timeout --foreground 250 "$CALLGATE" monitor --follow --count 3 growing >followed 2>&1 &
pid=$!
cat events >>growing
until_true grep -q '"two"' followed
mv growing growing.1
cp events growing
wait $pid
check 'a file is followed to the one that takes its place' test "$(grep -c 'was refused' followed)" -eq 3

printf '0123456789abcdef' >key
expect 0 'a chain is written' callgate monitor -q --chain chain --chain-key key events
expect 0 'and goes on' callgate monitor -q --chain chain --chain-key key events
expect 0 'it holds' callgate monitor --verify chain --chain-key key
stdout_has '^12 lines, the last link is [0-9a-f]\{64\}$'
expect 1 'for nobody without the key' callgate monitor --verify chain
stderr_has 'chain:1: error: this line does not follow'
sed '5d' chain >short
expect 1 'a line that is missing is seen' callgate monitor --verify short --chain-key key
stderr_has 'short:5: error:'
sed '7s/"pid":/"pid": /' chain >edited
expect 1 'one that was changed too' callgate monitor --verify edited --chain-key key
stderr_has 'edited:7: error:'
expect 2 'a chain that does not hold is not gone on with' callgate monitor -q --chain short --chain-key key events
check '  and stays as it is' test "$(wc -l <short)" -eq 11
truncate -s 8M hole
expect 3 'what is no chain is not read to its end' callgate monitor --verify hole --chain-key key
stderr_has 'a line of it has more than'
expect 3 '  and none is gone on with there' callgate monitor -q --chain hole --chain-key key events
head -c -9 chain >torn
expect 2 'one whose last line is cut is not gone on with' callgate monitor -q --chain torn --chain-key key events
stderr_has 'torn:12: error: this line is cut off'
expect 0 'unless it is said to begin anew' callgate monitor --chain torn --chain-anew --chain-key key events
stdout_has "gap: the chain before this one, put aside as 'torn.1', holds up to line 11,"
check '  what was there is put aside' test "$(head -c -9 chain | cksum)" = "$(cksum <torn.1)"
expect 0 '  and the new one holds' callgate monitor --verify torn --chain-key key
stdout_has '^7 lines, '
stderr_has '1 of them says that something is missing'
check '  and names the last link that held' grep -q "$(sed -n '11s/.*"link":"\([0-9a-f]*\)".*/\1/p' chain)" torn
expect 0 'a chain can be explained' callgate why --number 2 torn
stdout_has 'mkdir("two"'
expect 0 '  and watched' callgate monitor torn
check '  with its gap' test "$(grep -c 'gap: ' out)" -eq 1
expect 3 'a chain that is full at the end is an error' bash -c 'ulimit -f 1 && exec "$0" monitor -q --chain full events' "$CALLGATE"
stderr_has "cannot write the chain 'full': File too large"
stderr_has 'of what was told are not in it'
expect 0 '  and it ends behind its last line' callgate monitor --verify full
mkdir elsewhere
ln -s elsewhere/chain led
expect 2 'nobody leads it elsewhere' callgate monitor -q --chain led events
stderr_has "'led' is a symbolic link"
check '  and nothing is made there' test ! -e elsewhere/chain
mkfifo pipe
expect 2 'a pipe is no chain' callgate monitor -q --chain pipe events
stderr_has "'pipe' is no file"
printf short >key
expect 2 'a key that can be guessed is none' callgate monitor --verify chain --chain-key key

cat >journal.py <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("journal.socket")
s.settimeout(200)
open("journal.ready", "w")
for i in range(2):
    fields = dict(line.split("=", 1) for line in s.recv(1 << 20).decode().splitlines())
    assert fields["SYSLOG_IDENTIFIER"] == "callgate" and fields["PRIORITY"] == "4", fields
    assert fields["MESSAGE"].split(": ", 1)[1].startswith('failed: mkdir("'), fields
    assert fields["CALLGATE_RULE"] == "shut.policy:3" and '"event":"refused"' in fields["CALLGATE_EVENT"], fields
P
python3 journal.py &
pid=$!
until_true test -e journal.ready
expect 0 'the journal is told' callgate monitor -q --journal journal.socket events
wait $pid
check '  in its own words' test $? -eq 0
# Who waited for it at each of these would not end today.
python3 -c '
import socket, time
line = open("events").readlines()[1]
open("many", "w").write(2000 * line)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("stuck.socket")
open("stuck.ready", "w")
time.sleep(250)' &
pid=$!
until_true test -e stuck.ready
expect 0 'a journal that reads nothing holds up nobody' callgate monitor -q --journal stuck.socket many
stderr_has 'the journal did not take [0-9]* refusals'
kill $pid
wait $pid
expect 2 'a journal that is not there' callgate monitor --journal nowhere events
stderr_has "cannot reach the journal at 'nowhere'"

: >growing
timeout --foreground 250 "$CALLGATE" monitor --follow --quiet --metrics metrics growing 2>err &
pid=$!
until_true test -S metrics
cat events >>growing
scrape() { python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("metrics")
s.sendall(sys.argv[1].encode())
data = b""
while chunk := s.recv(65536):
    data += chunk
open("scraped", "wb").write(data)' "$1" && grep -q 'syscall="mkdir",rule="shut.policy:3",outcome="failed"} 2' scraped; }
check 'counts are told on a socket' until_true scrape 'GET /metrics HTTP/1.0\r\n\r\n'
check '  as an answer' grep -q '^HTTP/1.0 200 OK' scraped
check '  which is its owner'"'"'s' test "$(stat -c %a metrics)" = 600
cat >confined.py <<'P'
import pathlib, sys
for child in pathlib.Path(f"/proc/{sys.argv[1]}/task/{sys.argv[1]}/children").read_text().split():
    threads = list(pathlib.Path(f"/proc/{child}/task").iterdir())
    assert len(threads) == 3, threads
    for thread in threads:
        status = dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines() if ":\t" in line)
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1" and int(status["CapEff"], 16) in (0, 4), status
P
check '  who parses them is confined, in each of its threads' python3 confined.py $pid
echo precious >file
expect 3 'a file is no socket that was left behind' callgate monitor --metrics file events
check '  and stays' test "$(cat file)" = precious
expect 3 'two cannot have one socket' callgate monitor --metrics metrics events
kill -TERM $pid
wait $pid
check '  who ends when he is told to' test $? -eq 0
check '  and takes it with him' not test -e metrics

# The kernel's own messages: refusals by anybody's filter.
cp "$(command -v uname)" "uname.$$"
: >err # the last one's words, which are looked for below, go only when the next one has begun
timeout --foreground 250 "$CALLGATE" monitor --audit -p shut.policy --metrics ready >audited 2>err &
pid=$!
until_true test -S ready -o -s err
if [ -s err ]; then
	skip 'the audit log' "$(sed -n '1s/callgate: error: //p' err)"
else
	"$CALLGATE" run -p shut.policy -- "./uname.$$" 2>/dev/null
	if until_true grep -q "uname.$$" audited; then
		grep -q "uname.$$\[[0-9]*\] 1 more refusal" audited && crowded=yes
	fi
	if [ -n "${crowded:-}" ]; then
		skip 'a refusal in the audit log' 'so much else is refused on this machine that it was only counted'
	elif grep -q "uname.$$" audited; then
		check 'a refusal in the audit log' grep -q "uname.$$\[[0-9]*\] was ended for uname(...) (shut.policy:4)" audited
	else
		skip 'the audit log' 'the kernel logged no refusal: /proc/sys/kernel/seccomp/actions_logged, or another audit namespace'
	fi
	kill -TERM $pid
fi
wait $pid
