/*
 * scan/code.h - where code is, and the instructions of one function
 *
 * A module's known starts are what its frames, symbols and tables name. A function is what control can reach from a
 * start without a call: its instructions are found by following branches, so that tables of data between functions are
 * never decoded, and code that hand-written assembly left without a frame belongs to who runs into it.
 *
 * A jump leaves the function where it goes to another known start. A conditional branch never does, nor does a jump
 * into the middle of another function: what is there (the cold part of this one, mostly) is read as this function's.
 */
#ifndef CALLGATE_SCAN_CODE_H
#define CALLGATE_SCAN_CODE_H

#include "base/arena.h"
#include "elf/module.h"
#include "scan/arch.h"

#include <stdbool.h>

/* A function with more instructions is refused: a generated file of a million lines has fewer. */
#define CODE_INSNS_MAX ((size_t)1 << 22)

struct code_map {
	const struct module *module;
	const struct arch *arch; /* of it */
	struct arena arena;
	struct {
		VEC(uint64_t);
	} starts; /* of functions that are known beforehand, ascending */
	struct {
		VEC(uint64_t);
	} named; /* those of them that symbols name, ascending */
};

/* Finds the starts. False: memory is out. */
bool code_map_init(struct code_map *map, const struct module *module);
void code_map_fini(struct code_map *map);

bool code_is_start(const struct code_map *map, uint64_t address);

/* Whether a symbol or the loader says that a function begins there. */
bool code_is_function_symbol(const struct code_map *map, uint64_t address);

/* Whether address is in a table that the linker made for calls of other modules. */
bool code_is_plt(const struct module *module, uint64_t address);

/* The slot that a stub of such a table jumps through; false where no stub is there. */
bool code_is_stub(const struct code_map *map, uint64_t address, uint64_t *ret_slot);

/* The frame that holds address, NULL. */
const struct module_frame *code_frame(const struct module *module, uint64_t address);

struct code_insn {
	struct insn insn;
	uint32_t next;	 /* the instruction behind it, CODE_NONE where control does not go on */
	uint32_t target; /* of a branch or jump inside the function, CODE_NONE */
	uint32_t block;	 /* the one that it is in */
	bool is_leader;
	bool is_tail; /* a jump that leaves the function, or (not a jump) what runs into the next one */
};

#define CODE_NONE UINT32_MAX

struct code_block {
	uint32_t first, end;   /* instructions [first, end), which follow each other */
	uint32_t next, target; /* blocks, CODE_NONE */
	uint32_t live_in;      /* registers that are read from here on before they are written */
	uint32_t uses, defines;
	uint32_t rank; /* its place in order */
	uint8_t visit; /* of code_function_order */
	bool is_met;   /* more than one block leads to it */
	bool has_way;  /* any does */
	bool is_entry; /* control comes from elsewhere: the function's start, a landing pad */
};

struct code_function {
	const struct code_map *map;
	/* Whether a call does not come back: of an address, or through a slot. */
	bool (*never_returns)(const void *context, uint64_t target, bool is_slot);
	const void *context;
	uint64_t entry;
	uint64_t low, high;		  /* its extent, in which jumps are its own */
	const struct module_frame *frame; /* that of entry, NULL */
	struct arena arena;		  /* of the arrays, which the next function uses again */
	struct {
		VEC(struct code_insn);
	} insns;
	struct {
		VEC(struct code_block);
	} blocks; /* as they were read; the first is the entry */
	struct {
		VEC(uint32_t);
	} order;	     /* of blocks: each behind those that lead to it, loops apart */
	uint32_t *window;    /* address − low → instruction plus one */
	size_t window_count; /* in use, bytes of code from low on */
	size_t window_room;  /* allocated; all zero but for what insns says */
	uint32_t *buckets;   /* the same by hash for addresses beyond the window */
	size_t bucket_count; /* a power of 2, 0: not made yet */
	struct {
		VEC(uint32_t);
	} far; /* which buckets are in use */
	struct {
		VEC(uint32_t);
	} stack; /* of code_function_order */
	struct {
		VEC(uint64_t);
	} pending; /* addresses that are yet to be decoded */
	struct {
		VEC(uint64_t);
	} entries; /* beside the start: landing pads, and what a switch that was not understood may go to */
	struct {
		VEC(const struct module_frame *);
	} frames; /* that its instructions are in */
	struct {
		VEC(uint64_t);
	} types;	       /* addresses of the pointers to the types that its landing pads catch */
	uint32_t entries_live; /* what entries read */
	bool failed;	       /* memory was out, or the function is too large */
};

/* Reads the function at entry into a zeroed struct of which map, never_returns and context are set, or one that was
 * used for another. Look at failed. */
void code_function_read(struct code_function *function, uint64_t entry);

/* Adds places that a switch goes to, which is inside the function; blocks are new then. False: all were known. */
bool code_function_add(struct code_function *function, const uint64_t *targets, size_t count);

/* Makes every block an entry and decodes what is left of the frames: for a switch that was not understood. */
void code_function_open(struct code_function *function);

/* The instruction at an address, CODE_NONE. */
uint32_t code_insn_at(const struct code_function *function, uint64_t address);

/* Finds what is live where, and the order of blocks, for those above. False: memory is out. */
void code_function_liveness(struct code_function *function);
bool code_function_order(struct code_function *function);

void code_function_fini(struct code_function *function);

#endif
