; gVisor's rule compiler: hot numbers first, the rest in a binary search, and of the rules of one call what they have
; in common tested once; 64-bit words by halves. x32 and other arches leave before the search.
	ld [4]
	jeq #0xc000003e, native, bad_arch
native:	ld [0]
	jge #0x40000000, bad_arch, hot
hot:	jeq #202, futex, cold
cold:	jgt #35, above, below
below:	jgt #3, b3, b0
b0:	jeq #0, allow, b1
b1:	jeq #1, allow, b2
b2:	jeq #3, allow, deny
b3:	jgt #9, b9, b4
b4:	jeq #9, mmap, deny
b9:	jeq #28, madvise, b35
b35:	jeq #35, allow, deny
above:	jgt #41, a41, a36
a36:	jeq #39, allow, a40
a40:	jeq #41, socket, deny
a41:	jeq #186, allow, a231
a231:	jeq #231, allow, deny
; arg1 of both rules is factored out
futex:	ld [28]
	jeq #0, f1, deny
f1:	ld [24]
	jeq #0x80, f2, f1b
f1b:	jeq #0x81, f2, deny
f2:	ld [44]
	jeq #0, f3, f4
f3:	ld [40]
	jeq #0, allow, deny
f4:	jgt #0x7fff, allow, f5
f5:	jeq #0x7fff, f6, deny
f6:	ld [40]
	jgt #0xffffffff, allow, deny
; arg0's high half and all of arg1 are common
socket:	ld [20]
	jeq #0, s1, deny
s1:	ld [28]
	jeq #0, s2, deny
s2:	ld [24]
	jeq #0x80001, s3, deny
s3:	ld [16]
	jeq #1, s4, s5
s5:	jeq #2, allow, s6
s6:	jeq #10, allow, deny
s4:	ld [36]
	jeq #0, s7, deny
s7:	ld [32]
	jeq #0, allow, deny
madvise:	ld [36]
	jeq #0, m1, m2
m1:	ld [32]
	jeq #9, deny, m2
m2:	ld [28]
	jgt #1, deny, m3
m3:	jeq #1, m4, allow
m4:	ld [24]
	jgt #0xfff, deny, allow
mmap:	ld [44]
	and #0xffffffff
	jeq #0, p1, deny
p1:	ld [40]
	and #0x0000ffd0
	jeq #0x10, p2, deny
p2:	ld [32]
	jset #4, deny, allow
allow:	ret #0x7fff0000
deny:	ret #0x80000000
bad_arch:	ret #0x80000000
