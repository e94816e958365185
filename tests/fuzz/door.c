/* What a request to the monitor's page says: method, path, Host, Origin, Sec-Fetch-Site, Authorization, a line each.
 * Data is for who shows the token at the right address, and for nobody else. */
#include "fuzz.h"

#include "monitor/door.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct door door = { .address = "127.0.0.1:8080", .token = "0123456789abcdef" };
	const char *parts[PARTS] = { "", "" };
	char *text = strndup((const char *)bytes, length), *rest = text;
	struct door_request request;
	enum door_answer answer;

	if (!text)
		return 0;
	for (int i = 0; i < PARTS && rest; i++)
		parts[i] = strsep(&rest, "\n");
	request = (struct door_request){ parts[0], parts[1], parts[2], parts[3], parts[4], parts[5] };
	answer = door_judge(&door, &request);
	if ((answer == DOOR_STATE || answer == DOOR_EVENTS) &&
	    (strcmp(request.host, door.address) != 0 || strcmp(request.authorization, "Bearer 0123456789abcdef") != 0))
		abort();
	free(text);
	return 0;
}
