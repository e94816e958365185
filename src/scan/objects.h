/*
 * scan/objects.h - where one object of data ends and the next begins
 *
 * Symbols say it for what they name. Elsewhere an object begins at an address that code or data refers to, but only at
 * a multiple of 32: compilers align what is larger to that, and a reference into the middle of an object (a field, an
 * array's element) would cut it in two, of which one half would be forgotten. What is smaller stays with its neighbour.
 * On aarch64 nothing but sections divides data.
 */
#ifndef CALLGATE_SCAN_OBJECTS_H
#define CALLGATE_SCAN_OBJECTS_H

#include "scan/summary.h"

#define OBJECT_ALIGNMENT 32

/* Fills summary->objects from its effects, before these are numbered. False: memory is out. */
bool objects_find(const struct module *module, const struct pointers *pointers, struct summary *summary);

#endif
