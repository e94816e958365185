/*
 * Somebody else's filter, raw: it is checked as the kernel does, lifted, read back as text in all three forms, and
 * compiled anew. What the kernel would refuse is refused here; what it takes has an exact meaning or spends its budget.
 */
#include "fuzz.h"

#include <callgate/subject.h>

#include <stdlib.h>

/* Arithmetic that was damaged at random has no small meaning; the budget is what keeps an input to milliseconds. */
#define NODES_MAX 20000

static void show(const struct callgate_subject *subject, enum callgate_form form)
{
	char *text = NULL;

	if (callgate_subject_show(subject, form, &text, NULL) == CALLGATE_OK)
		free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_BPF, .nodes_max = NODES_MAX };
	struct callgate_subject *subject = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err;
	int status = callgate_subject_parse("fuzz.bpf", bytes, length, &options, &subject, &err);

	if (status != CALLGATE_OK)
		return 0;
	show(subject, CALLGATE_FORM_TABLE);
	show(subject, CALLGATE_FORM_ASM);
	show(subject, CALLGATE_FORM_DIAGRAM);
	status = callgate_subject_compile(subject, NULL, &filter, &err);
	if (status == CALLGATE_E_UNPROVED)
		abort();
	if (status == CALLGATE_OK)
		callgate_filter_free(filter);
	callgate_subject_free(subject);
	return 0;
}
