#!/bin/sh
# Programs of the distribution that are linked with libseccomp, on its library and on ours: the same output. Those that
# are not installed are left out and named. $1 is the directory of our library.
set -u
library=$1
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
ran=0
wrong=0

# NAME COMMAND…: runs it twice, and checks that the second time it really had our library.
consumer() {
	name=$1
	shift
	if ! command -v "$1" >/dev/null 2>&1; then
		echo "not installed: $1"
		return
	fi
	"$@" >"$root/theirs" 2>&1 </dev/null
	theirs=$?
	LD_LIBRARY_PATH=$library "$@" >"$root/ours" 2>&1 </dev/null
	ours=$?
	ran=$((ran + 1))
	if [ $theirs -ne $ours ] || ! cmp -s "$root/theirs" "$root/ours"; then
		echo "wrong: $name: status $theirs and $ours"
		diff "$root/theirs" "$root/ours" | head -20
		wrong=1
		return
	fi
	echo "same: $name"
}

printf '.TH T 1\n.SH NAME\nt \\- a page\n' >"$root/t.1"
printf 'int main(void) { return 0; }\n' >"$root/t.c"

consumer "file says what a file is" file -b "$root/t.c" "$0"
consumer "file looks into what is packed" file -b -z "$root/t.1"
consumer "man shows a page" man -P cat -l "$root/t.1"
consumer "ctags lists functions" ctags -f - "$root/t.c"
consumer "crun tells its version" crun --version
consumer "systemd-analyze lists the calls of a group" systemd-analyze syscall-filter @system-service

if [ $ran -eq 0 ]; then
	echo "no program that is linked with libseccomp is installed"
	exit 77
fi
exit $wrong
