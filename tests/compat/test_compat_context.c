/*
 * What the system's library is too old for, and memory that runs out: the archive, linked into this program.
 */
#include "interface.h"
#include "program.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { X86 = 0x40000003, READ = 0, WRITE = 1, OPEN = 2, GETPPID = 110 };

static uint32_t meaning(const struct context *context, struct diagram *diagram)
{
	uint32_t root = DIAGRAM_NONE;

	assert_int_equal(context_meaning(context, diagram, &root, NULL), CALLGATE_OK);
	return root;
}

static void transactions_nest(void **state)
{
	struct diagram *diagram = diagram_new(0);
	struct context *context = seccomp_init(SECCOMP_RET_KILL_THREAD);
	uint32_t none, one;

	none = meaning(context, diagram);
	assert_int_equal(seccomp_transaction_start(context), 0);
	assert_int_equal(seccomp_rule_add(context, SECCOMP_RET_ALLOW, READ, 0), 0);
	one = meaning(context, diagram);
	assert_int_equal(seccomp_transaction_start(context), 0);
	assert_int_equal(seccomp_rule_add(context, SECCOMP_RET_ALLOW, WRITE, 0), 0);
	assert_int_equal(seccomp_arch_add(context, X86), 0);
	seccomp_transaction_reject(context);
	assert_int_equal(meaning(context, diagram), one);
	assert_int_equal(seccomp_transaction_start(context), 0);
	assert_int_equal(seccomp_transaction_commit(context), 0);
	seccomp_transaction_reject(context);
	assert_int_equal(meaning(context, diagram), none);
	seccomp_transaction_reject(context); /* none is open */
	assert_int_equal(meaning(context, diagram), none);
	assert_int_equal(seccomp_transaction_start(NULL), -EINVAL);
	assert_int_equal(seccomp_transaction_commit(NULL), -EINVAL);
	seccomp_release(context);
	diagram_free(diagram);
}

static void an_export_says_how_much_room_it_needs(void **state)
{
	struct context *context = seccomp_init(SECCOMP_RET_ALLOW);
	unsigned char room[4096], *exact;
	size_t needed = 0, length = sizeof(room);

	assert_int_equal(seccomp_export_bpf_mem(context, NULL, &needed), 0);
	assert_true(needed > 0 && needed % sizeof(struct sock_filter) == 0);
	assert_int_equal(seccomp_export_bpf_mem(context, room, &length), 0);
	assert_int_equal(length, needed);
	exact = malloc(needed);
	length = needed - 1;
	assert_int_equal(seccomp_export_bpf_mem(context, exact, &length), -ERANGE);
	assert_int_equal(length, needed);
	assert_int_equal(seccomp_export_bpf_mem(context, exact, &length), 0);
	assert_memory_equal(exact, room, needed);
	assert_int_equal(seccomp_export_bpf_mem(context, exact, NULL), -EINVAL);
	assert_int_equal(seccomp_export_bpf_mem(NULL, exact, &length), -EINVAL);
	free(exact);
	seccomp_release(context);
}

/* Of two rules with different actions that match, the stricter decides, whichever was added first. */
static void the_stricter_of_two_rules_decides(void **state)
{
	const struct scmp_arg_cmp first = { 0, SCMP_CMP_GT, 1, 0 }, second = { 0, SCMP_CMP_GT, 5, 0 };
	struct diagram *diagram = diagram_new(0);
	struct context *a = seccomp_init(SECCOMP_RET_KILL_THREAD), *b = seccomp_init(SECCOMP_RET_KILL_THREAD);
	struct diagram_input input = { .words = { [DIAGRAM_ARCH] = seccomp_arch_native(), [DIAGRAM_NR] = READ } };
	uint32_t root;

	assert_int_equal(seccomp_rule_add_array(a, SECCOMP_RET_ALLOW, READ, 1, &first), 0);
	assert_int_equal(seccomp_rule_add_array(a, SECCOMP_RET_ERRNO | 1, READ, 1, &second), 0);
	assert_int_equal(seccomp_rule_add_array(b, SECCOMP_RET_ERRNO | 1, READ, 1, &second), 0);
	assert_int_equal(seccomp_rule_add_array(b, SECCOMP_RET_ALLOW, READ, 1, &first), 0);
	root = meaning(a, diagram);
	assert_int_equal(meaning(b, diagram), root);
	input.words[diagram_arg_word(0, false, false)] = 6;
	assert_int_equal(diagram_evaluate(diagram, root, &input), SECCOMP_RET_ERRNO | 1);
	input.words[diagram_arg_word(0, false, false)] = 5;
	assert_int_equal(diagram_evaluate(diagram, root, &input), SECCOMP_RET_ALLOW);
	seccomp_release(a);
	seccomp_release(b);
	diagram_free(diagram);
}

/* A context with a bit of everything, or as much of it as there was memory for. */
static int build_something(struct context **ret_context)
{
	const struct scmp_arg_cmp comparison = { 0, SCMP_CMP_MASKED_EQ, 0xff00000000, 0x1200000000 };
	struct context *context = seccomp_init(SECCOMP_RET_KILL_THREAD), *other;
	int status = context ? 0 : -ENOMEM;

	*ret_context = context;
	if (!status)
		status = seccomp_rule_add_array(context, SECCOMP_RET_ALLOW, READ, 1, &comparison);
	if (!status)
		status = seccomp_syscall_priority(context, READ, 9);
	if (!status)
		status = seccomp_transaction_start(context);
	if (!status)
		status = seccomp_rule_add(context, SECCOMP_RET_ALLOW, WRITE, 0);
	other = status ? NULL : seccomp_init(SECCOMP_RET_KILL_THREAD);
	if (!other)
		return -ENOMEM;
	status = seccomp_arch_add(other, X86);
	if (!status)
		status = seccomp_arch_remove(other, SCMP_ARCH_NATIVE);
	if (!status)
		status = seccomp_rule_add(other, SECCOMP_RET_ERRNO | 1, OPEN, 0);
	if (!status)
		status = seccomp_syscall_priority(other, OPEN, 1);
	if (!status)
		status = seccomp_merge(context, other);
	if (status)
		seccomp_release(other);
	return status;
}

