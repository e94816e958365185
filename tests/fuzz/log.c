/* What strace or the audit log wrote of a run, read as evidence; the first byte says which. What was read can be
 * written. */
#include "fuzz.h"

#include "learn/evidence_file.h"
#include "observe/log.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct log_text text = { .name = "fuzz.1" };
	struct evidence *evidence = evidence_new();
	struct buf written = { 0 };
	struct log_end end;
	char *copy = malloc(length ? length : 1);

	if (evidence && copy && length) {
		memcpy(copy, bytes + 1, length - 1);
		text.text = copy;
		text.length = length - 1;
		if (log_read(bytes[0] == 'a' ? LOG_AUDIT : LOG_STRACE, &text, 1, evidence, &end, NULL) == CALLGATE_OK)
			evidence_write(evidence, &written, NULL);
	}
	buf_fini(&written);
	free(copy);
	evidence_free(evidence);
	return 0;
}
