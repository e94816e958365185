# shellcheck shell=bash
# nginx serves files to curl over a Unix socket, is told to reload a changed configuration, and serves from that.
# Injected code comes as a module, into the master.
work() {
	local server answer=0
	mkdir -p one two logs
	nginx_configure one
	echo 'the first page' >one/index.html
	echo 'the page after the reload' >two/index.html
	seq 1 20000 >one/numbers
	"$@" /usr/sbin/nginx -e logs/error.log -p "$PWD" -c "$PWD/nginx.conf" &
	server=$!
	if ! nginx_serves "$server" 'the first page'; then
		answer=1
	else
		nginx_get index.html && nginx_get numbers | cksum && nginx_get missing | grep -c 'Not Found'
		curl -sS --unix-socket nginx.sock --range 10-19 http://localhost/numbers | cksum
		nginx_configure two
		kill -HUP "$(cat nginx.pid)"
		nginx_serves "$server" 'the page after the reload' || answer=1
		nginx_get index.html
		kill -QUIT "$(cat nginx.pid)"
	fi
	wait "$server" || answer=$?
	[ "$answer" = 0 ] || tail -n 20 logs/error.log >&2
	return "$answer"
}

# nginx_configure FOLDER: the configuration that serves it.
nginx_configure() {
	cat >nginx.conf <<-CONF
	daemon off;
	user $(id -un) $(id -gn);
	worker_processes 2;
	pid nginx.pid;
	events { worker_connections 64; }
	http {
		access_log logs/access.log;
		client_body_temp_path logs/body;
		proxy_temp_path logs/proxy;
		fastcgi_temp_path logs/fastcgi;
		uwsgi_temp_path logs/uwsgi;
		scgi_temp_path logs/scgi;
		sendfile on;
		server {
			listen unix:nginx.sock;
			root $1;
		}
	}
	CONF
}

nginx_get() {
	curl -sS --max-time 20 --unix-socket nginx.sock "http://localhost/$1" "${@:2}" </dev/null
}

# nginx_serves SERVER PAGE: waits until the index is that page, as long as the server lives.
nginx_serves() {
	until [ "$(nginx_get index.html 2>/dev/null)" = "$2" ]; do
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.05
	done
}

inject() {
	nginx_configure one
	sed -i '1i load_module ./inject.so;' nginx.conf
	mkdir -p logs
	"$@" /usr/sbin/nginx -e logs/error.log -p "$PWD" -c "$PWD/nginx.conf"
}

starts_programs=no

# Logs are reopened, a worker crashes and is replaced, a peer goes away in the middle; and one that is not configured.
stress() {
	local server worker old
	mkdir -p one logs
	nginx_configure one
	echo 'the first page' >one/index.html
	seq 1 200000 >one/numbers
	"$@" /usr/sbin/nginx -t -e logs/error.log -p "$PWD" -c "$PWD/nginx.conf"
	"$@" /usr/sbin/nginx -e logs/error.log -p "$PWD" -c "$PWD/nginx.conf" &
	server=$!
	nginx_serves "$server" 'the first page' || return 1
	old=$(cat nginx.pid)
	mv logs/access.log logs/access.log.1
	kill -USR1 "$old"
	until_answers "$server" test -e logs/access.log || return 1
	worker=$(children_of "$old" | head -n 1)
	kill -SEGV "$worker"
	until_answers "$server" grep -q 'exited on signal 11' logs/error.log || return 1
	nginx_serves "$server" 'the first page' || return 1
	curl -sS --max-time 1 --limit-rate 10K -o /dev/null --unix-socket nginx.sock http://localhost/numbers
	nginx_get index.html -X POST -d data
	kill -WINCH "$old"
	kill -TERM "$old"
	end_within 20 "$old"
	wait "$server"
	"$@" /usr/sbin/nginx -e logs/error.log -p "$PWD" -c /nowhere.conf
	nginx_store "$@"
}

# A server that keeps what it is sent, in threads, behind itself as a proxy with a cache.
nginx_store() {
	local server started
	mkdir -p store cache www
	seq 1 50000 >www/numbers
	nginx_configure_store
	"$@" /usr/sbin/nginx -e logs/error.log -p "$PWD" -c "$PWD/store.conf" &
	started=$! server=$!
	until_answers "$server" nginx_get numbers || return 1
	nginx_get file -T www/numbers >/dev/null
	nginx_get file >/dev/null
	nginx_get kept/file >/dev/null && nginx_get kept/file >/dev/null
	nginx_get "file" -X MOVE -H 'Destination: /moved'
	nginx_get "moved" -X COPY -H 'Destination: /copied'
	nginx_get "folder/" -X MKCOL
	nginx_get "folder/" -X DELETE -H 'Depth: infinity'
	nginx_get "copied" -X DELETE
	nginx_get real/numbers --range 100-200 >/dev/null
	server=$(cat nginx.pid)
	kill -QUIT "$server"
	end_within 20 "$server"
	wait "$started"
	return 0
}

nginx_configure_store() {
	cat >store.conf <<-CONF
	daemon off;
	user $(id -un) $(id -gn);
	worker_processes 1;
	worker_priority 1;
	worker_cpu_affinity auto;
	worker_rlimit_nofile 512;
	worker_rlimit_core 0;
	working_directory $PWD;
	pid nginx.pid;
	events { worker_connections 64; multi_accept on; }
	thread_pool readers threads=2;
	http {
		access_log logs/access.log combined buffer=4k gzip;
		client_body_temp_path store/body;
		client_body_in_file_only clean;
		client_body_buffer_size 1k;
		proxy_temp_path cache/proxy;
		proxy_cache_path $PWD/cache/pages keys_zone=pages:1m;
		proxy_buffers 4 4k;
		fastcgi_temp_path logs/fastcgi;
		uwsgi_temp_path logs/uwsgi;
		scgi_temp_path logs/scgi;
		open_file_cache max=10;
		server {
			listen unix:nginx.sock;
			root $PWD/store;
			dav_methods PUT DELETE MKCOL COPY MOVE;
			create_full_put_path on;
			location /numbers { root www; aio threads=readers; sendfile on; read_ahead 16k; }
			location /real/ { alias $PWD/www/; disable_symlinks on; add_header X-Root "\$realpath_root"; }
			location /kept/ { proxy_pass http://unix:$PWD/nginx.sock:/; proxy_cache pages; proxy_cache_valid 200 1m; }
		}
	}
	CONF
}