static int use_something(struct context *context, int fd)
{
	size_t length = 0;
	int status = seccomp_precompute(context);

	if (!status)
		status = seccomp_export_bpf_mem(context, NULL, &length);
	if (!status)
		status = seccomp_export_bpf(context, fd);
	if (!status)
		status = seccomp_export_pfc(context, fd);
	return status;
}

static void memory_that_runs_out_is_told(void **state)
{
	int fd = memfd_create("out", MFD_CLOEXEC);
	unsigned failures = 0;

	assert_true(fd >= 0);
	seccomp_api_set(7);
	FOR_EACH_ALLOCATION({
		struct context *context;
		int status = build_something(&context);

		if (!status)
			status = use_something(context, fd);
		unit_allocation_failed() ? assert_int_equal(status, -ENOMEM) : assert_int_equal(status, 0);
		failures += status != 0;
		seccomp_release(context);
	});
	assert_true(failures > 10);
	close(fd);
}

/* What a child that loaded the context's filter found: the errno of getppid, 0 when it was allowed. */
static int load_in_child(struct context *context)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int result = seccomp_load(context);

		if (result)
			_exit(200);
		errno = 0;
		_exit(syscall(SYS_getppid) == -1 ? errno : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void what_is_loaded_is_in_force(void **state)
{
	struct context *context = seccomp_init(SECCOMP_RET_ALLOW);

	seccomp_api_set(2); /* what every kernel has that has seccomp(2) */
	assert_int_equal(seccomp_rule_add(context, SECCOMP_RET_ERRNO | 77, GETPPID, 0), 0);
	if (load_in_child(context) == 200) {
		print_message("this process may not load a filter\n");
		seccomp_release(context);
		skip();
	}
	assert_int_equal(load_in_child(context), 77);
	assert_int_equal(seccomp_precompute(context), 0);
	assert_int_equal(load_in_child(context), 77);
	assert_int_equal(seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1), 0);
	assert_int_equal(load_in_child(context), 77);
	assert_int_equal(seccomp_reset(context, SECCOMP_RET_ALLOW), 0);
	assert_int_equal(load_in_child(context), 0);
	seccomp_release(context);
}

/* Hands over the reading end of a pipe with a word in it; the number that it has there. */
static int hand_over(int listener, uint64_t id)
{
	struct seccomp_notif_addfd addfd = { .id = id };
	int ends[2], number;

	if (pipe(ends) || write(ends[1], "word", 4) != 4)
		return -EIO;
	addfd.srcfd = (uint32_t)ends[0];
	number = seccomp_notify_addfd(listener, &addfd);
	close(ends[0]);
	close(ends[1]);
	return number;
}

/* Answers one call with a descriptor that it hands over. */
static int answer(int listener)
{
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;
	int status = seccomp_notify_alloc(&request, &response);

	if (status)
		return status;
	status = seccomp_notify_receive(listener, request);
	if (!status)
		status = seccomp_notify_id_valid(listener, request->id);
	if (!status && request->data.nr != GETPPID)
		status = -EFAULT;
	response->id = request->id;
	response->val = status ? 0 : hand_over(listener, request->id);
	if (!status)
		status = response->val < 0 ? (int)response->val : seccomp_notify_respond(listener, response);
	seccomp_notify_free(request, response);
	return status;
}

/* In a child: one process loads, and a child of that, which has the filter too, asks. */
static void ask_and_answer(struct context *context)
{
	char word[5];
	int listener, status;
	pid_t asking;

	if (seccomp_load(context))
		_exit(200);
	listener = seccomp_notify_fd(context);
	asking = fork();
	if (asking == 0)
		_exit(read(getppid(), word, sizeof(word)) == 4 && memcmp(word, "word", 4) == 0 ? 0 : 201);
	if (listener < 0 || asking < 0 || answer(listener))
		_exit(202);
	_exit(waitpid(asking, &status, 0) == asking && WIFEXITED(status) ? WEXITSTATUS(status) : 203);
}

static void a_listener_is_asked_and_answers(void **state)
{
	struct context *context;
	pid_t child;
	int status;

	seccomp_reset(NULL, 0);
	if (seccomp_api_get() < 5) {
		print_message("this kernel gives no listener\n");
		skip();
	}
	context = seccomp_init(SECCOMP_RET_ALLOW);
	assert_int_equal(seccomp_rule_add(context, SECCOMP_RET_USER_NOTIF, GETPPID, 0), 0);
	assert_int_equal(seccomp_notify_fd(context), -1);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		ask_and_answer(context);
	assert_int_equal(waitpid(child, &status, 0), child);
	seccomp_release(context);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 200) {
		print_message("this process may not load a filter with a listener\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

UNIT_TESTS(test_compat_context, cmocka_unit_test(transactions_nest),
	   cmocka_unit_test(an_export_says_how_much_room_it_needs), cmocka_unit_test(the_stricter_of_two_rules_decides),
	   cmocka_unit_test(memory_that_runs_out_is_told), cmocka_unit_test(what_is_loaded_is_in_force),
	   cmocka_unit_test(a_listener_is_asked_and_answers), )
