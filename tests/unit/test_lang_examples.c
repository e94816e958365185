/*
 * What the documents show as a policy is one: every block of docs/language.md and of the man page is read and made a
 * diagram.
 */
#include "unit.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "diagram/meaning.h"
#include "lang/lang.h"

#include <string.h>

static const char header[] = "kernel 6.1\narch x86_64, aarch64\ndefault kill-process\n";

static void try_block(const char *name, const char *text, size_t length)
{
	static const struct callgate_policy_options options = { .group_folder = TEST_SOURCE_ROOT "/policies" };
	cleanup(buf_fini) struct buf whole = { 0 };
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	struct diagram *diagram = diagram_new(0);
	uint32_t root;

	if (!memmem(text, length, "kernel ", 7))
		buf_puts(&whole, header);
	buf_add(&whole, text, length);
	if (callgate_policy_parse(name, whole.data, whole.length, &options, &policy, &err) ||
	    diagram_from_policy(diagram, policy->policy, &root, &err))
		fail_msg("%s: %s:%u: %s\n%s", name, err.file, err.line, err.message, whole.data);
	diagram_free(diagram);
	callgate_policy_free(policy);
}

/* Blocks between a line that is `fence` and one that is ```; how many there were. */
static unsigned try_blocks(const char *path, const char *fence)
{
	cleanup(buf_fini) struct buf bytes = { 0 };
	struct callgate_error err = { 0 };
	unsigned count = 0;
	const char *at;

	if (file_read(path, 1 << 20, &bytes, &err))
		fail_msg("%s", err.message);
	at = bytes.data;
	while ((at = strstr(at, fence))) {
		const char *start = at + strlen(fence);
		const char *end = strstr(start, "\n```");

		assert_non_null(end);
		try_block(path, start, (size_t)(end + 1 - start));
		count++;
		at = end + 4;
	}
	return count;
}

static void every_policy_of_the_walk_is_one(void **state)
{
	assert_in_range(try_blocks(TEST_SOURCE_ROOT "/docs/language.md", "```policy\n"), 8, 100);
}

static void every_block_of_the_man_page_is_a_policy(void **state)
{
	assert_in_range(try_blocks(TEST_SOURCE_ROOT "/man/callgate-policy.5.scd.in", "\n```\n"), 4, 100);
}

UNIT_TESTS(test_lang_examples, cmocka_unit_test(every_policy_of_the_walk_is_one),
	   cmocka_unit_test(every_block_of_the_man_page_is_a_policy), )
