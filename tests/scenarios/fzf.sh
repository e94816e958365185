# shellcheck shell=bash
# fzf, written in Go, filters by pattern without a terminal, walks a tree by a program, and is refused.
work() {
	seq 1 20000 | "$@" fzf -f 999 | head -n 3
	mkdir tree && touch tree/one tree/two
	FZF_DEFAULT_COMMAND='find tree' "$@" fzf -f one </dev/null
	"$@" fzf --nothing
	"$@" fzf --version
	return 0
}
