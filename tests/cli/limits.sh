# shellcheck shell=bash disable=SC2154
# What ends a program before its time, or holds it back, and how that is told.
cat >open.policy <<'P'
kernel 6.1
default allow
P
run() { timeout -k 5 90 "$CALLGATE" run -p open.policy --report report.json "$@"; }
reports() { # reports EXPRESSION: of r, the report
	check "  the report says $1" python3 -c "
import json, sys
r = json.load(open('report.json'))
sys.exit(not ($1))"
}

expect 137 'a program that takes too long is ended' run --wall-time 200ms -- sleep 30
stderr_has 'reached its limit of wall-time'
reports 'r["limit"] == "wall-time" and 0.2 <= r["wall_seconds"] < 20'
expect 0 'one that does not, is not' run --wall-time 1m -- true
stderr_is ''
reports 'r["limit"] is None'
expect 137 'CPU time is that of all processes' run --cpu-time 300ms -- sh -c 'for i in 1 2; do (while :; do :; done) & done; wait'
stderr_has 'reached its limit of cpu-time'
reports 'r["limit"] == "cpu-time"'
# What is not waited for is counted too: a child that lives when the program ends, one whose parent has ended.
cat >unwaited.py <<'PYTHON'
import os, signal, sys, time
if sys.argv[1] == "ignored":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
there, here = os.pipe()
if os.fork() == 0:
    if sys.argv[1] == "orphan" and os.fork() > 0:
        os._exit(0)
    while time.process_time() < 0.25: pass
    os.write(here, b"x")
    if sys.argv[1] != "ignored":
        signal.pause()
    os._exit(0)
os.close(here)
os.read(there, 1)
if sys.argv[1] == "ignored":
    os.read(there, 1)
PYTHON
namespaces=''
callgate run -p open.policy --unshare-pid -- true >out 2>err </dev/null && namespaces=--unshare-pid
for how in '' $namespaces --no-trace; do
	for whose in left orphan; do
		expect 0 "CPU time of a child is told (${how:-traced}, $whose)" run $how -- python3 unwaited.py $whose
		reports '0.2 <= r["user_seconds"] + r["system_seconds"] < 20'
	done
	expect 137 "CPU time of an orphan is limited (${how:-traced})" run $how --cpu-time 300ms -- sh -c '(while :; do :; done &); sleep 60'
	reports 'r["limit"] == "cpu-time" and r["user_seconds"] + r["system_seconds"] > 0.29'
done
expect 0 'waiting uses none' run --cpu-time 2s -- sleep 0.3
expect 152 'the limit of one process is the kernel'"'"'s' run --rlimit cpu=1:2 -- sh -c 'while :; do :; done'
reports 'r["limit"] == "cpu-time" and r["signal"] == 24'

expect 0 'a limit of time is overshot by 5 ms or a hundredth at most' timeout 250 "$here/../../bench/overshoot" "$CALLGATE" 60 --within

expect 137 'output that is too much is cut, and ends the program' run --stdout-max 10 -- sh -c 'echo 1234567; echo 89abcdef; sleep 30'
check '  it is whole up to the limit' test "$(cat out)" = "1234567
89"
reports 'r["limit"] == "output" and r["output_bytes"] == 10'
expect 0 'as much as is allowed passes' run --stdout-max 1K -- head -c 1024 /dev/zero
check '  all of it' test "$(wc -c <out)" = 1024
reports 'r["limit"] is None and r["output_bytes"] == 1024'
if [ -c /dev/full ]; then
	run --stdout-max 1K -- sh -c 'head -c 100 /dev/zero' >/dev/full 2>err
	status=$?
	check 'output that cannot be handed on is a failure' test $status = 125
	check '  and told' grep -q 'could not all be handed on: No space left on device' err
	reports 'r["output_bytes"] == 0 and r["exit_status"] == 0'
fi
check 'that nobody reads on is none' test "$(run --stdout-max 1K -- sh -c 'echo one; sleep 0.1; echo two' | head -n 1)" = one
if "$CALLGATE" doctor | grep -q 'core-scheduling.*no'; then
	expect 125 'cores that cannot be had to oneself stop the start' run --core-scheduling -- true
	stderr_has 'keep its cores to itself'
	expect 0 '  unless that may be' run --core-scheduling --allow-degraded core-scheduling -- true
else
	expect 0 'cores can be had to oneself' run --core-scheduling -- true
fi
expect 0 'a process that stays holds nobody up' run --stdout-max 1K -- sh -c 'sleep 30 & echo done'
stdout_is 'done'

for wrong in --wall-time=5 --wall-time=0s --wall-time=1h --cpu-time=s --cpu-time=99999999999s --stdout-max=0 --stdout-max=1X \
	--memory=0 --memory=-1 --pids=0 --pids=1.5 --cpus=0 --cpus=. --cpus=1. --cpus=1.5x --cpus=9999; do
	expect 2 "$wrong means nothing" callgate run -p open.policy "$wrong" -- true
	stderr_has "'${wrong%%=*}' takes\|takes "
done

callgate run -p open.policy --memory 64M --pids 16 --cpus 1 --cpuset 0 -- true >out 2>err </dev/null
if grep -q 'the target was not started: .*control group' err; then
	skip 'a control group limits all processes together' "$(head -n 1 err)"
