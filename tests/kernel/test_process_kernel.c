/*
 * What a live process is asked for, with children that are told what to carry. What the kernel hands out only to the
 * privileged is compared where the test is privileged.
 */
#include "unit.h"

#include "abi/abi.h"
#include "base/arena.h"
#include "filter/strict.h"
#include "kernel/filters.h"
#include "kernel/load.h"
#include "kernel/process.h"

#include <callgate/subject.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that has prepared itself, and waits until it is killed. */
struct held {
	pid_t pid;
	int told; /* it writes a byte when it is ready */
};

static struct held hold(bool (*prepare)(void))
{
	struct held held;
	int ends[2], ask[2];
	char byte = 0;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(ask), 0);
	held.pid = fork();
	if (held.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ask[1]);
		byte = prepare() ? 'y' : 'n';
		syscall(SYS_write, ends[1], &byte, 1);
		syscall(SYS_read, ask[0], &byte, 1);
		syscall(SYS_exit, 0);
	}
	assert_true(held.pid > 0);
	close(ends[1]);
	close(ask[0]);
	held.told = ask[1];
	assert_int_equal(TEMP_FAILURE_RETRY(read(ends[0], &byte, 1)), 1);
	close(ends[0]);
	assert_int_equal(byte, 'y');
	return held;
}

static int release(struct held *held)
{
	int status = -1;

	/* Its end of the pipe is not the only one: who was forked later holds another. */
	assert_int_equal(write(held->told, "", 1), 1);
	close(held->told);
	assert_int_equal(TEMP_FAILURE_RETRY(waitpid(held->pid, &status, 0)), held->pid);
	return status;
}

static bool load_for(unsigned nr, unsigned action)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return kernel_filter_load(insns, sizeof(insns) / sizeof(*insns), 0, NULL, NULL) == CALLGATE_OK;
}

static bool carry_nothing(void)
{
	return true;
}

static bool carry_two(void)
{
	return load_for(SYS_getppid, SECCOMP_RET_ERRNO | 1) && load_for(SYS_getuid, SECCOMP_RET_ERRNO | 2);
}

static bool be_strict(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0;
}

static void proc_says_how_a_process_is_confined(void **state)
{
	struct held free_one = hold(carry_nothing), confined = hold(carry_two), strict = hold(be_strict);
	struct kernel_process process;

	assert_int_equal(kernel_process_read(free_one.pid, &process, NULL), CALLGATE_OK);
	assert_int_equal(process.user, geteuid());
	assert_int_equal(kernel_process_read(confined.pid, &process, NULL), CALLGATE_OK);
	assert_int_equal(process.seccomp, KERNEL_SECCOMP_FILTER);
	assert_true(process.no_new_privs);
	assert_int_equal(kernel_process_read(strict.pid, &process, NULL), CALLGATE_OK);
	assert_int_equal(process.seccomp, KERNEL_SECCOMP_STRICT);
	release(&free_one);
	release(&confined);
	assert_int_equal(release(&strict), 0);
	assert_int_equal(kernel_process_read(strict.pid, &process, NULL), CALLGATE_E_OS);
}

static bool hold_one_of_each(void)
{
	int ends[2];

	return dup2(open("/dev/null", O_RDWR), 100) == 100 && dup2(open("/", O_RDONLY), 101) == 101 &&
	       socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && dup2(ends[0], 102) == 102 &&
	       dup2(open("/proc/self/exe", O_RDONLY), 103) == 103 && pipe(ends) == 0 && dup2(ends[1], 104) == 104;
}

static void descriptors_are_told_apart(void **state)
{
	static const struct kernel_descriptor expected[] = {
		{ 100, KERNEL_DESCRIPTOR_DEVICE, true, "/dev/null" }, { 101, KERNEL_DESCRIPTOR_FOLDER, false, "/" },
		{ 102, KERNEL_DESCRIPTOR_SOCKET, true, NULL },	      { 103, KERNEL_DESCRIPTOR_FILE, false, NULL },
		{ 104, KERNEL_DESCRIPTOR_PIPE, true, NULL },
	};
	struct held held = hold(hold_one_of_each);
	struct kernel_descriptors descriptors;
	struct arena arena = { 0 };
	size_t found = 0;

	assert_int_equal(kernel_descriptors_read(held.pid, &arena, &descriptors, NULL), CALLGATE_OK);
	for (size_t i = 0; i < descriptors.length; i++) {
		const struct kernel_descriptor *got = &descriptors.items[i];
		const struct kernel_descriptor *wanted;

		if (got->fd < 100 || got->fd > 104)
			continue;
		wanted = &expected[got->fd - 100];
		assert_int_equal(got->kind, wanted->kind);
		assert_int_equal(got->writable, wanted->writable);
		if (wanted->name)
			assert_string_equal(got->name, wanted->name);
		found++;
	}
	assert_int_equal(found, 5);
	release(&held);
	assert_int_equal(kernel_descriptors_read(held.pid, &arena, &descriptors, NULL), CALLGATE_E_OS);
	arena_fini(&arena);
}

