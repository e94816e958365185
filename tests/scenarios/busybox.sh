# shellcheck shell=bash
# busybox, static and one program for all: its shell and its applets, which it runs by itself.
work() {
	"$@" busybox sh -c 'mkdir a; echo text >a/b; cat a/b; ls -la a; cp -r a c; tar cf a.tar a; tar tf a.tar; gzip a.tar
		gunzip a.tar.gz; find a -name b; grep -r text a; sed s/t/T/ a/b; awk "{ print \$1 }" a/b; sort a/b | uniq -c
		wc a/b; md5sum a/b; date -u; id; uname -a; ps >/dev/null; df . >/dev/null; du a; vi -h; sleep 0; kill -0 $$
		rm -r a c; false; (exit 3); echo $?; trap "echo usr1" USR1; kill -USR1 $$; read x </dev/null; wait'
	"$@" busybox nc -l -p "$(free_port)" -w 1 </dev/null
	"$@" busybox nslookup nowhere.invalid 127.0.0.1
	"$@" busybox nothing
	return 0
}
