/*
 * scan/aarch64.h - the classes of aarch64's instructions, a function each
 *
 * Four bits of a word name its class (Arm Architecture Reference Manual, C4.1). Each function fills the instruction,
 * which comes cleared, and leaves INSN_INVALID where nothing is allocated.
 */
#ifndef CALLGATE_SCAN_AARCH64_H
#define CALLGATE_SCAN_AARCH64_H

#include "scan/insn.h"

enum { X16 = 16, X17 = 17, X29 = 29, X30 = 30, SP = 31 };

/* The bits of word from high down to low. */
static inline uint32_t bits(uint32_t word, unsigned high, unsigned low)
{
	return word >> low & (UINT32_MAX >> (31 - (high - low)));
}

static inline int64_t bits_signed(uint32_t word, unsigned high, unsigned low)
{
	return (int64_t)((uint64_t)bits(word, high, low) << (63 - (high - low))) >> (63 - (high - low));
}

/* Register fields in which 31 is sp, and those in which it is zero. */
static inline uint8_t register_or_zero(uint32_t number)
{
	return number == 31 ? REGISTER_NONE : (uint8_t)number;
}

static inline uint32_t register_mask(uint8_t number)
{
	return number < REGISTERS ? 1u << number : 0;
}

/* x0 to x30 of a field, as a mask; zero has none. */
static inline uint32_t field_mask(uint32_t word, unsigned low)
{
	return register_mask(register_or_zero(bits(word, low + 4, low)));
}

void aarch64_immediate(uint32_t word, struct insn *insn);
void aarch64_register(uint32_t word, struct insn *insn);
void aarch64_control(uint32_t word, struct insn *insn);
void aarch64_memory(uint32_t word, struct insn *insn);
void aarch64_vector(uint32_t word, struct insn *insn);

/* destination = base operation operand, of width bytes; register_or_zero has been over the registers. */
void aarch64_reckon(struct insn *insn, uint8_t operation, bool flags, uint8_t destination, uint8_t base);

/* The operand of that: a register or zero. */
void aarch64_operand(struct insn *insn, uint8_t number);

/* Nothing that is followed: reads, writes; flags stay. */
void aarch64_other(struct insn *insn, uint32_t reads, uint32_t writes);

#endif
