/*
 * Patterns and addresses of broker rules: what they match, and what is none.
 */
#include "unit.h"

#include "policy/broker.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static void patterns_match_names(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} cases[] = {
		{ "**", "/", true },
		{ "**", "/a/b", true },
		{ "/**", "/", true },
		{ "/**", "/a/b/c", true },
		{ "/", "/", true },
		{ "/", "/a", false },
		{ "/a", "/a", true },
		{ "/a", "/ab", false },
		{ "/ab", "/a", false },
		{ "/a", "/a/b", false },
		{ "/a/b", "/a", false },
		{ "/a/**", "/a", true },
		{ "/a/**", "/a/b", true },
		{ "/a/**", "/ab", false },
		{ "/a/**", "/b/a", false },
		{ "/a/*", "/a", false },
		{ "/a/*", "/a/b", true },
		{ "/a/*", "/a/b/c", false },
		{ "/*", "/", false },
		{ "/a/*.so*", "/a/libc.so.6", true },
		{ "/a/*.so*", "/a/b/libc.so.6", false },
		{ "/a/*.so*", "/a/libc.s", false },
		{ "/a/?", "/a/b", true },
		{ "/a/?", "/a/bc", false },
		{ "/a?b", "/a/b", false },
		{ "/**/b", "/b", true },
		{ "/**/b", "/a/b", true },
		{ "/**/b", "/a/c/b", true },
		{ "/**/b", "/a/b/c", false },
		{ "/**/b/**", "/a/b/c/d", true },
		{ "/a/**/b/**/c", "/a/b/b/b/c", true },
		{ "/a/**/b/**/c", "/a/b/d", false },
		{ "/a/**/b/c", "/a/b/b/c", true },
		{ "/*a*b*", "/xaybz", true },
		{ "/*a*b*", "/xbya", false },
		{ "/aaa*aaa", "/aaaaa", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (policy_pattern_matches(cases[i].pattern, cases[i].path) != cases[i].matches)
			fail_msg("%s %s %s", cases[i].pattern, cases[i].matches ? "misses" : "matches", cases[i].path);
}

/* Stars that could be tried in 2^n ways are not. */
static void a_hostile_pattern_costs_no_more_than_a_product(void **state)
{
	char pattern[2048] = "", path[4096] = "";

	for (int i = 0; i < 200; i++)
		strcat(pattern, "/**/a*");
	strcat(pattern, "/b");
	for (int i = 0; i < 600; i++)
		strcat(path, "/aaaa");
	assert_false(policy_pattern_matches(pattern, path));
}

static struct policy_address parse(const char *text)
{
	struct policy_address address = { 0 };
	struct callgate_error err = { 0 };

	if (policy_address_parse(text, &address, &err) != CALLGATE_OK)
		fail_msg("%s", err.message);
	return address;
}

static void addresses_are_host_and_port(void **state)
{
	struct policy_address address = parse("127.0.0.1:5432");

	assert_int_equal(address.family, AF_INET);
	assert_int_equal(address.prefix, 32);
	assert_memory_equal(address.bytes, "\x7f\0\0\1", 4);
	assert_int_equal(address.port_low, 5432);
	assert_int_equal(address.port_high, 5432);
	address = parse("10.0.0.0/8:1-1024");
	assert_int_equal(address.prefix, 8);
	assert_int_equal(address.port_low, 1);
	assert_int_equal(address.port_high, 1024);
	address = parse("[2001:db8::]/32:*");
	assert_int_equal(address.family, AF_INET6);
	assert_int_equal(address.prefix, 32);
	assert_int_equal(address.port_low, 0);
	assert_int_equal(address.port_high, 65535);
	address = parse("*:80");
	assert_int_equal(address.family, AF_UNSPEC);
	assert_string_equal(address.name, "");
	address = parse("db.example.com:5432");
	assert_string_equal(address.name, "db.example.com");
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		":",
		"80",
		":80",
		"1.2.3.4",
		"1.2.3.4:",
		"1.2.3.4:65536",
		"1.2.3.4:x",
		"1.2.3.4:80-",
		"1.2.3.4:80-79",
		"1.2.3.4/33:80",
		"1.2.3.4/:80",
		"1.2.3:80",
		"1.2.3.4.5:80",
		"::1:80",
		"[::1:80",
		"[::1]/129:80",
		"[1.2.3.4]:80",
		"*/8:80",
		"a.b/8:80",
		"a b:80",
		"1.2.3.4:-1",
		"[]:80",
		"[:80",
		"1.2.3.4:99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct policy_address address = { .port_low = 7 };
		struct callgate_error err = { 0 };

		if (policy_address_parse(texts[i], &address, &err) != CALLGATE_E_SYNTAX)
			fail_msg("'%s' is an address", texts[i]);
		assert_int_equal(address.port_low, 7);
		assert_true(err.hint[0]);
	}
}

UNIT_TESTS(test_policy_broker, cmocka_unit_test(patterns_match_names),
	   cmocka_unit_test(a_hostile_pattern_costs_no_more_than_a_product),
	   cmocka_unit_test(addresses_are_host_and_port), cmocka_unit_test(what_is_no_address_is_refused), )
