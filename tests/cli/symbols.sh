# shellcheck shell=bash disable=SC2154
# What a shared library exports is what the public headers declare for it, no more and no less.
declared() { # declared MARK: the functions that the headers mark so
	grep -hv '^#' "$here"/../../include/callgate/*.h | tr '\n' ' ' | grep -o "$1 [^;(]*(" |
		sed 's/.*[ *]\(callgate_[a-z0-9_]*\)($/\1/' | sort -u
}

exports() { # exports LIBRARY MARK
	declared "$2" >declared
	check "something is declared for $1" test "$(wc -l <declared)" -gt 10
	nm -D --defined-only "$(dirname "$CALLGATE")/../$1.so" | awk '$2 ~ /[A-TV-Z]/ { print $3 }' |
		grep -v '^_\(init\|fini\)$' | sort -u >exported
	diff declared exported >out
	check "$1 exports what is declared" test ! -s out
}

if command -v nm >/dev/null; then
	exports libcallgate CALLGATE_PUBLIC
	exports libcallgate-observe 'CALLGATE_\(PUBLIC\|OBSERVING\)'
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
