; kafel: ranges of numbers of equal action, the whole line of them in a balanced tree; conditions as blocks that fall
; from one to the next, halves compared from the high one down.
	ld [4]
	jeq #0xc000003e, native, kill
native:	ld [0]
	jge #61, upper, lower
lower:	jge #18, l18, l0
l0:	jge #9, l9, l0b
l0b:	jge #4, l4, l0c
l0c:	jge #2, l2, allow
l2:	jge #3, allow, kill
l4:	jge #8, allow, kill
l9:	jge #13, l13, l9b
l9b:	jge #11, allow, l9c
l9c:	jge #10, kill, allow
l13:	jge #17, allow, kill
l18:	jge #39, l39, l18b
l18b:	jge #34, kill, l18c
l18c:	jge #32, allow, kill
l39:	jge #57, l57, l39b
l39b:	jge #56, clone, l39c
l39c:	jge #40, kill, allow
l57:	jge #60, allow, kill
upper:	jge #88, u88, u61
u61:	jge #78, u78, u61b
u61b:	jge #64, u64, u61c
u61c:	jge #63, log, kill
u64:	jge #77, ftruncate, kill
u78:	jge #83, u83, kill
u83:	jge #86, u86, eacces
u86:	jge #87, eacces, kill
u88:	jge #158, u158, u88b
u88b:	jge #157, prctl, kill
u158:	jge #232, kill, u158b
u158b:	jge #231, allow, kill
clone:	ld [16]
	and #0x7e020000
	jeq #0, allow, kill
ftruncate:	ld [28]
	jgt #1, kill, t1
t1:	jge #1, t2, allow
t2:	ld [24]
	jge #0x40000000, kill, allow
prctl:	ld [20]
	jeq #0, r1, kill
r1:	ld [16]
	jge #15, r2, r3
r2:	jgt #16, r3, allow
r3:	jeq #38, r4, kill
r4:	ld [28]
	jeq #0, r5, kill
r5:	ld [24]
	jeq #1, allow, kill
allow:	ret #0x7fff0000
log:	ret #0x7ffc0000
eacces:	ret #0x5000d
kill:	ret #0x80000000
