/*
 * scan/names.h - what a reader calls a place of a program
 */
#ifndef CALLGATE_SCAN_NAMES_H
#define CALLGATE_SCAN_NAMES_H

#include "scan/reach.h"

/* The symbol at or around an address, NULL. */
const char *name_at(const struct module *module, uint64_t address);

#endif
