# shellcheck shell=bash
# gawk reads fields, files and programs, writes to pipes and a coprocess, speaks TCP, loads an extension.
work() {
	seq 1 1000 >numbers
	"$@" gawk '{ s += $1 } END { print s; print strftime("%Y", 0, 1); "echo sub" | getline x; print x; system("true") }' numbers
	"$@" gawk 'BEGIN { print "b\na" | "sort"; close("sort"); c = "cat"; print "co" |& c; close(c, "to"); c |& getline y; print y }'
	"$@" gawk 'BEGIN { s = "/inet/tcp/0/127.0.0.1/1"; print "x" |& s; print ERRNO }'
	"$@" gawk -i inplace '{ print $1 * 2 }' numbers
	"$@" gawk -l filefuncs 'BEGIN { stat("numbers", s); print s["size"]; chdir("/") }'
	"$@" gawk -l fork 'BEGIN { if ((p = fork()) == 0) exit 0; waitpid(p); print "forked" }'
	"$@" gawk 'BEGIN { printf "%s\n", ENVIRON["PATH"] > "/dev/stderr"; fflush(); getline < "/nowhere"; exit 3 }'
	"$@" gawk 'BEGIN {'
	return 0
}
