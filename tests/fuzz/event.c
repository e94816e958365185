/* A line of an event file, callgate-events(5). What is read can be written, and is then read as the same. */
#include "fuzz.h"

#include <callgate/event.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct callgate_event *event = NULL, *again = NULL;
	char *line = NULL;

	if (callgate_event_parse((const char *)bytes, length, &event, NULL) != CALLGATE_OK)
		return 0;
	if (callgate_event_format(event, &line, NULL) == CALLGATE_OK && event->kind == CALLGATE_EVENT_REFUSED)
		if (callgate_event_parse(line, strlen(line), &again, NULL) != CALLGATE_OK)
			abort();
	free(line);
	callgate_event_free(again);
	callgate_event_free(event);
	return 0;
}
