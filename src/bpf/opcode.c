/*
 * The table of instructions as C, and the two ways to look into it. Codes are below 256, so that a lookup by code is
 * one index.
 */
#include "bpf/opcode.h"

#include <linux/filter.h>
#include <string.h>

#define OPCODE(code_, name_, operand_, seccomp_) \
	[code_] = { .code = (code_), .name = (name_), .operand = BPF_OPERAND_##operand_, .seccomp = (seccomp_) },

static const struct bpf_opcode opcodes[256] = {
#include "opcodes.def"
};

const struct bpf_opcode *bpf_opcode(uint16_t code)
{
	return code < 256 && opcodes[code].name ? &opcodes[code] : NULL;
}

const struct bpf_opcode *bpf_opcode_by_name(const char *name, size_t length, enum bpf_operand operand)
{
	for (size_t i = 0; i < 256; i++)
		if (opcodes[i].name && opcodes[i].operand == operand && strlen(opcodes[i].name) == length &&
		    memcmp(opcodes[i].name, name, length) == 0)
			return &opcodes[i];
	return NULL;
}
