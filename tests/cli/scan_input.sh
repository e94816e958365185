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
refuses 'a directory' 'is a folder' ./folder
refuses 'a FIFO, without waiting for it' 'is no file' ./pipe
refuses 'a device' 'is no file' /dev/null
refuses 'an empty file' 'is empty' ./empty
refuses 'a text' 'is not an ELF file' ./text
truncate -s 2000M large
refuses 'a large file of something else, which is not read' 'is not an ELF file' ./large
refuses 'truncated: a header that is cut' 'damaged' ./cut_header
refuses 'truncated: segments that are cut' 'damaged' ./cut_segments
refuses 'truncated: code that is cut' 'damaged' ./cut_code
refuses 'a program for i386' 'i386' ./i386
refuses 'one for ARM' 'ARM' ./arm
refuses 'one for RISC-V' 'RISC-V' ./riscv
refuses 'one whose interpreter is for another machine' 'for another machine' ./mixed
refuses 'a big-endian one' 'big-endian' ./big_endian
refuses 'an object file' 'object file' ./object
refuses 'a core dump' 'core dump' ./core
refuses 'absurd counts: segments' 'damaged' ./many_segments
refuses 'segments far away' 'damaged' ./no_segments
refuses 'a FIFO to preload' "there is no library './pipe'" /bin/true --preload ./pipe
refuses 'a FIFO to open' "there is no library './pipe'" /bin/true --dlopen ./pipe
refuses 'a library that is not there' "there is no library './nothing.so'" /bin/true --dlopen ./nothing.so
refuses 'a library to preload that is not there' "there is no library './nothing.so' to preload" /bin/true --preload ./nothing.so
mkdir hollow
refuses 'a folder without libraries' "there is no library for this program in the folder './hollow'" /bin/true --dlopen ./hollow
while read -r words; do
	# shellcheck disable=SC2086 # an option and its word
	expect 2 "options that would be passed over: $words" callgate scan $words
	stdout_is ''
	stderr_has '^callgate: error: scan: '
done <<'END'
--running --exec
--running -o x.policy
--running --why read
--running --root /
--running --since x.policy
--running --unresolved none
--running --after main
--unresolved none /bin/true
--json --unresolved none /bin/true
--since x.policy --why read /bin/true
-o - --json /bin/true
END
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
expect 0 'cyclic DT_NEEDED: libraries that need each other are read once' timeout 20 "$CALLGATE" scan ./main
refuses 'a library' "'./liba.so' is a library, which nothing starts" ./liba.so
stderr_has 'dlopen beside one'
cc -shared -fPIC -o alone.so -nostdlib -x c - <<<'int alone(void) { return 1; }'
refuses 'one that needs nothing' 'is a library' ./alone.so
interpreter=$(readelf -lW /bin/true | sed -n 's/.*interpreter: \(.*\)]/\1/p')
expect 0 'the interpreter is a program, too' timeout 20 "$CALLGATE" scan "$interpreter"
rm libb.so
refuses 'a library that is needed and not there' "needs the library 'libb.so'" ./main
mkfifo libb.so
refuses 'a FIFO in its place, without waiting for it' "libb.so" ./main
rm libb.so
head -c 3000 liba.so >libb.so
refuses 'a library that is damaged' "libb.so' is a damaged ELF file" ./main

# Section headers are for tools: the kernel reads none of them. A program whose headers lie is read as it runs.
cat >lies.c <<'END'
__attribute__((noinline, section("hidden"))) static long ask(void)
{
	long result = 163;
	__asm__ volatile("syscall" : "+a"(result) : "D"(0) : "rcx", "r11", "memory");
	return result;
}
int main(void) { return (int)ask() & 1; }
END
cat >lie.py <<'END'
import struct, sys
path, how = sys.argv[1:]
data = bytearray(open(path, "rb").read())
phoff, shoff = struct.unpack_from("<QQ", data, 32)
phnum, _, shnum, names = struct.unpack_from("<HHHH", data, 56)
sections = [shoff + 64 * i for i in range(shnum)]
text_of = struct.unpack_from("<Q", data, sections[names] + 24)[0]
def name(at):
    start = text_of + struct.unpack_from("<I", data, at)[0]
    return data[start:data.index(b"\0", start)]
text = next(at for at in sections if name(at) == b".text")
segments = [phoff + 56 * i for i in range(phnum)]
kind = lambda at: struct.unpack_from("<I", data, at)[0]
dynamic = next(at for at in segments if kind(at) == 2)
if how == "short":
    struct.pack_into("<Q", data, text + 32, 16)
elif how == "data":
    struct.pack_into("<Q", data, text + 8, 2)
elif how == "hidden":
    struct.pack_into("<Q", data, next(at for at in sections if name(at) == b"hidden") + 8, 2)
elif how == "moved":
    struct.pack_into("<Q", data, text + 16, struct.unpack_from("<Q", data, text + 16)[0] + 0x10000)
elif how == "fewer":
    struct.pack_into("<H", data, 60, 14)
