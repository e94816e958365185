/*
 * An OCI profile: what reads is compiled, which must end in a proved filter or an error, and what its policy says is
 * shown. Any text may come, also one that is no JSON.
 */
#include "fuzz.h"

#include <callgate/subject.h>

#include <stdlib.h>

/* Random comparisons of several arguments have no small meaning; the budget keeps an input to milliseconds. */
#define NODES_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_OCI,
							  .kernel = 0x0601,
							  .nodes_max = NODES_MAX };
	struct callgate_subject *subject = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err;
	char *text = NULL;

	if (callgate_subject_parse("fuzz.json", bytes, length, &options, &subject, &err) != CALLGATE_OK)
		return 0;
	if (callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, NULL) == CALLGATE_OK)
		free(text);
	if (callgate_subject_compile(subject, NULL, &filter, &err) == CALLGATE_E_UNPROVED)
		abort();
	callgate_filter_free(filter);
	callgate_subject_free(subject);
	return 0;
}
