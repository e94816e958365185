/*
 * A profile lets its runtime through, no further than the table says, and what was not refused stays as it was.
 */
#include "unit.h"

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "conversion.h"

#include <linux/seccomp.h>
#include <string.h>

static const char narrow[] = "kernel 7.1\narch x86_64\ndefault kill-thread\nnewer kill-thread\nforeign kill-thread\n"
			     "allow read, write, exit_group\nnotify chdir\nlog capset\nerrno EPERM setuid\n"
			     "allow openat if flags & O_ACCMODE == O_RDONLY\n";

static const enum callgate_runtime all[] = { CALLGATE_RUNTIME_ANY, CALLGATE_RUNTIME_CRUN, CALLGATE_RUNTIME_RUNC };

static struct callgate_conversion *converted(const struct callgate_subject *subject, enum callgate_runtime runtime,
					     bool no_new_privileges)
{
	const struct callgate_convert_options options = { runtime, no_new_privileges };
	struct callgate_conversion *conversion = NULL;
	struct callgate_error err = { 0 };

	if (callgate_convert_with(subject, CALLGATE_TARGET_OCI, &options, &conversion, &err))
		fail_msg("%s:%u: %s", err.file, err.line, err.message);
	return conversion;
}

static struct callgate_subject *read_again(const struct callgate_conversion *conversion)
{
	struct callgate_subject *subject = NULL;

	assert_int_equal(callgate_subject_parse("written", callgate_conversion_text(conversion),
						callgate_conversion_length(conversion), NULL, &subject, NULL),
			 0);
	return subject;
}

static struct callgate_subject *with_runtime(enum callgate_runtime runtime, bool no_new_privileges)
{
	cleanup(conversion_free_subject) struct callgate_subject *policy = conversion_subject(narrow);
	cleanup(conversion_free) struct callgate_conversion *conversion = converted(policy, runtime, no_new_privileges);

	assert_true(callgate_diff_count(callgate_conversion_runtime(conversion)) > 0);
	assert_int_equal(callgate_diff_count(callgate_conversion_diff(conversion)), 0);
	assert_non_null(strstr(callgate_conversion_text(conversion), "\"comment\": \"the container runtime's"));
	return read_again(conversion);
}

static void answers(const struct callgate_subject *subject, const char *call, uint32_t action)
{
	struct callgate_action found;

	assert_int_equal(callgate_subject_simulate(subject, call, &found, NULL), 0);
	if (found.ret != action)
		fail_msg("%s: %08x, not %08x", call, found.ret, action);
}

static void what_every_runtime_needs_is_let_through(void **state)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		cleanup(conversion_free_subject) struct callgate_subject *subject = with_runtime(all[i], false);

		answers(subject, "x86_64:execve(0, 0, 0)", SECCOMP_RET_ALLOW);
		answers(subject, "x86_64:close(3)", SECCOMP_RET_ALLOW);
		answers(subject, "x86_64:prctl(PR_CAPBSET_DROP, 1)", SECCOMP_RET_ALLOW);
		answers(subject, "x86_64:prctl(PR_SET_SECCOMP, 1)", SECCOMP_RET_KILL_THREAD);
		answers(subject, "x86_64:setgroups(0, 0)", SECCOMP_RET_ALLOW);
		answers(subject, "x86_64:mkdir(0, 0)", SECCOMP_RET_KILL_THREAD);
		answers(subject, "x86_64:openat(0, 0, O_RDWR|O_CREAT)", SECCOMP_RET_KILL_THREAD);
	}
}

static void without_new_privileges_it_is_less(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *crun = with_runtime(CALLGATE_RUNTIME_CRUN, true);
	cleanup(conversion_free_subject) struct callgate_subject *runc = with_runtime(CALLGATE_RUNTIME_RUNC, true);

	answers(crun, "x86_64:execve(0, 0, 0)", SECCOMP_RET_ALLOW);
	answers(crun, "x86_64:openat(0, 0, O_WRONLY)", SECCOMP_RET_KILL_THREAD);
	answers(runc, "x86_64:execve(0, 0, 0)", SECCOMP_RET_ALLOW);
	answers(runc, "x86_64:openat(0, 0, O_WRONLY|O_CLOEXEC)", SECCOMP_RET_ALLOW);
	answers(runc, "x86_64:setuid(0)", SECCOMP_RET_ERRNO | 1);
	answers(runc, "x86_64:prctl(PR_CAPBSET_DROP, 1)", SECCOMP_RET_KILL_THREAD);
}

