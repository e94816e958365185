# shellcheck shell=bash
# memcached with threads, over TCP and UDP, keeps, changes, lets expire, tells of itself, and stops.
work() {
	local port server
	port=$(free_port)
	"$@" memcached -u "$(id -un)" -l 127.0.0.1 -p "$port" -U "$port" -m 8 -t 3 -v -P "$PWD/memcached.pid" 2>memcached.log &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	{
		printf 'set a 0 0 5\r\nhello\r\nget a\r\ngets a\r\nappend a 0 0 1\r\n!\r\nincr a 1\r\nset n 0 1 1\r\n5\r\nincr n 2\r\ntouch n 1\r\ndelete a\r\n'
		printf 'stats\r\nstats slabs\r\nstats items\r\nstats settings\r\nverbosity 2\r\nflush_all\r\nversion\r\ngarbage\r\nlru_crawler crawl all\r\nmn\r\nquit\r\n'
	} | socat - "TCP:127.0.0.1:$port" >answers
	/usr/bin/python3 -I - "$port" <<-'PY'
		import socket, sys
		address = ("127.0.0.1", int(sys.argv[1]))
		peers = [socket.create_connection(address) for _ in range(20)]
		for i, peer in enumerate(peers):
		    peer.sendall(b"set k%d 0 0 100000\r\n" % i + b"x" * 100000 + b"\r\nget k%d\r\n" % i)
		for peer in peers:
		    left = 100000
		    while left > 0:
		        left -= len(peer.recv(65536))
		    peer.close()
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.settimeout(5)
		udp.sendto(b"\0\1\0\0\0\1\0\0stats\r\n", address)
		udp.recv(2000)
	PY
	kill -HUP "$(cat memcached.pid)"
	kill -TERM "$(cat memcached.pid)"
	wait "$server"
	"$@" memcached -u "$(id -un)" -s socket -m 8 -t 1 2>memcached.log &
	server=$!
	until_answers "$server" test -S socket || return 1
	printf 'version\r\nquit\r\n' | socat - UNIX-CONNECT:socket >>answers
	kill -TERM "$server"
	wait "$server"
	"$@" memcached -h >help
	"$@" memcached -u nobody_of_the_kind
	return 0
}

# Items on disk when memory is full, memory that is locked, and memory that is a file, over a restart.
stress() {
	local server
	"$@" memcached -u "$(id -un)" -s socket -a 0777 -k -m 40 -t 2 -I 1m -o "ext_page_size=2,ext_wbuf_size=2,ext_threads=1,ext_item_age=1,ext_path=$PWD/items:32m" 2>memcached.log &
	server=$!
	until_answers "$server" test -S socket || return 1
	/usr/bin/python3 -I - <<-'PY'
		import socket
		peer = socket.socket(socket.AF_UNIX)
		peer.settimeout(20)
		peer.connect("socket")
		answers = peer.makefile("rb")
		for i in range(6500):
		    peer.sendall(b"set k%d 0 0 8000\r\n" % i + b"x" * 8000 + b"\r\n")
		    answers.readline()
		for i in range(0, 6500, 7):
		    peer.sendall(b"get k%d\r\n" % i)
		    while answers.readline() != b"END\r\n":
		        pass
	PY
	kill -TERM "$server"
	wait "$server"
	memcached_file "$@" && memcached_file "$@"
	rm -f items memory
	[ "$(id -u)" != 0 ] || memcached_nobody "$@"
}

# memcached_file PREFIX...: its memory is a file, which stays.
memcached_file() {
	local server
	rm -f socket
	"$@" memcached -u "$(id -un)" -s socket -e "$PWD/memory" -m 48 -t 1 -P "$PWD/memcached.pid" 2>memcached.log &
	server=$!
	until_answers "$server" test -S socket || return 1
	printf 'set a 0 0 5\r\nhello\r\nget a\r\nquit\r\n' | socat - UNIX-CONNECT:socket >>answers
	kill -USR1 "$(cat memcached.pid)"
	wait "$server"
	return 0
}

# memcached_nobody PREFIX...: it gives up what it may.
memcached_nobody() {
	local port server
	port=$(free_port)
	"$@" memcached -u nobody -l 127.0.0.1 -p "$port" -m 8 -t 1 -c 64 -A 2>memcached.log &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	printf 'version\r\nshutdown\r\n' | socat - "TCP:127.0.0.1:$port" >>answers
	wait "$server"
	return 0
}
