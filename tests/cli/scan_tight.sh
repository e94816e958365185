# shellcheck shell=bash
# scan: what is left out because nothing asks for it. A small system of its own has a name service, an engine and two
# programs; each part makes a call that nothing else makes.
if ! command -v cc >/dev/null; then
	skip 'what nothing asks for is left out' 'no compiler'
	return 0
fi

libraries=root/usr/lib/x86_64-linux-gnu
mkdir -p $libraries/engines-3 root/lib64 root/etc/ssl
ln -s usr/lib root/lib
cp /lib/x86_64-linux-gnu/libc.so.6 $libraries
cp /lib64/ld-linux-x86-64.so.2 $libraries/ld.so
ln -s /usr/lib/x86_64-linux-gnu/ld.so root/lib64/ld-linux-x86-64.so.2

# Each of its functions makes one call.
cat >service.c <<'END'
#include <sys/syscall.h>
#include <unistd.h>

int _nss_own_getpwnam_r(void) { return (int)syscall(SYS_sync); }
int _nss_own_setpwent(void) { return (int)syscall(SYS_acct); }
int _nss_own_gethostbyname4_r(void) { return (int)syscall(SYS_vhangup); }
END
cat >engine.c <<'END'
#include <sys/syscall.h>
#include <unistd.h>

int bind_engine(void) { return (int)syscall(SYS_swapoff); }
END
cat >crypto.c <<'END'
int ENGINE_by_id(const char *name) { return name[0]; }
int configure(const char *name) { return ENGINE_by_id(name); }
END
cat >user.c <<'END'
#include <pwd.h>

int main(int argc, char **argv) { return !getpwnam(argv[argc - 1]); }
END
printf 'int configure(const char *); int main(int argc, char **argv) { return configure(argv[argc - 1]); }\n' >configured.c
printf 'int ENGINE_by_id(const char *); int main(int argc, char **argv) { return ENGINE_by_id(argv[argc - 1]); }\n' >asking.c
cc -O2 -shared -fPIC -o $libraries/libnss_own.so.2 service.c
cc -O2 -shared -fPIC -o $libraries/engines-3/own.so engine.c
cc -O2 -shared -fPIC -Wl,-soname,libown.so -o $libraries/libown.so crypto.c
cc -O2 -o root/user user.c
cc -O2 -o root/configured configured.c $libraries/libown.so
cc -O2 -o root/asking asking.c $libraries/libown.so
printf 'passwd: own\nhosts: own\n' >root/etc/nsswitch.conf
printf '# engines = none\n' >root/etc/ssl/openssl.cnf

expect 0 'of a name service counts what it is asked' callgate scan --no-cache --root root /user
stdout_has '^sync '
stdout_lacks '^vhangup '
stdout_lacks '^acct '
expect 0 '  with the reason' callgate scan --no-cache --root root --why sync /user
stdout_has 'a name service is asked by it'
expect 0 '  and all of it when a user names it' callgate scan --no-cache --root root --dlopen libnss_own.so.2 /user
stdout_has '^vhangup '
expect 0 '  and none without hints' callgate scan --no-cache --no-hints --root root /user
stdout_lacks '^sync '

expect 0 'an engine counts once a program asks for one' callgate scan --no-cache --root root /asking
stdout_has '^swapoff '
expect 0 '  not because its library might' callgate scan --no-cache --root root /configured
stdout_lacks '^swapoff '
printf '[openssl_init]\n engines = engine_section\n' >root/etc/ssl/openssl.cnf
expect 0 '  unless the configuration names engines' callgate scan --no-cache --root root /configured
stdout_has '^swapoff '

# What is known of the C library's inside is known of one version of it; another one may do all that its code has a way to.
cat >spawns.c <<'END'
#include <spawn.h>
#include <stddef.h>
int main(int argc, char **argv) { return posix_spawn(NULL, "/bin/true", NULL, NULL, argv, NULL); }
END
libc=$(ldd /bin/true | sed -n 's/.*=> \(.*libc\.so\.6\) .*/\1/p')
if cc -O2 -o spawns spawns.c && grep -q 'stable release version 2\.36\.' "$libc"; then
	expect 0 'a version of the C library that is known' callgate scan --no-cache --json ./spawns
	check '  has no session for who does not ask' not grep -q '"syscall": *"setsid"' out
	mkdir other
	sed 's/stable release version 2\.36\./stable release version 2.99./' "$libc" >other/libc.so.6
	expect 0 'another version' callgate scan --no-cache --json --library-path "$PWD/other" ./spawns
	check '  may have one' grep -q '"syscall": *"setsid"' out
	check '  in JSON it is named' grep -q "\"untried\": *\"$PWD/other/libc.so.6\"" out
	stderr_has "^callgate: $PWD/other/libc.so.6 is of another version than what is known of its inside"
	expect 0 '    and in words' callgate scan --no-cache --library-path "$PWD/other" ./spawns
	cp out of_other
	expect 0 '  the known one is not' callgate scan --no-cache --json ./spawns
	check '    in JSON' not grep -q '"untried"' out
	expect 0 '  nor in words' callgate scan --no-cache ./spawns
	stderr_is ''
	check '  and all that the known one does, the other may do' test -z "$(
		sed 's/ .*//' out | sort | comm -23 - <(sed 's/ .*//' of_other | sort))"

	# One that does what the known one does in another way: its handler for signal 33 takes numbers that nobody put
	# there, for threads that change their user. Whatever function is live, all of them count.
	cat >threads.c <<'END'
#include <pthread.h>
#include <unistd.h>
static void *work(void *nothing) { return nothing; }
int main(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, work, NULL) + setuid(1);
}
END
	cc -O2 -o threads threads.c
	expect 0 'a thread that becomes another user' callgate scan --no-cache ./threads
	stdout_has '^setuid '
	stdout_lacks '^setgroups '
	expect 0 '  with another version' callgate scan --no-cache --library-path "$PWD/other" ./threads
	stdout_has '^setuid '
	stdout_has '^setgroups '
else
	skip 'a version of the C library that is known' 'this is another'
fi
