; SystemCallArchitectures=: x86-64 without x32, and i386.
	ld [4]
	jeq #0x40000003, allow, n0
n0:	jeq #0xc000003e, n1, kill
n1:	ld [0]
	jset #0x40000000, kill, allow
allow:	ret #0x7fff0000
kill:	ret #0x80000000