static void filters_are_read_oldest_first(void **state)
{
	struct held held = hold(carry_two);
	struct kernel_filters filters;
	struct callgate_error err = { 0 };
	struct arena arena = { 0 };
	int status = kernel_filters_read(held.pid, &arena, &filters, &err);

	if (status == CALLGATE_E_UNSUPPORTED || err.os_errno) {
		print_message("# %s\n", err.message);
		release(&held);
		arena_fini(&arena);
		skip();
	}
	/* There may be outer filters, which are older. */
	assert_true(filters.length >= 2);
	assert_int_equal(filters.items[filters.length - 1].length, 4);
	assert_int_equal(filters.items[filters.length - 1].insns[1].k, SYS_getuid);
	assert_int_equal(filters.items[filters.length - 2].insns[1].k, SYS_getppid);
	FOR_EACH_ALLOCATION({
		struct arena each = { 0 };

		status = kernel_filters_read(held.pid, &each, &filters, NULL);
		assert_true(status == CALLGATE_OK || status == CALLGATE_E_NOMEM);
		arena_fini(&each);
	})
	release(&held);
	arena_fini(&arena);
}

static void a_stack_is_told_with_and_without_memory(void **state)
{
	struct held held = hold(carry_two);
	struct callgate_subject *subject = NULL;
	struct callgate_explanation why;
	struct callgate_error err = { 0 };
	char name[32], *text = NULL;
	int status;

	snprintf(name, sizeof(name), "pid:%d", (int)held.pid);
	status = callgate_subject_open(name, NULL, &subject, &err);
	release(&held);
	if (status) {
		assert_true(err.hint[0]);
		print_message("# %s\n", err.message);
		skip();
	}
	assert_int_equal(callgate_subject_explain(subject, "getppid()", &why, NULL), CALLGATE_OK);
	assert_int_equal(why.filter, callgate_subject_filters(subject) - 1);
	assert_int_equal(why.insn, 2);
	assert_string_equal(why.rule, "ret 0x50001");
	FOR_EACH_ALLOCATION({
		text = NULL;
		status = callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, NULL);
		assert_true(status == CALLGATE_OK ? text != NULL : status == CALLGATE_E_NOMEM && !text);
		if (text)
			assert_non_null(strstr(text, "4 instructions, without it -> with it:\n"));
		free(text);
	})
	callgate_subject_free(subject);
}

/* The end of a strict child that makes this call. */
static int strict_end(long nr, long a0, long a1, long a2)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
		syscall(nr, a0, a1, a2);
		syscall(SYS_exit, 7);
	}
	assert_int_equal(TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)), pid);
	return status;
}

static void strict_mode_is_the_filter_that_it_is_given_as(void **state)
{
	static const struct {
		const char *name;
		long nr;
	} calls[] = { { "read", SYS_read },	{ "write", SYS_write },
		      { "getpid", SYS_getpid }, { "close", SYS_close },
		      { "openat", SYS_openat }, { "exit_group", SYS_exit_group },
		      { "sendto", SYS_sendto }, { "restart_syscall", SYS_restart_syscall } };
	struct arena arena = { 0 };
	struct bpf_program program;

	assert_int_equal(strict_program(&arena, &program, NULL), CALLGATE_OK);
	assert_int_equal(bpf_check(program.insns, program.length, NULL), CALLGATE_OK);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const struct seccomp_data data = { .nr = (int)calls[i].nr, .arch = abi_arch_native()->audit };
		int status = strict_end(calls[i].nr, -1, 0, 0);

		if (bpf_simulate(program.insns, program.length, &data, NULL) == SECCOMP_RET_ALLOW)
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		else
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	arena_fini(&arena);
}

static void a_strict_process_is_a_subject(void **state)
{
	struct held held = hold(be_strict);
	struct callgate_subject *subject = NULL;
	struct callgate_action action;
	char name[32], *text = NULL;

	snprintf(name, sizeof(name), "pid:%d", (int)held.pid);
	assert_int_equal(callgate_subject_open(name, NULL, &subject, NULL), CALLGATE_OK);
	assert_int_equal(callgate_subject_kind(subject), CALLGATE_SUBJECT_PROCESS);
	assert_int_equal(callgate_subject_simulate(subject, "openat()", &action, NULL), CALLGATE_OK);
	assert_int_equal(action.ret, SECCOMP_RET_KILL_THREAD);
	assert_int_equal(callgate_subject_simulate(subject, "read()", &action, NULL), CALLGATE_OK);
	assert_int_equal(action.ret, SECCOMP_RET_ALLOW);
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, NULL), CALLGATE_OK);
	assert_non_null(strstr(text, "strict mode"));
	free(text);
	callgate_subject_free(subject);
	FOR_EACH_ALLOCATION({
		struct callgate_subject *each = NULL;
		int status = callgate_subject_open(name, NULL, &each, NULL);

		assert_true(status == CALLGATE_OK ? each != NULL : status == CALLGATE_E_NOMEM && !each);
		callgate_subject_free(each);
	})
	assert_int_equal(release(&held), 0);
}

UNIT_TESTS(test_process_kernel, cmocka_unit_test(proc_says_how_a_process_is_confined),
	   cmocka_unit_test(descriptors_are_told_apart), cmocka_unit_test(filters_are_read_oldest_first),
	   cmocka_unit_test(a_stack_is_told_with_and_without_memory),
	   cmocka_unit_test(strict_mode_is_the_filter_that_it_is_given_as),
	   cmocka_unit_test(a_strict_process_is_a_subject), )
