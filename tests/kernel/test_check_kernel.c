/*
 * What the holes are good for: under a filter with the hole, the thing that it meant to refuse is done, on the running
 * kernel; under its twin without the hole, it is not. And check finds the one and not the other.
 */
#include "unit.h"

#include <callgate/check.h>
#include <callgate/filter.h>
#include <callgate/subject.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DENY "kernel 6.1\narch x86_64\ndefault allow\n"

enum { REFUSED = 0, DONE = 1, NOT_HERE = 77 };

static struct callgate_subject *open_subject(const char *text)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err;

	if (callgate_subject_parse("test.policy", text, strlen(text), NULL, &subject, &err) < 0)
		fail_msg("%s:%u:%u: %s", err.file, err.line, err.col, err.message);
	return subject;
}

static bool is_found(struct callgate_subject *subject, const char *rule)
{
	struct callgate_report *report;
	const struct callgate_finding *finding;
	bool found = false;

	assert_int_equal(callgate_check(subject, &report, NULL), CALLGATE_OK);
	for (size_t i = 0; (finding = callgate_report_at(report, i)); i++)
		found |= strcmp(finding->rule, rule) == 0;
	callgate_report_free(report);
	return found;
}

/* What the attempt comes to in a child under the filter; REFUSED when it dies. */
static int attempt_under(const struct callgate_subject *subject, int (*attempt)(void))
{
	struct callgate_filter *filter;
	int status;
	pid_t pid;

	assert_int_equal(callgate_subject_compile(subject, NULL, &filter, NULL), CALLGATE_OK);
	pid = fork();
	if (pid == 0) {
		if (callgate_filter_load(filter, 0, NULL, NULL) < 0)
			_exit(NOT_HERE);
		_exit(attempt());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	callgate_filter_free(filter);
	return WIFEXITED(status) ? WEXITSTATUS(status) : REFUSED;
}

static void prove_hole(const char *rule, const char *holed, const char *sound, int (*attempt)(void))
{
	struct callgate_subject *with = open_subject(holed), *without = open_subject(sound);
	int done = attempt_under(with, attempt);

	if (!is_found(with, rule))
		fail_msg("%s misses:\n%s", rule, holed);
	if (is_found(without, rule))
		fail_msg("%s is a false alarm for:\n%s", rule, sound);
	if (done != NOT_HERE) {
		assert_int_equal(done, DONE);
		assert_int_equal(attempt_under(without, attempt), REFUSED);
	}
	callgate_subject_free(with);
	callgate_subject_free(without);
	if (done == NOT_HERE)
		skip();
}

/* The kernel looked at the descriptor, so the filter let the request through. */
static int type_into_the_terminal(void)
{
	return syscall(SYS_ioctl, -1, TIOCSTI | UINT64_C(1) << 32, "x") < 0 && errno == EBADF ? DONE : REFUSED;
}

static void a_high_bit_passes_a_refused_request(void **state)
{
	prove_hole("truncated-argument", DENY "errno EPERM ioctl if arg1 == 0x5412\n",
		   DENY "errno EPERM ioctl if request == 0x5412\n", type_into_the_terminal);
}

static int change_a_mode(void)
{
	char path[] = "/tmp/check-XXXXXX";
	struct stat after;
	int fd = mkstemp(path);

	if (fd < 0)
		return NOT_HERE;
	syscall(SYS_fchmodat, AT_FDCWD, path, 0644);
	fstat(fd, &after);
	unlink(path);
	return (after.st_mode & 0777) == 0644 ? DONE : REFUSED;
}

static void a_twin_does_what_was_refused(void **state)
{
	prove_hole("twin-open", DENY "errno EPERM chmod\n", DENY "errno EPERM chmod, fchmod, fchmodat, fchmodat2\n",
		   change_a_mode);
}

static int make_a_user_namespace(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER | CLONE_FS) == 0 ? DONE : errno == EPERM ? REFUSED : NOT_HERE;
}

static int do_nothing_here(void)
{
	return NOT_HERE;
}

/* What makes a user namespace, where a process without a filter may: in a chroot or under a container's filter, none. */
static int (*user_namespace_attempt(void))(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(make_a_user_namespace());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == DONE ? make_a_user_namespace : do_nothing_here;
}

static void a_flag_more_passes_what_is_refused_by_equality(void **state)
{
	prove_hole("masked-wrongly", DENY "errno EPERM unshare if flags == CLONE_NEWUSER\n",
		   DENY "errno EPERM unshare if flags & CLONE_NEWUSER\n", user_namespace_attempt());
}

