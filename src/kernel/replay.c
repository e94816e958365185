/*
 * Once the filter holds, the child can do nothing but compute: its answer goes to memory that it shares with its
 * parent, and it ends by an illegal instruction, which is no call.
 */
#include "kernel/replay.h"

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/load.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Of CPU time: a child that cannot end by itself is ended by the kernel. */
enum { REPLAY_SECONDS = 10 };

/* A filter whose every value is the errno of its place in this list, from 1. */
struct replay {
	struct sock_filter *insns;
	size_t length;
	uint32_t values[REPLAY_VALUES_MAX];
	size_t value_count;
};

struct replay_answer {
	volatile int load_error; /* negative: why the filter was not loaded */
	volatile int number;	 /* the errno that came back */
	volatile int done;
};

/* Under the filter even a sanitizer's own calls are refused, so what runs there is not instrumented. */
#define BARE __attribute__((no_sanitize("address", "undefined")))

static void replay_free(struct replay **replay)
{
	if (*replay)
		free((*replay)->insns);
	free(*replay);
}

/* The place of a value in the list, from 1; 0 when there is no room. */
static unsigned replay_place(struct replay *replay, uint32_t value)
{
	for (size_t i = 0; i < replay->value_count; i++)
		if (replay->values[i] == value)
			return (unsigned)i + 1;
	if (replay->value_count == REPLAY_VALUES_MAX)
		return 0;
	replay->values[replay->value_count++] = value;
	return (unsigned)replay->value_count;
}

static int replay_prepare(struct replay *replay, const struct sock_filter *insns, size_t length,
			  struct callgate_error *err)
{
	replay->insns = calloc(length ? length : 1, sizeof(*insns));
	if (!replay->insns)
		return fail_nomem(err);
	replay->length = length;
	for (size_t i = 0; i < length; i++) {
		unsigned place;

		replay->insns[i] = insns[i];
		if (BPF_CLASS(insns[i].code) != BPF_RET)
			continue;
		if (insns[i].code != (BPF_RET | BPF_K))
			return fail(err, CALLGATE_E_UNSUPPORTED, "instruction %zu returns a value that is computed", i);
		place = replay_place(replay, insns[i].k);
		if (!place)
			return fail(err, CALLGATE_E_UNSUPPORTED, "the filter has more than %d answers",
				    REPLAY_VALUES_MAX);
		replay->insns[i].k = SECCOMP_RET_ERRNO | place;
	}
	return CALLGATE_OK;
}

BARE __attribute__((noreturn)) static void replay_child(const struct replay *replay, const struct seccomp_data *data,
							struct replay_answer *answer)
{
	struct rlimit none = { 0, 0 }, seconds = { REPLAY_SECONDS, REPLAY_SECONDS };
	long result;

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &seconds);
	signal(SIGILL, SIG_DFL);
	answer->load_error = kernel_no_new_privs_set();
	if (answer->load_error == 0)
		answer->load_error = kernel_filter_load_raw(replay->insns, replay->length, 0);
	if (answer->load_error)
		_exit(0);
	result = syscall((long)data->nr, data->args[0], data->args[1], data->args[2], data->args[3], data->args[4],
			 data->args[5]);
	answer->number = result == -1 ? errno : 0;
	answer->done = 1;
	__builtin_trap();
}

/* Forks the child and waits for its end. */
static int replay_run(const struct replay *replay, const struct seccomp_data *data, struct replay_answer *answer,
		      struct callgate_error *err)
{
	pid_t pid = fork();

	if (pid == 0)
		replay_child(replay, data, answer);
	if (pid < 0)
		return fail_errno(err, "cannot start a child to replay the call in");
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, "cannot wait for the child that replays the call");
	if (answer->load_error)
		return kernel_filter_load_error(answer->load_error, replay->length, 0, err);
	if (!answer->done || answer->number < 1 || (size_t)answer->number > replay->value_count)
		return fail(err, CALLGATE_E_UNSUPPORTED, "the call did not come back with the filter's answer");
	return CALLGATE_OK;
}

int kernel_replay(const struct sock_filter *insns, size_t length, const struct seccomp_data *data, uint32_t *ret_value,
		  struct callgate_error *err)
{
	cleanup(replay_free) struct replay *replay = calloc(1, sizeof(*replay));
	struct replay_answer *answer;
	int status;

	if (!replay)
		return fail_nomem(err);
	if (data->arch != abi_arch_native()->audit || data->instruction_pointer)
		return fail(err, CALLGATE_E_UNSUPPORTED, "the call is not one that a program on this machine can make");
	status = replay_prepare(replay, insns, length, err);
	if (status < 0)
		return status;
	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED)
		return fail_errno(err, "no memory to share with a child");
	status = replay_run(replay, data, answer, err);
	if (status == CALLGATE_OK)
		*ret_value = replay->values[answer->number - 1];
	munmap(answer, sizeof(*answer));
	return status;
}
