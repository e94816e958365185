/*
 * "NR ARG0 … ARG5 SP PC", or "running": proc_pid_syscall(5).
 */
#include "kernel/waiting.h"

#include "base/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#ifdef __x86_64__

/* DWARF's numbers of rdi, rsi, rdx, r10, r8, r9, rsp and rip, in the order of the file. */
static const unsigned waiting_places[] = { 5, 4, 1, 10, 8, 9, 7, 16 };

bool waiting_registers(pid_t tid, uint64_t ret_registers[TRACER_REGISTERS])
{
	char path[48], text[512];
	uint64_t words[8];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tid);
	file_glance(AT_FDCWD, path, text, sizeof(text));
	if (sscanf(text,
		   "%*d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		   &words[0], &words[1], &words[2], &words[3], &words[4], &words[5], &words[6], &words[7]) != 8)
		return false;
	memset(ret_registers, 0, TRACER_REGISTERS * sizeof(*ret_registers));
	for (size_t i = 0; i < sizeof(waiting_places) / sizeof(*waiting_places); i++)
		ret_registers[waiting_places[i]] = words[i];
	return true;
}

#else

bool waiting_registers(pid_t tid, uint64_t ret_registers[TRACER_REGISTERS])
{
	(void)tid;
	(void)ret_registers;
	return false;
}

#endif
