# shellcheck shell=bash
# One program as every kind of binary that a compiler makes: position independent or not, static or not, with either C
# library, stripped, in C++, and in assembly.
work() {
	local flags="-O2 -pthread -D_GNU_SOURCE"
	# shellcheck disable=SC2086 # words of flags
	{
		cc $flags -o pie "$scenarios/kinds.c" && cc $flags -no-pie -fno-pie -o nopie "$scenarios/kinds.c" &&
			cc $flags -static -DSTILL -o static "$scenarios/kinds.c" &&
			cc $flags -static-pie -DSTILL -o static-pie "$scenarios/kinds.c" &&
			cc $flags -s -O0 -o stripped "$scenarios/kinds.c" &&
			cc $flags -O3 -flto -fno-plt -Wl,-z,now -o now "$scenarios/kinds.c" &&
			cc $flags -s -static -DSTILL -fno-asynchronous-unwind-tables -o bare "$scenarios/kinds.c" &&
			musl-gcc $flags -o musl "$scenarios/kinds.c" &&
			musl-gcc $flags -static -DSTILL -o musl-static "$scenarios/kinds.c" &&
			g++ $flags -std=c++17 -o cplusplus "$scenarios/kinds.cc" &&
			g++ $flags -std=c++17 -static -o cplusplus-static "$scenarios/kinds.cc" &&
			cc -nostdlib -static -o assembly "$scenarios/kinds.S" &&
			cc -nostdlib -static-pie -o assembly-pie "$scenarios/kinds.S"
	} 2>warnings || { cat warnings >&2; return 1; }
	local kind
	for kind in pie nopie static static-pie stripped now bare musl musl-static cplusplus cplusplus-static assembly assembly-pie; do
		"./$kind" >/dev/null || { echo "$kind ended with $?" >&2; return 1; }
		"$@" "./$kind"
	done
}
