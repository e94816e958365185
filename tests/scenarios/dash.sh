# shellcheck shell=bash
# dash as a script's shell: pipes, here documents, background jobs, traps, tests, errors.
work() {
	"$@" dash -c 'set -u; x=$(echo sub); echo "$x" | cat; cat <<E
here $x
E
	sleep 0 & wait; trap "echo usr1" USR1; kill -USR1 $$; umask 022; ulimit -n; cd /; pwd; test -e /etc; echo ?; read y </dev/null
	[ 1 -lt 2 ]; printf "%d\n" 5; exec 5>/dev/null; echo z >&5; /nowhere/x; times; (exit 2); echo $?; command -v ls; set -m; sleep 0 & fg'
	"$@" dash -c 'exit 4'
	"$@" dash -c 'if'
	"$@" dash /nowhere/script
	echo 'echo from stdin' | "$@" dash
	echo 'echo typed' | "$@" dash -i
	return 0
}