static void unshare_makes_the_namespace_that_clone_may_not(void **state)
{
	prove_hole("clone-flags-open",
		   DENY "errno ENOSYS clone3\nerrno EPERM clone if flags & CLONE_NEWUSER\nerrno EPERM setns\n",
		   DENY "errno ENOSYS clone3\nerrno EPERM clone, unshare if flags & CLONE_NEWUSER\nerrno EPERM setns\n",
		   user_namespace_attempt());
}

/* Opens /dev/null by a ring of one entry; gives what the completion says. */
static int ring_open(int ring, const struct io_uring_params *params)
{
	size_t length = params->sq_off.array + params->sq_entries * sizeof(unsigned);
	size_t cq_length = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	char *sq = mmap(NULL, length > cq_length ? length : cq_length, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			IORING_OFF_SQ_RING);
	char *cq = params->features & IORING_FEAT_SINGLE_MMAP
			   ? sq
			   : mmap(NULL, cq_length, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *entry =
		mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);

	if (sq == MAP_FAILED || cq == MAP_FAILED || entry == MAP_FAILED)
		return -ENOMEM;
	entry->opcode = IORING_OP_OPENAT;
	entry->fd = AT_FDCWD;
	entry->addr = (uintptr_t) "/dev/null";
	*(unsigned *)(void *)(sq + params->sq_off.array) = 0;
	*(unsigned *)(void *)(sq + params->sq_off.tail) = 1;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	return ((struct io_uring_cqe *)(void *)(cq + params->cq_off.cqes))->res;
}

static int open_by_a_ring(void)
{
	struct io_uring_params params = { 0 };
	bool opens = open("/dev/null", O_RDONLY) >= 0;
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (opens)
		return NOT_HERE;
	if (ring < 0)
		return errno == ENOSYS ? REFUSED : NOT_HERE;
	return ring_open(ring, &params) >= 0 ? DONE : REFUSED;
}

static void a_ring_opens_what_openat_may_not(void **state)
{
	prove_hole("io-uring-open", DENY "errno EACCES open, openat, openat2\n",
		   DENY "errno EACCES open, openat, openat2\nerrno ENOSYS io_uring_setup, io_uring_enter\n",
		   open_by_a_ring);
}

static const unsigned char return_42[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov $42, %eax; ret */

static int run_code(void *at)
{
	int (*code)(void);

	memcpy(&code, &at, sizeof(code));
	return code() == 42 ? DONE : REFUSED;
}

static int run_what_was_written(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return REFUSED;
	memcpy(memory, return_42, sizeof(return_42));
	return run_code(memory);
}

static void written_memory_runs(void **state)
{
	prove_hole("wx-mmap", DENY "errno EPERM mprotect, pkey_mprotect if prot & PROT_EXEC\n",
		   DENY "errno EPERM mprotect, pkey_mprotect if prot & PROT_EXEC\n"
			"errno EPERM mmap if prot & PROT_WRITE and prot & PROT_EXEC\n",
		   run_what_was_written);
}

#define NO_EXECUTABLE_MEMORY "errno EPERM mmap, mprotect, pkey_mprotect if prot & PROT_EXEC\n"

static int run_what_is_readable(void)
{
	void *memory;

	if (personality(READ_IMPLIES_EXEC) < 0)
		return REFUSED;
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return REFUSED;
	memcpy(memory, return_42, sizeof(return_42));
	return run_code(memory);
}

static void readable_memory_runs(void **state)
{
	prove_hole("wx-personality", DENY NO_EXECUTABLE_MEMORY,
		   DENY NO_EXECUTABLE_MEMORY "errno EPERM personality if not persona in {0, 0xffffffff}\n",
		   run_what_is_readable);
}

static int run_shared_memory(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	void *writable = shmat(id, NULL, 0), *executable = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);

	shmctl(id, IPC_RMID, NULL);
	if (writable == (void *)-1)
		return NOT_HERE;
	if (executable == (void *)-1)
		return REFUSED;
	memcpy(writable, return_42, sizeof(return_42));
	return run_code(executable);
}

static void shared_memory_runs(void **state)
{
	prove_hole("wx-shmat", DENY NO_EXECUTABLE_MEMORY,
		   DENY NO_EXECUTABLE_MEMORY "errno EPERM shmat if shmflg & SHM_EXEC\n", run_shared_memory);
}

