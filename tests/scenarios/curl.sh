# shellcheck shell=bash
# curl gets and puts files, over TCP and a Unix socket, from a server in python, resolves a name, and fails in its ways.
work() {
	local port server
	port=$(free_port)
	echo 'what is served' >page
	/usr/bin/python3 -I -B -m http.server --bind 127.0.0.1 "$port" >server.log 2>&1 &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	"$@" curl -sS "http://127.0.0.1:$port/page"
	"$@" curl -sS -v --compressed -o got -D headers -c cookies "http://localhost:$port/page" "http://localhost:$port/page"
	"$@" curl -sS -T page "http://127.0.0.1:$port/put"
	"$@" curl -sS -F file=@page "http://127.0.0.1:$port/post"
	"$@" curl -sS --parallel -o one -o two "http://127.0.0.1:$port/page" "http://127.0.0.1:$port/headers"
	"$@" curl -sS --max-time 5 https://127.0.0.1:"$port"/
	"$@" curl -sS --max-time 5 http://nowhere.invalid/
	"$@" curl -sS --unix-socket ./nothing http://localhost/
	"$@" curl -sS file://"$PWD"/page
	"$@" curl -sS telnet://127.0.0.1:"$port" <page
	"$@" curl --version
	kill "$server"
	wait "$server"
	return 0
}
