/*
 * scan/arithmetic.h - what an operation makes of values
 */
#ifndef CALLGATE_SCAN_ARITHMETIC_H
#define CALLGATE_SCAN_ARITHMETIC_H

#include "scan/value.h"

/* a op b of so many bytes; UNKNOWN where nothing can be said. op is an INSN_ one, INSN_ADD to INSN_SHR. */
uint32_t value_operate(struct values *values, uint8_t op, uint8_t width, uint32_t a, uint32_t b);

/* base plus the entry, which is a TABLE, times 2^shift. */
uint32_t value_target(struct values *values, uint32_t entry, uint32_t base, uint8_t shift);

/* −a or ~a. */
uint32_t value_invert(struct values *values, uint8_t op, uint8_t width, uint32_t a);

/* The low from bytes, extended to width bytes (and those to the whole register). */
uint32_t value_extend(struct values *values, uint32_t a, uint8_t from, uint8_t width, bool is_signed);

#endif
