# shellcheck shell=bash disable=SC2154
# The renderer of examples/renderer does what its README says.
build=$(cd "$(dirname "$CALLGATE")/../.." && pwd)
PATH=$(dirname "$CALLGATE"):$PATH
expect 0 'it shows pages, and whoever takes it over gets nothing' sh "$here/../../examples/renderer/try" \
	"$build/examples/renderer/render"
stdout_has '^#####$'
check '  a page that it includes is shown, by a link too' test "$(grep -c '^and a part of it$' out)" = 2
check '  seven files of elsewhere are not' test "$(grep -c '^\[.*: Permission denied\]$' out)" = 7
stdout_lacks '^secret'
check '  of the calls two are refused' test "$(grep -c '^Permission denied$' out)" = 2
for call in execve socket clone kill; do
	stdout_has "was ended for $call("
done
check '  and four are the end' test "$(grep -c '^status 159$' out)" = 4
