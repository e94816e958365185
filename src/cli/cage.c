/*
 * What a stranger made (headers, unwind tables, debugging data) is read by libraries that were not made for strangers.
 * So a process that is about to do it keeps only what reading takes: whoever takes it over can read what we can and
 * answer wrongly; nothing is written, started or reached.
 */
#include "cli/cage.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All that reading files and memory takes. */
static const char policy_text[] =
	"kernel 6.1\n"
	"default errno EPERM\n"
	"allow read, pread64, close, fstat, newfstatat, lseek, brk, munmap, mremap, madvise\n"
	"allow openat if flags & O_ACCMODE == O_RDONLY and not flags & (O_CREAT | O_TRUNC | O_TMPFILE)\n"
	"allow readlink, readlinkat, access, getdents64\n"
	"allow mmap, mprotect if not (prot & PROT_EXEC)\n"
	"allow process_vm_readv, fcntl, futex, getrandom, rt_sigreturn, sigaltstack, exit, exit_group\n"
	"allow write if fd in {1, 2}\n";

/*
 * All that a monitor does whose files and sockets are open: what it wrote to it goes on writing, by descriptors; it
 * opens for reading only, makes threads and no processes, and no sockets but those that come to it.
 */
static const char watching_text[] =
	"kernel 6.1\n"
	"default errno EPERM\n"
	"allow read, readv, pread64, write, writev, close, fstat, newfstatat, statx, lseek, brk, munmap, mremap, "
	"madvise\n"
	"allow openat if flags & O_ACCMODE == O_RDONLY and not flags & (O_CREAT | O_TRUNC)\n"
	"allow readlink, readlinkat, access, faccessat, getdents64, fcntl, ftruncate, fdatasync, memfd_create\n"
	"allow mmap, mprotect if not (prot & PROT_EXEC)\n"
	"allow clone if flags has CLONE_THREAD | CLONE_VM | CLONE_SIGHAND\n"
	"errno ENOSYS clone3\n"
	"allow futex, set_robust_list, rseq, getrandom, rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack, "
	"gettid, getpid\n"
	"allow prctl if option == PR_SET_NAME\n"
	"allow clock_gettime, gettimeofday, clock_nanosleep, sched_yield, sched_getaffinity, restart_syscall\n"
	"allow poll, ppoll, eventfd2, pipe2, accept, accept4, recvfrom, recvmsg, sendto, sendmsg, shutdown\n"
	"allow getsockname, getpeername, getsockopt, setsockopt, exit, exit_group\n";

static const char unlink_text[] = "allow unlink, unlinkat\n";

/* A loop in a table ends, and so does a table that asks for all memory. */
#define CPU_SECONDS_MAX 5
#ifdef CALLGATE_SANITIZED
#define MEMORY_MAX RLIM_INFINITY /* a sanitizer maps terabytes */
#else
#define MEMORY_MAX (UINT64_C(2) << 30)
#endif

/* Of this thread, and of all that it starts. */
static int load(const char *name, const char *text, unsigned flags)
{
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err;
	int status = callgate_policy_parse(name, text, strlen(text), NULL, &policy, &err);

	if (status == CALLGATE_OK)
		status = callgate_filter_compile(policy, NULL, &filter, &err);
	if (status == CALLGATE_OK)
		status = callgate_filter_load(filter, flags, NULL, &err);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return status == CALLGATE_OK ? STATUS_YES : failure(&err);
}

int cage_enter(void)
{
	const struct rlimit cpu = { CPU_SECONDS_MAX, CPU_SECONDS_MAX }, memory = { MEMORY_MAX, MEMORY_MAX };

	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_AS, &memory);
	/* Looking for debugging data must not become asking a server for it. */
	unsetenv("DEBUGINFOD_URLS");
	return load("cage", policy_text, 0);
}

/* All capabilities but these, of which only those stay that are there. */
static int keep_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (!(kept >> capability & 1))
			prctl(PR_CAPBSET_DROP, capability);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return misuse("its capabilities cannot be read: %s", strerror(errno));
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(kept >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return misuse("its capabilities cannot be given up: %s", strerror(errno));
	return STATUS_YES;
}

int cage_enter_watching(const struct cage_watching *needs)
{
	cleanup(buf_fini) struct buf text = { 0 };
	uint64_t kept = 0;
	int status;

	/* Logs that are rotated have owners of their own. */
	if (needs->reopens)
		kept |= UINT64_C(1) << CAP_DAC_READ_SEARCH;
	/* Which program a process of another user executes: no call is left by which one could be traced. */
	if (needs->asks_processes)
		kept |= UINT64_C(1) << CAP_SYS_PTRACE;
	buf_puts(&text, watching_text);
	if (needs->unlinks)
		buf_puts(&text, unlink_text);
	status = text.failed ? misuse("out of memory") : keep_capabilities(kept);
	/* Its memory has the token and the chain's key. */
	prctl(PR_SET_DUMPABLE, 0);
	return status == STATUS_YES ? load("cage", buf_text(&text), CALLGATE_LOAD_THREADS) : status;
}
