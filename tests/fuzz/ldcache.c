/* ld.so.cache, which --root may bring from anywhere: every name of a few is walked to its end. */
#include "fuzz.h"

#include "elf/link_cache.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const names[] = { "libc.so.6", "liba.so", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct link_cached cached;
		size_t at = 0;

		while (link_cache_next(bytes, length, 0x0303, names[i], &at, &cached)) {
			size_t read = strlen(cached.path) + (cached.hwcap ? strlen(cached.hwcap) : 0);

			if (read > 2 * length)
				__builtin_trap();
		}
	}
	return 0;
}
