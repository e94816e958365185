/* A file of measured frequencies, lines `NAME COUNT`. */
#include "fuzz.h"

#include <callgate/filter.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct callgate_frequency *frequency = NULL;

	if (callgate_frequency_parse("fuzz.frequency", (const char *)bytes, length, &frequency, NULL) == CALLGATE_OK)
		callgate_frequency_free(frequency);
	return 0;
}
