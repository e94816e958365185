# shellcheck shell=bash disable=SC2154
# The program that is written for libseccomp makes, by the installed libseccomp, the filter that was proved.
cat >one.policy <<'END'
kernel 6.1
arch x86_64
default errno EPERM
newer errno EPERM
foreign kill-process
allow read, write, exit_group
errno EACCES openat if flags & O_ACCMODE != 0
allow openat
log socket if domain in {AF_UNIX, AF_INET}
allow ioctl if word0 >= 3 and word1 < 7
allow mmap, mprotect if not (prot & PROT_WRITE and prot & PROT_EXEC)
trap 0 kill if sig == 9
END
sed 's/^arch .*/arch x86_64, i386, x32/; s/^foreign .*/foreign errno ENOSYS/' one.policy |
	grep -v 'socket\|mmap' >three.policy
printf 'kernel 7.1\narch aarch64\ndefault allow\nnewer allow\nforeign allow\nerrno ENOSYS clone3\n' >other.policy

for policy in one three other; do
	expect 0 "$policy.policy becomes a program" callgate convert --to libseccomp -o $policy.c $policy.policy
	stderr_is "callgate: $policy.policy: proved equal to what was written"
	if ! command -v gcc >/dev/null || ! echo '#include <seccomp.h>' | gcc -E - >/dev/null 2>&1; then
		skip '  that libseccomp takes' 'no gcc or no libseccomp-dev'
		continue
	fi
	expect 0 '  that compiles' gcc -std=c99 -Wall -Wextra -Werror -DCALLGATE_MAIN -o $policy $policy.c -lseccomp
	expect 0 '  and runs' ./$policy
	mv out $policy.bpf
	expect 0 '  and makes the same filter' callgate diff $policy.policy $policy.bpf
done
if command -v clang-14 >/dev/null && [ -e one ]; then
	expect 0 'clang takes it as a part of a program' clang-14 -std=c99 -Wall -Wextra -Werror -Wno-unused-function -c -o one.o one.c
else
	skip 'clang takes it as a part of a program' 'no clang-14'
fi
if [ -e one ]; then
	sed 's/"ioctl", [0-9]*/"no_call", 16/' one.c >known.c
	expect 0 'a name that libseccomp does not know' gcc -DCALLGATE_MAIN -o known known.c -lseccomp
	if [ "$(uname -m)" = x86_64 ]; then
		expect 0 '  goes by its number' ./known
		mv out known.bpf
		expect 0 '  which makes the same filter' callgate diff one.policy known.bpf
	else
		skip '  goes by its number' 'the number is of another machine'
	fi
	sed 's/"ioctl", [0-9]*/"no_call", -1/' one.c >unknown.c
	expect 0 'a name without a number' gcc -DCALLGATE_MAIN -o unknown unknown.c -lseccomp
	expect 1 '  is an error' ./unknown
	stderr_has 'does not know no_call'
	stdout_is ''
fi

printf 'kernel 7.1\narch x86_64\ndefault errno EPERM\nallow read\n' >newer.policy
expect 0 'what libseccomp cannot say is told' callgate convert --to libseccomp newer.policy
stderr_has '^callgate: differs: '
