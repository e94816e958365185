#include "unit.h"

#include <callgate/callgate.h>

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

static const char policy_text[] = "kernel 6.1\n"
				  "arch x86_64\n"
				  "default kill-process\n"
				  "allow read, write\n"
				  "allow openat if flags & O_ACCMODE == O_RDONLY\n"
				  "errno EPERM openat if flags & O_CREAT == O_CREAT\n"
				  "log socket if domain in {AF_UNIX, AF_INET}\n";

static struct callgate_subject *opened(const char *name, const void *bytes, size_t length)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };

	if (callgate_subject_parse(name, bytes, length, NULL, &subject, &err))
		fail_msg("%s:%u:%u: %s", err.file, err.line, err.col, err.message);
	return subject;
}

static struct callgate_subject *policy(const char *text)
{
	return opened("test.policy", text, strlen(text));
}

/* The subject of the filter that this one compiles to. */
static struct callgate_subject *compiled(const struct callgate_subject *subject)
{
	struct callgate_filter *filter = NULL;
	const struct sock_filter *insns;
	struct callgate_subject *raw;
	struct callgate_error err;
	size_t length;

	if (callgate_subject_compile(subject, NULL, &filter, &err))
		fail_msg("%s", err.message);
	insns = callgate_filter_program(filter, &length);
	raw = opened("test.bpf", insns, length * sizeof(*insns));
	callgate_filter_free(filter);
	return raw;
}

static void assert_action(const struct callgate_subject *subject, const char *call, uint32_t ret)
{
	struct callgate_action action;
	struct callgate_error err = { 0 };

	if (callgate_subject_simulate(subject, call, &action, &err))
		fail_msg("%s: %s", call, err.message);
	assert_int_equal(action.ret, ret);
}

static void assert_answers(const struct callgate_subject *subject)
{
	assert_action(subject, "x86_64:read(0)", SECCOMP_RET_ALLOW);
	assert_action(subject, "x86_64:openat(0, 0, O_RDONLY|O_CLOEXEC)", SECCOMP_RET_ALLOW);
	assert_action(subject, "x86_64:openat(0, 0, O_RDWR|O_CREAT)", SECCOMP_RET_ERRNO | 1);
	assert_action(subject, "x86_64:openat(0, 0, O_RDWR)", SECCOMP_RET_KILL_PROCESS);
	assert_action(subject, "x86_64:socket(AF_INET)", SECCOMP_RET_LOG);
	assert_action(subject, "x86_64:ptrace(0)", SECCOMP_RET_KILL_PROCESS);
	assert_action(subject, "x86_64:#5000", SECCOMP_RET_ERRNO | 38);
	assert_action(subject, "i386:read(0)", SECCOMP_RET_KILL_PROCESS);
	assert_action(subject, "x32:read(0)", SECCOMP_RET_KILL_PROCESS);
}

static void a_policy_and_its_filter_answer_alike(void **state)
{
	struct callgate_subject *written = policy(policy_text), *raw = compiled(written), *again = compiled(raw);

	assert_int_equal(callgate_subject_kind(written), CALLGATE_SUBJECT_POLICY);
	assert_int_equal(callgate_subject_kind(raw), CALLGATE_SUBJECT_BPF);
	assert_answers(written);
	assert_answers(raw);
	assert_answers(again);
	callgate_subject_free(written);
	callgate_subject_free(raw);
	callgate_subject_free(again);
}

static void a_filter_in_the_other_byte_order_is_read(void **state)
{
	struct callgate_subject *written = policy(policy_text), *swapped;
	struct callgate_filter *filter = NULL;
	const struct sock_filter *insns;
	struct sock_filter *other;
	size_t length;

	assert_int_equal(callgate_subject_compile(written, NULL, &filter, NULL), CALLGATE_OK);
	insns = callgate_filter_program(filter, &length);
	other = malloc(length * sizeof(*other));
	for (size_t i = 0; i < length; i++)
		other[i] = (struct sock_filter){ __builtin_bswap16(insns[i].code), insns[i].jt, insns[i].jf,
						 __builtin_bswap32(insns[i].k) };
	swapped = opened("swapped.bpf", other, length * sizeof(*other));
	assert_answers(swapped);
	free(other);
	callgate_filter_free(filter);
	callgate_subject_free(written);
	callgate_subject_free(swapped);
}

static void what_is_no_subject_is_refused(void **state)
{
	static const struct sock_filter endless[] = { { 0x06, 0, 0, 0 }, { 0x05, 0, 0, 5 } };
	static const char cut[] = "\x06\x00\x00\x00\x00";
	struct callgate_subject_options as_bpf = { .kind = CALLGATE_SUBJECT_BPF };
	struct callgate_subject *subject = NULL;
	struct callgate_error err;

	assert_int_equal(callgate_subject_parse("x", cut, 5, NULL, &subject, &err), CALLGATE_E_INVALID);
	assert_int_equal(callgate_subject_parse("x", endless, sizeof(endless), NULL, &subject, &err),
			 CALLGATE_E_INVALID);
	assert_string_equal(err.file, "x");
	assert_int_equal(callgate_subject_parse("x", "", 0, NULL, &subject, &err), CALLGATE_E_SYNTAX);
	assert_int_equal(callgate_subject_parse("x", "nonsense", 8, NULL, &subject, &err), CALLGATE_E_SYNTAX);
	assert_int_equal(callgate_subject_parse("x", "nonsense", 8, &as_bpf, &subject, &err), CALLGATE_E_INVALID);
	assert_int_equal(callgate_subject_open("/nonexistent/x", NULL, &subject, &err), CALLGATE_E_OS);
	assert_null(subject);
}

