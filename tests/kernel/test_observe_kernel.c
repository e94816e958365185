#include "unit.h"

#include "kernel/load.h"
#include "observe/calls.h"
#include "observe/log.h"
#include "observe/record.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* BPF last: where it cannot work, the tests go without it. */
static const enum record_how recorders[] = { RECORD_NOTIFY, RECORD_TRACE, RECORD_BPF };

/* One recording of `observed MODE`, with what it printed. */
struct recording {
	int status;
	struct callgate_error err;
	struct record_end end;
	struct evidence *evidence;
	char output[64];
};

static struct recording record_with(enum record_how how, size_t processes_max, bool results, const char *mode,
				    const char *argument)
{
	const char *argv[] = { TEST_OBSERVED, mode, argument, NULL };
	const char *envp[] = { NULL };
	struct recording recording = { .evidence = evidence_new() };
	struct record_spec spec = {
		.launch = { .argv = argv, .envp = envp, .new_session = true, .die_with_parent = true, .no_core = true },
		.how = how,
		.processes_max = processes_max,
		.results = results,
	};
	int saved = dup(STDOUT_FILENO);
	int output = memfd_create("output", 0);

	assert_non_null(recording.evidence);
	fflush(stdout);
	assert_int_equal(dup2(output, STDOUT_FILENO), STDOUT_FILENO);
	recording.status = record_run(&spec, recording.evidence, &recording.end, &recording.err);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	assert_true(pread(output, recording.output, sizeof(recording.output) - 1, 0) >= 0);
	close(saved);
	close(output);
	return recording;
}

static struct recording record(enum record_how how, size_t processes_max, const char *mode, const char *argument)
{
	return record_with(how, processes_max, false, mode, argument);
}

static uint64_t calls_of(const struct evidence *evidence, const char *program, const char *syscall_name)
{
	uint64_t count = 0;

	for (size_t i = 0; i < evidence->entries.length; i++) {
		const struct evidence_entry *entry = evidence->entries.items[i];
		const char *name = strrchr(entry->program->path, '/');

		if (entry->syscall && strcmp(entry->syscall->name, syscall_name) == 0 &&
		    (!program || (name && strcmp(name + 1, program) == 0)))
			count += entry->count;
	}
	return count;
}

static bool bpf_works(void)
{
	static int answer = -1;

	if (answer < 0) {
		struct recording recording = record(RECORD_BPF, 0, "failed_exec", NULL);

		if (recording.status == CALLGATE_E_UNSUPPORTED)
			print_message("# without BPF: %s\n", recording.err.message);
		answer = recording.status != CALLGATE_E_UNSUPPORTED;
		evidence_free(recording.evidence);
	}
	return answer;
}

static size_t recorder_count(void)
{
	return bpf_works() ? 3 : 2;
}

/* Records the mode with every recorder, and wants that exit status and so many calls of getppid. */
static void expect_calls(const char *mode, const char *argument, int exit_status, uint64_t calls)
{
	for (size_t i = 0; i < recorder_count(); i++) {
		struct recording recording = record(recorders[i], 0, mode, argument);

		if (recording.status < 0)
			print_error("%s: %s\n", mode, recording.err.message);
		assert_int_equal(recording.status, CALLGATE_OK);
		assert_int_equal(recording.end.how, recorders[i]);
		assert_int_equal(launch_end_status(&recording.end.end), exit_status);
		assert_int_equal(calls_of(recording.evidence, "observed", "getppid"), calls);
		evidence_free(recording.evidence);
	}
}

static void every_call_of_every_thread_is_counted(void **state)
{
	expect_calls("threads", NULL, 0, 1000);
}

static void every_call_of_every_child_is_counted(void **state)
{
	expect_calls("forks", NULL, 0, 200);
}

