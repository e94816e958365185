# shellcheck shell=bash
# A shell pipeline. Injected code comes as one more program of the pipeline. mawk ends by SIGPIPE when head has enough;
# gawk would do more then, or not, as it happens.
work() {
	seq 1 3000 | sed 's/$/ line/' >lines
	"$@" sh -c 'cat lines | tr 1-5 a-e | grep -v f | sort -r | uniq -c | mawk "{ print \$2 }" | head -n 5; wc -l <lines'
}

inject() {
	"$@" sh -c 'cat /dev/null | ./attack'
}

starts_programs=yes
# The shell handles SIGCHLD without SA_RESTART: a child's end can break off a call that a listener has not yet received,
# and the shell gives up on a fork, or forgets to close a pipe. A tracer has no such gap.
recorder=trace
