# shellcheck shell=bash
# rsync copies a tree locally, then as a daemon and its client, with deletions, checksums and links.
work() {
	local port server
	port=$(free_port)
	mkdir -p from/deep && seq 1 5000 >from/file && ln -s file from/soft && ln from/file from/hard && truncate -s 100K from/sparse
	"$@" rsync -aHSX --stats from/ to
	seq 2 5000 >from/file && rm from/sparse
	"$@" rsync -avc --delete --inplace --no-whole-file from/ to
	"$@" rsync -az --partial --bwlimit=10000 from/ to2
	"$@" rsync -n /nowhere to
	printf 'use chroot = no\nport = %s\naddress = 127.0.0.1\npid file = %s/pid\nlog file = %s/log\n[m]\npath = %s/to\nread only = no\n' \
		"$port" "$PWD" "$PWD" "$PWD" >conf
	[ "$(id -u)" != 0 ] || printf 'uid = root\ngid = root\n' | cat - conf >conf2 && mv conf2 conf
	"$@" rsync --daemon --no-detach --config=conf 2>daemon.err &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	rsync -a "rsync://127.0.0.1:$port/m/" got
	rsync -a from/ "rsync://127.0.0.1:$port/m/put/"
	rsync "rsync://127.0.0.1:$port/nothing/"
	kill "$(cat pid)"
	wait "$server"
	return 0
}
