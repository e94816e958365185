/*
 * The known ways by which memory that was written comes to be executed. Each writes a function that returns 42 where
 * none was, and calls it, or writes a program and executes that. The answer is a word on standard output: "ran", a
 * signal's name, or the errno of the call that was refused.
 *
 *	inject [--mdwe] ROUTE FOLDER      --mdwe: with the kernel's own switch alone
 *
 * It is linked statically, so that it runs in a root that holds nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

enum { PAGE = 4096, ANSWER = 42 };

#if defined(__x86_64__)
static const unsigned char code[] = { 0xb8, ANSWER, 0, 0, 0, 0xc3 };
#elif defined(__aarch64__)
static const unsigned char code[] = { 0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6 };
#else
static const unsigned char code[] = { 0 };
#endif

static sigjmp_buf before_call;

static void faulted(int signal)
{
	siglongjmp(before_call, signal);
}

static int answer(const char *word)
{
	puts(word);
	return 0;
}

static int refused(void)
{
	return answer(strerrorname_np(errno));
}

/* Calls what lies there. */
static int call(void *memory)
{
	int (*function)(void);
	int signal;

	memcpy(&function, &memory, sizeof(function));
	__builtin___clear_cache((char *)memory, (char *)memory + sizeof(code));
	signal = sigsetjmp(before_call, 1);
	if (signal)
		return answer(sigabbrev_np(signal));
	return answer(function() == ANSWER ? "ran" : "other");
}

/* A function of our own, in a page of its own, that a route may overwrite. */
__attribute__((noinline, aligned(4096))) static int victim(void)
{
	__asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop");
	return 1;
}

static int route_mmap(const char *folder)
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return refused();
	memcpy(memory, code, sizeof(code));
	return call(memory);
}

static int protect(long (*protect_it)(void *memory))
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(memory, code, sizeof(code));
	return protect_it(memory) < 0 ? refused() : call(memory);
}

static long with_mprotect(void *memory)
{
	return mprotect(memory, PAGE, PROT_READ | PROT_EXEC);
}

static long with_pkey_mprotect(void *memory)
{
	return syscall(SYS_pkey_mprotect, memory, PAGE, PROT_READ | PROT_EXEC, -1);
}

static int route_mprotect(const char *folder)
{
	return protect(with_mprotect);
}

static int route_pkey_mprotect(const char *folder)
{
	return protect(with_pkey_mprotect);
}

static int route_personality(const char *folder)
{
	void *memory;

	if (personality(READ_IMPLIES_EXEC) < 0)
		return refused();
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return refused();
	memcpy(memory, code, sizeof(code));
	return call(memory);
}

/* The same pages once to be written and once to be executed. */
static int map_twice(int fd)
{
	void *written, *executed;

	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		return refused();
	written = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	executed = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (written == MAP_FAILED || executed == MAP_FAILED)
		return refused();
	memcpy(written, code, sizeof(code));
	return call(executed);
}

/* Written first, and then mapped as a library is. */
static int map_as_library(int fd)
{
	void *executed;

	if (fd < 0 || write(fd, code, sizeof(code)) != sizeof(code))
		return refused();
	executed = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return executed == MAP_FAILED ? refused() : call(executed);
}

static int file_in(const char *folder, char path[4096])
{
	snprintf(path, 4096, "%s/inject.%d", folder, (int)getpid());
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
}

static int unnamed_file(const char *folder)
{
	char path[4096];
	int fd = file_in(folder, path);

	if (fd >= 0)
		unlink(path);
	return fd;
}

static int route_memfd_twice(const char *folder)
{
	return map_twice(memfd_create("inject", MFD_CLOEXEC));
}

static int route_memfd_library(const char *folder)
{
	return map_as_library(memfd_create("inject", MFD_CLOEXEC));
}

/* A buffer that was handed over, as descriptor 9. */
static int route_passed_twice(const char *folder)
{
	return map_twice(9);
}

static int route_passed_library(const char *folder)
{
	return map_as_library(9);
}

static int route_file_twice(const char *folder)
{
	return map_twice(unnamed_file(folder));
}

static int route_file_library(const char *folder)
{
	return map_as_library(unnamed_file(folder));
}

static int route_shm(const char *folder)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0700);
	void *written, *executed;

	if (id < 0)
		return refused();
	written = shmat(id, NULL, 0);
	executed = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
	shmctl(id, IPC_RMID, NULL);
	if (executed == (void *)-1 || written == (void *)-1)
		return refused();
	memcpy(written, code, sizeof(code));
	return call(executed);
}

