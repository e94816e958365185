# shellcheck shell=bash
# bc and dc compute, read a file, and divide by nothing.
work() {
	echo 'scale = 50; 4 * a(1); 2 ^ 500; 1 / 0; read()' | "$@" bc -l
	echo 'x = 5; x * x' >program
	"$@" bc -q program </dev/null
	echo '2 3 + p ! echo' | "$@" bc
	"$@" bc /nowhere
	return 0
}
