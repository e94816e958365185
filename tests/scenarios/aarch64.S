/* Without a C library, for aarch64: numbers that are constants, come through a register, and by a table of routines. */
	.section .rodata
text:	.ascii "assembly\n"
	.align 2
routines:
	.word say - routines, ask - routines, choose - routines
cases:	.byte (.Lfirst - .Lhere) / 4, (.Lsecond - .Lhere) / 4, (.Lthird - .Lhere) / 4

	.text
	.globl _start
	.type _start, %function
_start:
	bti c
	mov x19, #0
1:	adrp x20, routines
	add x20, x20, :lo12:routines
	ldrsw x1, [x20, x19, lsl #2]
	add x1, x1, x20
	mov w0, w19
	blr x1
	add x19, x19, #1
	cmp x19, #3
	b.lo 1b
	mov w0, #0
	mov x8, #94			/* exit_group */
	svc #0
	brk #1
	.size _start, . - _start

	.type say, %function
say:	mov x0, #1
	adrp x1, text
	add x1, x1, :lo12:text
	mov x2, #9
	mov x8, #64			/* write */
	svc #0
	ret
	.size say, . - say

	.type ask, %function
ask:	mov w0, #172			/* getpid, by a routine that is given the number */
	b enter
	.size ask, . - ask

	.type enter, %function
enter:	mov w8, w0
	svc #0x1234
	ret
	.size enter, . - enter

/* What a compiler makes of a switch: bytes that count instructions from a place of the function. */
	.type choose, %function
choose:	stp x29, x30, [sp, #-16]!
	mov x29, sp
	mov w3, #0
2:	mov w0, w3
	cmp w0, #2
	b.hi .Ldone
	adrp x1, cases
	add x1, x1, :lo12:cases
	ldrb w1, [x1, w0, uxtw]
	adr x2, .Lhere
	add x1, x2, w1, sxtb #2
	br x1
.Lhere:
.Lfirst:	mov x8, #173			/* getppid */
	b .Lcall
.Lsecond:	mov x8, #174			/* getuid */
	b .Lcall
.Lthird:	mov x8, #0xae
	movk x8, #0xae			/* the same by two instructions, plus two: getgid */
	add x8, x8, #2
.Lcall:	svc #0
	add w3, w3, #1
	b 2b
.Ldone:	ldp x29, x30, [sp], #16
	ret
	.size choose, . - choose
	.section .note.GNU-stack,"",%progbits
