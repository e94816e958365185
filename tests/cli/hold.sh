# shellcheck shell=bash disable=SC2154
# A start that is held back by --block-fd can be let go, ended by a signal, by its wall-time and by the end of its ground,
# and nothing of it is left; and what --die-with-parent ends.
cat >open.policy <<'P'
kernel 6.1
default allow
P
mark=6$$5$RANDOM # seconds that only this test sleeps
mkfifo gate
exec 9<>gate

alive() { grep -lzsx -e "[6]${mark#6}" /proc/[0-9]*/cmdline; }
none_alive() { [ -z "$(alive)" ]; }
is_held() { readlink "/proc/$launcher/fd/"* 2>/dev/null | grep -q signalfd; }

namespaces=()
callgate run -p open.policy --unshare-pid -- true >out 2>err </dev/null && namespaces=(--unshare-pid)
for spaces in '' "${namespaces[*]}"; do
	options=(-p open.policy --block-fd 9 --report report.json)
	[ -z "$spaces" ] || options+=("$spaces")
	rm -f started
	hold() { # hold OPTION... -- PROGRAM...: in the background, until it waits
		"$CALLGATE" run "${options[@]}" "$@" >out 2>err </dev/null &
		launcher=$!
		eventually is_held
	}
	ends() { # ends STATUS: whether the launcher does so
		wait "$launcher"
		[ $? = "$1" ]
	}
	reports() { # reports EXPRESSION: of r, the report
		check "  the report says $1" python3 -c "
import json, sys
r = json.load(open('report.json'))
sys.exit(not ($1))"
	}

	check "it waits (${spaces:-alone})" hold -- touch started
	check '  and has not begun' test ! -e started
	echo >&9
	check '  a byte lets it go' ends 0
	check '  and only then' test -e started
	rm -f started
	for signal in TERM HUP USR1; do
		check "it waits once more (${spaces:-alone})" hold -- touch started
		kill -$signal "$launcher"
		check "  and ends with SIG$signal" ends $((128 + $(kill -l $signal)))
		reports "r['ended'] == 'signalled' and r['signal'] == $(kill -l $signal) and r['limit'] is None"
	done
	check 'it is held back until its time is over' hold --wall-time 300ms -- touch started
	check '  and ends' ends 137
	check '  for that' grep -q 'reached its limit of wall-time' err
	reports "r['limit'] == 'wall-time' and r['layers']['seccomp'] == 'absent'"
	check 'whose launcher is killed' hold --setenv "A=$mark" -- sleep "$mark"
	kill -KILL "$launcher"
	check '  is gone' ends 137
	check '  and leaves nothing' eventually none_alive
	check 'none of these has begun' test ! -e started
done

let_go_by_end() {
	mkfifo last
	"$CALLGATE" run -p open.policy --block-fd 8 -- touch started 8<last >out 2>err 9>&- &
	launcher=$!
	exec 8>last
	eventually is_held && [ ! -e started ] || return 1
	exec 8>&-
	wait "$launcher"
}
check 'it starts when nobody is left who could let it go' let_go_by_end
check '  as ever' test -e started
expect 0 'what can be read already holds nothing back' callgate run -p open.policy --block-fd 8 -- true 8<open.policy
expect 0 'a dry run waits for nobody' callgate run -p open.policy --block-fd 9 --dry-run -- true
expect 125 'what cannot be read is told' callgate run -p open.policy --block-fd 8 -- true 8</
stderr_has 'cannot wait for --block-fd: Is a directory'
if [ ${#namespaces[@]} -gt 0 ]; then
	expect 125 'what fails meanwhile is told at once' callgate run -p open.policy --block-fd 9 --unshare-all \
		--ro-bind / / --tmpfs /no/such/place -- true
	stderr_has "cannot mount a tmpfs at '/no/such/place'"
fi
"$CALLGATE" learn -o learned.policy --block-fd 9 -- touch learned >out 2>err </dev/null &
launcher=$!
check 'learning waits too' eventually is_held
kill -TERM "$launcher"
check '  and is ended' ends 3
check '  without a policy' test ! -e learned.policy -a ! -e learned

# Who started it ends: a shell that waits, and is killed.
start() { # start OPTION...: by a shell of its own, until the program runs
	rm -f running
	sh -c '"$@" & wait' sh "$CALLGATE" run -p open.policy "$@" -- sh -c "echo >running; exec sleep $mark" 9>&- >out 2>err </dev/null &
	shell=$!
	eventually test -s running
}
for spaces in '' "${namespaces[*]}"; do
	# shellcheck disable=SC2086
	check "with --die-with-parent (${spaces:-alone})" start --die-with-parent $spaces
	kill -KILL "$shell"
	wait "$shell" 2>/dev/null
	check '  it ends with what started it' eventually none_alive
done
