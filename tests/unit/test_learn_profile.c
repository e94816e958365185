#include "unit.h"

#include "learn/evidence_file.h"
#include "learn/profile.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* One call of a run: at most one argument of each is of interest. */
struct seen {
	const char *syscall;
	uint64_t args[6];
	bool serves; /* made once it had waited for work */
};

static int count_call(struct evidence *evidence, const struct seen *seen)
{
	const struct abi_syscall *syscall = abi_syscall_by_name(seen->syscall);
	struct evidence_call call = {
		.args = seen->args, .count = 1, .phase = seen->serves ? EVIDENCE_SERVE : EVIDENCE_START, .offset = 0x40
	};
	struct evidence_program *program;
	struct evidence_entry *entry;
	int status = evidence_program(evidence, "/usr/bin/a", "", &program, NULL);

	if (status == CALLGATE_OK)
		status = evidence_module(evidence, "/lib/libc.so.6", &call.module, NULL);
	if (status == CALLGATE_OK)
		status = evidence_entry(evidence, program, abi_arch(ABI_X86_64)->audit,
					(uint32_t)syscall->nr[ABI_X86_64], &entry, NULL);
	return status == CALLGATE_OK ? evidence_count(evidence, entry, &call, NULL) : status;
}

/* The evidence of one run in a file without a name, whose path is written to path. */
static int run_of(const struct seen *seen, size_t count, char path[32])
{
	struct evidence *evidence = evidence_new();
	struct buf text = { 0 };
	int fd = memfd_create("evidence", 0);

	assert_non_null(evidence);
	evidence->kernel = ABI_KERNEL(6, 1);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(count_call(evidence, &seen[i]), CALLGATE_OK);
	assert_int_equal(evidence_close_run(evidence, "trace", false, NULL), CALLGATE_OK);
	assert_int_equal(evidence_write(evidence, &text, NULL), CALLGATE_OK);
	assert_int_equal(write(fd, text.data, text.length), text.length);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	evidence_free(evidence);
	buf_fini(&text);
	return fd;
}

/* A profile of runs, of which each makes a call once. */
static struct callgate_profile *profile_of(const struct seen *seen, size_t runs)
{
	char paths[16][32];
	const char *names[16];
	int fds[16];
	struct callgate_profile *profile = NULL;
	struct callgate_error err = { 0 };

	for (size_t i = 0; i < runs; i++) {
		fds[i] = run_of(&seen[i], 1, paths[i]);
		names[i] = paths[i];
	}
	if (callgate_profile_open(names, runs, false, &profile, &err) != CALLGATE_OK)
		print_error("%s\n", err.message);
	assert_non_null(profile);
	for (size_t i = 0; i < runs; i++)
		close(fds[i]);
	return profile;
}

/* Of which each opens a file once with its own flags. */
static struct callgate_profile *opened_with(const uint64_t *flags, size_t runs)
{
	struct seen seen[16];

	for (size_t i = 0; i < runs; i++)
		seen[i] = (struct seen){ "openat", { 0, 0, flags[i] } };
	return profile_of(seen, runs);
}

/* Of which each asks for another limit, from the first one on. */
static struct callgate_profile *limited(size_t runs)
{
	struct seen seen[16];

	for (size_t i = 0; i < runs; i++)
		seen[i] = (struct seen){ "prlimit64", { 0, i } };
	return profile_of(seen, runs);
}

static struct callgate_policy *policy_of(const char *text)
{
	struct callgate_policy *policy = NULL;

	assert_int_equal(callgate_policy_parse("p.policy", text, strlen(text), NULL, &policy, NULL), CALLGATE_OK);
	return policy;
}

static struct callgate_profile_facts facts_of(const struct callgate_profile *profile)
{
	struct callgate_profile_facts facts;

	callgate_profile_facts(profile, &facts);
	return facts;
}

static void what_one_run_alone_has_would_have_been_refused(void **state)
{
	const uint64_t flags[] = { O_RDONLY, O_CLOEXEC, O_RDONLY | O_CLOEXEC, O_CREAT, O_RDONLY };
	struct callgate_profile *profile = opened_with(flags, 5);

	assert_int_equal(facts_of(profile).runs, 5);
	assert_int_equal(facts_of(profile).one_out, 1);
	assert_int_equal(facts_of(profile).widened, 0);
	assert_non_null(strstr(callgate_profile_policy(profile), "allow openat if flags"));
	callgate_profile_free(profile);
}

