# shellcheck shell=bash
# Why `newer` and a policy's refusals of new calls are ENOSYS: glibc then falls back, and under EPERM it does not.
program=${CALLGATE_ATTACKS:-$here/../../build/tests/programs}/fallback

write_policy() { # write_policy ERRNO
	printf 'kernel 6.1\ndefault allow\nerrno %s clone3, faccessat2\n' "$1" >"$1.policy"
}

write_policy ENOSYS
expect 0 'under ENOSYS to clone3 and faccessat2, threads start and access is told' \
	callgate run --policy ENOSYS.policy -- "$program"
stdout_is "thread: Success
access: Success"

write_policy EPERM
expect 1 'under EPERM, neither works' callgate run --policy EPERM.policy -- "$program"
stdout_is "thread: Operation not permitted
access: Operation not permitted"
