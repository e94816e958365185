# shellcheck shell=bash
# A python3 script that reads, computes in threads, keeps files and starts programs. Injected code comes by ctypes.
work() {
	"$@" /usr/bin/python3 -I -B "$programs/python3.py"
}

inject() {
	"$@" /usr/bin/python3 -I -B -c 'import ctypes; ctypes.CDLL("./inject.so")'
}

starts_programs=yes