static int run_a_second_view(void)
{
	int fd = (int)syscall(SYS_memfd_create, "views", 0);
	void *writable, *executable;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return REFUSED;
	writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	executable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (writable == MAP_FAILED || executable == MAP_FAILED)
		return REFUSED;
	memcpy(writable, return_42, sizeof(return_42));
	return run_code(executable);
}

static void one_memory_has_two_views(void **state)
{
	prove_hole("wx-dual", DENY "errno EPERM mmap if prot & PROT_WRITE and prot & PROT_EXEC\n",
		   DENY "errno EPERM mmap if prot & PROT_WRITE and prot & PROT_EXEC\nerrno EPERM memfd_create\n",
		   run_a_second_view);
}

static int believe_to_have_dropped_privilege(void)
{
	return syscall(SYS_setuid, 65534) == 0 && geteuid() != 65534 ? DONE : REFUSED;
}

static void a_refused_call_looks_done(void **state)
{
	prove_hole("errno-zero", DENY "errno 0 setuid\n", DENY "errno EPERM setuid\n",
		   believe_to_have_dropped_privilege);
}

static void *end_by_getpgrp(void *unused)
{
	syscall(SYS_getpgrp);
	return unused;
}

static int live_on_without_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_by_getpgrp, NULL))
		return NOT_HERE;
	/* The kernel wakes nobody for a thread that it kills in its tracks but clears its id all the same. */
	pthread_join(thread, NULL);
	return DONE;
}

static void a_thread_dies_and_its_process_lives(void **state)
{
	prove_hole("kill-thread", DENY "kill-thread getpgrp\n", DENY "kill-process getpgrp\n",
		   live_on_without_a_thread);
}

static int write_into_another_process(void)
{
	static volatile int *shared;
	static int target;
	int value = 42;
	struct iovec from = { &value, sizeof(value) }, to = { &target, sizeof(target) };
	pid_t pid;
	bool written;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	written = process_vm_writev(pid, &from, 1, &to, 1, 0) == sizeof(value);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap((void *)(uintptr_t)shared, 4096);
	return written ? DONE : REFUSED;
}

static void another_process_is_written(void **state)
{
	prove_hole(
		"other-process",
		DENY
		"errno EPERM ptrace, process_vm_readv, pidfd_getfd, kcmp, process_madvise, migrate_pages, move_pages\n",
		DENY "errno EPERM ptrace, process_vm_readv, process_vm_writev, pidfd_getfd, kcmp, process_madvise, "
		     "migrate_pages, move_pages\n",
		write_into_another_process);
}

static int call_the_future(void)
{
	return syscall(1000) < 0 && errno == ENOSYS ? DONE : REFUSED;
}

static void a_call_of_the_future_reaches_the_kernel(void **state)
{
	prove_hole("newer-open", DENY "newer allow\n", DENY "newer errno EPERM\n", call_the_future);
}

static int open_by_a_chosen_address(void)
{
	char *path = mmap((void *)0x200000, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (path != (char *)0x200000)
		return NOT_HERE;
	strcpy(path, "/dev/null");
	return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) >= 0 ? DONE : REFUSED;
}

static void an_address_is_anybodys(void **state)
{
	prove_hole("pointer-compared", DENY "errno EACCES openat if arg1 != 0x200000\n", DENY "errno EACCES openat\n",
		   open_by_a_chosen_address);
}

UNIT_TESTS(test_check_kernel, cmocka_unit_test(a_high_bit_passes_a_refused_request),
	   cmocka_unit_test(a_twin_does_what_was_refused),
	   cmocka_unit_test(a_flag_more_passes_what_is_refused_by_equality),
	   cmocka_unit_test(unshare_makes_the_namespace_that_clone_may_not),
	   cmocka_unit_test(a_ring_opens_what_openat_may_not), cmocka_unit_test(written_memory_runs),
	   cmocka_unit_test(readable_memory_runs), cmocka_unit_test(shared_memory_runs),
	   cmocka_unit_test(one_memory_has_two_views), cmocka_unit_test(a_refused_call_looks_done),
	   cmocka_unit_test(a_thread_dies_and_its_process_lives), cmocka_unit_test(another_process_is_written),
	   cmocka_unit_test(a_call_of_the_future_reaches_the_kernel), cmocka_unit_test(an_address_is_anybodys), )
