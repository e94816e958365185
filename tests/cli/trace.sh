# shellcheck shell=bash disable=SC2154,SC1091,SC2016
# simulate --trace
. "$here/ground.sh"
ground

printf '%s\n' '# recorded' '[pid 7] x86_64:read(3, "a"..., 1) = 1' '10 x86_64:read(0)' \
	'4711 x86_64:write(1, "a", 1)    = 1' '4711 x86_64:write(1 <unfinished ...>' '4711 <... write resumed>) = 1' '4711 --- SIGCHLD {si_signo=SIGCHLD} ---' '+++ exited with 0 +++' >trace
expect 0 'a trace that holds' callgate simulate --trace trace web.policy
stdout_has '^calls: 13, permitted: 13, answered by the bitmap: 13$'
stdout_has '^never fired: web.policy:5: allow openat if flags'
stdout_lacks 'never fired: web.policy:4'
stdout_lacks '^refused'
printf '%s\n' 'x86_64:openat(AT_FDCWD, "x", O_RDWR) = -1' '3 x86_64:ptrace(0)' >>trace
expect 1 'a trace that does not' callgate simulate --trace trace web.policy
stdout_has '^calls: 17, permitted: 13'
stdout_has '^refused: .*openat.*: errno EPERM (once, on line 9)$'
stdout_has '^    by web.policy:6: '
stdout_has '^refused: .*ptrace.*: kill-process (3 times, first on line 10)$'
stdout_has 'no rule lists ptrace'
callgate compile -o web.bpf web.policy
expect 1 'of a raw filter the same' callgate simulate --trace trace web.bpf
stdout_has '^calls: 17, permitted: 13'
stdout_lacks 'never fired'
expect 1 'JSON' callgate simulate --json --trace trace web.policy
check '  an object a line' not grep -qv '^{.*}$' out
stdout_has '"never_fired"'
echo 'gibberish((' >>trace
expect 1 'a line that cannot be read is no yes' callgate simulate --trace trace web.policy
stderr_has '^callgate: trace:11: not read: unknown syscall'
expect 2 'a trace that is not there' callgate simulate --trace nothing web.policy
