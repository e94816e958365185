# shellcheck shell=bash disable=SC2154
# What somebody handed in, under the preset that is for it and nothing else: it is bounded without a word from whoever
# runs it. As root, who can have control groups, and as somebody who cannot.
chmod 755 .
cp "$CALLGATE" callgate
cp -r "$CALLGATE_PRESETS" presets
chmod -R a+rX presets callgate
export CALLGATE_PRESETS=$PWD/presets

# Bounded by itself: 300 that wait, and are gone with the first.
cat >forks.py <<'P'
import os, signal, sys
count = 0
while count < 300:
    try:
        child = os.fork()
    except BlockingIOError:
        break
    if child == 0:
        signal.pause()
    count += 1
print(count)
P

nobody() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
fi
as_root() { "$@"; }
for who in as_root nobody; do
	[ $who = nobody ] || [ "$(id -u)" = 0 ] || continue
	submitted() { $who ./callgate run --preset judge "$@"; }

	expect 0 "$who: what was handed in runs" submitted -- python3 -c 'print(sum(range(10)))'
	stdout_is 45
	stderr_is ''
	expect 0 "$who: its processes are counted" submitted -- python3 forks.py
	forks=$(cat out)
	check "  and are 128 at the most ($forks and the first ones)" test "$forks" -ge 100 -a "$forks" -lt 128
	expect 0 "$who: each run for itself" submitted -- sh -c 'python3 forks.py'
	check '  again' test "$(cat out)" -ge 100
	[ "$forks" -lt 128 ] || continue
	expect 137 "$who: a fork bomb ends with its time" submitted --wall-time 500ms -- sh -c 'b() { b | b & }; b; sleep 30'
	stderr_has 'reached its limit of wall-time'
	expect 0 "$who: and the next one runs" submitted -- true
	expect 1 "$who: a process has a gibibyte of memory" submitted -- python3 -c 'bytearray(1100 << 20)'
	stderr_has MemoryError
	expect 0 "$who: what limits it is told" submitted --dry-run -- true
	stdout_has '^limits  *enforced'
done

# Where a control group can be had it is taken, and where not, nothing stops for it.
tried() { callgate run --preset strict "$@"; }
if callgate run --preset strict --pids 4 -- true >out 2>err; then
	expect 0 'what is tried is had' tried --pids-try 4 --memory-try 64M --dry-run -- true
	stdout_has '^resources  *enforced'
	expect 137 '  and holds' tried --memory-try 64M -- python3 -c 'len(b"1" * 100000000)'
	stderr_has 'reached its limit of memory'
	expect 0 'what is said beside it counts' tried --memory-try 64M --memory 512M -- python3 -c 'len(b"1" * 100000000)'
else
	expect 125 'what is asked for stops the start' tried --pids-try 9 --pids 4 -- true
	stderr_has 'allow-degraded resources'
	expect 0 'what is tried does not' tried --pids-try 4 --memory-try 64M -- true
	stderr_is ''
	expect 0 '  and is told' tried --pids-try 4 --dry-run -- true
	stdout_has '^resources  *absent'
	stderr_has 'resources: not to be had here'
fi
expect 125 'what is tried leaves room for the start' tried --memory-try 4K -- true
stderr_has 'leaves no room for the start'
