# shellcheck shell=bash disable=SC2154
# Nothing is left of a target: no process, group or file, whatever it does and whenever its launcher is killed.
cat >open.policy <<'P'
kernel 6.1
default allow
P
mark=4$$7$RANDOM # seconds that only this test sleeps

# The processes that have the mark as an argument.
alive() { grep -lzsx -e "[4]${mark#4}" /proc/[0-9]*/cmdline; }
groups() { find /sys/fs/cgroup -name "callgate.$1.*" 2>/dev/null; }
none_alive() { [ -z "$(alive)" ]; }
no_group() { [ -z "$(groups "$1")" ]; }

group=()
callgate run -p open.policy --pids 50 -- true >out 2>err </dev/null && group=(--pids 50)
namespaces=()
callgate run -p open.policy --unshare-pid -- true >out 2>err </dev/null && namespaces=(--unshare-pid)

nasty() { # nasty DESCRIPTION SCRIPT: alone, in a group, in a pid namespace, in both
	local options
	for options in '' "${group[*]}" "${namespaces[*]}" "${group[*]} ${namespaces[*]}"; do
		# shellcheck disable=SC2086
		timeout 60 "$CALLGATE" run -p open.policy $options -- sh -c "$2" >out 2>err </dev/null
		check "$1 leaves nothing (${options:-alone})" eventually none_alive
	done
}
nasty 'one that forks and ends' "sleep $mark & sleep $mark & exit 0"
nasty 'one that forks twice' "(sleep $mark &) & exit 0"
nasty 'one that ignores signals' "trap '' TERM HUP INT; sleep $mark & exit 0"
nasty 'one that is stopped' "sleep $mark & kill -STOP \$!; exit 0"
nasty 'one that starts a session' "setsid sleep $mark & sleep 0.05; exit 0"

if [ ${#group[@]} -gt 0 ]; then
	expect 0 'of a fork bomb and its like nothing is left 200 ms after their limit' \
		timeout 250 "$here/../../bench/left" "$CALLGATE" 20 --within
else
	skip 'of a fork bomb nothing is left 200 ms after its limit' 'no control group can be made'
fi

for delay in 0 0.001 0.002 0.003 0.005 0.008 0.012 0.02 0.05 0.1; do
	"$CALLGATE" run -p open.policy "${group[@]}" "${namespaces[@]}" --unshare-net -- \
		sh -c "trap '' TERM HUP; (setsid sleep $mark &) & sleep $mark" >out 2>err </dev/null &
	launcher=$!
	sleep "$delay"
	kill -KILL "$launcher" 2>/dev/null
	wait "$launcher" 2>/dev/null
	check "a launcher that is killed after $delay s leaves no process" eventually none_alive
	check '  and no control group' eventually no_group "$launcher"
done
