/*
 * Asks the running kernel how wide its arguments are. A call is made as it should be, then again with one bit set above
 * what the tables say that the kernel reads: it must do the same. Where the tables say that a whole word is read, some
 * high bit must change what the call does. Every call here is harmless, whatever its answer.
 */
#include "unit.h"

#include "abi/abi.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define NONE 0

/* What a call that succeeded leaves behind. */
enum leaves {
	NOTHING,
	DESCRIPTOR,
	MAPPING,
};

struct probe {
	const char *name;
	uint64_t args[6];
	unsigned wide; /* bit i: some high bit of argument i changes the answer */
	enum leaves leaves;
};

static uint64_t address(const void *pointer)
{
	return (uintptr_t)pointer;
}

/* The call's answer: what it returned or minus errno; 0 for anything that was opened or mapped, and is gone again. */
static long answer(const struct probe *probe, const uint64_t args[6])
{
	long nr = abi_syscall_by_name(probe->name)->nr[abi_arch_native()->id];
	long result = syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	if (result == -1)
		return -errno;
	if (probe->leaves == NOTHING)
		return result;
	if (probe->leaves == DESCRIPTOR)
		close((int)result);
	else
		munmap((void *)result, args[1]);
	return 0;
}

/* The answer with one bit of one argument turned. */
static long answer_turned(const struct probe *probe, unsigned argument, unsigned bit)
{
	uint64_t args[6];

	memcpy(args, probe->args, sizeof(args));
	args[argument] ^= UINT64_C(1) << bit;
	return answer(probe, args);
}

static void assert_narrow(const struct probe *probe, unsigned argument, const struct abi_arg *arg)
{
	long plain = answer(probe, probe->args);

	for (unsigned bit = arg->bits; bit < 64; bit = bit < 32 ? 32 : bit == 32 ? 63 : 64)
		if (answer_turned(probe, argument, bit) != plain)
			fail_msg("%s: bit %u of %s is read", probe->name, bit, arg->name);
}

static void assert_wide(const struct probe *probe, unsigned argument, const struct abi_arg *arg)
{
	long plain = answer(probe, probe->args);

	if (arg->bits != 64)
		fail_msg("%s: %s is not a word", probe->name, arg->name);
	if (answer_turned(probe, argument, 32) == plain && answer_turned(probe, argument, 63) == plain)
		fail_msg("%s: the high half of %s is not read", probe->name, arg->name);
}

static void probe_arguments(const struct probe *probe)
{
	struct abi_arg args[6];
	unsigned count = abi_syscall_args(abi_syscall_by_name(probe->name), abi_arch_native()->id, args);

	for (unsigned i = 0; i < count; i++) {
		if (args[i].bits < 64)
			assert_narrow(probe, i, &args[i]);
		if (probe->wide & 1U << i)
			assert_wide(probe, i, &args[i]);
	}
}

static void probe_all(const struct probe *probes, size_t count)
{
	if (abi_arch_native()->word_bits != 64)
		skip();
	for (size_t i = 0; i < count; i++)
		probe_arguments(&probes[i]);
}

#define PROBE_ALL(probes) probe_all(probes, sizeof(probes) / sizeof(*(probes)))

static void calls_on_files_read_what_the_tables_say(void **state)
{
	cleanup_fd int fd = memfd_create("probe", MFD_CLOEXEC);
	struct iovec iov = { 0 };
	struct stat status;
	char text[64];
	int waiting = 0;
	struct iovec one = { &waiting, sizeof(waiting) };
	const struct probe probes[] = {
		{ "lseek", { (uint64_t)fd, 0, SEEK_SET }, 1U << 1 },
		{ "openat", { (uint64_t)AT_FDCWD, address("/dev/null"), O_RDONLY | O_CLOEXEC, 0 }, NONE, DESCRIPTOR },
		{ "ioctl", { (uint64_t)fd, FIONREAD, address(&waiting) } },
		{ "ioctl", { (uint64_t)fd, FIOCLEX, 0 } },
		{ "fcntl", { (uint64_t)fd, F_GETFL, 0 } },
		{ "dup", { (uint64_t)fd }, NONE, DESCRIPTOR },
		{ "faccessat", { (uint64_t)AT_FDCWD, address("/dev/null"), F_OK } },
		{ "newfstatat", { (uint64_t)fd, address(""), address(&status), AT_EMPTY_PATH } },
		{ "fchmod", { (uint64_t)fd, 0600 } },
		{ "flock", { (uint64_t)fd, 8 /* LOCK_UN */ } },
		{ "readlinkat", { (uint64_t)AT_FDCWD, address("/proc/self/exe"), address(text), 1 } },
		{ "readv", { (uint64_t)fd, address(&iov), 1 } },
		{ "writev", { (uint64_t)fd, address(&iov), 1 } },
		{ "process_vm_readv", { (uint64_t)getpid(), address(&one), 1, address(&one), 1, 0 }, 1U << 4 | 1U << 5 },
		{ "vmsplice", { (uint64_t)fd, address(&iov), 1, 0 } },
		{ "utimensat", { (uint64_t)fd, 0, 0, 0 } },
		{ "fadvise64", { (uint64_t)fd, 0, 0, POSIX_FADV_NORMAL }, 1U << 2 },
		{ "close_range", { UINT32_MAX, UINT32_MAX, 0 } },
	};

	assert_true(fd >= 0);
	PROBE_ALL(probes);
}

