/*
 * Frames of a process that runs: of this very one, whose registers we have at hand.
 */
#include "unit.h"

#include <callgate/backtrace.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __x86_64__

static void registers_of(const ucontext_t *here, uint64_t registers[CALLGATE_REGISTERS])
{
	static const int order[CALLGATE_REGISTERS] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
						       REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
						       REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };

	for (int i = 0; i < CALLGATE_REGISTERS; i++)
		registers[i] = (uint64_t)here->uc_mcontext.gregs[order[i]];
}

/* Walks from its own frame, while that stands. */
static __attribute__((noinline)) size_t walk_from_here(struct callgate_frame *frames, size_t limit)
{
	struct callgate_backtrace *backtrace = NULL;
	uint64_t registers[CALLGATE_REGISTERS];
	ucontext_t here;
	size_t count = 0;

	assert_int_equal(callgate_backtrace_open(getpid(), &backtrace, NULL), CALLGATE_OK);
	getcontext(&here);
	registers_of(&here, registers);
	assert_int_equal(callgate_backtrace_walk(backtrace, getpid(), registers, frames, limit, &count, NULL),
			 CALLGATE_OK);
	callgate_backtrace_free(backtrace);
	return count;
}

static __attribute__((noinline)) size_t walk_deeper(struct callgate_frame *frames, size_t limit)
{
	size_t count = walk_from_here(frames, limit);

	/* What comes behind the call keeps this frame. */
	return count + (frames[0].address == 0);
}

/* A compiler may make a variant of a function: "walk_deeper.constprop.0". */
static bool is_in(const struct callgate_frame *frame, const char *function)
{
	return strncmp(frame->symbol, function, strlen(function)) == 0;
}

static void frames_are_named_from_the_innermost(void **state)
{
	struct callgate_frame frames[16];
	size_t count = walk_deeper(frames, 16);

	(void)state;
	assert_true(count >= 3);
	assert_true(is_in(&frames[0], "walk_from_here"));
	assert_true(is_in(&frames[1], "walk_deeper"));
	assert_true(is_in(&frames[2], "frames_are_named_from_the_innermost"));
	assert_true(frames[0].module[0] == '/' && strlen(frames[0].build_id) == 40);
	assert_true(frames[1].offset < frames[1].address && frames[1].symbol_offset < 4096);
}

static void a_limit_holds(void **state)
{
	struct callgate_frame frames[3] = { 0 };

	(void)state;
	assert_int_equal(walk_from_here(frames, 2), 2);
	assert_true(frames[2].address == 0);
	assert_int_equal(walk_from_here(frames, 0), 0);
}

static void registers_that_lead_nowhere_are_one_frame(void **state)
{
	static const uint64_t values[] = { 0, 1, 0x7ffffffff000, UINT64_MAX };
	struct callgate_backtrace *backtrace = NULL;
	struct callgate_frame frames[16];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		uint64_t registers[CALLGATE_REGISTERS];

		for (int r = 0; r < CALLGATE_REGISTERS; r++)
			registers[r] = values[i];
		assert_int_equal(callgate_backtrace_open(getpid(), &backtrace, NULL), CALLGATE_OK);
		assert_int_equal(callgate_backtrace_walk(backtrace, getpid(), registers, frames, 16, &count, NULL),
				 CALLGATE_OK);
		callgate_backtrace_free(backtrace);
		assert_int_equal(count, 1);
		assert_true(frames[0].address == values[i] && !frames[0].module[0]);
	}
}

/* A file of noise, and one that was exchanged since, mapped as if they were programs. */
static void files_that_are_none_are_passed_over(void **state)
{
	char path[] = "/tmp/callgate-backtrace-XXXXXX";
	struct callgate_frame frames[16];
	int fd = mkstemp(path);
	void *mapped;

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 1024; i++)
		assert_int_equal(write(fd, "\177ELF\2\1\1\xff\xff\xff\xff\xff", 12), 12);
	mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(mapped != MAP_FAILED);
	assert_true(walk_from_here(frames, 16) >= 2);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(walk_from_here(frames, 16) >= 2);
	unlink(path);
	munmap(mapped, 4096);
	close(fd);
}

static void a_process_that_is_gone_is_told(void **state)
{
	struct callgate_backtrace *backtrace = NULL;
	struct callgate_error err;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_int_equal(callgate_backtrace_open(pid, &backtrace, &err), CALLGATE_E_OS);
	assert_null(backtrace);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	FOR_EACH_ALLOCATION({
		struct callgate_backtrace *backtrace = NULL;
		int status = callgate_backtrace_open(getpid(), &backtrace, NULL);

		assert_true(status == CALLGATE_OK ? !!backtrace : status == CALLGATE_E_NOMEM && !backtrace);
		callgate_backtrace_free(backtrace);
	});
}

UNIT_TESTS(test_backtrace_kernel, cmocka_unit_test(frames_are_named_from_the_innermost),
	   cmocka_unit_test(a_limit_holds), cmocka_unit_test(registers_that_lead_nowhere_are_one_frame),
	   cmocka_unit_test(files_that_are_none_are_passed_over), cmocka_unit_test(a_process_that_is_gone_is_told),
	   cmocka_unit_test(every_allocation_may_fail), )

#else

static void only_one_machine_is_read(void **state)
{
	(void)state;
	skip();
}

UNIT_TESTS(test_backtrace_kernel, cmocka_unit_test(only_one_machine_is_read), )

#endif
