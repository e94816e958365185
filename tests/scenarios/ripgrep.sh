# shellcheck shell=bash
# ripgrep, written in Rust, searches a tree in threads, with ignored files, memory maps and packed ones.
work() {
	mkdir -p tree/sub && seq 1 5000 >tree/numbers && seq 1 100 >tree/sub/more && echo sub >tree/.ignore && gzip -k tree/numbers
	"$@" rg 99 tree
	"$@" rg -j4 -uuu --mmap --stats 42 tree
	"$@" rg -z 4999 tree
	"$@" rg --files --sort path tree
	echo text | "$@" rg -r new text
	"$@" rg '(' tree
	"$@" rg nothing_of_the_kind /nowhere
	return 0
}
