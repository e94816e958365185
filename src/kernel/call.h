/*
 * kernel/call.h - system calls as the kernel answers them: a result, or a negative errno
 *
 * Between fork and exec a child may share its parent's memory, and with it the parent's errno and the C library's
 * state. What runs there calls the kernel through here, which touches neither.
 */
#ifndef CALLGATE_KERNEL_CALL_H
#define CALLGATE_KERNEL_CALL_H

#include <sys/syscall.h>

#ifdef __x86_64__

static inline long kernel_call(long nr, long a0, long a1, long a2, long a3, long a4, long a5)
{
	register long r10 __asm__("r10") = a3;
	register long r8 __asm__("r8") = a4;
	register long r9 __asm__("r9") = a5;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#else

#include <errno.h>
#include <unistd.h>

static inline long kernel_call(long nr, long a0, long a1, long a2, long a3, long a4, long a5)
{
	int saved = errno;
	long result = syscall(nr, a0, a1, a2, a3, a4, a5);

	if (result == -1)
		result = -errno;
	errno = saved;
	return result;
}

#endif

/* With as many arguments as the call has; the others are 0. */
#define KERNEL_CALL(...) KERNEL_CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define KERNEL_CALL_(nr, a0, a1, a2, a3, a4, a5, ...) \
	kernel_call((nr), (long)(a0), (long)(a1), (long)(a2), (long)(a3), (long)(a4), (long)(a5))

#endif
