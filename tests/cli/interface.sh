# shellcheck shell=bash disable=SC2154,SC2086
# The library's interface: every header is C++ too, what is built against it links, and a changed layout is seen.
include=$here/../../include
library=$(dirname "$CALLGATE")/..
cat >uses.cc <<'END'
#include <callgate/callgate.h>
#include <cstdio>
#include <cstring>
int main()
{
	const char *text = "kernel 6.1\ndefault errno EPERM\nallow read\n";
	callgate_subject *subject = nullptr;
	callgate_action action{};
	callgate_error err{};
	char word[32];

	if (callgate_subject_parse("text", text, std::strlen(text), nullptr, &subject, &err) != CALLGATE_OK ||
	    callgate_subject_simulate(subject, "write()", &action, &err) != CALLGATE_OK)
		return 1;
	callgate_action_format(action, word, sizeof(word));
	std::puts(word);
	callgate_subject_free(subject);
}
END
for header in "$include"/callgate/*.h; do
	name=${header##*/}
	[ "$name" = callgate.h ] || check "callgate.h has $name" grep -q "^#include <callgate/$name>$" "$include/callgate/callgate.h"
done
for compiler in g++ clang++-14; do
	if ! command -v $compiler >/dev/null || ! echo '#include <cstdio>' | $compiler -x c++ -E - >/dev/null 2>&1; then
		skip "$compiler takes the headers" "no $compiler, or no library of C++"
		continue
	fi
	headers=("$include"/callgate/*.h)
	[ $compiler = g++ ] || headers=(callgate.h) # each alone with one compiler, all together with the other
	for header in "${headers[@]}"; do
		echo "#include <callgate/${header##*/}>" >one.cc
		expect 0 "$compiler takes ${header##*/} alone" $compiler -std=c++17 -Wall -Wextra -Werror -pedantic \
			-I "$include" -c -o one.o one.cc
	done
	if sanitized; then
		skip '  and links with it' 'the library wants a sanitizer, which another compiler may not have'
		continue
	fi
	expect 0 '  and links with it' $compiler -std=c++17 -Wall -Werror -I "$include" -o uses uses.cc -L "$library" \
		-lcallgate -Wl,-rpath,"$library"
	expect 0 '  and runs' ./uses
	stdout_is 'errno EPERM'
done

seen() { # seen DESCRIPTION SED-SCRIPT FILE STATUS
	rm -rf changed
	cp -r "$include" changed
	sed -i "$2" "changed/callgate/$3"
	expect "$4" "$1" "$here/../abi/interface" "$PWD/changed"
}
if command -v cc >/dev/null && [ "$(getconf LONG_BIT)" = 64 ]; then
	seen 'a field that moves is seen' 's/^\tint os_errno;.*/\tint more; &/' error.h 1
	stdout_has '^no more:   callgate_error.os_errno: at 4, 4 bytes$'
	seen 'a constant that changes is seen' 's/^\tCALLGATE_TARGET_OCI,/\tCALLGATE_TARGET_NONE, &/' convert.h 1
	stdout_has '^no more:   callgate_target.CALLGATE_TARGET_OCI: 1$'
	seen 'a prototype that changes is seen' 's/callgate_policy_free(struct/callgate_policy_free(const struct/' policy.h 1
	stdout_has '^no more: void callgate_policy_free(struct callgate_policy \*policy)$'
	seen 'what is new breaks nothing' '/^struct callgate_policy;$/a struct callgate_new { int a; };' policy.h 0
	stdout_has '^new: struct callgate_new: 4 bytes$'
else
	skip 'a layout that changes is seen' 'no compiler, or a machine of 32 bits'
fi
