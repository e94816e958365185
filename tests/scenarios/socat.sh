# shellcheck shell=bash
# socat joins sockets, files, pipes, pseudo terminals and programs.
work() {
	local port server
	port=$(free_port)
	echo text >file
	"$@" socat -u FILE:file CREATE:copy
	"$@" socat - EXEC:cat <file
	"$@" socat - SYSTEM:'cat; echo err >&2',stderr <file
	"$@" socat - EXEC:cat,pty,raw,echo=0 <file
	"$@" socat -T 2 "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" EXEC:cat 2>server.log &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	"$@" socat -T 2 - "TCP:127.0.0.1:$port" <file &
	wait $!
	kill "$server"
	wait "$server"
	"$@" socat -u UDP-RECVFROM:"$port",bind=127.0.0.1 CREATE:datagram &
	server=$!
	until [ -s datagram ] || ! kill -0 "$server" 2>/dev/null; do
		echo datagram | socat -u - "UDP-SENDTO:127.0.0.1:$port"
		sleep 0.05
	done
	wait "$server"
	"$@" socat -u UNIX-LISTEN:socket OPEN:copy,append &
	server=$!
	until_answers "$server" test -S socket || return 1
	socat -u FILE:file UNIX-CONNECT:socket
	wait "$server"
	"$@" socat -u UNIX-CONNECT:/nowhere -
	"$@" socat - NOTHING:1
	return 0
}
