# shellcheck shell=bash disable=SC2154
# The filters of io_uring as C: compiled, and registered where the kernel has them. Without them, the same program shows
# that what it asks a ring is answered. (What the filters say is run by test_export_io_uring.)
cat >rings.policy <<'END'
kernel 7.1
default errno EPERM
allow socket if domain == AF_UNIX and type & 0xf == SOCK_STREAM
END
expect 0 'a policy becomes filters of io_uring' callgate convert --to io_uring -o filters.h rings.policy
stderr_has '^callgate: rings.policy: proved that no request is let through whose calls are not$'
stderr_has '^callgate: [0-9]* opcodes of io_uring are let through, 1 under conditions, [0-9]* are refused$'
check '  which say why an opcode is refused' grep -q '^ \*	ACCEPT: accept4$' filters.h

if ! command -v gcc >/dev/null; then
	skip '  that compile' 'no gcc'
else
	expect 0 '  that compile' gcc -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I . -o io_uring "$here/io_uring.c"
	if command -v clang-14 >/dev/null; then
		expect 0 '  with clang too' clang-14 -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I . -o /dev/null "$here/io_uring.c"
	fi
	./io_uring >out 2>err </dev/null
	case $? in
	77) skip 'a ring answers' 'this kernel gives us no rings' ;;
	*)
		result 0 'a ring answers'
		stdout_is $'nop: done\nstream socket: done\ndatagram socket: done\nclose: done'
		./io_uring confine >out 2>err </dev/null
		case $? in
		78) skip '  and under filters refuses' "Linux $(uname -r) has no filters of io_uring, which came with 7.0" ;;
		*)
			result 0 '  and under filters refuses'
			stdout_is $'nop: done\nstream socket: done\ndatagram socket: refused\nclose: refused'
			;;
		esac
		;;
	esac
fi
