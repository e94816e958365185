/*
 * kernel/waiting.h - the registers of a thread that nobody has stopped: it waits in a call
 */
#ifndef CALLGATE_KERNEL_WAITING_H
#define CALLGATE_KERNEL_WAITING_H

#include "kernel/tracer.h"

/*
 * Fills what /proc/TID/syscall tells, in DWARF's order: the arguments' registers, the stack's and the instruction's.
 * The others are 0: what a function keeps for its caller is known to a tracer alone, and a thread that waits for a
 * supervisor cannot be stopped. False where it tells nothing (another machine, a right that is missing, a thread that
 * runs).
 */
bool waiting_registers(pid_t tid, uint64_t ret_registers[TRACER_REGISTERS]);

#endif
