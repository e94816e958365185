# shellcheck shell=bash
# git makes a repository, commits, branches, merges, clones and packs. It loads no library, so injected code comes as
# an alias: a program that git starts, in the same cage.
work() {
	"$@" sh "$scenarios/git-work.sh"
}

inject() {
	"$@" git -c alias.attack='!./attack' attack
}

starts_programs=yes
