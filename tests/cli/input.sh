# shellcheck shell=bash disable=SC2154,SC1091,SC2016
# Bad input, to every verb that takes a SUBJECT.
. "$here/ground.sh"
ground
callgate compile -o web.bpf web.policy
head -c 13 web.bpf >cut.bpf
head -c $(($(stat -c %s web.bpf) - 8)) web.bpf >short.bpf
mkdir folder
: >empty
head -c 40000 /dev/zero >zeros
for ((i = 0; i < 5000; i++)); do printf '\040\0\0\0\0\0\0\0'; done >long.bpf

try() { # try SUBJECT: every verb must say no, on stderr, without a word on stdout
	local subject=$1
	expect 2 "show $subject" callgate show "$subject"
	stdout_is ''
	stderr_has 'error: '
	expect 2 "compile $subject" callgate compile -o made.bpf "$subject"
	check '  leaves nothing' not test -e made.bpf
	expect 2 "simulate $subject" callgate simulate "$subject" 'x86_64:read()'
	expect 2 "explain $subject" callgate explain "$subject" 'x86_64:read()'
	expect 2 "diff $subject" callgate diff web.policy "$subject"
	expect 2 "merge $subject" callgate merge -o made.bpf web.policy "$subject"
	expect 2 "cost $subject" callgate cost "$subject"
}

try random
try cut.bpf
try short.bpf
try folder
try empty
try zeros
try long.bpf
try nothing
try wrong.policy
try pid:
try pid:0
try pid:x
for length in 1 8 20 40 60 80; do
	head -c $length web.policy >part.policy
	expect 2 "the first $length bytes of a policy" callgate compile -o made.bpf part.policy
	check '  leave nothing' not test -e made.bpf
done
expect 2 'a policy is no raw filter' callgate show --from bpf web.policy
stderr_has 'no filter'
expect 2 'a raw filter is no policy' callgate show --from policy web.bpf

head -c 20000000 /dev/zero | tr '\0' 'a' >huge
expect 3 'more than anybody writes' callgate compile -o made.bpf huge
stderr_has 'is larger than'

{
	printf 'kernel 6.1\narch x86_64\ndefault kill-process\n'
	seq -f 'allow ioctl if request == %.0f' 1 7919 79190000
} >many.policy
expect 3 'ten thousand rules that no filter can hold' callgate compile -o made.bpf many.policy
stderr_has '4096 instructions'
check '  leave nothing' not test -e made.bpf
expect 1 'ten thousand rules have a meaning' callgate simulate many.policy 'x86_64:ioctl(0, 7920)' 'x86_64:ioctl(0, 7921)'
stdout_is 'allow
kill-process'
{
	cat web.policy
	echo 'include "self.policy"'
} >self.policy
expect 2 'a policy that includes itself' callgate compile -o made.bpf self.policy
stderr_has '^self.policy:[0-9]*:[0-9]*: error: '

closed() { callgate "$@" >&-; }
full() { callgate "$@" >/dev/full; }
for verb in 'compile web.policy' 'show web.policy' 'fmt web.policy' 'diff web.policy weak.policy' \
	'simulate web.policy x86_64:read()' 'explain web.policy x86_64:read()' 'cost web.policy' 'merge web.policy'; do
	# shellcheck disable=SC2086 # words
	expect 3 "a closed stdout: $verb" closed $verb
	stderr_has 'cannot write standard output'
	# shellcheck disable=SC2086 # words
	expect 3 "a full disk: $verb" full $verb
	stderr_has 'cannot write standard output: No space left on device'
done
expect 3 'a full disk as an output' callgate compile -o /dev/full web.policy
stderr_has '/dev/full'
