# shellcheck shell=bash
# gcc compiles, assembles and links a small program. Injected code comes as a plugin, into cc1.
work() {
	cp "$scenarios/hello.c" . &&
		"$@" gcc -O2 -Wall -o hello hello.c && ./hello
}

inject() {
	cp "$scenarios/hello.c" . &&
		"$@" gcc -fplugin=./inject.so -o hello hello.c
}

starts_programs=yes
