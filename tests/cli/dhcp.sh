# shellcheck shell=bash disable=SC2154
# The DHCP hook of examples/dhcp does what its README says: a real lease, and strings of the server's that stay strings.
build=$(cd "$(dirname "$CALLGATE")/../.." && pwd)
hook=$build/examples/dhcp/hook
example=$here/../../examples/dhcp
PATH=/usr/sbin:/sbin:$PATH
alone() { unshare --map-root-user --net "$@"; }

why=
nm -D "$build/src/libcallgate.so" 2>/dev/null | grep -q '__[au]b\?san_' && why='a sanitizer makes calls of its own'
for tool in ip dnsmasq busybox; do
	command -v $tool >/dev/null || why="no $tool"
done
alone ip link add left type veth peer name right 2>/dev/null || why=${why:-'no network namespace can be made here'}
if [ -n "$why" ]; then
	skip 'a lease comes, and what the server says stays data' "$why"
	return 0
fi
expect 0 'a lease comes, and what the server says stays data' alone sh "$example/try" "$hook"
stdout_has '^nameserver 10.9.0.2$'
stdout_has '^ip 10.9.0.50/24$'
stdout_has '^rootpath x; touch FOLDER/pwned; \$(touch FOLDER/pwned)$'
check "  to its last sign" grep -qxF "wpad \`reboot\` | sh & <>*?\"'" out
stdout_has '^right@left .* 10.9.0.50/24'
check '  a careless script was ended for each of six tries' test "$(grep -c 'the script was ended for' out)" = 6
stdout_has 'ended for execve'
stdout_has 'ended for kill'
stdout_has 'cannot open /etc/passwd: Permission denied'
stdout_has 'cannot create ../leases: Permission denied'
stdout_has '^what the server likes'
stdout_lacks 'a command of the server was run'
stdout_has 'rootpath is no text and is left out'
expect 2 'an event that there is none of is refused' "$hook" bounds
expect 1 'an address that is no number is refused' env interface=lo 'ip=1;id' "$hook" bound
stderr_has 'cannot be set up: Invalid argument'
