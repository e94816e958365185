/*
 * A text that a test wrote is well formed; what is wrong with one is its author's business, and shown.
 */
#include "conversion.h"

#include "unit.h"

#include "base/cleanup.h"

#include <string.h>

void conversion_free(struct callgate_conversion **conversion)
{
	callgate_conversion_free(*conversion);
}

void conversion_free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

struct callgate_subject *conversion_subject(const char *text)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };

	if (callgate_subject_parse("test.policy", text, strlen(text), NULL, &subject, &err))
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	return subject;
}

struct callgate_conversion *conversion_of(const char *text, enum callgate_target target)
{
	cleanup(conversion_free_subject) struct callgate_subject *subject = conversion_subject(text);
	struct callgate_conversion *conversion = NULL;
	struct callgate_error err = { 0 };

	if (callgate_convert(subject, target, &conversion, &err))
		fail_msg("%s", err.message);
	return conversion;
}

void conversion_is_refused(const char *text, enum callgate_target target, const char *message)
{
	cleanup(conversion_free_subject) struct callgate_subject *subject = conversion_subject(text);
	struct callgate_conversion *conversion = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(callgate_convert(subject, target, &conversion, &err), CALLGATE_E_UNSUPPORTED);
	assert_string_equal(err.message, message);
	assert_null(conversion);
}