static void calls_that_open_read_what_the_tables_say(void **state)
{
	const struct probe probes[] = {
		{ "socket", { AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0 }, NONE, DESCRIPTOR },
		{ "memfd_create", { address("probe"), MFD_CLOEXEC }, NONE, DESCRIPTOR },
		{ "eventfd2", { 0, O_CLOEXEC }, NONE, DESCRIPTOR },
		{ "epoll_create1", { O_CLOEXEC }, NONE, DESCRIPTOR },
		{ "inotify_init1", { O_CLOEXEC }, NONE, DESCRIPTOR },
		{ "timerfd_create", { CLOCK_MONOTONIC, O_CLOEXEC }, NONE, DESCRIPTOR },
		{ "pidfd_open", { (uint64_t)getpid(), 0 }, NONE, DESCRIPTOR },
		{ "landlock_create_ruleset", { 0, 0, LANDLOCK_CREATE_RULESET_VERSION }, NONE },
	};

	PROBE_ALL(probes);
}

static void calls_on_memory_read_what_the_tables_say(void **state)
{
	cleanup_fd int fd = memfd_create("probe", MFD_CLOEXEC);
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct probe probes[] = {
		{ "mmap", { 0, PAGE, PROT_READ, MAP_PRIVATE, (uint64_t)fd, 0 }, 1U << 1, MAPPING },
		{ "mprotect", { address(page), PAGE, PROT_READ }, 1U << 2 },
		{ "madvise", { address(page), PAGE, MADV_NORMAL }, 1U << 1 },
		{ "msync", { address(page), PAGE, MS_ASYNC }, 1U << 1 },
		{ "mremap", { address(page), PAGE, PAGE, 0, 0 }, 1U << 3 },
		{ "mbind", { address(page), PAGE, 0, 0, 0, 0 } },
	};

	assert_ptr_not_equal(page, MAP_FAILED);
	PROBE_ALL(probes);
	munmap(page, PAGE);
}

static void calls_on_processes_read_what_the_tables_say(void **state)
{
	struct rlimit limit;
	struct rusage usage;
	struct timespec now = { 0 };
	cpu_set_t cpus;
	uint32_t action = SECCOMP_RET_ALLOW, word = 0;
	uint64_t self = (uint64_t)getpid();
	const struct probe probes[] = {
		{ "prctl", { PR_GET_DUMPABLE, 0, 0, 0, 0 } },
		{ "prctl", { PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0 }, 1U << 1 | 1U << 4 },
		{ "seccomp", { SECCOMP_GET_ACTION_AVAIL, 0, address(&action) } },
		{ "futex", { address(&word), 1 /* FUTEX_WAKE */, 1, 0, 0, 0 } },
		{ "unshare", { 0 }, 1U << 0 },
		{ "kill", { self, 0 } },
		{ "tgkill", { self, self, 0 } },
		{ "getpriority", { PRIO_PROCESS, 0 } },
		{ "prlimit64", { 0, RLIMIT_NOFILE, 0, address(&limit) } },
		{ "getrusage", { RUSAGE_SELF, address(&usage) } },
		{ "clock_gettime", { CLOCK_MONOTONIC, address(&now) } },
		{ "sched_getscheduler", { 0 } },
		{ "sched_getaffinity", { 0, sizeof(cpus), address(&cpus) } },
		{ "membarrier", { MEMBARRIER_CMD_QUERY, 0, 0 } },
		{ "setresuid", { UINT32_MAX, UINT32_MAX, UINT32_MAX } },
		{ "rt_sigprocmask", { SIG_BLOCK, 0, 0, 8 }, 1U << 3 },
		{ "rt_sigaction", { SIGUSR1, 0, 0, 8 }, 1U << 3 },
		{ "shmget", { 0x7ca11ca7, 0, 0 } },
	};

	PROBE_ALL(probes);
}

static void calls_on_sockets_read_what_the_tables_say(void **state)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(int);
	int type = 0;
	const struct probe probes[] = {
		{ "getsockopt", { (uint64_t)fd, SOL_SOCKET, SO_TYPE, address(&type), address(&length) } },
		{ "shutdown", { (uint64_t)fd, SHUT_RDWR } },
		{ "sendto", { (uint64_t)fd, address(""), 0, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0 } },
		{ "accept4", { (uint64_t)fd, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK } },
	};

	assert_true(fd >= 0);
	PROBE_ALL(probes);
}

UNIT_TESTS(test_abi_kernel, cmocka_unit_test(calls_on_files_read_what_the_tables_say),
	   cmocka_unit_test(calls_that_open_read_what_the_tables_say),
	   cmocka_unit_test(calls_on_memory_read_what_the_tables_say),
	   cmocka_unit_test(calls_on_processes_read_what_the_tables_say),
	   cmocka_unit_test(calls_on_sockets_read_what_the_tables_say), )
