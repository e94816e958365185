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

# end_within SECONDS PROCESS: waits for its end; what has not ended by then is killed.
end_within() {
	local tenths=0
	while kill -0 "$2" 2>/dev/null && [ $((tenths += 1)) -le $(($1 * 10)) ]; do sleep 0.1; done
	kill -KILL "$2" 2>/dev/null
	return 0
}
