/*
 * scan/arch.h - what differs between machines beside their instructions: which registers carry what
 *
 * All that follows the decoders asks this table. A summary does not say registers: what a function was given is named
 * by its place among the arguments, so that reachability and the list of calls know no machine.
 */
#ifndef CALLGATE_SCAN_ARCH_H
#define CALLGATE_SCAN_ARCH_H

#include "abi/abi.h"
#include "elf/module.h"
#include "scan/value.h"

struct arch {
	uint16_t machine;	  /* EM_* */
	enum abi_arch_id abi;	  /* whose syscalls it makes */
	uint32_t registers;	  /* a mask of those that there are */
	uint8_t stack, frame;	  /* the two registers that point to frames */
	uint32_t call_reads;	  /* a mask of what a called function may look at, */
	uint32_t call_changes;	  /* and of what it need not restore */
	uint32_t syscall_reads;	  /* the same of the kernel */
	uint32_t syscall_changes; /* the same */
	uint32_t return_reads;	  /* what a caller looks at afterwards */
	uint32_t veneer;	  /* what a stub between two functions may change: nothing is given in it */
	bool has_pages;		  /* addresses are made in two steps, and targets of calls lie in registers */
	/* The registers of VALUE_ARGUMENTS: C's arguments first, then whatever else may carry a number to a wrapper. */
	uint8_t arguments[VALUE_ARGUMENTS];
	uint8_t syscall_arguments[VALUE_NUMBER + 1]; /* the kernel's six, and the number */
	void (*decode)(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn);
};

/* That of a module that was read: there is always one. */
const struct arch *arch_of(const struct module *module);

#endif
