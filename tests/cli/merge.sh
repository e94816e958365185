# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground
printf 'kernel 6.1\narch x86_64\ndefault allow\nerrno EACCES read\nkill-process write\n' >second.policy
callgate compile -o second.bpf second.policy

expect 0 'two become one' callgate merge -o both.bpf web.policy second.bpf
stderr_has '^callgate: 2 filters of [0-9]* instructions became one of [0-9]*'
expect 1 'the stricter one decides' callgate simulate both.bpf 'x86_64:read()' 'x86_64:write()' 'x86_64:openat()'
stdout_is 'errno EACCES
kill-process
allow'
expect 0 'the order does not matter where actions differ' callgate merge -o other.bpf second.bpf web.policy
expect 0 '  so that both are equal' callgate diff both.bpf other.bpf
expect 0 'one alone stays what it is' callgate merge -o one.bpf web.policy
expect 0 '  in meaning' callgate diff web.policy one.bpf
expect 0 'instructions' callgate merge --format asm web.policy second.policy
stdout_has 'ret'
expect 2 'nothing to merge' callgate merge
expect 0 'of one filter there is one' callgate merge -o one.bpf web.policy
stderr_has '^callgate: 1 filter of [0-9]* instructions became one of [0-9]*, of the same meaning$'
