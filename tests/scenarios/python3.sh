# shellcheck shell=bash
# A python3 script that reads, computes in threads, keeps files and starts programs. Injected code comes by ctypes.
work() {
	"$@" /usr/bin/python3 -I -B "$scenarios/python3.py"
}

inject() {
	# A relative name would make the loader ask for the working directory, which the script's work does not.
	"$@" /usr/bin/python3 -I -B -c "import ctypes; ctypes.CDLL('$PWD/inject.so')"
}

starts_programs=yes
