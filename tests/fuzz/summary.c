/* A summary that was kept, whose header and sum are right and whose body is anything: what is read must hold together. */
#include "fuzz.h"

#include "scan/summary_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct summary_key key = { .size = 1 };
	uint8_t *copy = malloc(length ? length : 1);

	if (!copy)
		return 0;
	memcpy(copy, bytes, length);
	summary_seal(copy, length, &key);
	summary_free(summary_read(copy, length, &key));
	free(copy);
	return 0;
}
