# shellcheck shell=bash
# haproxy, a master with a worker, balances between two servers of which one dies, answers its command socket, is reloaded,
# loses a worker to a signal, and stops softly.
work() {
	local front back server worker
	read -r front back <<<"$(free_ports 2)"
	echo page >index.html
	haproxy_configure
	/usr/bin/python3 -I -B -m http.server --bind 127.0.0.1 "$back" >back.log 2>&1 &
	local backend=$!
	until_answers "$backend" port_open "$back" || return 1
	"$@" haproxy -c -f haproxy.cfg
	"$@" haproxy -W -db -p haproxy.pid -S "$PWD/master.sock" -f haproxy.cfg 2>haproxy.log &
	server=$!
	until_answers "$server" curl -fsS "http://127.0.0.1:$front/index.html" || { cat haproxy.log >&2; return 1; }
	curl -sS -H 'X-Test: 1' "http://127.0.0.1:$front/index.html"
	curl -sS -o /dev/null --parallel "http://127.0.0.1:$front/[1-20]"
	curl -sS "http://127.0.0.1:$front/stats" >stats
	curl -sS -T index.html "http://127.0.0.1:$front/put" >put
	printf 'GARBAGE\r\n\r\n' | socat - "TCP:127.0.0.1:$front" >garbage
	echo 'show info; show stat; show sess; disable server pool/one; enable server pool/one' | socat - UNIX-CONNECT:stats.sock >info
	echo 'show proc' | socat - UNIX-CONNECT:master.sock >procs
	kill -USR2 "$(cat haproxy.pid)"
	until_answers "$server" haproxy_loaded 2 || { cat haproxy.log >&2; return 1; }
	until_answers "$server" curl -fsS "http://127.0.0.1:$front/index.html" || { cat haproxy.log >&2; return 1; }
	kill "$backend"
	wait "$backend"
	curl -sS -o /dev/null "http://127.0.0.1:$front/index.html"
	worker=$(cat haproxy.pid)
	kill -USR1 "$worker"
	end_within 20 "$worker"
	wait "$server"
	"$@" haproxy -vv >version
	"$@" haproxy -f /nowhere.cfg
	return 0
}

# haproxy_loaded COUNT: so often has a worker begun.
haproxy_loaded() {
	[ "$(grep -c 'Loading success' haproxy.log)" -ge "$1" ]
}

haproxy_configure() {
	cat >haproxy.cfg <<-CONF
	global
		stats socket $PWD/stats.sock mode 600 level admin
		log 127.0.0.1:1 local0
		maxconn 100
		hard-stop-after 3s
	defaults
		mode http
		timeout connect 2s
		timeout client 5s
		timeout server 5s
		option httplog
		log global
	frontend in
		bind 127.0.0.1:$front
		stats enable
		stats uri /stats
		compression algo gzip
		default_backend pool
	backend pool
		balance roundrobin
		option httpchk GET /index.html
		server one 127.0.0.1:$back check inter 200
		server two 127.0.0.1:1 check inter 200 backup
	CONF
}

# In a folder of its own that it cannot leave, as nobody where it may; names by a resolver that is not
# there, bytes passed on without looking at them, and a peer that keeps a table.
stress() {
	local front back server backend
	read -r front back <<<"$(free_ports 2)"
	seq 1 200000 >numbers
	mkdir -p empty
	haproxy_configure_plain
	/usr/bin/python3 -I -B -m http.server --bind 127.0.0.1 "$back" >back.log 2>&1 &
	backend=$!
	until_answers "$backend" port_open "$back" || return 1
	"$@" haproxy -W -db -p haproxy.pid -f plain.cfg 2>haproxy.log &
	server=$!
	until_answers "$server" curl -fsS "http://127.0.0.1:$front/numbers" || { cat haproxy.log >&2; return 1; }
	curl -sS "http://127.0.0.1:$front/numbers" | cksum
	curl -sS -T numbers "http://127.0.0.1:$front/put" >put
	echo 'show resolvers; show table all; show fd; show activity; show pools; set maxconn global 50; show threads' |
		socat - UNIX-CONNECT:plain.sock >info
	echo 'expert-mode on; debug dev log hello; debug dev delay 10; debug dev loop 20' | socat - UNIX-CONNECT:plain.sock >debug
	kill "$backend"
	wait "$backend"
	backend=$(cat haproxy.pid)
	kill -USR1 "$backend"
	end_within 20 "$backend"
	wait "$server"
	return 0
}

haproxy_configure_plain() {
	cat >plain.cfg <<-CONF
	global
		stats socket $PWD/plain.sock mode 600 level admin user $(id -un)
		chroot $PWD/empty
		nbthread 2
		cpu-map auto:1/1-2 0-1
		tune.maxaccept 4
		maxconn 100
		hard-stop-after 2s
	resolvers names
		nameserver none 127.0.0.1:1
		timeout resolve 200ms
	peers here
		peer $(uname -n) 127.0.0.1:$(free_port)
	defaults
		mode tcp
		timeout connect 2s
		timeout client 5s
		timeout server 5s
		option splice-auto
		option splice-request
		option splice-response
	frontend in
		bind 127.0.0.1:$front
		bind unix@$PWD/in.sock mode 600
		default_backend pool
	backend pool
		stick-table type ip size 1k expire 1m peers here
		stick on src
		server one 127.0.0.1:$back check inter 200
		server two nobody.invalid:80 check inter 200 resolvers names init-addr none backup
	CONF
	[ "$(id -u)" != 0 ] || sed -i 's/^\tchroot/\tuser nobody\n\tgroup nogroup\n&/' plain.cfg
}
