/* An ELF file, as `scan` reads what somebody else built. */
#include "fuzz.h"

#include "elf/module.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct module *module = NULL;

	if (module_parse("fuzz.elf", bytes, length, &module, NULL) == CALLGATE_OK)
		module_free(module);
	return 0;
}
