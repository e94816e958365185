/*
 * codegen/word.h - decides one word that A holds
 */
#ifndef CALLGATE_CODEGEN_WORD_H
#define CALLGATE_CODEGEN_WORD_H

#include "codegen/generator.h"

/* The step that decides a node whose word is in A; STEP_NONE when g->steps failed. */
uint32_t word_decide(struct generator *g, uint32_t node, uint32_t audit);

#endif
