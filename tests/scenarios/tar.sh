# shellcheck shell=bash
# tar packs and unpacks, with compressors, owners, sparse files and links, compares, updates, and finds damage.
work() {
	mkdir -p tree/deep && echo text >tree/file && ln tree/file tree/hard && ln -s file tree/soft && mkfifo tree/pipe
	truncate -s 1M tree/sparse
	"$@" tar -cf plain.tar tree
	"$@" tar -cSpf sparse.tar --xattrs --numeric-owner tree
	"$@" tar -czf gz.tar.gz tree
	"$@" tar -cJf xz.tar.xz tree
	"$@" tar -tvf gz.tar.gz
	mkdir out
	"$@" tar -xpf sparse.tar -C out --same-owner
	"$@" tar -xJf xz.tar.xz -C out --overwrite
	"$@" tar -df plain.tar
	echo more >>tree/file
	"$@" tar -uf plain.tar tree/file
	"$@" tar --delete -f plain.tar tree/file
	"$@" tar -c tree | "$@" tar -t
	"$@" tar -c --listed-incremental=snapshot -f level0.tar tree
	head -c 1000 plain.tar >cut.tar
	"$@" tar -tf cut.tar
	"$@" tar -xf /nowhere.tar
	"$@" tar -cf plain.tar --remove-files tree
	return 0
}
