/* A file of evidence, as `learn` reads it again when runs are merged; what can be read can be written. */
#include "fuzz.h"

#include "base/buf.h"
#include "learn/evidence_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct evidence *evidence = NULL;
	struct buf text = { 0 };

	if (evidence_parse("fuzz.evidence", (const char *)bytes, length, &evidence, NULL) == CALLGATE_OK) {
		evidence_write(evidence, &text, NULL);
		evidence_free(evidence);
	}
	buf_fini(&text);
	return 0;
}
