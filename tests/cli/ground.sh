# shellcheck shell=bash
# Policies that several files of tests ask about; each file of tests says `ground` first.
# The tests run on any machine: what they ask about is x86-64's calls, whichever arch they run on.

ground() {
	cat >web.policy <<'END'
kernel 6.1
arch x86_64
default kill-process
allow read, write
allow openat if flags & O_ACCMODE == O_RDONLY
errno EPERM openat
log socket if domain in {AF_UNIX, AF_INET}
END
	sed 's/^allow openat if.*/allow openat/' web.policy >weak.policy
	printf 'kernel 6.1\narch x86_64\ndefault kill-process\nallow read, wriet\n' >wrong.policy
	head -c 4096 /dev/urandom | LC_ALL=C tr '\n\t' '\001\002' >random
}
