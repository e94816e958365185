# shellcheck shell=bash
# A stripped Go program: its runtime's own table of functions is what its symbols were. No Go is needed for that: a
# table of each known kind is written by hand beside a function without a symbol.
export XDG_CACHE_HOME=$PWD/cache

pairs() { # pairs WORD: the table of two functions and where each ends, in words of 4 or 8 bytes
	echo "$1 ${2}_start - ${3}, first - $4, ${2}_work - ${3}, second - $4, ${2}_end - ${3}"
}

program() { # program FILE MAGIC TABLE, the last one in the assembler's words
	cat >"$1.S" <<END
	.globl	_start
	.text
_start:
go_start:
	call	go_work
	mov	\$60, %eax
	syscall
	hlt
go_work:
	mov	\$110, %eax
	syscall
	ret
go_end:
	.section	.note.GNU-stack,"",@progbits
	.section	.gopclntab,"a",@progbits
	.p2align 5
table:	.long	$2
	.byte	0, 0, 1, 8
$3
END
	cc -nostdlib -static -no-pie -o "$1" "$1.S" && strip "$1"
}

names='names:	.asciz "main.main"
	.asciz "main.work"'

program new 0xfffffff1 "	.quad	2, 0, go_start, names - table, 0, 0, 0, pairs - table
$names
pairs:	.long	$(pairs .long go go_start pairs | cut -d' ' -f2-)
first:	.long	0, 0
second:	.long	go_work - go_start, 10"
program middle 0xfffffffa "	.quad	2, 0, names - table, 0, 0, 0, pairs - table
$names
pairs:	.quad	$(pairs .quad go 0 pairs | cut -d' ' -f2-)
first:	.quad	go_start
	.long	0
second:	.quad	go_work
	.long	10"
program old 0xfffffffb "	.quad	2
	.quad	$(pairs .quad go 0 table | cut -d' ' -f2-)
first:	.quad	go_start
	.long	names - table
second:	.quad	go_work
	.long	names - table + 10
$names"

for kind in new middle old; do
	expect 0 "the functions of a stripped Go program, by a $kind table" callgate scan --json "./$kind"
	stdout_has '"syscall": *"exit",.*"function": *"main.main"'
	stdout_has '"syscall": *"getppid",.*"function": *"main.work"'
done

refuses() { # refuses DESCRIPTION WORDS FILE
	expect 2 "$1" callgate scan "./$3"
	stderr_has "$2"
	stdout_is ''
}

program unknown 0xffffffe0 "	.quad	0"
refuses 'a table of a version that is not known' 'stripped Go program, of a version of Go' unknown
program short 0xfffffff1 "	.quad	2"
refuses 'a table that is cut off' "Go's table of functions leaves it" short
program many 0xfffffff1 "	.quad	0x1000000000, 0, go_start, 0, 0, 0, 0, 8"
refuses 'one of absurdly many' "Go's table of functions leaves it" many
program astray 0xfffffff1 "	.quad	1, 0, go_start, 72, 0, 0, 0, 72
	.long	0, 4000000, 16"
refuses 'one whose functions lie elsewhere' "Go's table of functions leaves it" astray
program backwards 0xfffffff1 "	.quad	1, 0, go_start, names - table, 0, 0, 0, pairs - table
$names
pairs:	.long	16, first - pairs, 0
first:	.long	16, 0"
refuses 'one that goes backwards' "Go's table of functions leaves it" backwards
