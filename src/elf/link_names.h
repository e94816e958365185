/*
 * elf/link_names.h - which definition a symbol means, among all modules of a link
 */
#ifndef CALLGATE_ELF_LINK_NAMES_H
#define CALLGATE_ELF_LINK_NAMES_H

#include "elf/link.h"

/*
 * Makes the definitions of modules from first on known to all, and finds out what their references mean, and those of
 * older modules that meant nothing yet. Fails with E_NOMEM, and has changed nothing that anyone sees.
 */
int link_define(struct link *link, uint32_t first, struct callgate_error *err);

/* The program's COPY relocations. Fails with E_NOMEM. */
int link_find_copies(struct link *link, struct callgate_error *err);

#endif