static void what_is_not_refused_stays_as_it_was(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *subject = with_runtime(CALLGATE_RUNTIME_ANY, false);

	answers(subject, "x86_64:chdir(0)", SECCOMP_RET_USER_NOTIF);
	answers(subject, "x86_64:capset(0, 0)", SECCOMP_RET_LOG);
	answers(subject, "x86_64:setuid(0)", SECCOMP_RET_ALLOW);
	answers(subject, "x86_64:exit_group(0)", SECCOMP_RET_ALLOW);
}

static void nothing_is_added_twice(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *once = with_runtime(CALLGATE_RUNTIME_ANY, false);
	cleanup(conversion_free) struct callgate_conversion *again = converted(once, CALLGATE_RUNTIME_ANY, false);

	assert_int_equal(callgate_diff_count(callgate_conversion_runtime(again)), 0);
	assert_null(strstr(callgate_conversion_text(again), "comment"));
}

/* Names that an arch lacks have no effect there; an argument that it lacks would be an error. */
static void the_table_is_good_on_every_arch(void **state)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		cleanup(buf_fini) struct buf text = { 0 };
		cleanup(conversion_free_subject) struct callgate_subject *policy = NULL;
		cleanup(conversion_free) struct callgate_conversion *conversion = NULL;

		print_message("# %s\n", abi_arch(arch)->name);
		buf_printf(&text, "kernel 7.1\narch %s\ndefault errno ENOSYS\nforeign kill-thread\nallow read\n",
			   abi_arch(arch)->name);
		policy = conversion_subject(buf_text(&text));
		conversion = converted(policy, CALLGATE_RUNTIME_ANY, false);
		assert_true(callgate_diff_count(callgate_conversion_runtime(conversion)) > 0);
	}
}

static void only_profiles_have_a_runtime(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *policy = conversion_subject(narrow);
	struct callgate_conversion *conversion = NULL;
	struct callgate_convert_options options = { CALLGATE_RUNTIME_CRUN, false };

	assert_int_equal(callgate_convert_with(policy, CALLGATE_TARGET_BPF, &options, &conversion, NULL),
			 CALLGATE_E_INVALID);
	options.runtime = (enum callgate_runtime)9;
	assert_int_equal(callgate_convert_with(policy, CALLGATE_TARGET_OCI, &options, &conversion, NULL),
			 CALLGATE_E_INVALID);
	options.runtime = CALLGATE_RUNTIME_NONE;
	assert_int_equal(callgate_convert_with(policy, CALLGATE_TARGET_BPF, &options, &conversion, NULL), 0);
	assert_null(callgate_conversion_runtime(conversion));
	callgate_conversion_free(conversion);
}

static void a_failing_allocation_fails_it(void **state)
{
	const struct callgate_convert_options options = { CALLGATE_RUNTIME_CRUN, true };
	cleanup(conversion_free_subject) struct callgate_subject *policy =
		conversion_subject("kernel 7.1\narch x86_64\ndefault kill-thread\nallow read\n");

	FOR_EACH_ALLOCATION({
		struct callgate_conversion *conversion = NULL;
		int status = callgate_convert_with(policy, CALLGATE_TARGET_OCI, &options, &conversion, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_conversion_free(conversion);
	});
}

UNIT_TESTS(test_export_runtime, cmocka_unit_test(what_every_runtime_needs_is_let_through),
	   cmocka_unit_test(without_new_privileges_it_is_less), cmocka_unit_test(what_is_not_refused_stays_as_it_was),
	   cmocka_unit_test(nothing_is_added_twice), cmocka_unit_test(the_table_is_good_on_every_arch),
	   cmocka_unit_test(only_profiles_have_a_runtime), cmocka_unit_test(a_failing_allocation_fails_it), )
