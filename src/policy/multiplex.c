/*
 * The numbers are the kernel's: SYS_* of linux/net.h, which socketcall compares whole, and those of linux/ipc.h, of
 * which ipc reads the low half (the high one is a version).
 */
#include "policy/multiplex.h"

#include <string.h>

/* clang-format off */
#define SOCKETCALL(number, carried) { "socketcall", 0xffffffff, number, carried }
#define IPC(number, carried) { "ipc", 0xffff, number, carried }
/* clang-format on */

static const struct policy_multiplexed multiplexed[] = {
	SOCKETCALL(1, "socket"),
	SOCKETCALL(2, "bind"),
	SOCKETCALL(3, "connect"),
	SOCKETCALL(4, "listen"),
	SOCKETCALL(5, "accept"),
	SOCKETCALL(6, "getsockname"),
	SOCKETCALL(7, "getpeername"),
	SOCKETCALL(8, "socketpair"),
	SOCKETCALL(9, "send"),
	SOCKETCALL(10, "recv"),
	SOCKETCALL(11, "sendto"),
	SOCKETCALL(12, "recvfrom"),
	SOCKETCALL(13, "shutdown"),
	SOCKETCALL(14, "setsockopt"),
	SOCKETCALL(15, "getsockopt"),
	SOCKETCALL(16, "sendmsg"),
	SOCKETCALL(17, "recvmsg"),
	SOCKETCALL(18, "accept4"),
	SOCKETCALL(19, "recvmmsg"),
	SOCKETCALL(20, "sendmmsg"),
	IPC(1, "semop"),
	IPC(2, "semget"),
	IPC(3, "semctl"),
	IPC(4, "semtimedop"),
	IPC(11, "msgsnd"),
	IPC(12, "msgrcv"),
	IPC(13, "msgget"),
	IPC(14, "msgctl"),
	IPC(21, "shmat"),
	IPC(22, "shmdt"),
	IPC(23, "shmget"),
	IPC(24, "shmctl"),
};

const struct policy_multiplexed *policy_multiplexed_at(size_t index)
{
	return index < sizeof(multiplexed) / sizeof(*multiplexed) ? &multiplexed[index] : NULL;
}

bool policy_is_multiplexer(const struct abi_syscall *syscall)
{
	return strcmp(syscall->name, "socketcall") == 0 || strcmp(syscall->name, "ipc") == 0;
}
