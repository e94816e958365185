/*
 * scan/place.h - which memory an instruction names, as far as the values of its registers say
 */
#ifndef CALLGATE_SCAN_PLACE_H
#define CALLGATE_SCAN_PLACE_H

#include "elf/module.h"
#include "scan/state.h"

enum place_kind {
	PLACE_UNKNOWN,
	PLACE_ADDRESS,	       /* number, in the module */
	PLACE_INDEXED,	       /* number, in the module, plus something times scale */
	PLACE_FRAME,	       /* number from the stack pointer at entry */
	PLACE_FRAME_SOMEWHERE, /* number from there plus something times scale: an array of the frame */
	PLACE_SLOT,	       /* offset number of what the pointer at slot points to */
	PLACE_PARAM,	       /* offset number of what argument param pointed to at entry */
};

struct place {
	enum place_kind kind;
	int64_t number;
	uint64_t slot;
	uint8_t param; /* PARAM; INDEXED: of the index, PARAM_NONE for none */
	uint8_t scale;
	uint8_t width; /* of that index */
	int32_t index_offset;
	uint32_t pointers[2]; /* values of base and index that are pointers, UNKNOWN: what is read through them where
				 kind does not say what */
};

struct place place_of(struct values *values, const struct module *module, const struct state *state,
		      const struct insn *insn);

/* What a load of so many bytes gives. */
uint32_t place_load(struct values *values, const struct module *module, const struct state *state,
		    const struct place *place, uint8_t width);

/* The place's address as a value. */
uint32_t place_address(struct values *values, const struct place *place);

/* A number that an instruction holds: an address where the module is not moved and has something there. */
uint32_t place_immediate(struct values *values, const struct module *module, int64_t number);

#endif
