# shellcheck shell=bash
# lighttpd serves files, ranges, folders, errors and a CGI program, reopens its logs, is reloaded, and stops.
work() {
	local port server worker
	port=$(free_port)
	mkdir -p www/folder www/cgi-bin
	echo page >www/index.html
	seq 1 100000 >www/numbers
	printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"; echo from cgi; cat\n' >www/cgi-bin/x && chmod +x www/cgi-bin/x
	cat >lighttpd.conf <<-CONF
	server.modules = ("mod_access", "mod_accesslog", "mod_dirlisting", "mod_cgi", "mod_status", "mod_rewrite", "mod_auth", "mod_expire")
	server.document-root = "$PWD/www"
	server.bind = "127.0.0.1"
	server.port = $port
	server.errorlog = "$PWD/error.log"
	accesslog.filename = "$PWD/access.log"
	server.pid-file = "$PWD/lighttpd.pid"
	server.upload-dirs = ("$PWD")
	index-file.names = ("index.html")
	dir-listing.activate = "enable"
	status.status-url = "/status"
	cgi.assign = ("/cgi-bin/" => "")
	mimetype.assign = (".html" => "text/html")
	CONF
	"$@" lighttpd -tt -f lighttpd.conf
	"$@" lighttpd -D -f lighttpd.conf &
	server=$!
	until_answers "$server" curl -fsS "http://127.0.0.1:$port/index.html" || return 1
	curl -sS "http://127.0.0.1:$port/"
	curl -sS "http://127.0.0.1:$port/numbers" | cksum
	curl -sS --range 5-20 "http://127.0.0.1:$port/numbers" | cksum
	curl -sS "http://127.0.0.1:$port/folder/" "http://127.0.0.1:$port/missing" "http://127.0.0.1:$port/status" >pages
	curl -sS --data-binary @www/numbers "http://127.0.0.1:$port/cgi-bin/x" | cksum
	curl -sS -I "http://127.0.0.1:$port/numbers" >headers
	printf 'GARBAGE\r\n\r\n' | socat - "TCP:127.0.0.1:$port" >garbage
	mv access.log access.log.1
	kill -HUP "$(cat lighttpd.pid)"
	curl -sS "http://127.0.0.1:$port/index.html"
	kill -USR1 "$(cat lighttpd.pid)"
	until_answers "$server" curl -fsS "http://127.0.0.1:$port/index.html" || return 1
	worker=$(cat lighttpd.pid)
	kill -INT "$worker"
	end_within 20 "$worker"
	wait "$server"
	"$@" lighttpd -v
	"$@" lighttpd -D -f /nowhere.conf
	return 0
}
