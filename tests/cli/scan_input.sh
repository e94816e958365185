# shellcheck shell=bash
# What is given to scan and is no program for it: each is refused by name, at once, and with the status of misuse.
export XDG_CACHE_HOME=$PWD/cache

refuses() { # refuses DESCRIPTION WORDS FILE [OPTION...]
	local description=$1 words=$2 file=$3
	shift 3
	expect 2 "$description" timeout 20 "$CALLGATE" scan "$@" "$file"
	stderr_has "$words"
	stdout_is ''
}

cp /bin/true true
poke() { # poke FILE OFFSET BYTES: a copy of true in which they stand there
	cp true "$1" && printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

mkdir folder
mkfifo pipe
: >empty
echo text >text
head -c 60 true >cut_header
head -c 200 true >cut_segments
head -c 12000 true >cut_code
poke i386 4 '\01'
printf '\003\000' | dd of=i386 bs=1 seek=18 conv=notrunc status=none
poke arm 18 '\050\000'
poke riscv 18 '\363\000'
poke mixed 18 '\267\000'
poke big_endian 5 '\002'
poke object 16 '\001\000'
poke core 16 '\004\000'
poke many_segments 56 '\377\376'
poke no_segments 32 '\377\377\377\377\377\377\377\177'

refuses 'nothing' "there is no program" ./nothing
refuses 'a folder' 'is a folder' ./folder
refuses 'a pipe, without waiting for it' 'is no file' ./pipe
refuses 'a device' 'is no file' /dev/null
refuses 'an empty file' 'is empty' ./empty
refuses 'a text' 'is not an ELF file' ./text
refuses 'a header that is cut' 'damaged' ./cut_header
refuses 'segments that are cut' 'damaged' ./cut_segments
refuses 'code that is cut' 'damaged' ./cut_code
refuses 'a program for i386' 'i386' ./i386
refuses 'one for ARM' 'ARM' ./arm
refuses 'one for RISC-V' 'RISC-V' ./riscv
refuses 'one whose interpreter is for another machine' 'for another machine' ./mixed
refuses 'a big-endian one' 'big-endian' ./big_endian
refuses 'an object file' 'object file' ./object
refuses 'a core dump' 'core dump' ./core
refuses 'too many segments' 'damaged' ./many_segments
refuses 'segments far away' 'damaged' ./no_segments
refuses 'a library that is not there' "there is no library './nothing.so'" /bin/true --dlopen ./nothing.so
refuses 'a root that is not there' "cannot open the root" /bin/true --root /nowhere

echo 'int a(void); int b(void) { return a(); }' >b.c
echo 'int b(void); int a(void) { return b(); }' >a.c
echo 'int a(void); int main(void) { return a(); }' >main.c
# shellcheck disable=SC2016 # the linker's own word
{
	cc -shared -fPIC -o libb.so b.c
	cc -shared -fPIC -o liba.so a.c -L. -lb -Wl,-rpath,'$ORIGIN'
	cc -shared -fPIC -o libb.so b.c -L. -la -Wl,-rpath,'$ORIGIN'
	cc -o main main.c -L. -la -Wl,-rpath,'$ORIGIN'
}
expect 0 'libraries that need each other are read once' timeout 20 "$CALLGATE" scan ./main
rm libb.so
refuses 'a library that is needed and not there' "needs the library 'libb.so'" ./main
head -c 3000 liba.so >libb.so
refuses 'a library that is damaged' "libb.so' is a damaged ELF file" ./main
