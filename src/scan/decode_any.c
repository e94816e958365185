/*
 * Every other instruction, by Zydis: its length, the general registers that it reads and writes, and the memory that it
 * names. The few that end a stretch of code or change the kernel's view of it are told apart, the rest is INSN_OTHER.
 */
#include "scan/insn.h"

#include <Zydis/Zydis.h>

static uint8_t register_number(ZydisRegister name)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);

	if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
		return REGISTER_NONE;
	return (uint8_t)(whole - ZYDIS_REGISTER_RAX);
}

static uint32_t register_bit(ZydisRegister name)
{
	uint8_t number = register_number(name);

	return number == REGISTER_NONE ? 0 : 1u << number;
}

static void any_register(const ZydisDecodedOperand *operand, struct insn *insn)
{
	uint32_t bit = register_bit(operand->reg.value);

	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		insn->reads |= bit;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
		insn->writes |= bit;
		if (operand->size < 32 || operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE)
			insn->reads |= bit; /* the rest of it, or all, stays */
	}
}

/* Vector addresses (gathers) name a base register and no place. */
static void any_memory(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operand, struct insn *insn)
{
	const ZydisDecodedOperandMem *memory = &operand->mem;

	insn->reads |= register_bit(memory->base) | register_bit(memory->index);
	if (operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && memory->base == ZYDIS_REGISTER_RSP)
		return; /* what a push writes */
	insn->has_memory = true;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		insn->reads_memory = true;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		insn->writes_memory = true;
	insn->base = register_number(memory->base);
	insn->index = register_number(memory->index);
	insn->scale = memory->scale ? memory->scale : 1;
	insn->displacement = memory->disp.value;
	insn->width = operand->size == 8 || operand->size == 16 || operand->size == 32 || operand->size == 64
			      ? (uint8_t)(operand->size / 8)
			      : 0;
	if (memory->segment == ZYDIS_REGISTER_FS || memory->segment == ZYDIS_REGISTER_GS)
		insn->is_segment = true;
	if (memory->base == ZYDIS_REGISTER_RIP || memory->base == ZYDIS_REGISTER_EIP) {
		insn->displacement += (int64_t)(insn->address + decoded->length);
		insn->is_absolute = true;
	} else if (memory->base == ZYDIS_REGISTER_NONE && memory->index == ZYDIS_REGISTER_NONE) {
		insn->is_absolute = true;
	}
}

static void any_operand(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operand, struct insn *insn)
{
	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
		any_register(operand, insn);
	else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
		any_memory(decoded, operand, insn);
	else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.is_relative)
		insn->imm = (int64_t)(insn->address + decoded->length + operand->imm.value.u);
}

static uint8_t any_op(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
	bool direct = decoded->operand_count > 0 && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;

	switch (decoded->mnemonic) {
	case ZYDIS_MNEMONIC_SYSCALL:
		return INSN_SYSCALL;
	case ZYDIS_MNEMONIC_SYSENTER:
		return INSN_INT80;
	case ZYDIS_MNEMONIC_INT:
		return direct && operands[0].imm.value.u == 0x80 ? INSN_INT80 : INSN_OTHER;
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
		return INSN_TRAP;
	case ZYDIS_MNEMONIC_INT1:
	case ZYDIS_MNEMONIC_INT3:
		return INSN_NOP;
	case ZYDIS_MNEMONIC_LEAVE:
	case ZYDIS_MNEMONIC_ENTER:
		return INSN_OTHER;
	default:
		break;
	}
	switch (decoded->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return direct ? INSN_CALL : INSN_CALL_INDIRECT;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return decoded->mnemonic == ZYDIS_MNEMONIC_XABORT ? INSN_OTHER
		       : direct					  ? INSN_JUMP
								  : INSN_JUMP_INDIRECT;
	case ZYDIS_CATEGORY_COND_BR:
		return INSN_BRANCH;
	case ZYDIS_CATEGORY_RET:
		return INSN_RETURN;
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_WIDENOP:
		return INSN_NOP;
	default:
		return INSN_OTHER;
	}
}

static void any_indirect(const ZydisDecodedOperand *operand, struct insn *insn)
{
	insn->width = 8;
	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		insn->operand = OPERAND_MEMORY;
	} else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
		insn->operand = OPERAND_REGISTER;
		insn->source = register_number(operand->reg.value);
	}
}

void insn_decode_any(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction decoded;
	ZydisDecoder decoder;

	*ret_insn = (struct insn){
		.address = address,
		.length = 1,
		.op = INSN_INVALID,
		.condition = CONDITION_OTHER,
		.destination = REGISTER_NONE,
		.source = REGISTER_NONE,
		.base = REGISTER_NONE,
		.index = REGISTER_NONE,
	};
	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, room, &decoded, operands)))
		return;
	ret_insn->length = decoded.length;
	ret_insn->op = any_op(&decoded, operands);
	if (ret_insn->op == INSN_NOP)
		return;
	for (uint8_t i = 0; i < decoded.operand_count; i++)
		any_operand(&decoded, &operands[i], ret_insn);
	if (ret_insn->op == INSN_CALL_INDIRECT || ret_insn->op == INSN_JUMP_INDIRECT)
		any_indirect(&operands[0], ret_insn);
}
