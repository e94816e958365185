; Arithmetic for what others compare: differences for ranges, products and quotients, shifts for fields, the length of
; the data, comparisons with X, an action that is computed.
	ldx #0xc000003e
	ld [4]
	jeq x, native, kill
native:	ld len
	jeq #64, sized, kill
sized:	ldx len
	ld [0]
	tax
	ld #4
	jgt x, allow, n1			; read, write, open, close
n1:	txa
	sub #41
	jeq #0, socket, n2
n2:	add #31
	jeq #0, mprotect, n3
n3:	xor #62					; 72 - 10
	jeq #0, fcntl, n4
n4:	txa
	neg
	add #16
	jeq #0, ioctl, n5
n5:	txa
	mul #3
	jeq #186, kill_call, n6
n6:	ld [0]
	ldx #8
	jeq x, lseek, n7
n7:	or #4					; dup3 is 292 and 288 no call of this policy
	jeq #292, dup3, kill
socket:	ld [16]
	sub #1
	ldx #3
	jgt x, kill, allow
mprotect:	ld [32]
	div #8
	jeq #0, allow, kill
fcntl:	ld [24]
	mul #2
	jeq #20, allow, kill
ioctl:	ld [24]
	rsh #8
	st M[15]
	ldx M[15]
	ld #0x54
	jeq x, allow, kill
kill_call:	ld [16]
	neg
	jeq #0xffffffff, allow, kill
lseek:	ld [24]
	div #16
	xor #4
	jeq #0, compute, kill
dup3:	ld [0]
	jset #4, is_dup3, kill
is_dup3:	ldx len
	ld [32]
	jgt x, eagain, kill
eagain:	ld #11
	jmp errno
compute:	ld #2
	sub #1
errno:	stx M[1]
	or #0x50000
	ret a
allow:	ret #0x7fff0000
kill:	ret #0x80000000
