/*
 * aarch64's instructions are words whose fields stand in few places, so all of them are read here; a disassembler is
 * asked by the tests only. What a processor of next year brings is in classes that exist: there the three fields that
 * can name general registers are taken to be read, and the first to be written. So no instruction that is not known
 * ends a function, and none changes a register behind the analysis's back.
 */
#include "scan/aarch64.h"

#include <string.h>

enum { INSN_SIZE = 4 };

void aarch64_operand(struct insn *insn, uint8_t number)
{
	if (number == REGISTER_NONE) {
		insn->operand = OPERAND_IMMEDIATE;
		insn->imm = 0;
		return;
	}
	insn->operand = OPERAND_REGISTER;
	insn->source = number;
	insn->reads |= register_mask(number);
}

void aarch64_reckon(struct insn *insn, uint8_t operation, bool flags, uint8_t destination, uint8_t base)
{
	insn->op = flags ? INSN_RECKON_FLAGS : INSN_RECKON;
	insn->operation = operation;
	insn->destination = destination;
	insn->base = base;
	insn->reads |= register_mask(base);
	insn->writes |= register_mask(destination);
}

void aarch64_other(struct insn *insn, uint32_t reads, uint32_t writes)
{
	insn->op = INSN_RECKON;
	insn->operation = INSN_OTHER;
	insn->width = 8;
	insn->reads = reads;
	insn->writes = writes;
}

/* Vectors of any length and matrices: whatever general registers they may name. */
static void aarch64_scalable(uint32_t word, struct insn *insn)
{
	insn->op = INSN_OTHER;
	insn->reads = field_mask(word, 0) | field_mask(word, 5) | field_mask(word, 16);
	insn->writes = field_mask(word, 0);
	if (word >> 31) {
		insn->has_memory = insn->reads_memory = insn->writes_memory = true;
		insn->base = (uint8_t)bits(word, 9, 5);
		insn->scale = 1;
	}
}

static void aarch64_classify(uint32_t word, struct insn *insn)
{
	switch (bits(word, 28, 25)) {
	case 0x0:
		if (word >> 31)
			aarch64_scalable(word, insn);
		else if (word >> 16 == 0)
			insn->op = INSN_TRAP; /* udf */
		break;
	case 0x2:
		aarch64_scalable(word, insn);
		break;
	case 0x8:
	case 0x9:
		aarch64_immediate(word, insn);
		break;
	case 0xa:
	case 0xb:
		aarch64_control(word, insn);
		break;
	case 0x4:
	case 0x6:
	case 0xc:
	case 0xe:
		aarch64_memory(word, insn);
		break;
	case 0x5:
	case 0xd:
		aarch64_register(word, insn);
		break;
	case 0x7:
	case 0xf:
		aarch64_vector(word, insn);
		break;
	default:
		break;
	}
}

void aarch64_decode(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn)
{
	uint32_t word;

	*ret_insn = (struct insn){
		.address = address,
		.length = 1,
		.op = INSN_INVALID,
		.destination = REGISTER_NONE,
		.source = REGISTER_NONE,
		.base = REGISTER_NONE,
		.index = REGISTER_NONE,
	};
	if (room < INSN_SIZE || address % INSN_SIZE != 0)
		return;
	memcpy(&word, code, sizeof(word));
	ret_insn->length = INSN_SIZE;
	aarch64_classify(word, ret_insn);
}
