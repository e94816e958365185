/* Code of either machine, as scan follows it: the first byte chooses, the second is of data, the rest are instructions,
 * and again as data behind them. */
#include "fuzz.h"

#include "scan/summary.h"

#include <elf.h>

enum { CODE_AT = 0x10000, DATA_AT = 0x20000, CODE_MAX = 1 << 12 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct module_segment segments[2];
	struct module_range code;
	struct module module = { .path = "fuzz", .bytes = bytes, .size = length, .entry = CODE_AT };
	struct pointers pointers;
	struct summary *summary = NULL;

	if (length < 2 || length > CODE_MAX)
		return 0;
	code = (struct module_range){ CODE_AT, CODE_AT + length - 2 };
	segments[0] = (struct module_segment){ PT_LOAD, PF_R | PF_X, CODE_AT, length - 2, length - 2, 2 };
	segments[1] = (struct module_segment){ PT_LOAD, bytes[1] & 1 ? PF_R : PF_R | PF_W, DATA_AT, length, length, 0 };
	module.machine = bytes[0] & 1 ? EM_AARCH64 : EM_X86_64;
	module.is_position_free = bytes[0] & 2;
	module.segments.items = segments;
	module.segments.length = module.segments.capacity = 2;
	module.code.items = &code;
	module.code.length = module.code.capacity = 1;
	if (pointers_init(&pointers, &module) && summary_make(&module, &pointers, &summary, NULL) == CALLGATE_OK)
		summary_free(summary);
	pointers_fini(&pointers);
	arena_fini(&module.arena);
	return 0;
}
