/*
 * scan/landing.h - where an exception takes a function up again
 *
 * A frame's language-specific data lists, for stretches of its code, the landing pads that the unwinder jumps to, and
 * the types that they catch, whose virtual functions it calls.
 */
#ifndef CALLGATE_SCAN_LANDING_H
#define CALLGATE_SCAN_LANDING_H

#include "scan/code.h"

/* Adds the frame's landing pads to function->pending and entries, and its types. What is damaged ends the list. False:
 * memory is out. */
bool landing_add(struct code_function *function, const struct module_frame *frame);

#endif
