# shellcheck shell=bash
# apache2 with its event workers and modules serves files, folders, a CGI program, a proxied page and errors, is reloaded
# gracefully, loses a worker to a signal, and stops gracefully.
work() {
	local port server worker
	port=$(free_port)
	mkdir -p www/folder www/cgi-bin
	echo page >www/index.html
	seq 1 100000 >www/numbers
	printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"; echo from cgi\n' >www/cgi-bin/x && chmod +x www/cgi-bin/x
	apache_configure
	"$@" /usr/sbin/apache2 -t -f "$PWD/apache.conf"
	"$@" /usr/sbin/apache2 -X -f /nowhere.conf
	"$@" /usr/sbin/apache2 -D FOREGROUND -f "$PWD/apache.conf" &
	server=$!
	until_answers "$server" apache_said 1 'resuming normal operations' || return 1
	curl -sS "http://127.0.0.1:$port/"
	curl -sS "http://127.0.0.1:$port/numbers" | cksum
	curl -sS --compressed "http://127.0.0.1:$port/numbers" | cksum
	curl -sS --range 5-20 "http://127.0.0.1:$port/numbers" | cksum
	curl -sS -o /dev/null --parallel "http://127.0.0.1:$port/[1-30]"
	curl -sS "http://127.0.0.1:$port/folder/" "http://127.0.0.1:$port/status?auto" "http://127.0.0.1:$port/proxied/index.html" >pages
	curl -sS "http://127.0.0.1:$port/cgi-bin/x" >cgi
	printf 'GARBAGE\r\n\r\n' | socat - "TCP:127.0.0.1:$port" >garbage
	kill -USR1 "$(cat apache.pid)"
	until_answers "$server" apache_said 2 'resuming normal operations' || return 1
	for worker in $(children_of "$(cat apache.pid)"); do kill -SEGV "$worker"; done
	until_answers "$server" apache_said 1 'exit signal Segmentation fault' || return 1
	curl -sS "http://127.0.0.1:$port/index.html"
	kill -HUP "$(cat apache.pid)"
	until_answers "$server" apache_said 3 'resuming normal operations' || return 1
	curl -sS "http://127.0.0.1:$port/index.html"
	worker=$(cat apache.pid)
	kill -WINCH "$worker"
	end_within 20 "$worker"
	wait "$server"
	return 0
}

# apache_said COUNT TEXT: the log has it so often.
apache_said() {
	[ "$(grep -c "$2" error.log)" -ge "$1" ]
}

apache_configure() {
	local modules=/usr/lib/apache2/modules module
	{
		for module in mpm_event authn_core authz_core authz_host dir mime alias autoindex cgid deflate filter status env \
			setenvif rewrite proxy proxy_http headers reqtimeout negotiation socache_shmcb; do
			echo "LoadModule ${module}_module $modules/mod_$module.so"
		done
		cat <<-CONF
		ServerName localhost
		ServerRoot $PWD
		DocumentRoot $PWD/www
		DefaultRuntimeDir $PWD
		Mutex file:$PWD default
		PidFile $PWD/apache.pid
		ErrorLog $PWD/error.log
		TransferLog $PWD/access.log
		ScriptSock $PWD/cgid.sock
		TypesConfig /dev/null
		Listen 127.0.0.1:$port
		StartServers 2
		GracefulShutdownTimeout 3
		Options +Indexes
		AddOutputFilterByType DEFLATE text/plain
		ScriptAlias /cgi-bin/ $PWD/www/cgi-bin/
		ProxyPass /proxied/ http://127.0.0.1:$port/
		<Location /status>
			SetHandler server-status
		</Location>
		<Directory />
			Require all granted
		</Directory>
		CONF
	} >apache.conf
}
