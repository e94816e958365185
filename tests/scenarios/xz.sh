# shellcheck shell=bash
# xz and zstd, each with threads, pack, test, list, unpack, and meet damage; xz sandboxes itself.
work() {
	seq 1 200000 >numbers
	"$@" xz -k -T2 --block-size=500KiB numbers
	"$@" xz -l numbers.xz
	"$@" xz -t numbers.xz
	"$@" xz -dc numbers.xz | cksum
	"$@" xz -c <numbers >piped.xz
	"$@" xz -f -d -T2 numbers.xz
	head -c 5000 piped.xz >cut.xz
	"$@" xz -t cut.xz
	"$@" xz /nowhere
	"$@" zstd -q -T2 -k numbers
	"$@" zstd -q -dc numbers.zst | cksum
	"$@" zstd -q --train numbers -B1024 -o dictionary
	"$@" zstd -q -t cut.xz
	"$@" zstd -q -b1 -i0 cut.xz
	return 0
}
