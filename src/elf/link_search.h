/*
 * elf/link_search.h - which file a name means to the dynamic linker
 */
#ifndef CALLGATE_ELF_LINK_SEARCH_H
#define CALLGATE_ELF_LINK_SEARCH_H

#include "elf/link.h"
#include "elf/place.h"

/* The library that name means when module by (or LINK_NOWHERE) asks for it; host is NULL where there is none. Strings
 * are the link's. Fails with E_NOMEM. */
int link_search(struct link *link, uint32_t by, const char *name, struct place *ret_found, struct callgate_error *err);

#endif
