; minijail's bst layout of the same policy: a search by jge whose leaves are ranges of equal treatment.
	ld [4]
	jeq #0xc000003e, native, kill
native:	ld [0]
	jge #17, upper, lower
lower:	jge #9, l9, l0
l0:	jge #4, kill, l0b
l0b:	jge #3, allow, l0c
l0c:	jge #2, kill, allow
l9:	jge #15, l15, l9b
l9b:	jge #12, kill, l9c
l9c:	jge #11, allow, l9d
l9d:	jge #10, kill, mmap
l15:	jge #16, ioctl, allow
upper:	jge #102, u102, u17
u17:	jge #101, eacces, u17b
u17b:	jge #63, kill, u17c
u17c:	jge #62, kill_call, kill
u102:	jge #257, u257, u102b
u102b:	jge #232, kill, u102c
u102c:	jge #231, allow, kill
u257:	jge #258, kill, openat
ioctl:	ld [28]
	jeq #0, i1, kill
i1:	ld [24]
	jeq #0x5401, allow, i2
i2:	jeq #0x5413, allow, kill
mmap:	ld [36]
	jset #0xffffffff, kill, p1
p1:	ld [32]
	jset #0xfffffffc, p2, allow
p2:	jeq #5, allow, kill
openat:	ld [32]
	jset #0x80000, allow, enoent
kill_call:	ld [20]
	jeq #0, k1, k2
k1:	ld [16]
	jgt #1, k2, kill
k2:	ld [28]
	jeq #0, k3, kill
k3:	ld [24]
	jgt #15, kill, allow
eacces:	ret #0x5000d
enoent:	ret #0x50002
allow:	ret #0x7fff0000
kill:	ret #0x80000000
