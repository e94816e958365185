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
		redis_ends "$server" nosave
	fi
	wait "$server" || answer=$?
	[ "$answer" = 0 ] || tail -n 20 redis.log benchmark.out >&2
	return "$answer"
}

redis_ask() {
	redis-cli -s redis.sock "$@" </dev/null
}

# redis_ends SERVER [HOW]: one that still writes its first log refuses to end, and is asked again until it has.
redis_ends() {
	while kill -0 "$1" 2>/dev/null; do
		redis_ask shutdown "${@:2}" >/dev/null 2>&1
		sleep 0.05
	done
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

# It listens on TCP, forks to save and to rewrite its log, replicates, runs Lua, lets keys expire, answers a broken peer,
# and crashes; and one whose configuration is wrong.
stress() {
	local port replica_port server replica crashing
	read -r port replica_port <<<"$(free_ports 2)"
	mkdir replica
	"$@" redis-server --bind 127.0.0.1 --port "$port" --unixsocket redis.sock --appendonly yes --save '1 1' \
		--logfile redis.log --dir . --io-threads 2 &
	server=$!
	redis_up "$server" || return 1
	redis-server --bind 127.0.0.1 --port "$replica_port" --replicaof 127.0.0.1 "$port" --dir replica >replica.log &
	replica=$!
	redis_ask set key value ex 1
	redis_ask eval 'return redis.call("get", KEYS[1])' 1 key
	redis_ask bgsave
	until_answers "$server" redis_idle rdb_bgsave_in_progress || return 1
	redis_ask bgrewriteaof
	until_answers "$server" redis_idle aof_rewrite_in_progress || return 1
	until_answers "$server" redis_replicates || return 1
	redis-benchmark -p "$port" -n 2000 -c 20 -q -t set,get >benchmark.out 2>&1
	printf 'GARBAGE\r\n*1\r\n$-5\r\n' | socat - "TCP:127.0.0.1:$port" >garbage
	redis_ask config set maxmemory 2mb
	redis_ask flushall async
	redis_ask slowlog get
	kill "$replica"
	wait "$replica"
	redis_ask debug segfault
	crashing=$(sed -n 's/^\([0-9]*\):.*Ready to accept.*/\1/p' redis.log | head -n 1)
	kill -SEGV "$crashing"
	end_within 20 "$crashing"
	wait "$server"
	"$@" redis-server --nothing yes
	redis_follows "$@"
}

# Another one, bound to a processor, follows a server, writes its configuration anew, becomes a cluster's node, and begins
# with a log that was cut off.
redis_follows() {
	local port server leader
	port=$(free_port)
	mkdir -p leader follower
	redis-server --bind 127.0.0.1 --port "$port" --dir leader --enable-debug-command yes >leader.log &
	leader=$!
	until_answers "$leader" port_open "$port" || return 1
	printf '%s\n' "port 0" "unixsocket $PWD/redis.sock" "unixsocketperm 700" "dir $PWD/follower" "appendonly yes" \
		"logfile $PWD/follower.log" "server_cpulist 0" "bgsave_cpulist 0" "replicaof 127.0.0.1 $port" >follower.conf
	redis_restarts follower.conf "$@" && {
		until_answers "$server" redis_linked
		redis_ask config set maxmemory 8mb
		redis_ask config rewrite
		redis_ask replicaof no one
		redis_ask mset a 1 b 2 c 3
		redis_ask config set save '1 1'
		redis_ask client list
		redis_ask latency doctor
		redis_ends "$server"
	}
	wait "$server"
	truncate -s -3 follower/appendonlydir/*.incr.aof
	sed -i '/^replicaof/d' follower.conf
	echo 'cluster-enabled yes' >>follower.conf
	redis_restarts follower.conf "$@" && redis_ask cluster info && redis_ends "$server"
	wait "$server"
	kill "$leader"
	wait "$leader"
	return 0
}

# redis_restarts CONFIGURATION PREFIX...: sets server.
redis_restarts() {
	"${@:2}" redis-server "$1" &
	server=$!
	redis_up "$server"
}

redis_linked() {
	redis_ask info replication | grep -q 'master_link_status:up'
}

redis_idle() {
	redis_ask info persistence | grep -q "^$1:0"
}

redis_replicates() {
	redis_ask info replication | grep -q 'state=online'
}
