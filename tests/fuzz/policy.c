/*
 * The text of a policy: it is parsed, laid out, and laid out again, which must change nothing; and what parses is
 * compiled, which must end in a proved filter or an error. `include` is left alone but for the groups: what files hold
 * is no business of a fuzzer.
 */
#include "fuzz.h"

#include <callgate/filter.h>
#include <callgate/policy.h>

#include <stdlib.h>
#include <string.h>

#define COMPILED_BYTES_MAX 2000

static void format_twice(const char *text, size_t length)
{
	char *once = NULL;
	char *twice = NULL;

	if (callgate_policy_format("fuzz.policy", text, length, &once, NULL) != CALLGATE_OK)
		return;
	if (callgate_policy_format("fuzz.policy", once, strlen(once), &twice, NULL) != CALLGATE_OK ||
	    strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
}

static void compile(const char *text, size_t length)
{
	const struct callgate_policy_options options = { .group_folder = FUZZ_GROUP_FOLDER };
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	int status = callgate_policy_parse("fuzz.policy", text, length, &options, &policy, NULL);

	if (status != CALLGATE_OK)
		return;
	if (length <= COMPILED_BYTES_MAX) {
		status = callgate_filter_compile(policy, NULL, &filter, NULL);
		if (status == CALLGATE_E_UNPROVED)
			abort();
		if (status == CALLGATE_OK)
			callgate_filter_free(filter);
	}
	callgate_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	format_twice((const char *)bytes, length);
	compile((const char *)bytes, length);
	return 0;
}
