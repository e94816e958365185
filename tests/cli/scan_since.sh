# shellcheck shell=bash
# scan --since and --running: what an update of a library made possible, and which of it a policy, or the filter that a
# process carries, refuses.
export XDG_CACHE_HOME=$PWD/cache

echo 'int getppid(void); int work(void) { return getppid(); }' >before.c
cat >after.c <<'END'
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int work(void)
{
	return getppid() + (socket(AF_INET, SOCK_DGRAM, 0) < 0 && msync(0, 0, MS_SYNC));
}
END
cat >program.c <<'END'
#include <stdio.h>
#include <unistd.h>

int work(void);

int main(void)
{
	char byte;

	printf("%d\n", work() >= 0);
	fflush(stdout);
	return read(0, &byte, 1) == 1;
}
END
cc -O2 -shared -fPIC -o old.so before.c
cc -O2 -shared -fPIC -o new.so after.c
cp old.so libwork.so
# shellcheck disable=SC2016 # the linker's own word
cc -O2 -o program program.c -L. -lwork -Wl,-rpath,'$ORIGIN'
library() { cp "$1" libwork.next && mv libwork.next libwork.so; }

expect 0 'a scan is saved' callgate scan --json ./program
cp out saved
expect 0 'and a policy made' callgate scan -o program.policy --unresolved none ./program
expect 0 'nothing has changed' callgate scan --since saved ./program
stdout_is ''
expect 0 '  and nothing is refused' callgate scan --since program.policy ./program
stdout_is ''

library new.so
expect 1 'a library was updated: what is new since then' callgate scan --since saved ./program
stdout_has '^./program: msync: is new$'
stdout_has '^./program: socket: is new$'
stdout_has '^    /.*libc.so.6+0x[0-9a-f]* in msync$'
expect 1 '  as JSON' callgate scan --json --since saved ./program
stdout_has '"syscall": *"msync", *"change": *"is new"'
expect 1 'what of it the policy refuses' callgate scan --since program.policy ./program
stdout_has '^msync: kill-process$'
stdout_has '^socket if domain == AF_INET and type == SOCK_DGRAM and protocol == 0: kill-process$'
stdout_has '^    socket(AF_INET, SOCK_DGRAM, 0)$'
expect 1 '  as JSON' callgate scan --json --since program.policy ./program
stdout_has '"syscall": *"msync", *"refused": *"kill-process"'
expect 0 'a new scan' callgate scan --json ./program
cp out saved.new
sed 's/AF_INET/AF_UNIX/' saved.new >saved.other
expect 1 'an argument that can be something else' callgate scan --since saved.other ./program
stdout_has '^./program: socket: domain can be AF_INET$'
library old.so
expect 0 'what is gone is no reason to worry' callgate scan --since saved.new ./program
stdout_has '^./program: msync: is gone$'

# Like is compared with like.
for option in --no-hints --exec '--preload ./old.so' '--dlopen ./old.so' '--library-path /tmp' '--after main'; do
	# shellcheck disable=SC2086 # an option and its word
	expect 2 "a scan without $option is none with it" callgate scan --since saved $option ./program
	name=${option%% *}
	stderr_has "'saved' was saved with another $name\$"
	# shellcheck disable=SC2086
	expect 0 '  one with it' callgate scan --json $option ./program
	cp out saved.option
	# shellcheck disable=SC2086
	expect 0 '  is' callgate scan --since saved.option $option ./program
done
grep -v '"options"' saved >saved.bare
expect 2 'a scan that does not say how it was made' callgate scan --since saved.bare ./program
stderr_has 'does not say with which options'
sed 's/"callgate": *"[^"]*"/"callgate":"0.0"/' saved >saved.older
expect 0 'one of another version' callgate scan --since saved.older ./program
stderr_has 'was saved by callgate 0.0'
expect 2 'places that are unresolved are not decided against a scan' callgate scan --since saved --unresolved none ./program

expect 2 'a scan of another program is none of this one' callgate scan --since saved /bin/true
stderr_has "has nothing of '/bin/true'"
expect 2 'a file that is not there' callgate scan --since nothing /bin/true
echo 'no policy' >text
expect 2 'a file that is neither' callgate scan --since text /bin/true

# What cannot be read twice: the pipe of a shell's <(...), a named one that somebody writes to, standard input, a process.
for what in saved program.policy; do
	expect 0 "$what from a pipe" callgate scan --since <(cat $what) ./program
	stdout_is ''
	mkfifo pipe
	cat $what >pipe &
	expect 0 '  from a named pipe' timeout 20 "$CALLGATE" scan --since pipe ./program
	wait $!
	rm pipe
	check '  from standard input' "$CALLGATE" scan --since - ./program <$what
	library new.so
	"$CALLGATE" scan --since - ./program <$what >out 2>err
	status=$?
	check '  whose answer is the same' test "$status" = 1
	stdout_has 'msync'
	library old.so
done
expect 2 'an empty pipe' callgate scan --since <(:) ./program
stderr_has "the policy does not say its 'kernel'"
expect 2 'a process that there is none of' callgate scan --since pid:0 ./program
stderr_has "'pid:0' names no process"

# What is started: programs by their names, places of which nobody knows which.
echo '#include <unistd.h>
int work(void) { return execl("/bin/false", "false", NULL); }' >starts.c
echo '#include <unistd.h>
extern char **environ;
int work(void) { return execv(environ[0], environ); }' >starts_any.c
echo '#include <dlfcn.h>
#include <stdlib.h>
int work(void) { return !dlsym(dlopen(NULL, RTLD_NOW), getenv("NAME")); }' >looks.c
for source in starts starts_any looks; do
	cc -O2 -shared -fPIC -o $source.so $source.c
