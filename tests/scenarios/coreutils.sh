# shellcheck shell=bash
# The small tools on files, folders, links, text, dates and errors, one program after another from one shell.
work() {
	"$@" sh "$scenarios/coreutils-work.sh"
}
