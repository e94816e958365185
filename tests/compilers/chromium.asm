; Chromium's bpf_dsl: x32's bit, a binary search over ranges of numbers with jge, and before a 32-bit argument is
; compared, a look at its high half, which must be empty or the sign's.
	ld [4]
	jeq #0xc000003e, native, panic
native:	ld [0]
	jset #0x40000000, panic, search
search:	jge #101, upper, lower
lower:	jge #14, l14, l0
l0:	jge #9, l9, l0b
l0b:	jge #5, l5, l0c
l0c:	jge #3, l3, l0d
l0d:	jge #2, eperm, allow			; open; read, write
l3:	jge #4, trap, allow			; close
l5:	jge #6, trap, allow			; fstat
l9:	jge #11, l11, l9b
l9b:	jge #10, mprotect, trap
l11:	jge #13, trap, allow			; munmap, brk
l14:	jge #60, l60, l14b
l14b:	jge #16, trap, l14c
l14c:	jge #15, allow, allow			; rt_sigprocmask, rt_sigreturn
l60:	jge #72, l72, l60b
l60b:	jge #61, trap, allow			; exit
l72:	jge #73, trap, fcntl
upper:	jge #228, u228, u101
u101:	jge #186, u186, u101b
u101b:	jge #102, trap, eperm			; ptrace
u186:	jge #202, u202, u186b
u186b:	jge #187, trap, allow			; gettid
u202:	jge #203, trap, allow			; futex
u228:	jge #246, u246, u228b
u228b:	jge #231, u231, u228c
u228c:	jge #229, trap, allow			; clock_gettime
u231:	jge #232, trap, allow			; exit_group
u246:	jge #257, u257, u246b
u246b:	jge #247, trap, eperm			; kexec_load
u257:	jge #258, trap, eperm			; openat
fcntl:	ld [28]
	jeq #0, fcntl_low, fcntl_sign
fcntl_sign:	jeq #0xffffffff, fcntl_msb, panic
fcntl_msb:	ld [24]
	jset #0x80000000, fcntl_low, panic
fcntl_low:	ld [24]
	jeq #1, allow, fcntl_2
fcntl_2:	jeq #2, allow, fcntl_3
fcntl_3:	jeq #3, allow, trap
mprotect:	ld [36]
	jeq #0, mprotect_low, mprotect_sign
mprotect_sign:	jeq #0xffffffff, mprotect_msb, panic
mprotect_msb:	ld [32]
	jset #0x80000000, mprotect_low, panic
mprotect_low:	ld [32]
	jset #0xfffffffc, trap, allow
allow:	ret #0x7fff0000
eperm:	ret #0x50001
trap:	ret #0x30001
panic:	ret #0x80000000
