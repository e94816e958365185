; OpenSSH's preauth sandbox: a table of macros in C. Straight code, each call with its own return, the number loaded
; anew after each look at an argument, both halves compared.
	ld [4]
	jeq #0xc000003e, 3, 2
	ret #0x80000000
	ld [0]
	jeq #6, 5, 6	; lstat
	ret #0x5000d
	jeq #5, 7, 8	; fstat
	ret #0x5000d
	jeq #262, 9, 10	; newfstatat
	ret #0x5000d
	jeq #4, 11, 12	; stat
	ret #0x5000d
	jeq #2, 13, 14	; open
	ret #0x5000d
	jeq #257, 15, 16	; openat
	ret #0x5000d
	jeq #29, 17, 18	; shmget
	ret #0x5000d
	jeq #332, 19, 20	; statx
	ret #0x5000d
	jeq #12, 21, 22	; brk
	ret #0x7fff0000
	jeq #228, 23, 24	; clock_gettime
	ret #0x7fff0000
	jeq #3, 25, 26	; close
	ret #0x7fff0000
	jeq #60, 27, 28	; exit
	ret #0x7fff0000
	jeq #231, 29, 30	; exit_group
	ret #0x7fff0000
	jeq #202, 31, 32	; futex
	ret #0x7fff0000
	jeq #39, 33, 34	; getpid
	ret #0x7fff0000
	jeq #318, 35, 36	; getrandom
	ret #0x7fff0000
	jeq #96, 37, 38	; gettimeofday
	ret #0x7fff0000
	jeq #28, 39, 45	; madvise
	ld [32]
	jeq #0x4, 41, 44
	ld [36]
	jeq #0x0, 43, 44
	ret #0x7fff0000
	ld [0]
	jeq #9, 46, 54	; mmap
	ld [32]
	and #0xfffffffc
	jeq #0, 49, 53
	ld [36]
	and #0xffffffff
	jeq #0, 52, 53
	ret #0x7fff0000
	ld [0]
	jeq #10, 55, 63	; mprotect
	ld [32]
	and #0xfffffffc
	jeq #0, 58, 62
	ld [36]
	and #0xffffffff
	jeq #0, 61, 62
	ret #0x7fff0000
	ld [0]
	jeq #16, 64, 70	; ioctl
	ld [24]
	jeq #0x8038c1f2, 66, 69
	ld [28]
	jeq #0x0, 68, 69
	ret #0x7fff0000
	ld [0]
	jeq #11, 71, 72	; munmap
	ret #0x7fff0000
	jeq #0, 73, 74	; read
	ret #0x7fff0000
	jeq #14, 75, 76	; rt_sigprocmask
	ret #0x7fff0000
	jeq #48, 77, 78	; shutdown
	ret #0x7fff0000
	jeq #1, 79, 80	; write
	ret #0x7fff0000
	jeq #41, 81, 87	; socket
	ld [16]
	jeq #0x10, 83, 86
	ld [20]
	jeq #0x0, 85, 86
	ret #0x50001
	ld [0]
	ret #0x80000000
