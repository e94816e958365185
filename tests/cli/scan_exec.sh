# shellcheck shell=bash
# scan --exec: what a program starts is scanned too, as far as constants name it; the rest is said.
export XDG_CACHE_HOME=$PWD/cache

programs_of() { # programs_of FILE: the programs of which JSON lists calls
	sed -n 's/^{"program": *"\([^"]*\)", *"syscall".*/\1/p' "$1" | uniq
}

cat >starter.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 3)
		return execl("./script", "script", NULL);
	if (argc > 2)
		return pclose(popen("true", "r"));
	if (argc > 1)
		return execvp(argv[1], argv + 1);
	return execlp("true", "true", NULL);
}
END
printf '#!/usr/bin/env -S HOME=/ ./second\n' >script
printf '#! %s/third --flag\n' "$PWD" >second
cp /bin/false third
chmod +x script second
cc -O2 -o starter starter.c

expect 0 'what a program starts is scanned with it' callgate scan --json --exec ./starter
cp out exec.json
cp err exec.err
programs_of exec.json >programs
for program in ./starter /usr/bin/true /usr/bin/dash /usr/bin/env "$PWD/third"; do
	check "  $program" grep -qxF "$program" programs
done
check '  and nothing else' test "$(wc -l <programs)" = 5
check '  what it names stands there' grep -q '"starts": *"./script"' exec.json
check '  what it does not name is null' grep -q '"starts": *null' exec.json
cp exec.err err
stderr_has 'starts a program whose name is not known'
expect 0 'without it only the program' callgate scan --json ./starter
check '  alone' test "$(programs_of out)" = ./starter

expect 0 'a policy of all lets all of it run' callgate scan --exec -o all.policy --unresolved none ./starter
expect 0 '  the program that is looked for' callgate run --policy all.policy -- ./starter
expect 0 "  the shell's command" callgate run --policy all.policy -- ./starter 1 2
expect 1 "  the script's script's interpreter" callgate run --policy all.policy -- ./starter 1 2 3

expect 0 'a script means its interpreter' callgate scan --json ./second
check '  which is scanned' test "$(programs_of out)" = "$PWD/third"
expect 0 'a name without a slash is looked for' callgate scan --json true
check '  where programs are' test "$(programs_of out)" = /usr/bin/true

cat >spawner.c <<'END'
#include <spawn.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 2)
		return execl("/bin/true", "true", NULL);
	if (argc > 1)
		return posix_spawn(NULL, argv[1], NULL, NULL, argv + 1, NULL);
	return posix_spawn(NULL, "/usr/bin/id", NULL, NULL, argv, NULL) + posix_spawnp(NULL, "false", NULL, NULL, argv, NULL);
}
END
cc -O2 -o spawner spawner.c
expect 0 'what is spawned is started, too' callgate scan --json --exec ./spawner
for path in /usr/bin/id false /bin/true; do
	check "  $path" grep -q "\"starts\": *\"$path\"" out
done
check '  and one that nobody knows' grep -q '"starts": *null' out
check '  which are scanned' test "$(programs_of out | sort | tr '\n' ' ')" = './spawner /usr/bin/false /usr/bin/id /usr/bin/true '

# A function's last call is a jump to a stub of the linkage table: the place is that of the jump, not the stub, and what is
# given there is what counts there.
cat >last.c <<'END'
#include <unistd.h>

__attribute__((noipa)) int one(void) { return execl("/bin/true", "true", NULL); }
__attribute__((noipa)) int two(void) { return execl("/bin/false", "false", NULL); }
int main(int argc, char **argv) { return argc > 1 ? one() : two(); }
END
cc -O2 -o last last.c
expect 0 'a place that jumps to a stub' callgate scan --json ./last
check '  is that of the jump' grep -q '"starts": *"/bin/true".*"function": *"one"' out
check '  of each' grep -q '"starts": *"/bin/false".*"function": *"two"' out
expect 0 '  in a reason, too' callgate scan --why execve ./last
stdout_has '/last+0x[0-9a-f]* (\(one\|two\))$'

# Whoever has the address of such a function can start anything.
cat >pointers.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*start_f)(const char *, char *const *, char *const *);
void *volatile kept;

