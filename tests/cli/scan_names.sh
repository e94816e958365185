# shellcheck shell=bash
# scan and names that no constant shows: what dlopen opens and dlsym looks up is said at its place, once, in words, in JSON
# and in the policy's head; what may be anything is unresolved.
export XDG_CACHE_HOME=$PWD/cache

if ! command -v cc >/dev/null; then
	skip 'names that are not known are said' 'no compiler'
	return 0
fi

cat >names.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef ENDING
#define ENDING "_plugin_init"
#endif

void *volatile kept;

__attribute__((noipa)) static void *give(void *handle, const char *name) { return dlsym(handle, name); }
__attribute__((noipa)) static void *fixed(void) { return dlsym(RTLD_DEFAULT, "vhangup"); }
__attribute__((noipa)) static void *load(const char *name) { return dlopen(name, RTLD_NOW); }
__attribute__((noipa)) static void *load_fixed(void) { return dlopen("./none.so", RTLD_NOW); }

__attribute__((noipa)) static void put_together(char *to, const char *name, const char *ending)
{
	while ((*to = *name++))
		to++;
	while ((*to++ = *ending++))
		;
}
void one_plugin_init(void) { syscall(SYS_vhangup); }
void another(void) { syscall(SYS_acct, 0); }
/* As lighttpd does it: src/scan/lookups.def */
__attribute__((noipa)) void *plugins_load(const char *name)
{
	char whole[100];

	put_together(whole, name, ENDING);
	return dlsym(RTLD_DEFAULT, whole);
}

int main(int argc, char **argv)
{
#if HOW == 8
	return plugins_load(argv[1]) == kept;
#elif HOW == 1 /* a jump to dlsym is no stub: its constant counts */
	return ((int (*)(void))fixed())();
#elif HOW == 2 /* nor is one to dlopen, and a place is one place */
	return load(argv[1]) == load_fixed();
#elif HOW == 3 /* a handle that a caller gives */
	return give(argc > 1 ? RTLD_NEXT : RTLD_DEFAULT, argv[1]) == kept;
#elif HOW == 4 /* one that nobody knows is of what was opened */
	return give(kept, argv[1]) == kept;
#elif HOW == 5
	kept = dlopen(NULL, RTLD_NOW);
	return give(kept, argv[1]) == kept;
#elif HOW == 6
	kept = (void *)dlopen;
	return 0;
#elif HOW == 7
	static void *(*const table[])(void *, const char *) = { dlsym, give };
	kept = dlopen(NULL, RTLD_NOW);
	return table[argc & 1](kept, argv[1]) == kept;
#endif
}
END
build() { cc -O2 -DHOW="$1" "${@:2}" -o names names.c; }
places() { grep -c "\"$1\": *null" out; }

build 1
expect 0 'a constant in front of a jump to dlsym' callgate scan --json ./names
check '  is looked up' grep -q '"syscall": *"vhangup"' out
build 2
expect 0 'a library of unknown name' callgate scan --json ./names
check '  is one object' test "$(places opens)" = 1
check '  and one line' test "$(grep -c 'opens a library whose name is not known' err)" = 1
expect 0 '  which stops no policy' callgate scan -o names.policy ./names
check '  but is said in its head' grep -q '^#     1 place of it open libraries by names that are not known' names.policy
check '  which claims less' grep -q '^# Scanned, not run: what these programs could do, but for what is said' names.policy
expect 0 'where nothing is left open' callgate scan -o true.policy /bin/true
check '  that is all' grep -q '^# Scanned, not run: all that these programs could do:$' true.policy
build 3
expect 2 'a name that is looked for everywhere stops a policy' callgate scan -o everywhere.policy ./names
stderr_has 'it looks a function up by a name that is not known, among all that was loaded'
check '  which is not written' test ! -e everywhere.policy
expect 0 '  until the user decides' callgate scan -o everywhere.policy --unresolved none ./names
check '  which its head says' grep -q 'could ask for anything: nothing is allowed for that$' everywhere.policy
expect 0 'a handle that nobody knows' callgate scan --json ./names
build 4
expect 0 '  is of what was opened' callgate scan --json ./names
check '  and not unresolved' not grep -q '"unresolved"' out
check '  but said: what it holds may be RTLD_DEFAULT' test "$(places looks_up)" = 1
expect 0 '  in the head of a policy, too' callgate scan -o memory.policy ./names
check '  which claims less' grep -q '^#     1 place of it look up functions by names that are not known' memory.policy
build 5
expect 0 '  unless the program opens itself' callgate scan --json ./names
check '  which is said' test "$(places looks_up)" = 1
stderr_has 'looks up a function by a name that is not known, in what it opened'
build 6
expect 0 'who has the address of dlopen' callgate scan --json ./names
check '  may open anything' test "$(places opens)" = 1
build 7
expect 0 'who has that of dlsym in a table' callgate scan --json ./names
check '  may look anything up' test "$(places looks_up)" -ge 1
build 8 -rdynamic
expect 0 'names of which it is known how they end' callgate scan -o ending.policy ./names
check '  are those that end so' grep -q vhangup ending.policy
check '  and no others' not grep -q acct ending.policy
build 8 -rdynamic '-DENDING="_other_init"'
expect 2 '  unless they end otherwise' callgate scan -o other.policy ./names

# Since a scan that was saved, a place that opens what nobody knows is news.
build 1
expect 0 'a scan is saved' callgate scan --json ./names
cp out saved
build 2
expect 1 'what opens any library since then' callgate scan --since saved ./names
stdout_has '^./names: dlopen: is new: it opens a library whose name is not known$'
