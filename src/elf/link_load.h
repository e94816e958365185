/*
 * elf/link_load.h - how modules come into a link, one after the other
 */
#ifndef CALLGATE_ELF_LINK_LOAD_H
#define CALLGATE_ELF_LINK_LOAD_H

#include "elf/link.h"
#include "elf/link_search.h"

/* A file that is to be a module. */
struct link_request {
	const char *name;
	const char *reason;
	struct place found;
	enum link_cause cause;
	uint32_t by;
	uint32_t group;
};

/* The interpreter, as long as nothing has asked for it. */
struct link_load_state {
	struct link_request interpreter;
	struct module *held; /* read, not yet a module of the link; NULL when it is or there is none */
};

static inline void link_load_state_fini(struct link_load_state *state)
{
	module_free(state->held);
}

/* The module of that name or soname, LINK_NOWHERE. */
uint32_t link_load_find(const struct link *link, const char *name);

/* module_open of the file at a place, or of the one that is to be read instead of it. */
int link_read_module(const struct link *link, const struct place *place, struct module **ret_module,
		     struct callgate_error *err);

/* Appends the file, or finds it among the modules. Fails as module_open does, and with E_LIMIT. */
int link_load(struct link *link, const struct link_request *request, uint32_t *ret_module, struct callgate_error *err);

/* Appends what the modules from first on need. Fails also with E_NOT_FOUND, its name being the last of link->missing. */
int link_load_needed(struct link *link, struct link_load_state *state, uint32_t first, struct callgate_error *err);

/* Appends the interpreter that nothing needed. */
int link_load_interpreter(struct link *link, struct link_load_state *state, struct callgate_error *err);

/* Takes the modules from first on out again. */
void link_forget(struct link *link, uint32_t first);

#endif
