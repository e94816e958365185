# shellcheck shell=bash
# redis-server under redis-benchmark, over a Unix socket, until it has worked for two seconds of its own clock: its
# periodic work is then part of what was learned. Injected code comes as a module.
work() {
	local server answer=0
	"$@" redis-server --port 0 --unixsocket redis.sock --save '' --daemonize no --logfile redis.log --dir . &
	server=$!
	if ! redis_up "$server"; then
		answer=1
	else
		redis-benchmark -s redis.sock -n 2000 -c 8 -q -t set,get,incr,lpush,mset >benchmark.out 2>&1 || answer=1
		redis_ask memory purge || answer=1
		redis_ask set greeting hello && redis_ask get greeting && redis_ask llen mylist && redis_ask dbsize || answer=1
		redis_ask save || answer=1
		until [ "$(redis_ask info server | sed -n 's/^uptime_in_seconds:\([0-9]*\).*/\1/p')" -ge 2 ] 2>/dev/null; do
			kill -0 "$server" 2>/dev/null || break
			sleep 0.1
		done
		redis_ask shutdown nosave
	fi
	wait "$server" || answer=$?
	[ "$answer" = 0 ] || tail -n 20 redis.log benchmark.out >&2
	return "$answer"
}

redis_ask() {
	redis-cli -s redis.sock "$@" </dev/null
}

# Waits until the server answers, as long as it lives.
redis_up() {
	until [ "$(redis_ask ping 2>/dev/null)" = PONG ]; do
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.05
	done
}

inject() {
	"$@" redis-server --port 0 --unixsocket redis.sock --save '' --daemonize no --loadmodule ./inject.so
}

starts_programs=no
