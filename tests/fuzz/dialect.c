/*
 * What another tool reads, of the kind that the build names: what reads is compiled, which must end in a proved filter
 * or an error, and what its policy says is shown. What a line includes is left alone: what files hold is no business of
 * a fuzzer.
 */
#include "fuzz.h"

#include <callgate/subject.h>

#include <stdlib.h>
#include <string.h>

/* Random comparisons of several arguments have no small meaning; the budget keeps an input to milliseconds. */
#define NODES_MAX 20000

static int includes(const uint8_t *bytes, size_t length)
{
	static const char word[] = FUZZ_INCLUDE;

	return sizeof(word) > 1 && memmem(bytes, length, word, sizeof(word) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct callgate_subject_options options = { .kind = FUZZ_KIND, .kernel = 0x0601, .nodes_max = NODES_MAX };
	struct callgate_subject *subject = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err;
	char *text = NULL;

	if (includes(bytes, length) ||
	    callgate_subject_parse("fuzz", bytes, length, &options, &subject, &err) != CALLGATE_OK)
		return 0;
	if (callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, NULL) == CALLGATE_OK)
		free(text);
	if (callgate_subject_compile(subject, NULL, &filter, &err) == CALLGATE_E_UNPROVED)
		abort();
	callgate_filter_free(filter);
	callgate_subject_free(subject);
	return 0;
}
