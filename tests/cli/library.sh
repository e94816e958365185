# shellcheck shell=bash disable=SC2154
# The example of callgate(3) is a program: it compiles without a warning, confines itself, and its shell is refused.
library=$(dirname "$CALLGATE")/..
sed -n '/^# EXAMPLES/,/^# SEE/p' "$here/../../man/callgate.3.scd.in" | sed -n '/^```/,/^```/{/^```/!p}' >own.c
check 'callgate(3) has an example' grep -q '^int main' own.c

if ! command -v cc >/dev/null; then
	skip '  that compiles' 'no compiler'
elif sanitized; then
	skip '  that compiles' 'the library wants a sanitizer, which another compiler may not have'
else
	expect 0 '  that compiles' cc -std=c11 -Wall -Wextra -Werror -I "$here/../../include" -o own own.c \
		-L "$library" -lcallgate -Wl,-rpath,"$library"
	expect 159 '  and ends at its execve' bash -c 'ulimit -c 0; ./own; exit $?'
	stdout_is 'confined'
fi
