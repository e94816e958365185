/*
 * A configuration of a sandbox: what reads is printed, and what was printed must read, and print the same.
 */
#include "fuzz.h"

#include "sandbox/config.h"

#include <stdlib.h>
#include <string.h>

/* NULL when the text is none. */
static char *printed(const char *text, size_t length)
{
	struct callgate_sandbox *sandbox = NULL;
	char *out = NULL;

	if (callgate_sandbox_new(&sandbox, NULL) == CALLGATE_OK &&
	    callgate_sandbox_set_preset_folder(sandbox, "/no/such/folder", NULL) == CALLGATE_OK &&
	    config_parse(sandbox, "fuzz.yaml", text, length, NULL) == CALLGATE_OK)
		callgate_sandbox_print(sandbox, &out, NULL);
	callgate_sandbox_free(sandbox);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *once, *twice;

	if (length > CONFIG_BYTES_MAX)
		return 0;
	once = printed((const char *)bytes, length);
	if (!once)
		return 0;
	twice = printed(once, strlen(once));
	if (!twice || strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
	return 0;
}