/* Two processes that do nothing but compute, so that on two CPUs nobody has one for himself. */
static void load_begin(pid_t busy[2])
{
	for (int i = 0; i < 2; i++) {
		busy[i] = fork();
		if (busy[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				__asm__ volatile("" ::: "memory");
		}
		assert_true(busy[i] > 0);
	}
}

static void load_end(const pid_t busy[2])
{
	for (int i = 0; i < 2; i++) {
		kill(busy[i], SIGKILL);
		waitpid(busy[i], NULL, 0);
	}
}

static void however_processes_end_no_call_is_missed(void **state)
{
	for (size_t i = 0; i < recorder_count(); i++) {
		struct recording recording;
		pid_t busy[2];

		load_begin(busy);
		recording = record(recorders[i], 0, "generate", NULL);
		load_end(busy);
		assert_int_equal(recording.status, CALLGATE_OK);
		assert_int_equal(launch_end_status(&recording.end.end), 0);
		assert_true(atoi(recording.output) > 6000);
		assert_int_equal(calls_of(recording.evidence, "observed", "getppid"), atoi(recording.output));
		evidence_free(recording.evidence);
	}
}

/* `observed generate` under strace, which writes to folder/out, or with -ff a file a thread; how many calls of getppid
 * it made by its own account. False where there is no strace. */
static bool strace_generates(const char *folder, const char *how, int *ret_calls)
{
	char text[16] = "", path[64];
	int status, output[2];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/out", folder);
	assert_int_equal(pipe(output), 0);
	pid = fork();
	if (pid == 0) {
		dup2(output[1], STDOUT_FILENO);
		close(output[0]);
		close(output[1]);
		execlp("strace", "strace", how, "-f", "-o", path, TEST_OBSERVED, "generate", (char *)NULL);
		_exit(127);
	}
	close(output[1]);
	assert_true(read(output[0], text, sizeof(text) - 1) >= 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(output[0]);
	*ret_calls = atoi(text);
	return status == 0 && *ret_calls > 0;
}

/* Reads the logs of a folder, and takes their files away. */
static int read_logs(const char *folder, struct evidence *evidence, struct log_end *end, struct callgate_error *err)
{
	glob_t logs = { .gl_pathc = 0 };
	char pattern[64];
	int status;

	snprintf(pattern, sizeof(pattern), "%s/out*", folder);
	if (glob(pattern, 0, NULL, &logs) != 0)
		return CALLGATE_E_NOT_FOUND;
	status = log_read_files(LOG_STRACE, (const char *const *)logs.gl_pathv, logs.gl_pathc, evidence, end, err);
	for (size_t i = 0; i < logs.gl_pathc; i++)
		unlink(logs.gl_pathv[i]);
	globfree(&logs);
	return status;
}

static void of_what_strace_wrote_no_call_is_missed(void **state)
{
	static const char *const hows[] = { "-q", "-ff" };
	char folder[] = "/tmp/callgate-strace-XXXXXX";
	bool has_strace = true;

	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; has_strace && i < sizeof(hows) / sizeof(*hows); i++) {
		struct evidence *evidence = evidence_new();
		struct callgate_error err = { 0 };
		struct log_end end;
		pid_t busy[2];
		int calls;

		load_begin(busy);
		has_strace = strace_generates(folder, hows[i], &calls);
		load_end(busy);
		if (read_logs(folder, evidence, &end, &err) != CALLGATE_OK && has_strace)
			fail_msg("%s: %s:%u: %s", hows[i], err.file, err.line, err.message);
		if (has_strace)
			assert_int_equal(calls_of(evidence, "observed", "getppid"), calls);
		evidence_free(evidence);
	}
	rmdir(folder);
	if (!has_strace)
		skip();
}

/* `observed serve`, which waits for what to do. */
struct server {
	pid_t pid;
	int ask, answer;
};

static struct server server_start(void)
{
	int asks[2], answers[2];
	struct server server;

	assert_int_equal(pipe(asks), 0);
	assert_int_equal(pipe(answers), 0);
	server.pid = fork();
	if (server.pid == 0) {
		dup2(asks[0], STDIN_FILENO);
		dup2(answers[1], STDOUT_FILENO);
		close(asks[1]);
		execl(TEST_OBSERVED, "observed", "serve", (char *)NULL);
		_exit(1);
	}
	assert_true(server.pid > 0);
	close(asks[0]);
	close(answers[1]);
	server.ask = asks[1];
	server.answer = answers[0];
	return server;
}

static void server_call(const struct server *server, unsigned char times)
{
	unsigned char answer = 0;

	assert_int_equal(write(server->ask, &times, 1), 1);
	assert_int_equal(read(server->answer, &answer, 1), 1);
	assert_int_equal(answer, times);
}

static void server_end(const struct server *server)
{
	int status;

	close(server->ask);
	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	assert_int_equal(status, 0);
	close(server->answer);
}

/* Attaches between two of the server's calls and detaches between two others. */
static int attach(const struct calls_spec *spec, struct evidence *evidence, struct callgate_error *err)
{
	struct server server = server_start();
	struct calls *calls = NULL;
	int status;

	server_call(&server, 200);
	assert_int_equal(calls_new(spec, &calls, err), CALLGATE_OK);
	assert_int_equal(calls_follow(calls, server.pid, err), CALLGATE_OK);
	server_call(&server, 250);
	server_call(&server, 50);
	status = calls_finish(calls, evidence, err);
	calls_free(calls);
	server_call(&server, 100);
	server_end(&server);
	return status;
}

static void between_attach_and_detach_every_call_is_counted(void **state)
{
	struct evidence *evidence = evidence_new();
	const struct calls_spec spec = { 0 };

	if (!bpf_works())
		skip();
	assert_int_equal(attach(&spec, evidence, NULL), CALLGATE_OK);
	assert_int_equal(calls_of(evidence, "observed", "getppid"), 300);
	for (size_t i = 0; i < evidence->programs.length; i++)
		assert_string_equal(evidence->programs.items[i]->path, TEST_OBSERVED);
	evidence_free(evidence);
}

static void without_room_for_the_detail_calls_are_still_counted(void **state)
{
	struct evidence *evidence = evidence_new();
	const struct calls_spec spec = { .keys_max = 1 };
	bool coarse = false;

	if (!bpf_works())
		skip();
	assert_int_equal(attach(&spec, evidence, NULL), CALLGATE_OK);
	assert_int_equal(calls_of(evidence, "observed", "getppid"), 300);
	for (size_t i = 0; i < evidence->entries.length; i++)
		coarse |= evidence->entries.items[i]->sites_many;
	assert_true(coarse);
	evidence_free(evidence);
}

static void a_call_that_cannot_be_counted_fails_the_recording(void **state)
{
	struct evidence *evidence = evidence_new();
	const struct calls_spec spec = { .keys_max = 1, .totals_max = 1 };
	struct callgate_error err;

	if (!bpf_works())
		skip();
	assert_int_equal(attach(&spec, evidence, &err), CALLGATE_E_UNPROVED);
	assert_non_null(strstr(err.message, "gaps"));
	assert_int_equal(evidence->calls, 0);
	evidence_free(evidence);
}

/* Of every call what came of it is known; gives how many of execve failed with ENOENT. */
static uint64_t expect_answers(const struct recording *recording)
{
	uint64_t missing = 0;

	assert_int_equal(recording->status, CALLGATE_OK);
	for (size_t i = 0; i < recording->evidence->entries.length; i++) {
		const struct evidence_entry *entry = recording->evidence->entries.items[i];

		assert_int_equal(entry->answered, entry->count);
		for (size_t j = 0; entry->effect == EVIDENCE_EXEC && j < entry->errors.length; j++)
			missing += entry->errors.items[j].value == ENOENT ? entry->errors.items[j].count : 0;
	}
	return missing;
}

static void errors_are_kept_with_their_number(void **state)
{
	struct recording recording = record_with(RECORD_TRACE, 0, true, "failed_exec", NULL);

	assert_int_equal(expect_answers(&recording), 1);
	evidence_free(recording.evidence);
	if (!bpf_works())
		skip();
	recording = record(RECORD_BPF, 0, "failed_exec", NULL);
	assert_int_equal(expect_answers(&recording), 1);
	evidence_free(recording.evidence);
}

/* Whatever a recorder keeps beside it. */
static void a_target_that_left_nothing_is_said_to_have_left_nothing(void **state)
{
	const char *argv[] = { "/bin/true", NULL };
	const char *envp[] = { NULL };

	for (size_t i = 0; i < 2 * recorder_count(); i++) {
		struct record_spec spec = { .launch = { .argv = argv, .envp = envp, .new_session = true },
					    .how = recorders[i / 2],
					    .lingers = i % 2 };
		struct evidence *evidence = evidence_new();
		struct record_end end;

		assert_int_equal(record_run(&spec, evidence, &end, NULL), CALLGATE_OK);
		assert_false(end.cut_off);
		evidence_free(evidence);
	}
}

/* With mains, each recorder sees the main of each program; without, the tracer alone does. */
static void main_of_later_programs_is_seen_where_it_is_asked_for(void **state)
{
	const char *argv[] = { TEST_OBSERVED, "chain", "2", NULL };
	const char *envp[] = { NULL };

	for (size_t i = 0; i < 2 * recorder_count(); i++) {
		enum record_how how = recorders[i / 2];
		struct record_spec spec = { .launch = { .argv = argv, .envp = envp, .new_session = true },
					    .how = how,
					    .mains = i % 2 };
		struct evidence *evidence = evidence_new();
		uint64_t in_main = 0;
		struct record_end end;

		assert_int_equal(record_run(&spec, evidence, &end, NULL), CALLGATE_OK);
		for (size_t j = 0; j < evidence->entries.length; j++)
			if (evidence->entries.items[j]->syscall == abi_syscall_by_name("getppid"))
				in_main += evidence->entries.items[j]->phases[EVIDENCE_MAIN];
		/* It calls once in each of its three lives. */
		assert_int_equal(in_main, how == RECORD_TRACE || spec.mains ? 3 : 1);
		assert_false(end.was_tracer);
		evidence_free(evidence);
	}
}

/* Through fork, exec, threads, signals and every way to end. */
static void a_second_stop_loses_no_call(void **state)
{
	static const struct {
		const char *mode, *argument;
		int exit_status;
		uint64_t calls;
	} modes[] = {
		{ "threads", NULL, 0, 1000 }, { "forks", NULL, 0, 200 }, { "signals", NULL, 0, 5000 },
		{ "chain", "3", 7, 4 },	      { "vforks", NULL, 0, 1 },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct recording recording = record_with(RECORD_TRACE, 0, true, modes[i].mode, modes[i].argument);

		assert_int_equal(recording.status, CALLGATE_OK);
		assert_int_equal(launch_end_status(&recording.end.end), modes[i].exit_status);
		assert_int_equal(calls_of(recording.evidence, "observed", "getppid"), modes[i].calls);
		expect_answers(&recording);
		evidence_free(recording.evidence);
	}
}

static void a_listener_that_is_to_see_results_says_that_it_cannot(void **state)
{
	struct recording recording = record_with(RECORD_NOTIFY, 0, true, "failed_exec", NULL);

	assert_int_equal(recording.status, CALLGATE_E_UNSUPPORTED);
	assert_non_null(strstr(recording.err.message, "never told"));
	evidence_free(recording.evidence);
	recording = record(RECORD_NOTIFY, 0, "failed_exec", NULL);
	assert_int_equal(recording.status, CALLGATE_OK);
	for (size_t i = 0; i < recording.evidence->entries.length; i++)
		assert_int_equal(recording.evidence->entries.items[i]->answered, 0);
	evidence_free(recording.evidence);
}

static void a_vforked_child_is_followed_into_its_program(void **state)
{
	struct recording recording = record(RECORD_AUTO, 0, "vforks", NULL);

	assert_int_equal(recording.status, CALLGATE_OK);
	assert_int_equal(launch_end_status(&recording.end.end), 0);
	assert_int_equal(calls_of(recording.evidence, "observed", "getppid"), 1);
	assert_int_equal(calls_of(recording.evidence, "observed", "execve"), 1);
	assert_int_equal(calls_of(recording.evidence, "true", "exit_group"), 1);
	evidence_free(recording.evidence);
}

static void calls_that_signals_interrupt_are_counted_once(void **state)
{
	expect_calls("signals", NULL, 0, 5000);
}

/* Where handlers do not ask for a restart, a call that was broken off fails: what was counted is what succeeded. */
static void calls_that_signals_break_off_are_told(void **state)
{
	struct recording recording = record(RECORD_NOTIFY, 0, "hard_signals", NULL);
	uint64_t failed = strtoull(recording.output, NULL, 10);

	assert_int_equal(recording.status, CALLGATE_OK);
	assert_int_equal(calls_of(recording.evidence, "observed", "getppid") + failed, 5000);
	assert_true(recording.end.broken_off >= failed);
	evidence_free(recording.evidence);
	recording = record(RECORD_TRACE, 0, "hard_signals", NULL);
	assert_int_equal(recording.status, CALLGATE_OK);
	assert_string_equal(recording.output, "0\n");
	assert_int_equal(calls_of(recording.evidence, "observed", "getppid"), 5000);
	assert_int_equal(recording.end.broken_off, 0);
	evidence_free(recording.evidence);
}

static void the_kernels_recorder_breaks_nothing_off(void **state)
{
	struct recording recording;

	if (!bpf_works())
		skip();
	recording = record(RECORD_AUTO, 0, "hard_signals", NULL);
	assert_int_equal(recording.status, CALLGATE_OK);
	assert_int_equal(recording.end.how, RECORD_BPF);
	assert_string_equal(recording.output, "0\n");
	assert_int_equal(calls_of(recording.evidence, "observed", "getppid"), 5000);
	evidence_free(recording.evidence);
}

static void the_launchers_exec_is_not_recorded_and_later_ones_are(void **state)
{
	struct recording recording = record(RECORD_AUTO, 0, "chain", "3");

	assert_int_equal(recording.status, CALLGATE_OK);
	assert_int_equal(launch_end_status(&recording.end.end), 7);
	assert_int_equal(calls_of(recording.evidence, "observed", "getppid"), 4);
	assert_int_equal(calls_of(recording.evidence, "observed", "execve"), 3);
	evidence_free(recording.evidence);
	expect_calls("chain", "0", 7, 1);
}

static void an_exec_that_fails_leaves_the_program_what_it_was(void **state)
{
	expect_calls("failed_exec", NULL, 0, 1);
}

static void what_its_own_filter_refuses_is_said_to_be_unseen(void **state)
{
	struct recording recording = record(RECORD_NOTIFY, 0, "own_filter", NULL);

	assert_int_equal(recording.status, CALLGATE_OK);
	assert_int_equal(launch_end_status(&recording.end.end), 0);
	assert_int_equal(calls_of(recording.evidence, NULL, "getppid"), 0);
	assert_int_equal(recording.evidence->blind.own_filters, 1);
	evidence_free(recording.evidence);
}

static void a_target_that_wants_a_listener_is_recorded_by_tracing(void **state)
{
	struct recording recording = record(RECORD_NOTIFY, 0, "own_listener", NULL);

	assert_int_equal(recording.status, CALLGATE_E_UNSUPPORTED);
	assert_non_null(strstr(recording.err.hint, "trace"));
	evidence_free(recording.evidence);
	recording = record(RECORD_TRACE, 0, "own_listener", NULL);
	assert_int_equal(recording.status, CALLGATE_OK);
	assert_int_equal(launch_end_status(&recording.end.end), 0);
	evidence_free(recording.evidence);
}

static void assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

/* As in a container whose runtime listens: the filter here concerns nobody, but its listener is the only one. */
static void record_under_a_listener(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_swapoff, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const char *argv[] = { TEST_OBSERVED, "chain", "0", NULL };
	const char *envp[] = { NULL };
	struct record_spec spec = { .launch = { .argv = argv, .envp = envp }, .how = RECORD_NOTIFY };
	struct evidence *evidence = evidence_new();
	struct record_end end;
	int listener;
	bool refused;

	if (kernel_filter_load(insns, 4, SECCOMP_FILTER_FLAG_NEW_LISTENER, &listener, NULL) != CALLGATE_OK)
		_exit(100);
	refused = record_run(&spec, evidence_new(), &end, NULL) == CALLGATE_E_UNSUPPORTED;
	spec.how = RECORD_AUTO;
	if (record_run(&spec, evidence, &end, NULL) != CALLGATE_OK)
		_exit(101);
	if (!refused || end.how == RECORD_NOTIFY)
		_exit(102);
	_exit(calls_of(evidence, "observed", "getppid") == 1 ? 0 : 103);
}

static void under_another_listener_another_recorder_records(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		record_under_a_listener();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_target_that_forks_without_end_is_ended(void **state)
{
	for (size_t i = 0; i < recorder_count(); i++) {
		struct recording recording = record(recorders[i], 40, "bomb", NULL);

		assert_int_equal(recording.status, CALLGATE_E_LIMIT);
		assert_non_null(strstr(recording.err.message, "processes"));
		assert_no_children();
		evidence_free(recording.evidence);
	}
}

static void what_the_target_leaves_running_is_ended(void **state)
{
	for (size_t i = 0; i < recorder_count(); i++) {
		struct recording recording = record(recorders[i], 0, "leave", NULL);
		pid_t left = (pid_t)atoi(recording.output);

		assert_int_equal(recording.status, CALLGATE_OK);
		assert_true(left > 0);
		assert_int_equal(kill(left, 0), -1);
		assert_int_equal(errno, ESRCH);
		assert_no_children();
		evidence_free(recording.evidence);
	}
}

/* What is seen of what target, by a recorder that is killed. */
struct killed {
	enum record_how how;
	const char *mode;
	bool results, mains;
};

static void __attribute__((noreturn)) record_two(const struct killed *killed, int output)
{
	const char *argv[] = { TEST_OBSERVED, killed->mode, NULL };
	const char *envp[] = { NULL };
	struct record_spec spec = { .launch = { .argv = argv, .envp = envp, .die_with_parent = true },
				    .how = killed->how,
				    .results = killed->results,
				    .mains = killed->mains };
	struct record_end end;

	dup2(output, STDOUT_FILENO);
	record_run(&spec, evidence_new(), &end, NULL);
	_exit(1);
}

/* Records in a process of its own, which is killed. The pidfds are those of the target and of its child. */
static void kill_recorder(const struct killed *killed, int pidfds[2])
{
	char text[64] = "";
	int pipes[2], pids[2];
	pid_t recorder;

	assert_int_equal(pipe(pipes), 0);
	recorder = fork();
	if (recorder == 0)
		record_two(killed, pipes[1]);
	assert_true(recorder > 0);
	assert_true(read(pipes[0], text, sizeof(text) - 1) > 0);
	assert_int_equal(sscanf(text, "%d %d", &pids[0], &pids[1]), 2);
	for (int i = 0; i < 2; i++) {
		pidfds[i] = (int)syscall(SYS_pidfd_open, pids[i], 0);
		assert_true(pidfds[i] >= 0);
	}
	assert_int_equal(kill(recorder, SIGKILL), 0);
	assert_int_equal(waitpid(recorder, NULL, 0), recorder);
	close(pipes[0]);
	close(pipes[1]);
}

static void assert_ends(int pidfd)
{
	assert_int_equal(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 60000), 1);
	close(pidfd);
}

static void nothing_outlives_a_recorder_that_is_killed(void **state)
{
	static const char *const modes[] = { "sleepers", "callers" };

	for (size_t i = 0; i < 4; i++) {
		int pidfds[2];

		kill_recorder(&(struct killed){ recorders[i / 2], modes[i % 2] }, pidfds);
		assert_ends(pidfds[0]);
		assert_ends(pidfds[1]);
	}
}

/* Who is stopped twice a call, or traced for its main, does not stay stopped. */
static void nor_one_that_sees_results_or_mains(void **state)
{
	static const struct killed all[] = {
		{ RECORD_TRACE, "sleepers", .results = true }, { RECORD_TRACE, "callers", .results = true },
		{ RECORD_TRACE, "callers", .mains = true },    { RECORD_NOTIFY, "sleepers", .mains = true },
		{ RECORD_NOTIFY, "callers", .mains = true },   { RECORD_BPF, "sleepers", .mains = true },
		{ RECORD_BPF, "callers", .mains = true },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int pidfds[2];

		if (all[i].how == RECORD_BPF && !bpf_works())
			continue;
		kill_recorder(&all[i], pidfds);
		assert_ends(pidfds[0]);
		assert_ends(pidfds[1]);
	}
}

/* Nothing of theirs waited for the recorder, and so nothing is held up. */
static void of_a_killed_bpf_recorder_only_the_target_ends(void **state)
{
	int pidfds[2];

	if (!bpf_works())
		skip();
	kill_recorder(&(struct killed){ RECORD_BPF, "callers" }, pidfds);
	assert_ends(pidfds[0]);
	assert_int_equal(poll(&(struct pollfd){ .fd = pidfds[1], .events = POLLIN }, 1, 0), 0);
	assert_int_equal(syscall(SYS_pidfd_send_signal, pidfds[1], SIGKILL, NULL, 0), 0);
	assert_ends(pidfds[1]);
}

static void the_target_does_not_see_itself_pinned(void **state)
{
	struct recording recording = record(RECORD_NOTIFY, 0, "affinity", NULL);
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(recording.status, CALLGATE_OK);
	assert_int_equal(atoi(recording.output), CPU_COUNT(&set));
	evidence_free(recording.evidence);
}

static void a_program_that_is_not_there_is_said_so(void **state)
{
	const char *argv[] = { "/no/such/program", NULL };
	const char *envp[] = { NULL };
	struct record_spec spec = { .launch = { .argv = argv, .envp = envp } };
	struct evidence *evidence = evidence_new();
	struct callgate_error err;
	struct record_end end;

	assert_int_equal(record_run(&spec, evidence, &end, &err), CALLGATE_E_NOT_FOUND);
	assert_no_children();
	evidence_free(evidence);
}

static void call_sites_and_phases_are_kept(void **state)
{
	struct recording recording = record(RECORD_AUTO, 0, "chain", "0");
	bool loader = false, own = false;

	assert_int_equal(recording.status, CALLGATE_OK);
	for (size_t i = 0; i < recording.evidence->entries.length; i++) {
		const struct evidence_entry *entry = recording.evidence->entries.items[i];

		assert_true(entry->sites.length > 0);
		assert_true(entry->phases[EVIDENCE_LOAD] + entry->phases[EVIDENCE_START] +
				    entry->phases[EVIDENCE_MAIN] + entry->phases[EVIDENCE_SERVE] ==
			    entry->count);
		loader |= entry->phases[EVIDENCE_LOAD] > 0;
		own |= entry->phases[EVIDENCE_START] > 0;
	}
	assert_true(loader && own);
	evidence_free(recording.evidence);
}

static const struct evidence_entry *entry_of(const struct evidence *evidence, const char *name)
{
	for (size_t i = 0; i < evidence->entries.length; i++)
		if (evidence->entries.items[i]->syscall && strcmp(evidence->entries.items[i]->syscall->name, name) == 0)
			return evidence->entries.items[i];
	fail_msg("no %s", name);
	return NULL;
}

/* What stands before main and behind it is told apart by each recorder; only the tracer is there after it. */
static void every_recorder_sees_where_main_begins(void **state)
{
	for (size_t i = 0; i < recorder_count(); i++) {
		struct recording recording = record(recorders[i], 0, "main", NULL);
		const struct evidence_entry *by_main, *by_thread;

		assert_int_equal(recording.status, CALLGATE_OK);
		assert_int_equal(launch_end_status(&recording.end.end), 0);
		if (!recording.evidence->run_list.items[0].has_main) {
			print_message("# main is not seen: %s\n", recording.end.no_main.message);
			evidence_free(recording.evidence);
			skip();
		}
		by_main = entry_of(recording.evidence, "getsid");
		by_thread = entry_of(recording.evidence, "getppid");
		assert_int_equal(by_main->phases[EVIDENCE_START], 1);
		assert_int_equal(by_main->phases[EVIDENCE_MAIN], 2);
		assert_int_equal(by_thread->phases[EVIDENCE_MAIN], 100);
		assert_int_equal(atoi(recording.output), recorders[i] == RECORD_TRACE);
		evidence_free(recording.evidence);
	}
}

UNIT_TESTS(test_observe_kernel, cmocka_unit_test(every_call_of_every_thread_is_counted),
	   cmocka_unit_test(every_call_of_every_child_is_counted),
	   cmocka_unit_test(however_processes_end_no_call_is_missed),
	   cmocka_unit_test(of_what_strace_wrote_no_call_is_missed),
	   cmocka_unit_test(every_recorder_sees_where_main_begins),
	   cmocka_unit_test(between_attach_and_detach_every_call_is_counted),
	   cmocka_unit_test(without_room_for_the_detail_calls_are_still_counted),
	   cmocka_unit_test(a_call_that_cannot_be_counted_fails_the_recording),
	   cmocka_unit_test(errors_are_kept_with_their_number), cmocka_unit_test(a_second_stop_loses_no_call),
	   cmocka_unit_test(a_target_that_left_nothing_is_said_to_have_left_nothing),
	   cmocka_unit_test(main_of_later_programs_is_seen_where_it_is_asked_for),
	   cmocka_unit_test(a_listener_that_is_to_see_results_says_that_it_cannot),
	   cmocka_unit_test(a_vforked_child_is_followed_into_its_program),
	   cmocka_unit_test(calls_that_signals_interrupt_are_counted_once),
	   cmocka_unit_test(calls_that_signals_break_off_are_told),
	   cmocka_unit_test(the_kernels_recorder_breaks_nothing_off),
	   cmocka_unit_test(the_launchers_exec_is_not_recorded_and_later_ones_are),
	   cmocka_unit_test(an_exec_that_fails_leaves_the_program_what_it_was),
	   cmocka_unit_test(what_its_own_filter_refuses_is_said_to_be_unseen),
	   cmocka_unit_test(a_target_that_wants_a_listener_is_recorded_by_tracing),
	   cmocka_unit_test(under_another_listener_another_recorder_records),
	   cmocka_unit_test(a_target_that_forks_without_end_is_ended),
	   cmocka_unit_test(what_the_target_leaves_running_is_ended),
	   cmocka_unit_test(nothing_outlives_a_recorder_that_is_killed),
	   cmocka_unit_test(nor_one_that_sees_results_or_mains),
	   cmocka_unit_test(of_a_killed_bpf_recorder_only_the_target_ends),
	   cmocka_unit_test(the_target_does_not_see_itself_pinned),
	   cmocka_unit_test(a_program_that_is_not_there_is_said_so), cmocka_unit_test(call_sites_and_phases_are_kept), )