static void a_rule_that_fits_no_next_run_is_widened(void **state)
{
	const uint64_t flags[] = { O_RDONLY, O_CLOEXEC, O_APPEND, O_CREAT, O_RDONLY };
	struct callgate_profile *profile = opened_with(flags, 5);

	assert_int_equal(facts_of(profile).widened, 1);
	assert_int_equal(facts_of(profile).one_out, 0);
	assert_non_null(strstr(callgate_profile_policy(profile), "openat's flags is not constrained: 3 of 5 runs"));
	assert_null(strstr(callgate_profile_policy(profile), "if flags"));
	callgate_profile_free(profile);
}

static void numbers_in_an_order_become_a_range_where_their_list_is_too_tight(void **state)
{
	struct callgate_profile *profile = limited(12);

	assert_int_equal(facts_of(profile).widened, 1);
	assert_int_equal(facts_of(profile).one_out, 2);
	assert_non_null(
		strstr(callgate_profile_policy(profile), "prlimit64's resource is constrained by its ends at most"));
	assert_non_null(strstr(callgate_profile_policy(profile),
			       "allow prlimit64 if resource in RLIMIT_CPU..RLIMIT_SIGPENDING"));
	callgate_profile_free(profile);
}

/* Two of five runs would have been refused for its ends. */
static void a_range_that_fits_no_next_run_is_widened_too(void **state)
{
	struct callgate_profile *profile = limited(5);

	assert_int_equal(facts_of(profile).widened, 2);
	assert_non_null(
		strstr(callgate_profile_policy(profile), "prlimit64's resource is not constrained: 2 of 5 runs"));
	assert_null(strstr(callgate_profile_policy(profile), "if resource"));
	callgate_profile_free(profile);
}

static void of_few_runs_nothing_is_judged(void **state)
{
	const uint64_t flags[] = { O_RDONLY, O_CLOEXEC, O_APPEND, O_CREAT };
	struct callgate_profile *profile = opened_with(flags, 4);

	assert_int_equal(facts_of(profile).widened, 0);
	assert_int_equal(facts_of(profile).one_out, 3);
	callgate_profile_free(profile);
}

/* How many gaps there are between a policy and runs that open with these flags. */
static size_t missing(const char *text, const uint64_t *flags, size_t runs, struct callgate_profile_gap *ret_first)
{
	struct callgate_profile *profile = opened_with(flags, runs);
	struct callgate_policy *policy = policy_of(text);
	struct callgate_gaps *gaps = NULL;
	size_t count;

	assert_int_equal(callgate_profile_missing(profile, policy, &gaps, NULL), CALLGATE_OK);
	count = callgate_gaps_count(gaps);
	if (count)
		callgate_gaps_at(gaps, 0, ret_first);
	if (count) {
		assert_string_equal(ret_first->program, "/usr/bin/a");
		assert_string_equal(ret_first->module, "/lib/libc.so.6");
		assert_int_equal(ret_first->offset, 0x40);
	}
	if (count && ret_first->value)
		assert_string_equal(ret_first->value, "O_CREAT");
	ret_first->value = ret_first->value ? "kept" : NULL;
	callgate_gaps_free(gaps);
	callgate_policy_free(policy);
	callgate_profile_free(profile);
	return count;
}

static void only_what_is_refused_for_certain_is_missing(void **state)
{
	const uint64_t flags[] = { O_RDONLY, O_CREAT };
	struct callgate_profile_gap gap;

	assert_int_equal(missing("kernel 6.1\ndefault kill-process\nallow openat\n", flags, 2, &gap), 0);
	assert_int_equal(missing("kernel 6.1\ndefault allow\n", flags, 2, &gap), 0);
	assert_int_equal(
		missing("kernel 6.1\ndefault kill-process\nallow openat if pathname != NULL\n", flags, 2, &gap), 0);
	assert_int_equal(missing("kernel 6.1\ndefault kill-process\nerrno ENOSYS openat\n", flags, 2, &gap), 0);
	assert_int_equal(
		missing("kernel 6.1\ndefault kill-process\nallow openat if flags == O_RDONLY\n", flags, 2, &gap), 1);
	assert_non_null(gap.value);
	assert_int_equal(gap.runs, 1);
	assert_int_equal(missing("kernel 6.1\ndefault kill-process\nallow read\n", flags, 2, &gap), 1);
	assert_null(gap.value);
	assert_int_equal(gap.runs, 2);
	assert_int_equal(missing("kernel 6.1\ndefault errno EPERM\n", flags, 2, &gap), 1);
	assert_int_equal(missing("kernel 6.1\narch aarch64\ndefault allow\n", flags, 2, &gap), 1);
	/* The first rule that holds decides. */
	assert_int_equal(missing("kernel 6.1\ndefault allow\nkill-process openat if flags & O_CREAT\nallow openat\n",
				 flags, 2, &gap),
			 1);
}

