# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground
callgate compile -o web.bpf web.policy

expect 0 'a table' callgate show web.policy
stdout_has '^x86_64$'
stdout_has '^  read  *0  allow$'
stdout_has '^  openat  *257  .*O_RDONLY'
stdout_has '^  \*  *kill-process$'
stdout_lacks 'ptrace'
cp out table
expect 0 'the same of its filter' callgate show --as table web.bpf
check '  line by line' cmp -s out table
expect 0 'instructions' callgate show --as asm web.bpf
stdout_has 'ret'
cp out instructions
expect 0 'the same as what it is compiled to' callgate compile --format asm web.policy
check '  line by line' cmp -s out instructions
expect 0 'a diagram' callgate show --as diagram web.policy
stdout_has '^digraph'
stdout_has 'nr bit'
expect 0 'an output' callgate show -o table2 web.policy
check '  whole' cmp -s table table2
