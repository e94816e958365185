# shellcheck shell=bash
# sqlite3 creates, fills, queries and dumps a database. Injected code comes as an extension that it loads.
work() {
	"$@" sqlite3 shop.db <"$scenarios/sqlite3.sql"
}

inject() {
	"$@" sqlite3 :memory: ".load ./inject.so"
}

starts_programs=no

# What its shell does besides: other programs, files and archives of its own, a database that grows while it is mapped,
# sorting by threads; and a database that somebody else holds.
stress() {
	local holder
	/usr/bin/python3 -I - <<-'PY' &
		import pathlib, sqlite3, time
		sqlite3.connect("locked.db", isolation_level=None).execute("BEGIN EXCLUSIVE")
		pathlib.Path("held").touch()
		time.sleep(60)
	PY
	holder=$!
	until_answers "$holder" test -e held || return 1
	"$@" sqlite3 shell.db <"$scenarios/sqlite3-stress.sql" >shell.out 2>shell.err
	kill "$holder"
	wait "$holder"
	ln -s made/here/data.db data.link
	"$@" sqlite3 data.link 'SELECT count(*) FROM t'
	"$@" sqlite3 -readonly -batch data.link 'CREATE TABLE no (x)'
	return 0
}