/* A page of the file's that holds nothing is exchanged for one that holds the code. */
static int route_remap(const char *folder)
{
	int fd = unnamed_file(folder);
	char *executed;

	if (fd < 0 || ftruncate(fd, 2L * PAGE) < 0 || pwrite(fd, code, sizeof(code), PAGE) != sizeof(code))
		return refused();
	executed = mmap(NULL, 2L * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (executed == MAP_FAILED || syscall(SYS_remap_file_pages, executed, PAGE, 0, 1, 0) < 0)
		return refused();
	return call(executed);
}

static int route_proc_mem(const char *folder)
{
	int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, code, sizeof(code), (off_t)(uintptr_t)victim) != sizeof(code))
		return refused();
	return call((void *)(uintptr_t)victim);
}

static int route_vm_writev(const char *folder)
{
	struct iovec from = { (void *)(uintptr_t)code, sizeof(code) };
	struct iovec to = { (void *)(uintptr_t)victim, sizeof(code) };

	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0)
		return refused();
	return call((void *)(uintptr_t)victim);
}

/* A child whose code is written while it stands still. */
static int route_ptrace(const char *folder)
{
	long words[(sizeof(code) + sizeof(long) - 1) / sizeof(long)] = { 0 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(errno);
		raise(SIGSTOP);
		_exit(victim() == ANSWER ? 200 : 201);
	}
	waitpid(pid, &status, 0);
	if (WIFSTOPPED(status)) {
		memcpy(words, code, sizeof(code));
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			ptrace(PTRACE_POKETEXT, pid, (char *)(uintptr_t)victim + i * sizeof(long), words[i]);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) < 200) {
		errno = WEXITSTATUS(status);
		return refused();
	}
	return answer(WIFEXITED(status) && WEXITSTATUS(status) == 200 ? "ran" : "other");
}

/* The kernel fills a page that cannot be written, as whoever answers its faults wishes. */
static int route_userfaultfd(const char *folder)
{
	static _Alignas(4096) char page[PAGE];
	void *executed = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (uintptr_t)executed, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .dst = (uintptr_t)executed, .src = (uintptr_t)page, .len = PAGE };
	int fd;

	if (executed == MAP_FAILED)
		return refused();
	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	memcpy(page, code, sizeof(code));
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &range) < 0 ||
	    ioctl(fd, UFFDIO_COPY, &copy) < 0)
		return refused();
	return call(executed);
}

/* This very program, under a name that answers. */
static int copy_of_ours(int to)
{
	char bytes[65536];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)got) != got)
			return -1;
	close(from);
	return from < 0 ? -1 : 0;
}

static int route_memfd_exec(const char *folder)
{
	char name[] = "ran";
	char *argv[] = { name, NULL };
	int fd = memfd_create("inject", 0);

	if (fd < 0 || copy_of_ours(fd) < 0)
		return refused();
	syscall(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH);
	return refused();
}

static int route_file_exec(const char *folder)
{
	char name[] = "ran", path[4096];
	char *argv[] = { name, NULL };
	int fd = file_in(folder, path), status = -1, failed;
	pid_t pid;

	if (fd < 0 || copy_of_ours(fd) < 0)
		return refused();
	close(fd);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execve(path, argv, NULL);
		failed = errno;
		_exit(failed);
	}
	waitpid(pid, &status, 0);
	unlink(path);
	errno = WEXITSTATUS(status);
	return WIFEXITED(status) && errno == 0 ? 0 : refused();
}

struct route {
	const char *name;
	int (*take)(const char *folder);
};

static const struct route routes[] = {
	{ "file-exec", route_file_exec },
	{ "file-library", route_file_library },
	{ "file-twice", route_file_twice },
	{ "memfd-exec", route_memfd_exec },
	{ "memfd-library", route_memfd_library },
	{ "memfd-twice", route_memfd_twice },
	{ "mmap", route_mmap },
	{ "mprotect", route_mprotect },
	{ "personality", route_personality },
	{ "pkey-mprotect", route_pkey_mprotect },
	{ "passed-library", route_passed_library },
	{ "passed-twice", route_passed_twice },
	{ "proc-mem", route_proc_mem },
	{ "process-vm-writev", route_vm_writev },
	{ "ptrace", route_ptrace },
	{ "remap-file-pages", route_remap },
	{ "shm", route_shm },
	{ "userfaultfd", route_userfaultfd },
};

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = faulted };

	if (argc == 1 && strcmp(argv[0], "ran") == 0)
		return answer("ran");
	if (argc > 1 && strcmp(argv[1], "--mdwe") == 0) {
		if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
			return refused();
		argv++;
		argc--;
	}
	if (argc == 2 && strcmp(argv[1], "routes") == 0) {
		for (size_t i = 0; sizeof(code) > 1 && i < sizeof(routes) / sizeof(*routes); i++)
			puts(routes[i].name);
		return 0;
	}
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	for (size_t i = 0; argc == 3 && i < sizeof(routes) / sizeof(*routes); i++)
		if (strcmp(routes[i].name, argv[1]) == 0)
			return routes[i].take(argv[2]);
	return 2;
}
