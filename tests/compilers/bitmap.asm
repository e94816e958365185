; A bitmap of numbers: nr >> 5 chooses a word, 1 << (nr & 31) goes by way of X and scratch memory.
	ld [4]
	jeq #0xc000003e, native, kill
native:	ld [0]
	jset #0x40000000, kill, start
start:	jge #288, eperm, inside
inside:	st M[0]
	and #31
	tax
	ld #1
	lsh x
	st M[7]
	ld M[0]
	rsh #5
	ldx M[7]
	jeq #0, w0, t1
t1:	jeq #1, w1, t7
t7:	jeq #7, w7, t8
t8:	jeq #8, w8, eperm
w0:	ld #0x0000fa2b
	jmp test
w1:	ld #0x10000088
	jmp test
w7:	ld #0x000000d0
	jmp test
w8:	ld #0x00000042
test:	jset x, allow, eperm
allow:	ret #0x7fff0000
eperm:	ret #0x50001
kill:	ret #0x80000000
