/*
 * clone3 can empty the child's table of signal handlers in the same step (Linux 5.5), which saves 64 calls. libc has
 * no wrapper for it, and a child on a new stack cannot return into C: hence a few instructions of assembly. Older
 * kernels, other machines and sandboxes that hide clone3 get clone.
 */
#include "launch/clone.h"

#include "kernel/call.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>

#ifdef __x86_64__

static pid_t clone_start_3(const struct clone_child *child)
{
	struct clone_args args = {
		.flags = child->flags | CLONE_VM | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)child->pidfd,
		.parent_tid = (uintptr_t)child->number,
		.child_tid = (uintptr_t)child->tid,
		/* With CLONE_PARENT the signal is the caller's own, and must not be named. */
		.exit_signal = child->flags & CLONE_PARENT ? 0 : SIGCHLD,
		.stack = (uintptr_t)child->stack,
		.stack_size = CLONE_STACK_SIZE,
	};
	register void (*entry)(void *) __asm__("r12") = child->main;
	register void *argument __asm__("r13") = child->argument;
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_clone3), "D"(&args), "S"(sizeof(args)), "r"(entry), "r"(argument)
			 : "rcx", "r11", "memory");
	return (pid_t)result;
}

#else

static pid_t clone_start_3(const struct clone_child *child)
{
	return -ENOSYS;
}

#endif

/* What clone(2) of libc calls: it wants an int back, which never comes. */
static int clone_enter(void *argument)
{
	const struct clone_child *child = argument;

	child->main(child->argument);
	return 0;
}

static pid_t clone_start_old(const struct clone_child *child)
{
	/* At the far end of its stack: this one's frame may be gone before it begins. */
	struct clone_child *kept = (struct clone_child *)(void *)child->stack;
	int flags = (int)(child->flags | CLONE_VM | (child->flags & CLONE_PARENT ? 0 : SIGCHLD));
	pid_t pid;

	*child->keeps_handlers = true;
	*kept = *child;
	pid = clone(clone_enter, child->stack + CLONE_STACK_SIZE, flags, kept,
		    child->flags & CLONE_PIDFD ? child->pidfd : child->number, NULL, child->tid);
	return pid < 0 ? -errno : pid;
}

pid_t clone_start(const struct clone_child *child)
{
	pid_t pid;

	*child->keeps_handlers = false;
	pid = clone_start_3(child);
	/* E2BIG and EINVAL: a clone3 that is too old for what we ask. */
	if (pid == -ENOSYS || pid == -EPERM || pid == -EINVAL || pid == -E2BIG)
		pid = clone_start_old(child);
	return pid;
}
