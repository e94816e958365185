# shellcheck shell=bash
# shellcheck disable=SC2154 # the folder of the tests comes from tests/cli/run
# The filters that a program loads, caught as it loads them: no privilege, nothing left running, a result that can be
# read by the other verbs.

compiled() { # compiled NAME LINE...: NAME.bpf, which allows all but what the lines say
	local name=$1
	shift
	printf '%s\n' 'kernel 6.1' 'arch x86_64' 'default allow' "$@" >"$name.policy"
	"$CALLGATE" compile -o "$name.bpf" "$name.policy"
}
compiled first 'errno EPERM mount'
compiled second 'kill-process ptrace'
load=(python3 "$here/hold_filters.py")

expect 0 'the filters of a program, in their order' callgate show --save caught.bpf -- "${load[@]}" first.bpf second.bpf
stdout_has '^filter 1: [0-9]* instructions, loaded by /'
stdout_has '^  mount  *165  errno EPERM$'
stdout_has '^filter 2: [0-9]* instructions, loaded by /'
stdout_has '^  ptrace  *101  kill-process$'
check '  what the program prints is no part of it' grep -q '^[0-9][0-9]*$' err
check '  the first as it was loaded' cmp first.bpf caught.bpf
check '  and the second' cmp second.bpf caught.bpf.2
expect 1 '  which other verbs read' callgate simulate caught.bpf.2 'x86_64:ptrace()'

expect 0 'what is loaded twice is told once' callgate show --as asm -- "${load[@]}" first.bpf first.bpf
stdout_has '^; filter 1: .* 2 times$'
stdout_lacks '^; filter 2'
expect 0 'a program that it starts is watched too' \
	callgate show --as diagram -o graph.dot -- bash -c '"$@" & wait' bash "${load[@]}" first.bpf
check '  and the result is where it should be' grep -q '^// filter 1: ' graph.dot
stdout_is ''

expect 1 'a program without filters' callgate show -- true
stderr_has '^callgate: true loaded no filter$'
stdout_is ''
printf '\377\377\377\377\377\377\377\377' >broken.bpf
expect 1 'what the kernel refuses was not loaded' callgate show -- "${load[@]}" broken.bpf
stderr_has 'the kernel refused 1 more'

# It waits for its input, which never comes: only --enough ends it.
mkfifo never
exec 9<>never
ends() { callgate show --enough 1 --save one.bpf -- "${load[@]}" first.bpf second.bpf <never; }
ends >out 2>err
result $? 'a program that would go on is ended when there are enough'
check '  with the first filter' cmp first.bpf one.bpf
check '  and no second' not test -e one.bpf.2
exec 9<&-

if command -v setpriv >/dev/null && [ "$(id -u)" = 0 ]; then
	expect 0 'no capability is needed' setpriv --inh-caps=-all --bounding-set=-all "$CALLGATE" show -- \
		"${load[@]}" first.bpf
	stdout_has '^filter 1: '
fi

expect 127 'a program that is not there' callgate show -- ./missing
expect 2 'no program' callgate show --
expect 2 'two subjects' callgate show first.policy second.policy
stderr_has "behind '--'"
expect 2 '--enough without a program' callgate show --enough 1 first.policy
expect 2 'a policy has no raw filter to save' callgate show --save x.bpf first.policy
check '  and none is written' not test -e x.bpf
