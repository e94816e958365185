# shellcheck shell=bash
# sqlite3 creates, fills, queries and dumps a database. Injected code comes as an extension that it loads.
work() {
	"$@" sqlite3 shop.db <"$scenarios/sqlite3.sql"
}

inject() {
	"$@" sqlite3 :memory: ".load ./inject.so"
}

starts_programs=no
