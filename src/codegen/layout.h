/*
 * codegen/layout.h - gives steps an order and makes them a program
 */
#ifndef CALLGATE_CODEGEN_LAYOUT_H
#define CALLGATE_CODEGEN_LAYOUT_H

#include "bpf/bpf.h"
#include "codegen/steps.h"

/* The caller frees ret_program->insns. Fails with E_LIMIT beyond 4096 instructions, and with E_NOMEM. */
int layout_program(struct steps *steps, uint32_t root, struct bpf_program *ret_program, struct callgate_error *err);

/* Fails with E_LIMIT, and says so: more instructions than the kernel takes. */
int layout_too_long(struct callgate_error *err);

#endif
