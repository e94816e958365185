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

# A product of two arguments has no diagram of any size.
insn() { printf "\\x$(printf %02x "$1")\\x00\\x$(printf %02x "$2")\\x$(printf %02x "$3")\\x$(printf %02x "$4")\\x00\\x00\\x00"; }
{ insn 32 0 0 16; insn 7 0 0 0; insn 32 0 0 24; insn 44 0 0 0; insn 21 0 1 42; insn 6 0 0 0; insn 6 0 0 1; } >product.bpf
expect 3 'a meaning that is too large is unknown' callgate show product.bpf
stderr_has '^product.bpf: error: unknown: instruction 3 '
expect 0 '  and its instructions are shown all the same' callgate show --as asm product.bpf
stdout_has ' mul x$'
expect 1 '  and run' callgate simulate product.bpf 'x86_64:read(6, 7)'
stdout_is 'kill-thread'