static struct callgate_explanation explained(const struct callgate_subject *subject, const char *call)
{
	struct callgate_explanation explanation;
	struct callgate_error err;

	if (callgate_subject_explain(subject, call, &explanation, &err))
		fail_msg("%s: %s", call, err.message);
	return explanation;
}

static void an_explanation_names_the_rule(void **state)
{
	struct callgate_subject *subject = policy(policy_text);
	struct callgate_explanation why = explained(subject, "x86_64:openat(0, 0, O_RDWR|O_CREAT)");

	assert_int_equal(why.line, 6);
	assert_string_equal(why.file, "test.policy");
	assert_string_equal(why.rule, "errno EPERM openat if flags & O_CREAT == O_CREAT");
	assert_non_null(strstr(why.reason, "flags = 0x42"));
	assert_non_null(strstr(why.reason, "test.policy:5"));
	assert_int_equal(explained(subject, "x86_64:read()").line, 4);
	callgate_subject_free(subject);
}

static void an_explanation_names_the_default(void **state)
{
	struct callgate_subject *subject = policy(policy_text);

	assert_int_equal(explained(subject, "x86_64:ptrace()").line, 0);
	assert_non_null(strstr(explained(subject, "x86_64:ptrace()").reason, "no rule lists ptrace"));
	assert_non_null(strstr(explained(subject, "x86_64:openat(0, 0, O_RDWR)").reason, "no condition"));
	assert_non_null(strstr(explained(subject, "x86_64:#5000").reason, "`newer` decides"));
	assert_non_null(strstr(explained(subject, "i386:read()").reason, "does not name the arch i386"));
	assert_non_null(strstr(explained(subject, "x32:read()").reason, "does not name the arch x32"));
	callgate_subject_free(subject);
}

static void a_difference_has_a_witness_that_shows_it(void **state)
{
	struct callgate_subject *a = policy(policy_text);
	struct callgate_subject *b = policy("kernel 6.1\narch x86_64\ndefault kill-process\n"
					    "allow read, write, openat\nlog socket if domain in {AF_UNIX, AF_INET}\n");
	struct callgate_diff *diff = NULL;

	assert_int_equal(callgate_diff_new(a, b, &diff, NULL), CALLGATE_OK);
	assert_int_equal(callgate_diff_count(diff), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct callgate_difference *difference = callgate_diff_at(diff, i);

		assert_string_equal(difference->syscall, "openat");
		assert_string_equal(difference->arch, "x86_64");
		assert_non_null(difference->condition);
		assert_int_equal(difference->b.ret, SECCOMP_RET_ALLOW);
		assert_action(a, difference->witness, difference->a.ret);
		assert_action(b, difference->witness, difference->b.ret);
	}
	callgate_diff_keep_looser(diff);
	assert_int_equal(callgate_diff_count(diff), 2);
	callgate_diff_free(diff);
	assert_int_equal(callgate_diff_new(b, a, &diff, NULL), CALLGATE_OK);
	callgate_diff_keep_looser(diff);
	assert_int_equal(callgate_diff_count(diff), 0);
	callgate_diff_free(diff);
	callgate_subject_free(a);
	callgate_subject_free(b);
}

static void equal_meanings_have_no_difference(void **state)
{
	struct callgate_subject *a = policy(policy_text), *b = compiled(a);
	struct callgate_diff *diff = NULL;

	assert_int_equal(callgate_diff_new(a, b, &diff, NULL), CALLGATE_OK);
	assert_int_equal(callgate_diff_count(diff), 0);
	callgate_diff_free(diff);
	callgate_subject_free(a);
	callgate_subject_free(b);
}

static void a_merge_is_the_kernels_stacking(void **state)
{
	struct callgate_subject *a = policy(policy_text);
	struct callgate_subject *b =
		policy("kernel 6.1\narch x86_64\ndefault allow\nerrno EACCES read\nkill-process write\n");
	const struct callgate_subject *stack[] = { a, b };
	struct callgate_filter *filter = NULL;
	struct callgate_subject *both;
	const struct sock_filter *insns;
	size_t length;

	assert_int_equal(callgate_subject_merge(stack, 2, NULL, &filter, NULL), CALLGATE_OK);
	insns = callgate_filter_program(filter, &length);
	both = opened("both", insns, length * sizeof(*insns));
	assert_action(both, "x86_64:read()", SECCOMP_RET_ERRNO | 13);
	assert_action(both, "x86_64:write()", SECCOMP_RET_KILL_PROCESS);
	assert_action(both, "x86_64:openat()", SECCOMP_RET_ALLOW);
	assert_action(both, "x86_64:ptrace()", SECCOMP_RET_KILL_PROCESS);
	callgate_filter_free(filter);
	callgate_subject_free(a);
	callgate_subject_free(b);
	callgate_subject_free(both);
}

