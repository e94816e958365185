/* An older report, which the next one reads to say what changed: whatever it holds, a page comes of it. */
#include "fuzz.h"

#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	json_t *old = NULL;
	json_t *data = NULL;
	struct buf page = { 0 };

	if (report_parse("fuzz.html", (const char *)bytes, length, &old, NULL) != CALLGATE_OK)
		return 0;
	/* It is compared with itself, so that every part of it is looked at and printed. */
	data = json_deep_copy(old);
	if (data && report_since(data, old, NULL) == CALLGATE_OK)
		report_page(data, &page, NULL);
	buf_fini(&page);
	json_decref(data);
	json_decref(old);
	return 0;
}
