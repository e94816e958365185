# shellcheck shell=bash disable=SC2154
# What the shared library exports is what the public headers declare, no more and no less.
library=$(dirname "$CALLGATE")/../libcallgate.so
grep -hv '^#' "$here"/../../include/callgate/*.h | tr '\n' ' ' | grep -o 'CALLGATE_PUBLIC [^;(]*(' |
	sed 's/.*[ *]\(callgate_[a-z0-9_]*\)($/\1/' | sort -u >declared
if command -v nm >/dev/null; then
	nm -D --defined-only "$library" | awk '$2 ~ /[A-TV-Z]/ { print $3 }' | grep -v '^_\(init\|fini\)$' | sort -u >exported
	check 'something is declared' test "$(wc -l <declared)" -gt 10
	diff declared exported >out
	check 'exported and declared are the same' test ! -s out
else
	skip 'exported and declared are the same' 'no nm'
fi
for header in "$here"/../../include/callgate/*.h; do
	printf '#include <callgate/%s>\n' "$(basename "$header")" >one.c
	if command -v cc >/dev/null; then
		expect 0 "$(basename "$header") stands alone" cc -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I "$here/../../include" -c one.c
	else
		skip "$(basename "$header") stands alone" 'no compiler'
	fi
done
