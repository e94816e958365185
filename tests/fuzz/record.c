/* A SECCOMP record of the audit log, from the kernel, a file or somebody's pipe. */
#include "fuzz.h"

#include <callgate/monitor.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct callgate_event *event = NULL;

	if (callgate_audit_parse((const char *)bytes, length, &event, NULL) == CALLGATE_OK)
		callgate_event_free(event);
	return 0;
}
