# shellcheck shell=bash
# ncat, a C++ program, listens, talks, runs a program for a peer, wraps itself in TLS, and is refused.
work() {
	local port server
	port=$(free_port)
	echo text >file
	"$@" ncat -l 127.0.0.1 "$port" >got 2>server.log &
	server=$!
	until grep -q text got 2>/dev/null || ! kill -0 "$server" 2>/dev/null; do
		ncat 127.0.0.1 "$port" <file >/dev/null 2>&1
		sleep 0.05
	done
	wait "$server"
	port=$(free_port)
	"$@" ncat -lk 127.0.0.1 "$port" --exec /bin/cat -v 2>server.log &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	"$@" ncat -i 1 127.0.0.1 "$port" <file &
	wait $!
	kill "$server"
	wait "$server"
	"$@" ncat -lU socket >got 2>server.log &
	server=$!
	until_answers "$server" test -S socket || return 1
	ncat -U socket <file
	wait "$server"
	"$@" ncat --ssl -w 1 127.0.0.1 1 </dev/null
	"$@" ncat -u -w 1 -i 0.1 localhost 1 <file
	return 0
}
