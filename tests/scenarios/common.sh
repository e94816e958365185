# shellcheck shell=bash
# What the scenarios share. A scenario is a file NAME.sh with a function work PREFIX...: it works the program, each time
# behind the prefix, which is nothing, a recorder, or a cage. What stands in stress is worked only when the truth is
# recorded: it ends workers by signals, and its output is never the same.

# A port of 127.0.0.1 that nobody has.
free_port() {
	free_ports 1
}

# free_ports COUNT: as many, no two of them the same.
free_ports() {
	/usr/bin/python3 -I -c 'import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in held))' "$1"
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

# A scenario waits for servers as long as they live, and one may live for ever: SECONDS after its start it is told what
# still runs, and in what it waits, and all that the scenario started is killed.
end_after() {
	local own=$BASHPID started
	sleep "$1" >/dev/null 2>&1 &
	trap 'kill "$!"; exit' TERM
	wait "$!"
	started=$(below $$ "$own")
	# shellcheck disable=SC2086 # as many words as processes
	{
		echo "$0: not done after $1 seconds; what still runs:"
		ps -o pid,ppid,stat,wchan:24,etimes,args $started
	} >&2
	kill -TERM $$
	# shellcheck disable=SC2086 # as many words as processes
	kill -KILL $started 2>/dev/null
}

# below PROCESS BUT: what it started, and what that did, all but for one and what that started.
below() {
	local child
	for child in $(children_of "$1"); do
		[ "$child" != "$2" ] || continue
		echo "$child"
		below "$child" "$2"
	done
}
