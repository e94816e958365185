# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground
callgate compile -o web.bpf web.policy

expect 0 'a rule without a condition' callgate explain web.policy 'x86_64:write(1)'
stdout_has '^allow$'
stdout_has '^  rule: web.policy:4: allow read, write$'
stdout_has '^  why: the rule lists write without a condition$'
expect 0 'a condition that holds' callgate explain web.policy 'x86_64:openat(0, 0, O_CLOEXEC)'
stdout_has '^  rule: web.policy:5: allow openat if flags & O_ACCMODE == O_RDONLY$'
stdout_has 'its condition holds with flags = 0x80000'
expect 1 'conditions that do not' callgate explain web.policy 'x86_64:openat(0, 0, O_RDWR)'
stdout_has '^errno EPERM$'
stdout_has '^  rule: web.policy:6: '
stdout_has 'web.policy:5'
expect 1 'the default' callgate explain web.policy 'x86_64:ptrace()'
stdout_has '^kill-process$'
stdout_has 'no rule lists ptrace'
stdout_lacks '^  rule:'
expect 1 'newer' callgate explain web.policy 'x86_64:#99999'
stdout_has '^errno ENOSYS$'
stdout_has '`newer` decides'
expect 1 'a raw filter' callgate explain web.bpf 'x86_64:openat(0, 0, O_RDWR)'
stdout_has '^errno EPERM$'
stdout_has 'after [0-9]* instructions'
expect 0 'JSON' callgate explain --json web.policy 'x86_64:write(1)'
stdout_has '"file":"web.policy","line":4,"rule":"allow read, write"'
