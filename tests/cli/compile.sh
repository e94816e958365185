# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground

expect 0 'a policy is compiled' callgate compile -o web.bpf web.policy
stdout_is ''
stderr_is ''
check 'whole instructions are written' test $(($(stat -c %s web.bpf) % 8)) -eq 0
expect 0 'the filter means what the policy says' callgate diff web.policy web.bpf
expect 0 'to standard output it is the same' callgate compile web.policy
check '  byte for byte' cmp -s out web.bpf
expect 0 'from standard input it is the same' bash -c '"$0" compile - <web.policy' "$CALLGATE"
check '  byte for byte' cmp -s out web.bpf
expect 0 'from a pipe it is the same' bash -c '"$0" compile <(cat web.policy)' "$CALLGATE"
check '  byte for byte' cmp -s out web.bpf

expect 0 'instructions are shown' callgate compile --format asm web.policy
stdout_has 'ret'
expect 0 'a C array is written' callgate compile --format c -o web.h web.policy
check '  that names the filter' grep -q 'struct sock_fprog callgate_filter' web.h
if command -v cc >/dev/null; then
	printf '#include "web.h"\n#include <stdio.h>\nint main(void) { return !fwrite(callgate_filter.filter, 8, callgate_filter.len, stdout); }\n' >web.c
	expect 0 '  that is C' cc -Wall -Werror -o web web.c
	expect 0 '  and holds' ./web
	check '  the same filter' cmp -s out web.bpf
else
	skip 'a C array is C' 'no compiler'
fi

expect 0 'a raw filter is written anew' callgate compile -o again.bpf web.bpf
stderr_has 'instructions became'
expect 0 '  of the same meaning' callgate diff web.bpf again.bpf

expect 0 'other arches may be named' callgate compile --arch x86_64,i386,aarch64 -o three.bpf web.policy
expect 0 '  which it then answers' callgate simulate three.bpf 'i386:read()' 'aarch64:read()' 'x86_64:read()'
expect 2 'an arch that there is not' callgate compile --arch x87 web.policy
stderr_has "unknown arch 'x87'"
expect 2 'a raw filter has its arches' callgate compile --arch i386 web.bpf
stderr_has 'raw filter'

printf 'openat 1000\nsocket 1\n' >counts
expect 0 'frequencies are heard' callgate compile --frequency counts -o counted.bpf web.policy
expect 0 '  and change no meaning' callgate diff web.policy counted.bpf
echo 'raed 5' >counts
expect 2 'a frequency of a misspelt call' callgate compile --frequency counts web.policy
stderr_is "counts:1:1: error: unknown syscall 'raed'
hint: did you mean 'read'?"

printf 'kernel 6.1\ndefault allow\ninclude "@bsae"\n' >group.policy
expect 2 'a misspelt group' callgate compile group.policy
stderr_has '^group.policy:3:1: error: cannot read '
stderr_has '^hint: did you mean "@base"?'

expect 2 'a misspelt call' callgate compile wrong.policy -o wrong.bpf
stdout_is ''
stderr_has '^wrong.policy:4:13: error: unknown syscall '\''wriet'\'
stderr_has "^hint: .*'write'"
check '  leaves nothing behind' not test -e wrong.bpf
echo kept >kept.bpf
expect 2 'a failure leaves an old output as it was' callgate compile wrong.policy -o kept.bpf
check '  whole' test "$(cat kept.bpf)" = kept
expect 2 'a folder that is not there' callgate compile web.policy -o no/where.bpf
stderr_has 'no/where.bpf'
mkdir folder
expect 2 'a folder in place of a file' callgate compile web.policy -o folder
check '  no temporary file stays' test -z "$(find . -name '*.??????' ! -name '*.policy')"
