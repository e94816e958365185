/*
 * scan/effect.h - what a function does that anybody outside it can notice
 *
 * Effects are all that is kept of a function's code: whom it calls with what, which addresses it lets escape, which
 * system calls it makes. They name addresses of their own module only, so a module's effects hold for whatever program
 * it is linked into.
 */
#ifndef CALLGATE_SCAN_EFFECT_H
#define CALLGATE_SCAN_EFFECT_H

#include "scan/value.h"

enum effect_kind {
	EFFECT_CALL,	       /* of the function at target (in a summary: its number); also a jump there */
	EFFECT_CALL_SLOT,      /* of what the pointer at target points to */
	EFFECT_CALL_FIELD,     /* of what the pointer at offset of what the pointer at target points to, points to */
	EFFECT_CALL_UNKNOWN,   /* through a pointer of which nothing is known */
	EFFECT_ESCAPE,	       /* the address target can be anywhere from now on; in a summary it is one of data */
	EFFECT_ESCAPE_CODE,    /* the same of the function with number target; only in a summary */
	EFFECT_ESCAPE_SLOT,    /* the pointer at target can */
	EFFECT_ESCAPE_FIELD,   /* the pointer at offset of what the pointer at target points to can */
	EFFECT_SYSCALL,	       /* argument VALUE_NUMBER is the number */
	EFFECT_FOREIGN_SYSCALL /* int $0x80 or sysenter: a call of i386 */
};

struct effect {
	uint64_t site;	    /* of the instruction */
	uint64_t target;    /* an address of the module; of system calls the site */
	int32_t offset;	    /* FIELD */
	uint32_t arguments; /* of calls */
	uint32_t facts;	    /* that hold at the site, of what the function was given */
	uint32_t kind;	    /* enum effect_kind */
};

#endif
