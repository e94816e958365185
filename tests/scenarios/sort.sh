# shellcheck shell=bash
# sort in memory, in threads, through temporary files that a program packs, merging, and with an error.
work() {
	seq 1 30000 | awk '{ print ($1 * 7919) % 30011, $1 }' >lines
	"$@" sort -n lines -o sorted
	"$@" sort --parallel=4 -S 100K -T . lines -o external
	"$@" sort -S 50K --compress-program=gzip -T . lines -o packed
	"$@" sort -m -k1,1n sorted sorted -o merged
	"$@" sort -c lines
	"$@" sort -R -u lines -o shuffled
	"$@" sort -V -t: -k2 /etc/passwd
	"$@" sort /nowhere
	head -n 50000 lines | "$@" sort --debug | head -n 1
	return 0
}