#if HOW == 1
static start_f table[] = { execve };
int main(int argc, char **argv) { return table[argc](argv[1], argv, NULL); }
#elif HOW == 2
int main(int argc, char **argv) { kept = (void *)execvp; return argc; }
#elif HOW == 3
int main(int argc, char **argv) { kept = dlsym(RTLD_DEFAULT, "posix_spawn"); return argc; }
#elif HOW == 4
__attribute__((noinline)) static void *look(const char *name) { return dlsym(RTLD_DEFAULT, name); }
int main(int argc, char **argv) { kept = look(argc > 1 ? "puts" : "system"); kept = look("execv"); return argc; }
#elif HOW == 5
int main(int argc, char **argv) { return atexit((void (*)(void))execle) + !signal(3, (void (*)(int))execl); }
#elif HOW == 6
int main(int argc, char **argv) { return argc > 1 ? execl("/bin/true", "true", NULL) : execv(argv[0], argv); }
#else
int main(int argc, char **argv) { return fork() + system("/usr/bin/id") + !posix_spawn; }
#endif
END
for how in 1 2 3 4 5; do
	cc -O2 -DHOW=$how -o pointers pointers.c
	expect 0 "an exec function that is known by its address ($how)" callgate scan --json ./pointers
	check '  can start anything' grep -q '"starts": *null' out
done
cc -O2 -no-pie -fno-pic -DHOW=2 -o pointers pointers.c
expect 0 '  of a program that has one place in memory' callgate scan --json ./pointers
check '  as well' grep -q '"starts": *null' out
cc -O2 -DHOW=7 -o pointers pointers.c
expect 0 'one that is only called' callgate scan --json ./pointers
check '  starts what it is given' test "$(sed -n 's/.*"starts": *"*\([a-z/]*\).*/\1/p' out | sort -u | tr '\n' ' ')" = '/bin/sh /usr/bin/id '
for how in 6 7; do
	cc -O2 -static -DHOW=$how -o pointers pointers.c
	expect 0 "the same of a static program ($how)" callgate scan --json ./pointers
	names=$(sed -n 's/.*"starts": *"*\([a-z/]*\).*/\1/p' out | sort -u | tr '\n' ' ')
	case $how in 6) wanted='/bin/true null ' ;; *) wanted='/bin/sh /usr/bin/id ' ;; esac
	check '  and the C library in it starts nothing of its own' test "$names" = "$wanted"
done

cat >commands.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <wordexp.h>

int main(int argc, char **argv)
{
	wordexp_t words;
#if HOW == 1
	return system("LC_ALL=C /usr/bin/id -u 2>/dev/null | sort");
#elif HOW == 2
	return system("/usr/bin/id $(true)");
#elif HOW == 3
	return !popen(argv[1], "r");
#elif HOW == 4
	return wordexp("x", &words, 0);
#else
	return system(NULL);
#endif
}
END
while read -r how wanted; do
	cc -O2 -DHOW="$how" -o commands commands.c
	expect 0 "a command of the shell ($how)" callgate scan --json ./commands
	check "  starts $wanted" \
		test "$(grep commands out | sed -n 's/.*"starts": *"*\([a-z/]*\).*/\1/p' | sort -u | tr '\n' ' ')" = "$wanted "
done <<'END'
1 /bin/sh /usr/bin/id sort
2 /bin/sh /usr/bin/id null
3 /bin/sh null
4 /bin/sh null
5 /bin/sh
END
cc -O2 -DHOW=1 -o commands commands.c
expect 0 'what the shell starts is scanned, too' callgate scan --json --exec ./commands
check '  with the shell' test "$(programs_of out | sort | tr '\n' ' ')" = './commands /usr/bin/dash /usr/bin/id /usr/bin/sort '

printf '#!./loop\n' >loop
chmod +x loop
expect 3 'a script that is its own interpreter has an end' callgate scan ./loop
stderr_has 'too often'
printf '#!/nowhere/interpreter\n' >lost
chmod +x lost
expect 2 'an interpreter that is not there is named' callgate scan ./lost
stderr_has "there is no program '/nowhere/interpreter'"
rm script
expect 0 'what is started and not there is said' callgate scan --exec ./starter
stderr_has "starts './script', which was not scanned: there is no program"
