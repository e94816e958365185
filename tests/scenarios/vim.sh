# shellcheck shell=bash
# vim edits a file by keys from a script, filters it through a program, and keeps a swap file.
work() {
	printf 'b\na\n' >file
	"$@" vim.tiny -u NONE -N -e -s -c '%sort' -c 's/a/A/' -c '%!cat' -c 'r !echo more' -c 'wq' file </dev/null
	cat file
	"$@" vim.tiny -u NONE -N -es -c 'e /nowhere/x' -c 'w' -c 'q!' </dev/null
	"$@" vim.tiny -u NONE -N -es -c 'e .' -c 'sleep 10m' -c 'recover nothing' -c 'qa!' </dev/null
	"$@" vim.tiny --version
	printf ':q!\n' | TERM=dumb "$@" vim.tiny -u NONE file
	return 0
}
