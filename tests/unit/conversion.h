/*
 * conversion.h - a policy's text written for a target, for the tests of the targets
 */
#ifndef CALLGATE_TESTS_CONVERSION_H
#define CALLGATE_TESTS_CONVERSION_H

#include <callgate/convert.h>

/* For the cleanup attribute. */
void conversion_free(struct callgate_conversion **conversion);
void conversion_free_subject(struct callgate_subject **subject);

/* The subject of a text that is well formed; the test fails otherwise, with what is wrong. */
struct callgate_subject *conversion_subject(const char *text);

/* The same, written for a target. */
struct callgate_conversion *conversion_of(const char *text, enum callgate_target target);

/* The target has no words for it: this is said, and nothing is written. */
void conversion_is_refused(const char *text, enum callgate_target target, const char *message);

#endif
