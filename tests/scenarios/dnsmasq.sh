# shellcheck shell=bash
# dnsmasq answers names over UDP and TCP from its files, forwards to nobody, rereads, dumps its state, and stops.
work() {
	local port server
	port=$(free_port)
	echo '10.1.2.3 one.test' >hosts
	"$@" dnsmasq --test -C /dev/null
	"$@" dnsmasq -k -C /dev/null -p "$port" -a 127.0.0.1 -z -R -S 127.0.0.1#1 -h -H "$PWD/hosts" -u "$(id -un)" -x "$PWD/dnsmasq.pid" \
		-q --log-facility="$PWD/dnsmasq.log" --txt-record=txt.test,hello --cname=two.test,one.test &
	server=$!
	until_answers "$server" dns_asks "$port" one.test || return 1
	dns_asks "$port" two.test
	dns_asks "$port" nowhere.test
	dns_asks "$port" one.test tcp
	echo '10.1.2.4 three.test' >>hosts
	kill -HUP "$(cat dnsmasq.pid)"
	until_answers "$server" dns_asks "$port" three.test || return 1
	kill -USR1 "$(cat dnsmasq.pid)"
	mv dnsmasq.log dnsmasq.log.1
	kill -USR2 "$(cat dnsmasq.pid)"
	dns_asks "$port" one.test
	kill -TERM "$(cat dnsmasq.pid)"
	wait "$server"
	"$@" dnsmasq -C /nowhere
	return 0
}

# dns_asks PORT NAME [tcp]: succeeds when there is an answer with an address.
dns_asks() {
	/usr/bin/python3 -I - "$@" <<-'PY'
		import socket, struct, sys
		address = ("127.0.0.1", int(sys.argv[1]))
		name = b"".join(bytes([len(part)]) + part.encode() for part in sys.argv[2].split(".")) + b"\0"
		query = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1)
		if len(sys.argv) > 3:
		    peer = socket.create_connection(address)
		    peer.settimeout(5)
		    peer.sendall(struct.pack(">H", len(query)) + query)
		    answer = peer.recv(2000)[2:]
		else:
		    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    peer.settimeout(1)
		    peer.sendto(query, address)
		    answer = peer.recv(2000)
		sys.exit(0 if struct.unpack(">H", answer[6:8])[0] else 1)
	PY
}
