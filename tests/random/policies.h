/*
 * policies.h - random policies that most targets have words for, one after the other
 */
#ifndef CALLGATE_TESTS_POLICIES_H
#define CALLGATE_TESTS_POLICIES_H

#include "base/buf.h"

#include <stdint.h>

/* Rules of generate_policy for x86-64, under a header that every target can say. */
void random_policy(uint64_t seed, struct buf *text);

/* A program's whole main: arguments SEED COUNT; what fails is shown with its policy. finish says whether enough was
 * tried, and prints what (as lines of comment). */
int random_main(int argc, char **argv, bool (*try_policy)(const char *text, void *context),
		bool (*finish)(void *context), void *context);

#endif
