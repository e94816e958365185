/*
 * What is converted is proved: a policy that was read out of instructions is the filter, a profile is what libseccomp
 * makes of it, and what a target cannot say is a difference and never a silence.
 */
#include "unit.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "conversion.h"
#include "profile.h"

#include <string.h>

static void free_filter(struct callgate_filter **filter)
{
	callgate_filter_free(*filter);
}

static void free_diff(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

/* The filter of a policy, as a subject that has no rules any more. */
static struct callgate_subject *instructions_of(const struct callgate_subject *policy)
{
	cleanup(free_filter) struct callgate_filter *filter = NULL;
	struct callgate_subject *subject = NULL;
	const struct sock_filter *insns;
	size_t length;

	assert_int_equal(callgate_subject_compile(policy, NULL, &filter, NULL), 0);
	insns = callgate_filter_program(filter, &length);
	assert_int_equal(callgate_subject_parse("test.bpf", insns, length * sizeof(*insns), NULL, &subject, NULL), 0);
	return subject;
}

static size_t count_differences(const struct callgate_subject *subject, enum callgate_target target)
{
	cleanup(conversion_free) struct callgate_conversion *conversion = NULL;
	struct callgate_error err = { 0 };

	if (callgate_convert(subject, target, &conversion, &err))
		fail_msg("%s", err.message);
	return callgate_diff_count(callgate_conversion_diff(conversion));
}

static const char policy_0[] =
	"kernel 6.1\narch x86_64\ndefault kill-process\nallow read, write\nerrno EPERM openat if flags & O_ACCMODE != "
	"0\n"
	"allow openat\nlog socket if domain in {AF_UNIX, AF_INET}\nallow lseek if offset in 3..9\n"
	"allow mmap, mprotect if not (prot & PROT_WRITE and prot & PROT_EXEC)\n";
static const char policy_1[] =
	"kernel 7.1\narch x86_64, i386, x32\ndefault errno EPERM\nnewer trap 5\nallow read, socketcall\n"
	"notify kill if word1 == 9 and word0 != 1\ntrace 7 kill if word1 == 9\n";
static const char policy_2[] = "kernel 7.1\narch x86_64\ndefault allow\nforeign kill-thread\nerrno EPERM kill\n";
static const char policy_3[] = "kernel 7.1\narch aarch64\ndefault allow\nerrno ENOSYS clone3\n";
static const char policy_4[] =
	"kernel 7.1\narch s390x\ndefault errno EPERM\nallow read if arg2 <= 0x100000000\nallow kill if sig == 3\n";
static const char *const policies[] = { policy_0, policy_1, policy_2, policy_3, policy_4 };

static void a_policy_is_read_out_of_instructions(void **state)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
		cleanup(conversion_free_subject) struct callgate_subject *policy = conversion_subject(policies[i]);
		cleanup(conversion_free_subject) struct callgate_subject *bare = instructions_of(policy);

		print_message("# policy %zu\n", i);
		assert_int_equal(count_differences(bare, CALLGATE_TARGET_POLICY), 0);
		assert_int_equal(count_differences(policy, CALLGATE_TARGET_POLICY), 0);
	}
}

#ifdef __x86_64__
static const char sayable_0[] =
	"kernel 7.1\narch x86_64\ndefault errno ENOSYS\nforeign kill-thread\nallow read, write\n"
	"errno EPERM openat if flags & O_ACCMODE != 0\nallow openat\nlog socket if domain in {AF_UNIX, AF_INET}\n"
	"allow mmap, mprotect if not (prot & PROT_WRITE and prot & PROT_EXEC)\n";
static const char sayable_1[] =
	"kernel 7.1\narch x86_64, i386, x32\ndefault errno EPERM\nnewer errno EPERM\nforeign kill-thread\n"
	"allow read, socketcall, ipc\nallow kill if word1 == 9 and word0 != 1\ntrap 0 kill if word1 == 9\n"
	"allow prctl if word0 > 100\nallow ioctl if word0 >= 3 and word1 < 7\n";
static const char *const sayable[] = { sayable_0, sayable_1 };
static const char *const arches[][3] = { { NULL }, { "x86", "x32", NULL } };

