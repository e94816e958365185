# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground
printf 'read 90\nopenat 10\n' >counts

native=$(callgate simulate --json web.policy 'read()' | grep -c '"allow"')
prefix=x86_64:
[ "$native" -eq 1 ] && prefix=
expect 0 'every call has its cost' callgate cost web.policy
stdout_has "^${prefix}read  *0  bitmap$"
stdout_has "^${prefix}openat  *[0-9.]"
stdout_has "^${prefix}ptrace  *[0-9.]"
stdout_lacks '^expected'
expect 0 'with frequencies only those' callgate cost --frequency counts web.policy
stdout_has "^${prefix}read  *0  bitmap$"
stdout_lacks 'ptrace'
stdout_has '^expected: [0-9.]* instructions a call$'
expect 0 'JSON' callgate cost --json web.policy
check '  an object a line' not grep -qv '^{.*}$' out
stdout_has '"syscall":"read","bitmap":true,"instructions":0'
