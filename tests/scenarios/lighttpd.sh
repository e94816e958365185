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

# With two workers, its log in another program, files that it watches, and uploads that do not fit into memory.
stress() {
	local port server
	port=$(free_port)
	mkdir -p www/folder uploads
	seq 1 200000 >www/numbers
	printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"; cat\n' >www/echo.cgi && chmod +x www/echo.cgi
	cat >stress.conf <<-CONF
	server.modules = ("mod_access", "mod_accesslog", "mod_dirlisting", "mod_cgi", "mod_proxy", "mod_setenv")
	server.document-root = "$PWD/www"
	server.bind = "127.0.0.1"
	server.port = $port
	server.errorlog = "$PWD/error.log"
	server.breakagelog = "$PWD/breakage.log"
	server.pid-file = "$PWD/lighttpd.pid"
	server.upload-dirs = ("$PWD/uploads")
	server.max-worker = 2
	server.core-files = "enable"
	server.max-fds = 256
	server.stat-cache-engine = "inotify"
	server.network-backend = "writev"
	mimetype.use-xattr = "enable"
	accesslog.filename = "|cat >access.log"
	dir-listing.activate = "enable"
	cgi.assign = (".cgi" => "")
	cgi.local-redir = "enable"
	\$HTTP["url"] =~ "^/behind/" {
		proxy.server = ("" => (("host" => "127.0.0.1", "port" => $port)))
		proxy.header = ("map-urlpath" => ("/behind/" => "/"))
	}
	CONF
	"$@" lighttpd -D -f stress.conf &
	server=$!
	until_answers "$server" curl -fsS "http://127.0.0.1:$port/folder/" || return 1
	curl -sS "http://127.0.0.1:$port/folder/" "http://127.0.0.1:$port/behind/numbers" "http://127.0.0.1:$port/numbers" >pages
	curl -sS --data-binary @www/numbers "http://127.0.0.1:$port/echo.cgi" | cksum
	curl -sS -H 'Transfer-Encoding: chunked' --data-binary @www/numbers "http://127.0.0.1:$port/behind/echo.cgi" | cksum
	echo more >>www/numbers
	curl -sS "http://127.0.0.1:$port/numbers" | cksum
	kill -INT "$(cat lighttpd.pid)"
	end_within 20 "$server"
	wait "$server"
	[ "$(id -u)" != 0 ] || lighttpd_confined "$@"
	return 0
}

# As nobody, in a folder that it cannot leave, its error log by the system's; it listens on a Unix socket as well.
lighttpd_confined() {
	local port server
	port=$(free_port)
	mkdir -p jail/www jail/uploads && chmod -R 0777 jail
	seq 1 1000 >jail/www/numbers
	cat >jail.conf <<-CONF
	server.modules = ("mod_access", "mod_status")
	server.chroot = "$PWD/jail"
	server.document-root = "/www"
	server.upload-dirs = ("/uploads")
	server.username = "nobody"
	server.groupname = "nogroup"
	server.bind = "127.0.0.1"
	server.port = $port
	server.pid-file = "$PWD/jail.pid"
	server.errorlog-use-syslog = "enable"
	\$SERVER["socket"] == "$PWD/jail.sock" { }
	CONF
	"$@" lighttpd -D -f jail.conf &
	server=$!
	until_answers "$server" curl -fsS "http://127.0.0.1:$port/numbers" || return 1
	curl -sS --unix-socket jail.sock http://localhost/numbers | cksum
	kill -INT "$(cat jail.pid)"
	end_within 20 "$server"
	wait "$server"
}
