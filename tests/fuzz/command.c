/* A constant of a program that it hands to the shell. A command that is not open names all that it starts, in words
 * that stand there. */
#include "fuzz.h"

#include "scan/command.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = strndup((const char *)bytes, length);
	struct command command = { .is_open = false };
	struct arena arena = { 0 };

	if (!text)
		return 0;
	if (!command_parse(&arena, text, &command))
		abort();
	for (size_t i = 0; i < command.programs.length; i++)
		if (!*command.programs.items[i] || strlen(command.programs.items[i]) > strlen(text))
			abort();
	free(text);
	arena_fini(&arena);
	return 0;
}
