# shellcheck shell=bash disable=SC2154
# The sniffer of examples/sniffer does what its README says.
build=$(cd "$(dirname "$CALLGATE")/../.." && pwd)
sniffer=$build/examples/sniffer/sniffer
example=$here/../../examples/sniffer
alone() { unshare --map-root-user --net "$@"; }

why=
nm -D "$build/src/libcallgate.so" 2>/dev/null | grep -q '__[au]b\?san_' && why='a sanitizer makes calls of its own'
command -v ip >/dev/null || why='no ip'
alone ip link add left type veth peer name right 2>/dev/null || why=${why:-'no network namespace can be made here'}
if [ -n "$why" ]; then
	skip 'it sniffs, and whoever takes its parser over gets nothing' "$why"
	return 0
fi
expect 0 'it sniffs, and whoever takes its parser over gets nothing' alone sh "$example/try" "$sniffer"
stdout_has '^udp 10.9.0.1:[0-9]* > 10.9.0.2:9 '
check '  the parser was ended five times' test "$(grep -c 'the parser was ended: Bad system call' out)" = 5
check '  each time after one packet' test "$(grep -c '^udp ' out)" = 7
expect 1 'an interface that is not there is told' alone "$sniffer" nowhere 1
stderr_has 'nowhere: No such device'
