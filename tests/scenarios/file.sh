# shellcheck shell=bash
# file looks at text, programs, archives, devices, and looks into packed ones; it filters itself.
work() {
	echo text >text && gzip -k text && mkfifo pipe && ln -s text soft
	"$@" file text text.gz pipe soft /bin/sh /dev/null . /nowhere
	"$@" file -zi text.gz
	"$@" file -L --mime-type soft
	"$@" file - <text
	"$@" file --version
	return 0
}