/* The gaps between a policy and two opens, the second of which is made while it serves. */
static struct callgate_gaps *missing_later(const struct callgate_profile *profile, const char *text)
{
	struct callgate_policy *policy = policy_of(text);
	struct callgate_gaps *gaps = NULL;

	assert_int_equal(callgate_profile_missing(profile, policy, &gaps, NULL), CALLGATE_OK);
	callgate_policy_free(policy);
	return gaps;
}

static void a_phase_is_held_against_what_came_behind_its_mark(void **state)
{
	const struct seen seen[] = { { "openat", { 0, 0, O_CREAT } },
				     { "openat", { 0, 0, O_RDONLY }, .serves = true } };
	struct callgate_profile *profile = profile_of(seen, 2);
	struct callgate_profile_gap gap;
	struct callgate_gaps *gaps =
		missing_later(profile, "kernel 6.1\ndefault allow\nphase serving {\n\tkill-process openat\n}\n");

	assert_int_equal(callgate_gaps_count(gaps), 1);
	callgate_gaps_at(gaps, 0, &gap);
	assert_string_equal(gap.phase, "serving");
	assert_int_equal(gap.count, 1);
	assert_int_equal(gap.runs, 1);
	callgate_gaps_free(gaps);
	/* Which of the values came behind it is not known. */
	gaps = missing_later(
		profile, "kernel 6.1\ndefault allow\nphase serving {\n\terrno EPERM openat if flags & O_CREAT\n}\n");
	assert_int_equal(callgate_gaps_count(gaps), 0);
	callgate_gaps_free(gaps);
	gaps = missing_later(profile,
			     "kernel 6.1\ndefault allow\nphase sealed at listen {\n\tkill-process openat\n}\n");
	assert_int_equal(callgate_gaps_count(gaps), 0);
	assert_int_equal(callgate_gaps_untimed(gaps), 1);
	callgate_gaps_free(gaps);
	callgate_profile_free(profile);
}

/* Of a call all of which came behind the mark, the values did too. */
static void a_phase_is_held_against_values_that_all_came_behind_its_mark(void **state)
{
	const struct seen seen = { "openat", { 0, 0, O_CREAT }, .serves = true };
	struct callgate_profile *profile = profile_of(&seen, 1);
	struct callgate_profile_gap gap;
	struct callgate_gaps *gaps = missing_later(
		profile, "kernel 6.1\ndefault allow\nphase serving {\n\terrno EPERM openat if flags & O_CREAT\n}\n");

	assert_int_equal(callgate_gaps_count(gaps), 1);
	callgate_gaps_at(gaps, 0, &gap);
	assert_true(gap.answered);
	callgate_gaps_free(gaps);
	callgate_profile_free(profile);
}

static void twins_come_with_the_constraint_of_the_one_that_was_seen(void **state)
{
	const uint64_t flags[] = { O_RDONLY, O_CLOEXEC };
	struct callgate_profile *profile = opened_with(flags, 2);

	assert_non_null(strstr(callgate_profile_policy(profile), "allow open if flags & ~O_CLOEXEC == 0"));
	callgate_profile_free(profile);
}

/* The policy of one call whose first argument is this. */
static char *policy_of_call(const char *syscall, uint64_t arg)
{
	const struct seen seen = { syscall, { arg } };
	struct callgate_profile *profile = profile_of(&seen, 1);
	char *text = strdup(callgate_profile_policy(profile));

	callgate_profile_free(profile);
	return text;
}

static bool policy_has(const char *syscall, uint64_t arg, const char *line)
{
	char *text = policy_of_call(syscall, arg);
	bool has = strstr(text, line);

	free(text);
	return has;
}

static void a_fork_may_be_a_clone_and_no_thread(void **state)
{
	static const char forking[] =
		"if flags & ~(SIGCHLD | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_VFORK | CLONE_VM) == 0";

	assert_true(policy_has("fork", 0, forking));
	assert_true(policy_has("fork", 0, "allow vfork"));
	assert_true(policy_has("vfork", 0, forking));
	assert_true(policy_has("vfork", 0, "allow fork"));
}

static void a_clone_is_a_fork_when_it_made_a_process(void **state)
{
	const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	assert_true(policy_has("clone", SIGCHLD, "allow fork, vfork"));
	assert_true(policy_has("clone", SIGCHLD, "allow clone if flags & ~SIGCHLD == 0"));
	assert_false(policy_has("clone", thread, "fork"));
}

