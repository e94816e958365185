# shellcheck shell=bash
# perl reads and writes files, forks, pipes, sorts, opens sockets, loads a module with code, and dies.
work() {
	"$@" perl -e 'use strict; use warnings; use Socket; use POSIX; use File::Find; use File::Copy; use Time::HiRes;
		open(my $f, ">", "f") or die; print $f "text\n"; close $f; copy("f", "g"); rename "g", "h"; chmod 0600, "h"; utime 0, 0, "h";
		mkdir "d"; opendir(my $d, "."); my @n = sort readdir $d; closedir $d; find(sub {}, "."); unlink "h"; rmdir "d"; symlink "f", "s";
		my $pid = fork; if (!$pid) { exec "true" } waitpid $pid, 0; print `echo sub`; system "false"; print $? >> 8, "\n";
		pipe my $r, my $w; $SIG{USR1} = sub { print "usr1\n" }; kill "USR1", $$; Time::HiRes::usleep(10); alarm 1; alarm 0;
		socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC; socket my $t, PF_INET, SOCK_STREAM, 0; bind $t, sockaddr_in(0, INADDR_LOOPBACK); listen $t, 1;
		connect my $c, sockaddr_in(1, INADDR_LOOPBACK) if 0; print gethostbyname("localhost") ? 1 : 0, getpwuid($<) ? 1 : 0, getppid() > 0, "\n"; stat "f"; flock $t, 2; umask; select undef, undef, undef, .01; local $0 = "renamed"; sleep 0; times; setpriority 0, 0, 0'
	echo 'b a' | "$@" perl -lane 'print join " ", sort @F'
	"$@" perl -MStorable -MList::Util=sum -MDigest::SHA=sha1_hex -e 'store [1], "st"; print sum(1, 2), sha1_hex("x")'
	"$@" perl -e 'die "dead\n"'
	"$@" perl -e '('
	"$@" perl /nowhere.pl
	return 0
}