else
	expect 137 'memory beyond the limit ends it' run --memory 32M -- python3 -c 'len(b"1" * 100000000)'
	stderr_has 'reached its limit of memory'
	reports 'r["limit"] == "memory" and r["group"]["oom_kills"] >= 1 and 30 << 20 < r["group"]["peak_bytes"] < 34 << 20'
	reports 'r["layers"]["resources"] == "enforced"'
	# Until its exec the target shares the launcher's memory: it must not reach the limit before.
	large=$(head -c 100000 /dev/zero | tr '\0' x)
	for memory in 1 4K 32K 96K 512K 1M 2M 3M; do
		expect 125 "1.5 MB of arguments do not fit into $memory" run --memory $memory -- touch "$large" "$large" "$large" \
			"$large" "$large" "$large" "$large" "$large" "$large" "$large" "$large" "$large" "$large" "$large" "$large"
		stderr_has "a limit of [0-9]* bytes of memory leaves no room for the start"
		expect "$(case $memory in 3M) echo 0 ;; *) echo 125 ;; esac)" "  what a start without them needs is 2M and a little ($memory)" \
			run --memory $memory -- true
	done
	expect 0 'what the hint says fits' run --memory "$(run --memory 1M -- true 2>&1 | grep -o '[0-9]*K')" -- true
	set --
	for i in {1..100}; do set -- "$@" --tmpfs "/tmp/$i"; done
	expect 125 'many mounts take more' run --memory 2M --unshare-all --system --tmpfs /tmp "$@" -- true
	expect 0 '  and the hint knows how much' run --unshare-all --system --tmpfs /tmp "$@" \
		--memory "$(run --memory 1M --unshare-all --system --tmpfs /tmp "$@" -- true 2>&1 | grep -o '[0-9]*K')" -- true
	for whose in left orphan ignored; do
		expect 0 "CPU time in a group is the group's ($whose)" run --pids 50 -- python3 unwaited.py $whose
		reports '0.2 <= r["user_seconds"] + r["system_seconds"] < 20'
		reports 'round(r["user_seconds"] * 1e6) == r["group"]["user_us"] and round(r["system_seconds"] * 1e6) == r["group"]["system_us"]'
	done
	expect 2 'forks beyond the limit fail' run --pids 3 -- sh -c 'sleep 1 & sleep 1 & sleep 1 & wait'
	reports 'r["group"]["pids_refused"] >= 1'
	expect 0 'one CPU is all that it sees' run --cpuset 0 -- nproc
	stdout_is 1
	expect 0 'a twentieth of a CPU is that' run --cpus 0.05 -- python3 -c '
import time
start = time.process_time()
while time.process_time() - start < 0.06: pass'
	reports 'r["group"]["throttled_us"] > 0'
	expect 0 'it sees its own group as the root' run --pids 9 --unshare-cgroup -- cat /proc/self/cgroup
	stdout_lacks callgate
	expect 125 'a CPU that is not there is told' callgate run -p open.policy --cpuset 4000 -- true
	stderr_has "the kernel takes no '4000'"
	expect 137 'a fork bomb ends with its time' timeout 60 "$CALLGATE" run -p open.policy --pids 60 --wall-time 500ms -- \
		sh -c 'b() { b | b & }; b; sleep 30'
	# Other tests kill their launchers, whose groups a keeper then needs a moment to remove.
	orphaned() {
		find /sys/fs/cgroup -name "callgate.*" 2>/dev/null | while read -r group; do
			kill -0 "$(basename "$group" | cut -d. -f2)" 2>/dev/null || echo "$group"
		done
	}
	for ((tries = 0; tries < 300; tries++)); do
		[ -n "$(orphaned)" ] || break
		sleep 0.1
	done
	check 'no group of these runs is left' test -z "$(orphaned)"
fi

# Where there is no hierarchy of control groups: its mounts taken away, hidden, or read-only.
# shellcheck disable=SC2016 # a shell there expands them
read_only='for place in $(sed -n "s|^[^ ]* \(/sys/fs/cgroup[^ ]*\) cgroup.*|\1|p" /proc/mounts); do mount -o remount,bind,ro $place || exit; done'
mkdir v2
both_read_only="mount -t cgroup2 none '$PWD/v2' && mount -o remount,bind,ro '$PWD/v2' && { $read_only; }"
for without in "$read_only" "$both_read_only" 'umount -R -l /sys/fs/cgroup' 'mount -t tmpfs none /sys/fs/cgroup'; do
	if ! unshare -m sh -c "$without" 2>err; then
		skip "without control groups (${without:0:30})" "$(head -n 1 err)"
		continue
	fi
	groupless() { timeout 40 unshare -m sh -c "$without && exec \"\$@\"" sh "$CALLGATE" run -p open.policy --report report.json "$@"; }
	expect 125 "without control groups nothing is started (${without:0:30})" groupless --memory 256M -- touch started
	stderr_has 'the target was not started: .*control'
	stderr_has 'allow-degraded resources'
	check '  at all' test ! -e started
	expect 0 '  but where that is allowed, under limits of each process' \
		groupless --memory 256M --pids 4000 --allow-degraded resources -- sh -c 'ulimit -v; grep processes /proc/self/limits'
	stdout_has '^262144$'
	stdout_has '^Max processes  *4000  *4000 '
	reports 'r["layers"]["resources"] == "degraded" and "resources" in r["weaker"]'
done

expect 0 'learning keeps the limits too' callgate learn -o learned.policy --stdout-max 3 -- echo 123456
stdout_is '123'
