/*
 * scan/objects.h - where one object of data ends and the next begins
 *
 * Symbols say it for what they name, and sections. Elsewhere nothing does: an address that code or data refers to may
 * be that of a field, or of an array's element, and to cut there would forget one half of the object. So a section's
 * data is one object between two symbols, but for libraries of which it is known that they do not refer to the middle
 * of what holds pointers (MODEL_LAYOUT): there an object begins at an address that something refers to, if that is a
 * multiple of 32, to which compilers align what is larger. What is smaller stays with its neighbour.
 * On aarch64 nothing but sections divides data.
 */
#ifndef CALLGATE_SCAN_OBJECTS_H
#define CALLGATE_SCAN_OBJECTS_H

#include "scan/summary.h"

#define OBJECT_ALIGNMENT 32

/* Fills summary->objects from its effects, before these are numbered. False: memory is out. */
bool objects_find(const struct module *module, const struct pointers *pointers, struct summary *summary);

#endif
