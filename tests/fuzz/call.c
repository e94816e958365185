/* The text of a call, as `simulate` and `explain` take it from a shell or from strace's output. */
#include "fuzz.h"

#include <callgate/subject.h>

#include <stdlib.h>
#include <string.h>

static const char policy[] = "kernel 6.1\ndefault kill-process\nallow openat if flags & O_ACCMODE == O_RDONLY\n";

static struct callgate_subject *make_subject(void)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_POLICY };
	struct callgate_subject *subject = NULL;

	if (callgate_subject_parse("fuzz.policy", policy, sizeof(policy) - 1, &options, &subject, NULL) != CALLGATE_OK)
		abort();
	return subject;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct callgate_subject *subject;
	struct callgate_explanation explanation;
	char *call = malloc(length + 1);

	if (!subject)
		subject = make_subject();
	if (!call)
		return 0;
	memcpy(call, bytes, length);
	call[length] = '\0';
	callgate_subject_explain(subject, call, &explanation, NULL);
	free(call);
	return 0;
}
