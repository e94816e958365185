/*
 * The config.json of an OCI bundle: what is read is settings, which print, and whose print reads and prints the same.
 */
#include "fuzz.h"

#include "bundle/bundle.h"
#include "sandbox/config.h"
#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

static char *print_free(struct callgate_sandbox *sandbox)
{
	char *text = NULL;

	callgate_sandbox_print(sandbox, &text, NULL);
	callgate_sandbox_free(sandbox);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct callgate_error err = { 0 };
	struct bundle bundle = { .folder = "/bundle", .config = "/bundle/config.json", .err = &err };
	struct callgate_sandbox *again = NULL;
	char *once, *twice;

	if (length > BUNDLE_BYTES_MAX || callgate_sandbox_new(&bundle.sandbox, NULL) != CALLGATE_OK)
		return 0;
	bundle.arena = &bundle.sandbox->arena;
	if (bundle_parse(&bundle, (const char *)bytes, length) != CALLGATE_OK) {
		callgate_sandbox_free(bundle.sandbox);
		return 0;
	}
	once = print_free(bundle.sandbox);
	if (!once || callgate_sandbox_new(&again, NULL) != CALLGATE_OK ||
	    config_parse(again, "print", once, strlen(once), NULL) != CALLGATE_OK)
		abort();
	twice = print_free(again);
	if (!twice || strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
	return 0;
}
