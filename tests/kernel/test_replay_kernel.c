/*
 * The harmless replay: what comes back is the action, nothing runs, nobody is left.
 */
#include "unit.h"

#include "abi/abi.h"
#include "kernel/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))

static struct seccomp_data call(int nr)
{
	return (struct seccomp_data){ .nr = nr, .arch = abi_arch_native()->audit };
}

static void every_action_comes_back_as_it_is(void **state)
{
	static const uint32_t actions[] = {
		SECCOMP_RET_ALLOW,	  SECCOMP_RET_LOG,	   SECCOMP_RET_USER_NOTIF,
		SECCOMP_RET_TRACE | 7,	  SECCOMP_RET_ERRNO,	   SECCOMP_RET_ERRNO | 4095,
		SECCOMP_RET_TRAP | 65535, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		struct sock_filter insns[] = { BPF_STMT(BPF_RET | BPF_K, actions[i]) };
		struct seccomp_data data = call(SYS_exit_group);
		uint32_t value = 0;

		assert_int_equal(kernel_replay(insns, 1, &data, &value, NULL), CALLGATE_OK);
		assert_int_equal(value, actions[i]);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void arguments_reach_the_filter(void **state)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12345678, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | 3),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct seccomp_data data = call(SYS_getppid);
	uint32_t value;

	assert_int_equal(kernel_replay(insns, 4, &data, &value, NULL), CALLGATE_OK);
	assert_int_equal(value, SECCOMP_RET_ALLOW);
	data.args[5] = UINT64_C(0x1234567800000000);
	assert_int_equal(kernel_replay(insns, 4, &data, &value, NULL), CALLGATE_OK);
	assert_int_equal(value, SECCOMP_RET_TRAP | 3);
}

static void an_allowed_call_does_not_run(void **state)
{
	char path[] = "/tmp/replay-XXXXXX";
	struct sock_filter insns[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct seccomp_data data = call(SYS_unlink);
	int fd = mkstemp(path);
	uint32_t value;

	assert_true(fd >= 0);
	data.args[0] = (uintptr_t)path;
	assert_int_equal(kernel_replay(insns, 1, &data, &value, NULL), CALLGATE_OK);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	close(fd);
}

static void what_cannot_be_asked_is_said(void **state)
{
	struct sock_filter computed[] = { NR, BPF_STMT(BPF_RET | BPF_A, 0) };
	struct sock_filter endless[] = { NR };
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct seccomp_data data = call(SYS_getppid);
	uint32_t value = 7;

	assert_int_equal(kernel_replay(computed, 2, &data, &value, NULL), CALLGATE_E_UNSUPPORTED);
	assert_int_equal(kernel_replay(endless, 1, &data, &value, NULL), CALLGATE_E_INVALID);
	data.arch = abi_arch(ABI_S390X)->audit;
	assert_int_equal(kernel_replay(allow, 1, &data, &value, NULL), CALLGATE_E_UNSUPPORTED);
	assert_int_equal(value, 7);
}

UNIT_TESTS(test_replay_kernel, cmocka_unit_test(every_action_comes_back_as_it_is),
	   cmocka_unit_test(arguments_reach_the_filter), cmocka_unit_test(an_allowed_call_does_not_run),
	   cmocka_unit_test(what_cannot_be_asked_is_said), )
