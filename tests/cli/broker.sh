# shellcheck shell=bash disable=SC2154
# Rules that say who answers: a program under `run` opens, connects, executes and kills as its policy's brokers let it.
mkdir www made
echo page >www/index
echo secret >secret
ln -s ../secret www/link
ln -s index www/inner
cat >web.policy <<END
kernel 6.1
default allow

notify open, openat via files {
    read "$PWD/www/**"
    read-write "$PWD/made/**"
    read "/usr/lib/**"
    read "/lib/**"
    read "/etc/ld.so.cache"
    read-write "/dev/null"
    deny "/etc/**" errno ENOENT
    deny "**" errno EACCES
}
END
run() { callgate run --policy web.policy -- "$@"; }

expect 0 'what the rules let it read it reads' run cat www/index
stdout_is page
stderr_is ''
expect 0 'by any path that leads there' run cat "$PWD/www/../www/inner"
stdout_is page
expect 1 'what they do not it does not' run cat secret
stderr_has 'secret: Permission denied'
expect 1 'nor by a link that leads there' run cat www/link
stderr_has 'www/link: Permission denied'
expect 1 'nor by /proc' run cat "/proc/self/root$PWD/secret"
stderr_has 'Permission denied'
expect 1 'a refusal is the errno of its clause' run cat /etc/passwd
stderr_has '/etc/passwd: No such file'
expect 0 'it writes where it may' run sh -c 'umask 027; echo text >made/new; echo more >>made/new; cat made/new'
stdout_is $'text\nmore'
check '  with the mode that its own mask leaves' test "$(stat -c %a made/new)" = 640
expect 2 'and nowhere else' run sh -c 'echo text >www/new'
stderr_has 'www/new: Permission denied'
check '  where nothing appears' test ! -e www/new
expect 0 'its children are served too' run sh -c 'for i in 1 2 3 4 5; do cat www/index | cat & done; wait'
stdout_is $'page\npage\npage\npage\npage'
expect 0 'so is what it executes' run sh -c 'exec cat www/index'
stdout_is page
expect 3 'its status is its own' run sh -c 'cat www/index; exit 3'

# A refusal that ends it is still told, although there is a listener.
{ cat web.policy && echo 'kill-process kill'; } >strict.policy
expect 159 'who is killed is told of' callgate run --policy strict.policy -- sh -c ': <www/index; kill -0 1'
stderr_has 'was ended for kill(1, 0)'
stderr_has 'strict.policy:14: kill-process kill'
sed 's/errno EACCES/kill-process/' web.policy >deadly.policy
expect 137 'a clause can kill' callgate run --policy deadly.policy -- cat secret
expect 0 '  whom it denies' callgate run --policy deadly.policy -- cat www/index

cat >once.policy <<'END'
kernel 6.1
default allow
notify execve, execveat once
END
expect 0 'once passes once' callgate run --policy once.policy -- sh -c 'echo here | cat'
stdout_is here
expect 126 '  and not twice' callgate run --policy once.policy -- sh -c '/bin/true; /bin/true'
stderr_has 'Permission denied'

cat >kill.policy <<'END'
kernel 6.1
default allow
notify kill own-children
END
expect 0 'a child is killed' callgate run --policy kill.policy -- sh -c 'sleep 1000 & kill $!; wait $!; [ $? = 143 ]'
expect 1 '  and nobody else' callgate run --policy kill.policy -- sh -c "kill -0 $$"
stderr_has 'Permission denied'

printf 'kernel 6.1\ndefault allow\nnotify connect via network { allow unix "%s/sock" }\n' "$PWD" >unix.policy
cat >connect.py <<'END'
import socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.bind("sock")
    server.listen()
    for name in sys.argv[1:]:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(name)
                print("connected")
            except OSError as error:
                print(error.strerror)
END
ln -s sock other
expect 0 'a Unix socket is connected where the rules say' callgate run --policy unix.policy -- python3 connect.py sock other "$PWD/sock" missing
stdout_is $'connected\nconnected\nconnected\nPermission denied'

printf 'kernel 6.1\ndefault allow\nnotify openat via files { read "/usr/**" }\nnotify chdir\n' >half.policy
expect 125 'a rule that does not say who answers starts nothing' callgate run --policy half.policy -- touch touched
stderr_has 'half.policy:4:1: error: .notify. leaves calls to a supervisor'
stderr_has 'via files'
check '  and nothing was started' test ! -e touched
expect 1 'the filter says notify, whoever answers' callgate explain web.policy 'openat(AT_FDCWD, NULL, O_RDONLY)'
stdout_has notify
expect 0 'a policy in form stays as it is' callgate fmt --check web.policy

# The supervisor is killed while its target runs: what the target asks then gets `default`, not ENOSYS.
cat >orphan.py <<'END'
import ctypes, os, time
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG: it is to see what comes
parent = os.getppid()
os.write(1, b"ready\n")
while os.getppid() == parent:
    time.sleep(0.01)
try:
    os.open("/etc/passwd", os.O_RDONLY)
    os.write(1, b"opened\n")
except OSError as error:
    os.write(1, (error.strerror + "\n").encode())
END
mkfifo said
# openat alone is asked about; all else is allowed, and what default says only an orphan hears.
{
	printf 'kernel 6.1\ndefault errno EDOM\nnotify openat via files { read-write "/**" }\nallow '
	awk '!/^#/ { print $1 }' "$here/../../src/abi/syscalls.tsv" | paste -sd, | sed 's/,/,\n    /g'
} >orphan.policy
exec 5<>said
"$CALLGATE" run --policy orphan.policy -- python3 orphan.py >&5 2>&5 &
supervisor=$!
read -r -t 60 line <&5
check 'a target runs under its supervisor' test "$line" = ready
kill -KILL $supervisor
{ wait $supervisor; } 2>/dev/null
read -r -t 60 line <&5
check '  which is killed: the orphan gets what the policy says by default' test "$line" = 'Numerical argument out of domain'
exec 5>&-

# Every test that the page names is there.
named() {
	sed -n '/^## What is tested/,/^For programs/p' "$here/../../docs/broker.md" | grep -oE '\b[a-z]+(_[a-z]+){2,}\b'
}
check 'the tests that docs/broker.md names are there' \
	test "$(named | while read -r test; do grep -qsw "$test" "$here"/../kernel/*.c || echo "$test"; done)" = ''
check '  and it names some' test "$(named | wc -l)" -gt 20

# In a PID namespace of its own the supervisor has no number, and the target's /proc/self is its own all the same.
cat >own.policy <<'E2'
kernel 6.1
default errno ENOSYS
notify open, openat via files {
    deny "/proc/self/environ" errno EPERM
    read "/**"
}
include "@base"
allow mmap, mprotect, fadvise64, newfstatat, lseek, pread64, statfs, sysinfo, prctl, getrandom
E2
expect 0 'a program in a sandbox of its own has its own /proc/self' \
	callgate run --preset strict --policy own.policy -- cat /proc/self/status
stdout_has '^Name:.*cat$'
expect 1 '  and what is denied there is denied by its other names' \
	callgate run --preset strict --policy own.policy -- cat /proc/thread-self/environ
stderr_has '/proc/thread-self/environ: Operation not permitted'
