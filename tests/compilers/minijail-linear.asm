; minijail's linear layout: a comparison and a return for each call, blocks of arguments at the end, high half first,
; each alternative with its own return.
	ld [4]
	jeq #0xc000003e, native, kill
kill:	ret #0x80000000
native:	ld [0]
	jeq #0, c0, n0
c0:	ret #0x7fff0000
n0:	jeq #1, c1, n1
c1:	ret #0x7fff0000
n1:	jeq #3, c3, n3
c3:	ret #0x7fff0000
n3:	jeq #11, c11, n11
c11:	ret #0x7fff0000
n11:	jeq #231, c231, n231
c231:	ret #0x7fff0000
n231:	jeq #15, c15, n15
c15:	ret #0x7fff0000
n15:	jeq #101, c101, n101
c101:	ret #0x5000d
n101:	jeq #16, c16, n16
c16:	jmp ioctl
n16:	jeq #9, c9, n9
c9:	jmp mmap
n9:	jeq #257, c257, n257
c257:	jmp openat
n257:	jeq #62, c62, n62
c62:	jmp kill_call
n62:	ret #0x80000000
ioctl:	ld [28]
	jeq #0, i1, i2
i1:	ld [24]
	jeq #0x5401, i3, i2
i3:	jmp i_ok
i2:	ld [28]
	jeq #0, i4, i5
i4:	ld [24]
	jeq #0x5413, i6, i5
i6:	jmp i_ok
i_ok:	ret #0x7fff0000
i5:	ret #0x80000000
mmap:	ld [36]
	jset #0xffffffff, p1, p2
p2:	ld [32]
	jset #0xfffffffc, p1, p3
p3:	jmp p_ok
p1:	ld [36]
	jeq #0, p4, p5
p4:	ld [32]
	jeq #5, p6, p5
p6:	jmp p_ok
p_ok:	ret #0x7fff0000
p5:	ret #0x80000000
openat:	ld [36]
	jset #0, o1, o2
o2:	ld [32]
	jset #0x80000, o1, o3
o1:	ret #0x7fff0000
o3:	ret #0x50002
kill_call:	ld [20]
	jgt #0, k2, k1
k1:	ld [16]
	jgt #1, k2, k5
k2:	ld [28]
	jgt #0, k5, k3
k3:	ld [24]
	jgt #15, k5, k4
k4:	ret #0x7fff0000
k5:	ret #0x80000000
