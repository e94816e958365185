/*
 * Anybody's filter or policy, written for every target: what is written can always be read, and what cannot be written
 * is said.
 */
#include "fuzz.h"

#include <callgate/convert.h>

#include <stdlib.h>

#define NODES_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct callgate_subject_options options = { .nodes_max = NODES_MAX };
	struct callgate_subject *subject = NULL;

	if (callgate_subject_parse("fuzz", bytes, length, &options, &subject, NULL) != CALLGATE_OK)
		return 0;
	for (int target = 0; callgate_target_name((enum callgate_target)target); target++) {
		struct callgate_conversion *conversion = NULL;
		struct callgate_error err;
		int status = callgate_convert(subject, (enum callgate_target)target, &conversion, &err);

		if (status != CALLGATE_OK && status != CALLGATE_E_UNSUPPORTED && status != CALLGATE_E_LIMIT)
			abort();
		callgate_conversion_free(conversion);
	}
	callgate_subject_free(subject);
	return 0;
}
