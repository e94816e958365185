/*
 * What strace wrote: what reads is compiled, which must end in a proved filter or an error.
 */
#include "fuzz.h"

#include <callgate/subject.h>

#include <stdlib.h>
#include <string.h>

/* Random comparisons of several arguments have no small meaning; the budget keeps an input to milliseconds. */
#define NODES_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_STRACE,
							  .kernel = 0x0601,
							  .nodes_max = NODES_MAX };
	struct callgate_subject *subject = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err;

	if (callgate_subject_parse("fuzz.strace", bytes, length, &options, &subject, &err) != CALLGATE_OK)
		return 0;
	if (callgate_subject_compile(subject, NULL, &filter, &err) == CALLGATE_E_UNPROVED)
		abort();
	callgate_filter_free(filter);
	callgate_subject_free(subject);
	return 0;
}
