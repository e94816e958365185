# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground
callgate compile -o web.bpf web.policy

for subject in web.policy web.bpf; do
	expect 0 "$subject: an allowed call" callgate simulate "$subject" 'x86_64:read(0, 0, 10)'
	stdout_is 'allow'
	stderr_is ''
	expect 0 "$subject: a condition that holds" callgate simulate $subject 'x86_64:openat(AT_FDCWD, 0, O_RDONLY|O_CLOEXEC)'
	stdout_is 'allow'
	expect 1 "$subject: one that does not" callgate simulate "$subject" 'x86_64:openat(AT_FDCWD, 0, O_RDWR)'
	stdout_is 'errno EPERM'
	expect 0 "$subject: a logged call" callgate simulate "$subject" 'x86_64:socket(AF_INET, SOCK_STREAM, 0)'
	stdout_is 'log'
	expect 1 "$subject: the default" callgate simulate "$subject" 'x86_64:ptrace(PTRACE_ATTACH, 1)'
	stdout_is 'kill-process'
	expect 1 "$subject: what no kernel has" callgate simulate "$subject" 'x86_64:#99999()'
	stdout_is 'errno ENOSYS'
	expect 1 "$subject: another arch" callgate simulate "$subject" 'i386:read()'
	stdout_is 'kill-process'
	expect 1 "$subject: x32" callgate simulate "$subject" 'x32:read()' 'x86_64:#0xffffffff'
	stdout_is 'kill-process
kill-process'
done
expect 1 'several calls' callgate simulate web.policy 'x86_64:read()' 'x86_64:ptrace()'
stdout_is 'allow
kill-process'
expect 0 'JSON' callgate simulate --json web.policy 'x86_64:read()'
stdout_is '{"call":"x86_64:read()","action":"allow"}'
expect 2 'a misspelt call' callgate simulate web.policy 'x86_64:raed()'
stderr_is "call:1:8: error: unknown syscall 'raed'
hint: did you mean 'read'?"
expect 2 'a misspelt constant' callgate simulate web.policy 'x86_64:openat(0, 0, O_RDONYL)'
stderr_has "call:1:21: error: unknown constant 'O_RDONYL'"
expect 2 'no call' callgate simulate web.policy
stderr_has "needs either calls or '--trace FILE'"
