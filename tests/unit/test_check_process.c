/*
 * The rules about a live process, asked of processes that are made up: what /proc would tell is given, so that no
 * privilege is needed.
 */
#include "unit.h"

#include "check/check.h"
#include "filter/filter.h"
#include "filter/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "kernel 6.1\ndefault kill-process\n"

static struct callgate_subject *policy(const char *text)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };

	if (callgate_subject_parse("test.policy", text, strlen(text), NULL, &subject, &err))
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	return subject;
}

/* How often the rule finds something in a process that carries the policy's filter `times` times. The detail of the
 * last is looked for `said`. */
static size_t count(const char *text, size_t times, const struct kernel_process *process,
		    const struct kernel_descriptors *descriptors, const char *rule, const char *said)
{
	struct callgate_subject *subject = policy(text);
	struct bpf_program *programs = calloc(times + 1, sizeof(*programs));
	struct callgate_filter *filter = NULL;
	struct callgate_report *report = NULL;
	size_t found = 0;

	assert_int_equal(callgate_subject_compile(subject, NULL, &filter, NULL), CALLGATE_OK);
	for (size_t i = 0; i < times; i++)
		programs[i] = filter->program;
	assert_int_equal(check_report_new(&(struct check_subject){ .programs = programs,
								   .program_count = times,
								   .diagram = subject->diagram,
								   .root = subject->root,
								   .process = process,
								   .descriptors = descriptors },
					  &report, NULL),
			 CALLGATE_OK);
	for (size_t i = 0; i < callgate_report_count(report); i++) {
		const struct callgate_finding *finding = callgate_report_at(report, i);

		if (strcmp(finding->rule, rule) != 0)
			continue;
		found++;
		if (said && !strstr(finding->detail, said))
			fail_msg("'%s' lacks '%s'", finding->detail, said);
	}
	callgate_report_free(report);
	callgate_filter_free(filter);
	callgate_subject_free(subject);
	free(programs);
	return found;
}

static size_t count_leaks(const char *text, struct kernel_descriptor descriptor, const char *said)
{
	const struct kernel_process process = { .seccomp = KERNEL_SECCOMP_FILTER, .no_new_privs = true };
	const struct kernel_descriptors descriptors = { &descriptor, 1, 1 };

	return count(text, 1, &process, &descriptors, "leaked-descriptor", said);
}

static void a_descriptor_that_an_allowed_call_can_use_is_told(void **state)
{
	const struct kernel_descriptor socket = { 3, KERNEL_DESCRIPTOR_SOCKET, true, "socket:[7]" };
	const struct kernel_descriptor folder = { 4, KERNEL_DESCRIPTOR_FOLDER, false, "/srv" };
	const struct kernel_descriptor device = { 5, KERNEL_DESCRIPTOR_DEVICE, true, "/dev/kvm" };
	const struct kernel_descriptor file = { 6, KERNEL_DESCRIPTOR_FILE, true, "/etc/shadow" };

	assert_int_equal(
		count_leaks(HEAD "allow sendto\n", socket, "descriptor 3 is a socket (socket:[7]), and sendto"), 1);
	assert_int_equal(count_leaks(HEAD "allow write\n", socket, "write sends over it"), 1);
	assert_int_equal(count_leaks(HEAD "allow read\n", socket, NULL), 0);
	assert_int_equal(
		count_leaks(HEAD "allow openat if flags & O_ACCMODE == O_RDONLY\n", folder, "(/srv), and openat"), 1);
	assert_int_equal(count_leaks(HEAD "allow read, write\n", folder, NULL), 0);
	assert_int_equal(count_leaks(HEAD "allow ioctl if request == 0xae00\n", device, "reaches its driver"), 1);
	assert_int_equal(count_leaks(HEAD "errno EPERM ioctl\nallow read\n", device, NULL), 0);
	assert_int_equal(count_leaks(HEAD "allow write\n", file, "(/etc/shadow), and write"), 1);
}

