# shellcheck shell=bash
# bash with jobs, traps, arrays, process substitution, here documents, coprocesses, and what it cannot find.
work() {
	"$@" bash "$scenarios/bash-work.sh" one two
	"$@" bash -i -c 'echo interactive' </dev/null
	"$@" bash -c 'kill -TERM $$'
	"$@" bash -c 'syntax error ('
	return 0
}
