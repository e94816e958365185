# shellcheck shell=bash
# find walks, tests, prints, runs programs and deletes; xargs runs programs in parallel; grep searches.
work() {
	mkdir -p tree/a/b && seq 1 100 >tree/numbers && ln -s ../tree tree/a/loop && touch tree/empty
	"$@" find tree -ls
	"$@" find -L tree -type f -newer tree/empty -size +1c -printf '%p %u %g %m %t\n'
	"$@" find tree -name 'n*' -exec cat '{}' +
	"$@" find tree -empty -delete
	"$@" find tree -user nobody -o -fstype ext4 -o -executable -quit
	"$@" find /nowhere
	seq 1 20 | "$@" xargs -P 4 -n 3 echo
	seq 1 3 | "$@" xargs -I N sh -c 'exit N'
	"$@" grep -rn 9 tree
	"$@" grep -c -E '^(1|2)+$' -f /dev/null tree/numbers /nowhere
	"$@" grep -P '\d5' tree/numbers
	return 0
}