elif how == "unsized":
    struct.pack_into("<Q", data, dynamic + 32, 0)
elif how == "elsewhere":
    struct.pack_into("<Q", data, dynamic + 8, 64)
elif how == "undynamic":
    struct.pack_into("<I", data, dynamic, 0)
elif how.startswith("tag "):
    number, value = (int(word, 0) for word in how[4:].split())
    at = struct.unpack_from("<Q", data, dynamic + 8)[0]
    while struct.unpack_from("<Q", data, at)[0] != number:
        at += 16
    struct.pack_into("<Q", data, at + 8, value)
elif how.startswith("size "):
    of, value = how[5:].split()
    struct.pack_into("<Q", data, next(at for at in sections if name(at) == of.encode()) + 32, int(value, 0))
elif how.startswith("sections "):
    struct.pack_into("<H", data, 60, int(how[9:], 0))
elif how.startswith("buckets "):
    at = struct.unpack_from("<Q", data, next(at for at in sections if name(at) == b".gnu.hash") + 24)[0]
    struct.pack_into("<I", data, at + 4 * int(how[8:]), 0xfffffff0)
elif how.startswith("over "):
    upper, lower = (next(at for at in sections if name(at) == of.encode()) for of in how[5:].split())
    data[upper + 16:upper + 40] = data[lower + 16:lower + 40]
elif how.startswith("load "):
    upper, lower = ([at for at in segments if kind(at) == 1][int(of)] for of in how[5:].split())
    data[upper + 16:upper + 32] = data[lower + 16:lower + 32]
elif how == "covered":
    note = next(at for at in segments if kind(at) == 4)
    code = next(at for at in segments if kind(at) == 1 and struct.unpack_from("<I", data, at + 4)[0] & 1)
    data[note:note + 56] = data[code:code + 56]
open(path, "wb").write(data)
END
if [ "$(uname -m)" = x86_64 ] && cc -O1 -o lies lies.c && readelf -lW lies | grep -q NOTE; then
	for how in short data hidden moved fewer unsized elsewhere; do
		cp lies "lies_$how"
		python3 lie.py "lies_$how" $how
		expect 0 "a program that lies ($how) is read" callgate scan "./lies_$how"
		stdout_has '^acct '
		stdout_has '^exit_group '
	done
	for how in undynamic covered; do
		cp lies "lies_$how"
		python3 lie.py "lies_$how" $how
		refuses "one that nobody can read rightly ($how)" 'is a damaged ELF file' "./lies_$how"
	done

	# Overlapping sections, and segments, which the kernel would map over each other.
	for how in '.rodata .text' '.data .text' '.eh_frame .text' '.plt .text' 'hidden .data' '.text .rodata' \
		'.dynsym .text' '.symtab .strtab'; do
		cp lies overlapping
		python3 lie.py overlapping "over $how"
		expect 0 "overlapping sections: $how" timeout 20 "$CALLGATE" scan ./overlapping
		stdout_has '^acct '
		stdout_has '^exit_group '
	done
	for how in '0 1' '1 0' '2 1' '3 1'; do
		cp lies overlapping
		python3 lie.py overlapping "load $how"
		refuses "overlapping segments: $how" 'its segments overlap' ./overlapping
	done

	# Absurd counts. What the kernel and the dynamic linker believe is refused, the rest passed over. DT_STRTAB,
	# DT_SYMTAB, DT_RELA, DT_RELASZ, DT_STRSZ, DT_INIT_ARRAYSZ, DT_FINI_ARRAYSZ, DT_VERNEED, DT_VERSYM.
	for how in '5 0xffffffffffff' '6 0x7fffffffffffffff' '7 0xfffffffffffffff0' '8 0xffffffffffffffff' \
		'10 0xffffffffffff' '27 0xffffffffffff' '28 0xffffffffffff' '0x6ffffffe 0xfffffffffff0' \
		'0x6ffffff0 0xfffffffffff0'; do
		cp lies absurd
		python3 lie.py absurd "tag $how"
		refuses "absurd counts: a tag, $how" 'is a damaged ELF file' ./absurd
	done
	for how in 'tag 9 0' 'tag 9 0xffffffffffff' 'tag 11 0' 'tag 11 0xffff' 'tag 0x6fffffff 0xffffffffffff' \
		'buckets 0' 'buckets 1' 'buckets 2' 'sections 0xffff' 'sections 0xfff0' 'size .symtab 0xffffffffffffff00' \
		'size .strtab 0xffffffffffffffff' 'size .eh_frame 0xfffffffffffffff' 'size .eh_frame_hdr 0xffffffffffffffff'; do
		cp lies absurd
		python3 lie.py absurd "$how"
		expect 0 "absurd counts: $how" timeout 20 "$CALLGATE" scan ./absurd
		stdout_has '^acct '
	done
else
	skip 'a program that lies' 'no compiler for x86_64'
fi
cc -shared -fPIC -o libaux.so a.c -Wl,-f,libother.so
refuses 'a library that filters another' 'filter or audit others' ./libaux.so