static void a_descriptor_that_was_named_or_leads_nowhere_is_not(void **state)
{
	static const char writes[] = HEAD "allow write, sendto, openat, ioctl\n";

	assert_int_equal(count_leaks(HEAD "allow write if fd in {1, 3}\n",
				     (struct kernel_descriptor){ 3, KERNEL_DESCRIPTOR_SOCKET, true, "socket:[7]" },
				     NULL),
			 0);
	assert_int_equal(count_leaks(writes,
				     (struct kernel_descriptor){ 1, KERNEL_DESCRIPTOR_DEVICE, true, "/dev/tty" }, NULL),
			 0);
	assert_int_equal(
		count_leaks(writes, (struct kernel_descriptor){ 3, KERNEL_DESCRIPTOR_FILE, false, "/etc/hosts" }, NULL),
		0);
	assert_int_equal(count_leaks(writes, (struct kernel_descriptor){ 3, KERNEL_DESCRIPTOR_PIPE, true, "pipe:[7]" },
				     NULL),
			 0);
	assert_int_equal(count_leaks(writes, (struct kernel_descriptor){ 3, KERNEL_DESCRIPTOR_OTHER, true, "eventfd" },
				     NULL),
			 0);
}

static void a_filter_without_no_new_privs_is_told(void **state)
{
	struct kernel_process process = { .seccomp = KERNEL_SECCOMP_FILTER };

	assert_int_equal(count(HEAD "allow read\n", 1, &process, NULL, "no-new-privs", NULL), 1);
	process.no_new_privs = true;
	assert_int_equal(count(HEAD "allow read\n", 1, &process, NULL, "no-new-privs", NULL), 0);
	process = (struct kernel_process){ .seccomp = KERNEL_SECCOMP_NONE };
	assert_int_equal(count("kernel 6.1\ndefault allow\n", 0, &process, NULL, "no-new-privs", NULL), 0);
	assert_int_equal(count(HEAD "allow read\n", 1, NULL, NULL, "no-new-privs", NULL), 0);
}

static void instructions_are_told_of_processes_with_filters(void **state)
{
	const struct kernel_process process = { .seccomp = KERNEL_SECCOMP_FILTER, .no_new_privs = true };
	size_t found = count(HEAD "allow read\n", 1, &process, NULL, "instruction-unfiltered", NULL);

#ifdef __x86_64__
	assert_in_range(found, 1, 2);
#else
	assert_int_equal(found, 0);
#endif
	assert_int_equal(count(HEAD "allow read\n", 1, NULL, NULL, "instruction-unfiltered", NULL), 0);
}

static void a_stack_that_leaves_no_room_is_told(void **state)
{
	const struct kernel_process process = { .seccomp = KERNEL_SECCOMP_FILTER, .no_new_privs = true };
	char text[16384] = HEAD "allow read if count in {0";
	size_t used = strlen(text);

	/* Some hundred instructions. */
	for (unsigned i = 1; i <= 200; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ", %u", i * 2654435761u);
	snprintf(text + used, sizeof(text) - used, "}\n");
	assert_int_equal(count(text, 2, &process, NULL, "stack-budget", NULL), 0);
	assert_int_equal(count(text, 2, NULL, NULL, "stack-budget", NULL), 0);
	assert_int_equal(count(text, 100, &process, NULL, "stack-budget", "100 filters take"), 1);
}

UNIT_TESTS(test_check_process, cmocka_unit_test(a_descriptor_that_an_allowed_call_can_use_is_told),
	   cmocka_unit_test(a_descriptor_that_was_named_or_leads_nowhere_is_not),
	   cmocka_unit_test(a_filter_without_no_new_privs_is_told),
	   cmocka_unit_test(instructions_are_told_of_processes_with_filters),
	   cmocka_unit_test(a_stack_that_leaves_no_room_is_told), )
