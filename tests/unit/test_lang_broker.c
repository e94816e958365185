/*
 * Broker rules as text: read, printed, read again; and what is wrong with one, at its place.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "lang/lang.h"
#include "lang/print.h"

#include <stdio.h>
#include <string.h>

#define HEADER "kernel 6.1\ndefault allow\n"

static int parse(const char *rules, struct callgate_policy **ret_policy, struct callgate_error *err)
{
	char text[2048];

	snprintf(text, sizeof(text), HEADER "%s", rules);
	return callgate_policy_parse("test", text, strlen(text), NULL, ret_policy, err);
}

static const char two_rules[] =
	"notify openat, open via files { read \"/srv/**\"; read-write /var/x\n deny \"**\" }\n"
	"notify connect via network { allow tcp [::1]:53 ; allow unix \"@x\" deny \"**\" errno 5 } "
	"if addrlen > 2\n";

static void a_rule_carries_its_broker(void **state)
{
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	const struct policy_rule *rules;

	assert_int_equal(parse(two_rules, &policy, &err), CALLGATE_OK);
	rules = policy->policy->rules.items;
	assert_int_equal(policy->policy->rules.length, 2);
	assert_int_equal(rules[0].action.kind, POLICY_NOTIFY);
	assert_int_equal(rules[0].broker->kind, POLICY_BROKER_FILES);
	assert_int_equal(rules[0].broker->clause_count, 3);
	assert_int_equal(rules[0].broker->clauses[1].kind, POLICY_CLAUSE_READ_WRITE);
	assert_string_equal(rules[0].broker->clauses[1].text, "/var/x");
	assert_string_equal(rules[0].broker->clauses[2].denial.errno_name, "EACCES");
	assert_int_equal(rules[1].broker->clauses[0].transport, POLICY_TRANSPORT_TCP);
	assert_string_equal(rules[1].broker->clauses[0].text, "[::1]:53");
	assert_int_equal(rules[1].broker->clauses[2].transport, POLICY_TRANSPORT_ANY);
	assert_int_equal(rules[1].condition->kind, POLICY_COMPARE);
	callgate_policy_free(policy);
}

static void what_is_printed_is_read_again(void **state)
{
	struct callgate_policy *policy = NULL, *again = NULL;
	cleanup(buf_fini) struct buf first = { 0 }, second = { 0 };
	struct callgate_error err;

	assert_int_equal(parse(two_rules, &policy, &err), CALLGATE_OK);
	print_policy(&first, policy->policy);
	assert_int_equal(callgate_policy_parse("again", buf_text(&first), first.length, NULL, &again, &err),
			 CALLGATE_OK);
	print_policy(&second, again->policy);
	assert_string_equal(buf_text(&first), buf_text(&second));
	callgate_policy_free(policy);
	callgate_policy_free(again);
}

static void comments_stay_between_clauses(void **state)
{
	static const char text[] = "# above\n"
				   "notify openat via files { # first\n"
				   "read \"/a\" ; deny \"/b\" # both\n"
				   "# third\n"
				   "read \"/c\" # its own\n"
				   "# last\n"
				   "} if flags == 0 # behind\n";
	static const char expected[] = "# above\n"
				       "notify openat via files {\n"
				       "    # first\n"
				       "    read \"/a\"\n"
				       "    deny \"/b\" errno EACCES  # both\n"
				       "    # third\n"
				       "    read \"/c\"  # its own\n"
				       "    # last\n"
				       "} if flags == 0  # behind\n";
	cleanup_free char *once = NULL, *twice = NULL;

	assert_int_equal(callgate_policy_format("x", text, sizeof(text) - 1, &once, NULL), CALLGATE_OK);
	assert_string_equal(once, expected);
	assert_int_equal(callgate_policy_format("x", once, strlen(once), &twice, NULL), CALLGATE_OK);
	assert_string_equal(twice, expected);
}

static void mistakes_are_told_at_their_place(void **state)
{
	static const struct {
		const char *rule;
		int status;
		unsigned col;
		const char *hint; /* part of it, or "" */
	} cases[] = {
		{ "notify openat via filez { read \"/a\" }", CALLGATE_E_SYNTAX, 19, "'files'" },
		{ "notify openat files { read \"/a\" }", CALLGATE_E_SYNTAX, 15, "" },
		{ "notify openat via once", CALLGATE_E_SYNTAX, 19, "" },
		{ "notify openat onse", CALLGATE_E_SYNTAX, 15, "'once'" },
		{ "allow openat once", CALLGATE_E_SYNTAX, 14, "" },
		{ "notify openat via files", CALLGATE_E_SYNTAX, 24, "" },
		{ "notify openat via files { }", CALLGATE_E_SYNTAX, 27, "deny \"**\"" },
		{ "notify openat via files { reed \"/a\" }", CALLGATE_E_SYNTAX, 27, "'read'" },
		{ "notify openat via files { allow tcp 1.2.3.4:5 }", CALLGATE_E_SYNTAX, 27, "" },
		{ "notify openat via files { read \"a\" }", CALLGATE_E_SYNTAX, 32, "root" },
		{ "notify openat via files { read \"\" }", CALLGATE_E_SYNTAX, 32, "" },
		{ "notify openat via files { read \"/a/../b\" }", CALLGATE_E_SYNTAX, 32, "'..'" },
		{ "notify openat via files { read \"/a/**b\" }", CALLGATE_E_SYNTAX, 32, "whole names" },
		{ "notify openat via files { deny \"**\" errno EFOO }", CALLGATE_E_UNKNOWN, 43, "" },
		{ "notify openat via files { deny \"**\" allow }", CALLGATE_E_SYNTAX, 37, "" },
		{ "notify read via files { read \"/a\" }", CALLGATE_E_UNKNOWN, 8, "openat" },
		{ "notify connect via network { allow tpc 1.2.3.4:5 }", CALLGATE_E_SYNTAX, 36, "'tcp'" },
		{ "notify connect via network { allow tcp 1.2.3.4 }", CALLGATE_E_SYNTAX, 40, "HOST:PORT" },
		{ "notify connect via network { allow unix run }", CALLGATE_E_SYNTAX, 41, "@" },
		{ "notify kill own-childen", CALLGATE_E_SYNTAX, 13, "'own-children'" },
		{ "notify connect own-children", CALLGATE_E_UNKNOWN, 8, "kill" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct callgate_policy *policy = NULL;
		struct callgate_error err = { 0 };
		int status = parse(cases[i].rule, &policy, &err);

		if (status != cases[i].status || err.line != 3 || err.col != cases[i].col ||
		    !strstr(err.hint, cases[i].hint))
			fail_msg("%s: %d at %u:%u: %s (%s)", cases[i].rule, status, err.line, err.col, err.message,
				 err.hint);
		assert_null(policy);
	}
}

static void a_failing_allocation_fails_the_policy(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_policy *policy = NULL;
		struct callgate_error err = { 0 };

		if (parse(two_rules, &policy, &err) == CALLGATE_OK)
			callgate_policy_free(policy);
		else
			assert_int_equal(err.status, CALLGATE_E_NOMEM);
	});
}

UNIT_TESTS(test_lang_broker, cmocka_unit_test(a_rule_carries_its_broker),
	   cmocka_unit_test(what_is_printed_is_read_again), cmocka_unit_test(comments_stay_between_clauses),
	   cmocka_unit_test(mistakes_are_told_at_their_place),
	   cmocka_unit_test(a_failing_allocation_fails_the_policy), )
