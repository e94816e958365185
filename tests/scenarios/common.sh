# shellcheck shell=bash
# What the scenarios share. A scenario is a file NAME.sh with a function work PREFIX...: it works the program, each time
# behind the prefix, which is nothing, a recorder, or a cage. What stands in stress is worked only when the truth is
# recorded: it ends workers by signals, and its output is never the same.

# A port of 127.0.0.1 that nobody has.
free_port() {
	/usr/bin/python3 -I -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

port_open() {
	/usr/bin/python3 -I -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()' "$1" 2>/dev/null
}

# until_answers SERVER COMMAND...: waits until the command succeeds, as long as the process lives.
until_answers() {
	local server=$1
	shift
	until "$@" >/dev/null 2>&1; do
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.05
	done
}

# The processes that this one started, by number.
children_of() {
	ps -o pid= --ppid "$1"
}

# Waits until the number is no process any more.
until_gone() {
	while kill -0 "$1" 2>/dev/null; do sleep 0.05; done
}

# Waits until a process has a child.
until_has_child() {
	until [ -n "$(children_of "$1")" ]; do
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.05
	done
}