static void the_forms_show_what_there_is(void **state)
{
	struct callgate_subject *subject = policy(policy_text);
	char *text = NULL;

	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, NULL), CALLGATE_OK);
	assert_non_null(strstr(text, "x86_64\n"));
	assert_non_null(strstr(text, "  openat "));
	assert_null(strstr(text, "ptrace"));
	free(text);
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_ASM, &text, NULL), CALLGATE_OK);
	assert_non_null(strstr(text, "ret"));
	free(text);
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_DIAGRAM, &text, NULL), CALLGATE_OK);
	assert_int_equal(strncmp(text, "digraph", 7), 0);
	free(text);
	callgate_subject_free(subject);
}

static void every_allocation_may_fail(void **state)
{
	static const char text[] =
		"kernel 6.1\narch x86_64\ndefault kill-process\nallow read\nallow dup if arg0 == 3\n";

	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		struct callgate_filter *filter = NULL;
		struct callgate_diff *diff = NULL;
		struct callgate_explanation why;
		char *shown = NULL;
		struct callgate_error err = { 0 };

		if (!callgate_subject_parse("x", text, sizeof(text) - 1, NULL, &subject, &err) &&
		    !callgate_subject_compile(subject, NULL, &filter, &err) &&
		    !callgate_subject_explain(subject, "x86_64:dup(3)", &why, &err) &&
		    !callgate_subject_show(subject, CALLGATE_FORM_TABLE, &shown, &err))
			callgate_diff_new(subject, subject, &diff, &err);
		assert_true(err.status == CALLGATE_OK || err.status == CALLGATE_E_NOMEM);
		assert_true(unit_allocation_failed() == (err.status == CALLGATE_E_NOMEM));
		free(shown);
		callgate_diff_free(diff);
		callgate_filter_free(filter);
		callgate_subject_free(subject);
	});
}

/* A product of two arguments: instructions can be run and read, but nothing is known of the meaning. */
static void an_unknown_meaning_leaves_the_instructions(void **state)
{
	static const struct sock_filter product[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),	       BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24),	       BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 42, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_BPF, .nodes_max = 1 << 16 };
	struct callgate_subject *subject = NULL;
	struct callgate_explanation explanation;
	struct callgate_filter *filter = NULL;
	struct callgate_report *report = NULL;
	struct callgate_costs *costs = NULL;
	struct callgate_diff *diff = NULL;
	struct callgate_error err = { 0 };
	char *text = NULL;

	assert_int_equal(callgate_subject_parse("x", product, sizeof(product), &options, &subject, &err),
			 CALLGATE_E_LIMIT);
	options.may_be_unknown = true;
	assert_int_equal(callgate_subject_parse("x", product, sizeof(product), &options, &subject, &err), CALLGATE_OK);
	assert_action(subject, "x86_64:read(6, 7)", SECCOMP_RET_TRAP);
	assert_action(subject, "x86_64:read(6, 8)", SECCOMP_RET_ALLOW);
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_ASM, &text, &err), CALLGATE_OK);
	assert_non_null(strstr(text, "mul x"));
	free(text);
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, &err), CALLGATE_E_LIMIT);
	assert_non_null(strstr(err.message, "instruction 3 "));
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_DIAGRAM, &text, &err), CALLGATE_E_LIMIT);
	assert_int_equal(callgate_subject_compile(subject, NULL, &filter, &err), CALLGATE_E_LIMIT);
	assert_int_equal(callgate_subject_explain(subject, "read(6, 7)", &explanation, &err), CALLGATE_E_LIMIT);
	assert_int_equal(callgate_check(subject, &report, &err), CALLGATE_E_LIMIT);
	assert_int_equal(callgate_costs_new(subject, NULL, &costs, &err), CALLGATE_E_LIMIT);
	assert_int_equal(callgate_diff_new(subject, subject, &diff, &err), CALLGATE_E_LIMIT);
	callgate_subject_free(subject);
}

UNIT_TESTS(test_filter_subject, cmocka_unit_test(a_policy_and_its_filter_answer_alike),
	   cmocka_unit_test(a_filter_in_the_other_byte_order_is_read), cmocka_unit_test(what_is_no_subject_is_refused),
	   cmocka_unit_test(an_explanation_names_the_rule), cmocka_unit_test(an_explanation_names_the_default),
	   cmocka_unit_test(a_difference_has_a_witness_that_shows_it),
	   cmocka_unit_test(an_unknown_meaning_leaves_the_instructions),
	   cmocka_unit_test(equal_meanings_have_no_difference), cmocka_unit_test(a_merge_is_the_kernels_stacking),
	   cmocka_unit_test(the_forms_show_what_there_is), cmocka_unit_test(every_allocation_may_fail), )