done
library starts.so
expect 1 'an update that starts a program' callgate scan --since saved ./program
stdout_has "^./program: exec: is new: it starts '/bin/false'$"
stdout_has "^    .*/libwork.so+0x[0-9a-f]* in work$"
expect 0 '  with what it starts' callgate scan --json --exec ./program
cp out saved.exec
expect 0 '  is none that starts it already' callgate scan --exec --since saved.exec ./program
stdout_is ''
library starts_any.so
expect 1 '  one of which nobody knows which' callgate scan --since saved.exec --exec ./program
stdout_has '^./program: exec: is new: it starts a program whose name is not known$'
expect 1 '    as JSON' callgate scan --json --since saved.exec --exec ./program
stdout_has '"syscall": *"exec", *"change": *"is new: it starts a program'
library looks.so
expect 1 '  that looks up any name' callgate scan --since saved ./program
stdout_has '^./program: dlsym: is new: it looks up a function by a name that is not known$'
library old.so
expect 0 'a scan with what is started' callgate scan --json --exec ./program
cp out saved.exec
library starts.so
expect 1 '  of before it started any' callgate scan --exec --since saved.exec ./program
stdout_has '^/usr/bin/false: exec: is new: it is started now, and can make [0-9]* calls$'
library old.so

# A process that runs while its library is replaced. It is not traced, so that its filter can be read.
mkfifo hold
"$CALLGATE" run --no-trace --policy program.policy -- ./program <hold >running.out 2>running.err &
runner=$!
exec 8>hold
until grep -q 1 running.out || ! kill -0 "$runner" 2>/dev/null; do sleep 0.05; done
pid=$(ps -o pid= --ppid "$runner" | tr -d ' ')
expect 0 'a process that runs what is on disk' callgate scan --running "$pid"
stdout_is ''
library new.so
callgate show "pid:$pid" >shown 2>&1
readable=$?
callgate scan --running "$pid" >out 2>err </dev/null
status=$?
check 'a process whose library was replaced: its filter will refuse' test "$status" = 1
stderr_has "runs 1 file that was replaced on disk, first $PWD/libwork.so"
if [ "$readable" = 0 ]; then
	stdout_has "^$pid $PWD/program: msync is new: kill-process$"
else
	skip '  what is new' 'the filters of a process are for CAP_SYS_ADMIN to read'
fi
echo >&8
exec 8>&-
wait "$runner"

# One that is traced by who started it: nobody else can ask for its filter, which is said.
library old.so
mkfifo traced
"$CALLGATE" run --policy program.policy -- ./program <traced >traced.out 2>traced.err &
runner=$!
exec 8>traced
until grep -q 1 traced.out || ! kill -0 "$runner" 2>/dev/null; do sleep 0.05; done
pid=$(ps -o pid= --ppid "$runner" | tr -d ' ')
library new.so
callgate scan --running "$pid" >out 2>err </dev/null
status=$?
check 'a process that is traced counts as one whose filter refuses' test "$status" = 1
if grep -q '^TracerPid:.*[1-9]' "/proc/$pid/status"; then
	stderr_has "^callgate: $pid $PWD/program: its filters cannot be read: callgate.* traces it"
	stdout_has "^$pid $PWD/program: msync is new: not known$"
else
	skip '  and it is said why' 'it could not be traced'
fi
echo >&8
exec 8>&-
wait "$runner"

# The same in a root of its own. What enters it, and sets a filter that refuses msync, is not what is scanned.
cat >enter.c <<'END'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_msync, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(insns) / sizeof(*insns), insns };

	if (chroot(argv[1]) != 0 || chdir("/") != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 125;
	execv(argv[2], argv + 2);
	return 126;
}
END
cc -O2 -o enter enter.c
mkdir -p jail/opt
library old.so
cp libwork.so jail/opt
cc -O2 -o jail/opt/program program.c -L. -lwork -Wl,-rpath,/opt # what $ORIGIN is stands in /proc
ldd program | awk '$3 ~ /^[/]/ { print $3 } $1 ~ /^[/]/ { print $1 }' | while read -r file; do
	case $file in *libwork*) continue ;; esac
	mkdir -p "jail${file%/*}" && cp -L "$file" "jail$file"
done
if [ "$(id -u)" != 0 ]; then
	skip 'a process in another root' 'chroot is for root'
else
	mkfifo within
	./enter jail /opt/program <within >within.out 2>within.err &
	pid=$!
	exec 8>within
	until grep -q 1 within.out || ! kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	expect 0 'a process in another root that runs what is there' callgate scan --running "$pid"
	stdout_is ''
	cp new.so jail/opt/libwork.next && mv jail/opt/libwork.next jail/opt/libwork.so
	callgate scan --running "$pid" >out 2>err </dev/null
	status=$?
	check '  whose library was replaced there' test "$status" = 1
	stderr_has "$pid /opt/program runs 1 file that was replaced on disk, first /opt/libwork.so"
	if [ "$readable" = 0 ]; then
		stdout_has "^$pid /opt/program: msync is new: errno ENOSYS$"
	else
		skip '  what is new' 'the filters of a process are for CAP_SYS_ADMIN to read'
	fi
	echo >&8
	exec 8>&-
	wait "$pid"
fi
expect 2 'a process that is none' callgate scan --running 0
stderr_has "there is no process '0'"
expect 2 'nothing to scan' callgate scan
