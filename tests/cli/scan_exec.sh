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
