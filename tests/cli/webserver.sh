# shellcheck shell=bash disable=SC2154
# The web server of examples/webserver does what its README says.
build=$(cd "$(dirname "$CALLGATE")/../.." && pwd)
server=$build/examples/webserver/webserver
example=$here/../../examples/webserver
alone() { unshare --map-root-user --net "$@"; }

why=
nm -D "$build/src/libcallgate.so" 2>/dev/null | grep -q '__[au]b\?san_' && why='a sanitizer makes calls of its own'
command -v ip >/dev/null || why='no ip'
alone ip link set lo up 2>/dev/null || why=${why:-'no network namespace can be made here'}
if [ -n "$why" ]; then
	skip 'it serves, and whoever takes its worker over gets nothing' "$why"
	return 0
fi
expect 0 'it serves, and whoever takes its worker over gets nothing' alone sh "$example/try" "$server"
check '  each of seven calls was the end of a worker' test "$(grep -c 'the worker was ended: Bad system call' out)" = 7
stdout_has 'the worker was ended: it asked for 99'
check '  no file was opened that is none of the folder' test "$(grep -c ': refused' out)" = 5
stdout_lacks ': opened'
check '  it served before and afterwards' test "$(grep -c '^welcome' out)" = 2
expect 1 'a folder that is not there is told' alone "$server" nowhere 80
stderr_has 'nowhere: No such file'
