# shellcheck shell=bash
# ed, the standard editor, with a shell command, a search and an error.
work() {
	printf 'a\none\ntwo\n.\n1,2p\n/two/s/t/T/p\n!echo shell\nr !echo read\nw file\nw !cat\ne /nowhere\nh\nQ\n' | "$@" ed
	printf 'q\n' | "$@" ed -s file
	"$@" ed --nothing
	return 0
}