static void a_clone3_may_be_any_clone_without_namespaces(void **state)
{
	assert_true(policy_has("clone3", 0, "errno ENOSYS clone3"));
	assert_true(policy_has("clone3", 0, "allow clone\n    if flags & (CLONE_NEWCGROUP"));
}

static void threads_and_forks_are_two_clones(void **state)
{
	const struct seen seen[] = { { "fork", { 0 } }, { "clone", { CLONE_VM | CLONE_SIGHAND | CLONE_THREAD } } };
	struct callgate_profile *profile = profile_of(seen, 2);
	const char *text = callgate_profile_policy(profile);

	assert_non_null(strstr(text, "allow clone if flags & ~(CLONE_SIGHAND | CLONE_THREAD | CLONE_VM) == 0"));
	assert_non_null(strstr(text, "allow clone\n    if flags & ~(SIGCHLD | "));
	callgate_profile_free(profile);
}

static void the_same_run_is_not_counted_twice(void **state)
{
	const struct seen seen = { "getppid", { 0 } };
	struct callgate_profile *profile = NULL;
	struct callgate_error err;
	char path[32];
	int fd = run_of(&seen, 1, path);
	const char *names[] = { path, path };

	assert_int_equal(callgate_profile_open(names, 2, false, &profile, &err), CALLGATE_E_INVALID);
	assert_null(profile);
	assert_string_equal(err.file, path);
	close(fd);
}

static void every_allocation_may_fail(void **state)
{
	const struct seen calls[] = { { "openat", { 0, 0, O_CREAT } }, { "socket", { 2, 1, 0 }, .serves = true } };
	struct callgate_policy *policy = policy_of("kernel 6.1\ndefault kill-process\nallow read, mkdir\n"
						   "phase serving {\n\tkill-process socket\n\tallow mkdir, read\n}\n");
	char path[32];
	const char *names[] = { path };
	int fd = run_of(calls, 2, path);

	FOR_EACH_ALLOCATION({
		struct callgate_profile *profile = NULL;
		struct callgate_gaps *missing_ones = NULL;
		struct callgate_gaps *idle_ones = NULL;
		struct callgate_gaps *contradictions = NULL;
		char *text = NULL;
		char *rest = NULL;
		int status = callgate_profile_open(names, 1, false, &profile, NULL);

		if (status == CALLGATE_OK)
			status = callgate_profile_why(profile, "openat", &text, NULL);
		if (status == CALLGATE_OK)
			status = callgate_profile_missing(profile, policy, &missing_ones, NULL);
		if (status == CALLGATE_OK)
			status = callgate_profile_idle(profile, policy, &idle_ones, &rest, NULL);
		if (status == CALLGATE_OK)
			status = callgate_profile_join(profile, NULL, 0, CALLGATE_REACHABLE_LOG, &contradictions, NULL);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		if (idle_ones)
			assert_int_equal(callgate_gaps_count(idle_ones), 2);
		callgate_gaps_free(missing_ones);
		callgate_gaps_free(idle_ones);
		callgate_gaps_free(contradictions);
		callgate_profile_free(profile);
		free(text);
		free(rest);
	});
	callgate_policy_free(policy);
	close(fd);
}

UNIT_TESTS(test_learn_profile, cmocka_unit_test(what_one_run_alone_has_would_have_been_refused),
	   cmocka_unit_test(a_rule_that_fits_no_next_run_is_widened),
	   cmocka_unit_test(numbers_in_an_order_become_a_range_where_their_list_is_too_tight),
	   cmocka_unit_test(a_range_that_fits_no_next_run_is_widened_too),
	   cmocka_unit_test(of_few_runs_nothing_is_judged),
	   cmocka_unit_test(only_what_is_refused_for_certain_is_missing),
	   cmocka_unit_test(a_phase_is_held_against_what_came_behind_its_mark),
	   cmocka_unit_test(a_phase_is_held_against_values_that_all_came_behind_its_mark),
	   cmocka_unit_test(twins_come_with_the_constraint_of_the_one_that_was_seen),
	   cmocka_unit_test(a_fork_may_be_a_clone_and_no_thread),
	   cmocka_unit_test(a_clone_is_a_fork_when_it_made_a_process),
	   cmocka_unit_test(a_clone3_may_be_any_clone_without_namespaces),
	   cmocka_unit_test(threads_and_forks_are_two_clones), cmocka_unit_test(the_same_run_is_not_counted_twice),
	   cmocka_unit_test(every_allocation_may_fail), )
