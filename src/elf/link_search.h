/*
 * elf/link_search.h - which file a name means to the dynamic linker
 */
#ifndef CALLGATE_ELF_LINK_SEARCH_H
#define CALLGATE_ELF_LINK_SEARCH_H

#include "base/buf.h"
#include "elf/link.h"

struct link_found {
	const char *host;   /* where we can open it; NULL when nothing was found */
	const char *path;   /* where the program sees it, links followed */
	const char *folder; /* its $ORIGIN */
	uint64_t device, inode;
};

/*
 * The file at a path that the program sees; any file, whatever it holds. All strings are the link's. Fails with
 * E_NOMEM; what is not there is no failure.
 */
int link_place(struct link *link, const char *path, struct link_found *ret_found, struct callgate_error *err);

/* The library that name means when module by (or LINK_NOWHERE) asks for it. The same failures. */
int link_search(struct link *link, uint32_t by, const char *name, struct link_found *ret_found,
		struct callgate_error *err);

#endif