/* The profile means what the policy does, and libseccomp makes that of it. */
static void a_profile_is_what_libseccomp_makes_of_it(void **state)
{
	for (size_t i = 0; i < sizeof(sayable) / sizeof(*sayable); i++) {
		cleanup(conversion_free_subject) struct callgate_subject *policy = conversion_subject(sayable[i]),
									 *theirs = NULL;
		cleanup(conversion_free) struct callgate_conversion *conversion = NULL;
		cleanup(free_diff) struct callgate_diff *diff = NULL;
		cleanup(buf_fini) struct buf program = { 0 };
		const char *text;

		assert_int_equal(callgate_convert(policy, CALLGATE_TARGET_OCI, &conversion, NULL), 0);
		assert_int_equal(callgate_diff_count(callgate_conversion_diff(conversion)), 0);
		text = callgate_conversion_text(conversion);
		assert_true(profile_filter(text, strlen(text), arches[i], NULL, &program));
		assert_int_equal(callgate_subject_parse("filter", program.data, program.length, NULL, &theirs, NULL),
				 0);
		assert_int_equal(callgate_diff_new(policy, theirs, &diff, NULL), 0);
		if (callgate_diff_count(diff))
			fail_msg("%s: %s", callgate_diff_at(diff, 0)->witness, text);
	}
}

static void what_a_profile_cannot_say_is_a_difference(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *policy =
		conversion_subject("kernel 7.1\narch x86_64\ndefault errno ENOSYS\nallow read\n");
	cleanup(conversion_free) struct callgate_conversion *conversion = NULL;
	const struct callgate_diff *diff;

	assert_int_equal(callgate_convert(policy, CALLGATE_TARGET_OCI, &conversion, NULL), 0);
	diff = callgate_conversion_diff(conversion);
	assert_true(callgate_diff_count(diff) > 0);
	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		assert_true(callgate_action_refuses(callgate_diff_at(diff, i)->a));
		assert_true(callgate_action_refuses(callgate_diff_at(diff, i)->b));
	}
}
#endif

static void words_that_a_profile_lacks_are_an_error(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *policy =
		conversion_subject("kernel 7.1\ndefault allow\ntrap 5 read\n");
	struct callgate_conversion *conversion = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(callgate_convert(policy, CALLGATE_TARGET_OCI, &conversion, &err), CALLGATE_E_UNSUPPORTED);
	assert_string_equal(err.message, "libseccomp has no words for 'trap 5'");
	assert_int_equal(callgate_convert(policy, (enum callgate_target)99, &conversion, &err), CALLGATE_E_INVALID);
	assert_null(conversion);
}

static void a_failing_allocation_fails_the_conversion(void **state)
{
	static const char small[] =
		"kernel 7.1\ndefault errno EPERM\nallow read\nallow kill if arg0 == 1 and arg1 != 9\n";
	static const enum callgate_target targets[] = { CALLGATE_TARGET_POLICY,	  CALLGATE_TARGET_OCI,
							CALLGATE_TARGET_MINIJAIL, CALLGATE_TARGET_LIBSECCOMP,
							CALLGATE_TARGET_C,	  CALLGATE_TARGET_ASM };
	cleanup(conversion_free_subject) struct callgate_subject *policy = conversion_subject(small);
	cleanup(conversion_free_subject) struct callgate_subject *bare = instructions_of(policy);

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		FOR_EACH_ALLOCATION({
			struct callgate_conversion *conversion = NULL;
			int status = callgate_convert(bare, targets[i], &conversion, NULL);

			assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
			callgate_conversion_free(conversion);
		});
	}
}

static void targets_go_by_name(void **state)
{
	int count = 0;

	for (; callgate_target_name((enum callgate_target)count); count++)
		assert_int_equal(callgate_target_by_name(callgate_target_name((enum callgate_target)count)), count);
	assert_int_equal(count, CALLGATE_TARGET_IO_URING + 1);
	assert_int_equal(callgate_target_by_name("elf"), -1);
	assert_null(callgate_target_name((enum callgate_target) - 1));
}

UNIT_TESTS(test_export_convert, cmocka_unit_test(targets_go_by_name),
	   cmocka_unit_test(a_policy_is_read_out_of_instructions),
#ifdef __x86_64__
	   cmocka_unit_test(a_profile_is_what_libseccomp_makes_of_it),
	   cmocka_unit_test(what_a_profile_cannot_say_is_a_difference),
#endif
	   cmocka_unit_test(words_that_a_profile_lacks_are_an_error),
	   cmocka_unit_test(a_failing_allocation_fails_the_conversion), )
