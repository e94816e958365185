/*
 * scan/insn.h - one instruction, as far as the analysis cares
 *
 * What matters is where control goes, which general registers are read and written, what constants and addresses move
 * between them, and what memory is named. All else (arithmetic of floats, vectors, strings) is INSN_OTHER with its
 * masks. Two decoders give it. Most of x86-64's instructions are of a few forms, which decode.c reads by itself, an
 * order of magnitude faster than a whole disassembler; what it does not know goes to Zydis. aarch64's are all read here
 * (aarch64.h). The tests compare both with disassemblers on whole libraries.
 *
 * An instruction of three registers has the first of the two that it reads in base; REGISTER_NONE there is zero, for
 * aarch64 has a register that is.
 */
#ifndef CALLGATE_SCAN_INSN_H
#define CALLGATE_SCAN_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* General registers by the number that x86-64's instructions have for them. */
enum insn_register {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	REGISTERS = 32,	      /* the most that a machine has; aarch64's are numbered as they are named, sp being 31 */
	REGISTER_ZERO = 0xfe, /* of a pair that is stored */
	REGISTER_NONE = 0xff,
};

enum insn_op {
	INSN_OTHER,
	INSN_NOP,
	INSN_MOVE,	    /* destination = operand (a register, imm or memory) */
	INSN_MOVE_SIGNED,   /* the same, sign-extended from source_width to width */
	INSN_MOVE_UNSIGNED, /* the same, zero-extended */
	INSN_STORE,	    /* memory = source, or imm where source is none */
	INSN_LEA,	    /* destination = the address of memory */
	INSN_ADD,	    /* destination op= operand (a register, imm or memory); so down to INSN_SHR */
	INSN_SUB,
	INSN_AND,
	INSN_OR,
	INSN_XOR,
	INSN_SBB,
	INSN_SHL,
	INSN_SHR,
	INSN_NOT,
	INSN_NEG,
	INSN_COMPARE, /* flags of destination − operand; destination is none where it is memory */
	INSN_TEST,    /* flags of destination & operand */
	INSN_SET,     /* destination = condition ? 1 : 0, 8 bits */
	INSN_CMOV,    /* destination = operand where condition holds */
	INSN_PUSH,    /* operand: a register, imm or memory */
	INSN_POP,     /* destination, or memory */
	INSN_LEAVE,
	INSN_PAGE,	    /* destination = displacement, to which other instructions add the rest of an address */
	INSN_RECKON,	    /* destination = base operation operand, and all reads where operation is INSN_OTHER */
	INSN_RECKON_FLAGS,  /* the same, with flags: of a comparison (INSN_SUB), of a test (INSN_AND) */
	INSN_INSERT,	    /* destination = destination & ~displacement | imm */
	INSN_SELECT,	    /* destination = condition ? base : operand, or the other way round */
	INSN_LOAD_PAIR,	    /* destination and second = memory and what is behind it; then base += imm */
	INSN_STORE_PAIR,    /* memory and what is behind it = source and second; then base += imm */
	INSN_CALL,	    /* target */
	INSN_CALL_INDIRECT, /* operand: a register or memory */
	INSN_JUMP,
	INSN_JUMP_INDIRECT,
	INSN_BRANCH, /* to target where condition holds, else on; of flags, or (operand is one) of source & displacement
		      */
	INSN_RETURN,
	INSN_SYSCALL,
	INSN_INT80,  /* also sysenter: calls of another arch */
	INSN_TRAP,   /* ud2, hlt: nothing comes behind */
	INSN_INVALID /* no instruction: what leads here is not code */
};

/* As instructions encode conditions. CONDITION_OTHER is none of flags: loop, jrcxz. */
enum insn_condition {
	CONDITION_BELOW = 2,
	CONDITION_NOT_BELOW,
	CONDITION_EQUAL,
	CONDITION_NOT_EQUAL,
	CONDITION_NOT_ABOVE,
	CONDITION_ABOVE,
	CONDITION_SIGN,
	CONDITION_NOT_SIGN,
	CONDITION_LESS = 12,
	CONDITION_NOT_LESS,
	CONDITION_NOT_GREATER,
	CONDITION_GREATER,
	CONDITION_OTHER,
};

/* In scale: how much of the index counts (1, 2 or 4 bytes as 1, 2 or 3; 0: all of it), and how it is extended. */
enum { SCALE_FACTOR = 0x1f, SCALE_SIGNED = 0x20, SCALE_PART = 6 };

enum insn_operand { OPERAND_NONE, OPERAND_REGISTER, OPERAND_IMMEDIATE, OPERAND_MEMORY };

struct insn {
	uint64_t address;
	int64_t imm;		/* sign-extended; target of a direct call, jump or branch */
	int64_t displacement;	/* of memory; where is_absolute, the address itself */
	uint32_t reads, writes; /* masks of registers; those of a call are not in it */
	uint8_t length;		/* 1 to 15 */
	uint8_t op;		/* enum insn_op */
	uint8_t width;		/* bytes: 1, 2, 4 or 8; of INSN_OTHER that of memory, 0 for not known */
	uint8_t source_width;	/* of MOVE_SIGNED and MOVE_UNSIGNED */
	union {
		uint8_t condition; /* enum insn_condition */
		uint8_t operation; /* of RECKON: enum insn_op, ADD to SHR, or OTHER for what is not followed */
	};
	uint8_t destination; /* a register or REGISTER_NONE */
	uint8_t source;	     /* the same */
	uint8_t operand;     /* enum insn_operand: what the operand, or what is stored, is */
	uint8_t base;	     /* of memory, or of three registers */
	union {
		uint8_t index;	/* of memory */
		uint8_t second; /* of a pair, which is of width each; REGISTER_NONE for none */
	};
	uint8_t scale;	  /* of index; with SCALE_* where only a part of it counts */
	bool has_memory;  /* one operand is memory */
	bool is_absolute; /* it has neither base nor index: relative to rip, or at 32 bits */
	bool is_segment;  /* it is relative to fs or gs: a thread's own */
	bool reads_memory, writes_memory;
};

/* Decodes the instruction at code, of which room bytes are there, at this address. Never fails: what is no
 * instruction is INSN_INVALID of length 1. */
void insn_decode(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn);

/* The quick half of it: false where it does not know the instruction. For insn_decode and its tests. */
bool insn_decode_common(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn);

/* The other half, for the same. */
void insn_decode_any(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn);

/* The same of aarch64's, which are 4 bytes long. */
void aarch64_decode(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn);

#endif
