# shellcheck shell=bash disable=SC2154
# Users and groups by what nsswitch.conf names, systemd's service of records included: one that answers, and hangs up on
# whom it does not like. Where the machine lets nobody have a /run of his own, there is none.
work() {
	local server=
	if [ -n "${CALLGATE_ALONE:-}" ] && mount -t tmpfs tmpfs /run 2>/dev/null; then
		mkdir -p /run/systemd/userdb
		mkfifo ready
		/usr/bin/python3 -I "$scenarios/userdb.py" /run/systemd/userdb/io.callgate.Test >ready &
		server=$!
		read -r <ready
	fi
	"$@" getent passwd callgate-guest root nobody
	"$@" getent group 60123 root
	"$@" getent initgroups callgate-guest
	"$@" getent passwd callgate-gone
	"$@" getent passwd >/dev/null
	"$@" getent group >/dev/null
	"$@" getent shadow callgate-guest >/dev/null
	"$@" getent ahosts localhost
	"$@" id callgate-guest
	"$@" id root
	[ -z "$server" ] || { kill "$server" && wait "$server"; }
	return 0
}
