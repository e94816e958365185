/*
 * Names come before files: what was asked for by the name it is loaded under, or by its soname, is not searched again.
 */
#include "elf/link_load.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

/* What musl's linker takes for itself, between "lib" and ".so". */
static const char *const load_musl_names[] = { "c", "pthread", "rt", "m", "dl", "util", "xnet" };

static uint32_t load_find_file(const struct link *link, const struct place *found)
{
	for (uint32_t i = 0; i < link->modules.length; i++)
		if (link->modules.items[i]->module->device == found->device &&
		    link->modules.items[i]->module->inode == found->inode)
			return i;
	return LINK_NOWHERE;
}

static bool load_is_named(const struct module *module, const char *loaded_as, const char *name)
{
	return strcmp(loaded_as, name) == 0 || (module->soname && strcmp(module->soname, name) == 0);
}

uint32_t link_load_find(const struct link *link, const char *name)
{
	for (uint32_t i = 0; i < link->modules.length; i++)
		if (load_is_named(link->modules.items[i]->module, link->modules.items[i]->name, name))
			return i;
	return LINK_NOWHERE;
}

static bool load_is_musl_itself(const char *name)
{
	for (size_t i = 0; i < sizeof(load_musl_names) / sizeof(*load_musl_names); i++) {
		size_t length = strlen(load_musl_names[i]);

		if (strncmp(name, "lib", 3) == 0 && strncmp(name + 3, load_musl_names[i], length) == 0 &&
		    name[3 + length] == '.')
			return true;
	}
	return false;
}

/* Takes the module over, also when it fails. */
static int load_append(struct link *link, const struct link_request *request, struct module *module,
		       struct callgate_error *err)
{
	struct link_module *one = arena_alloc(&link->arena, sizeof(*one));

	if (link->modules.length >= LINK_MODULES_MAX) {
		module_free(module);
		return fail(err, CALLGATE_E_LIMIT, "more than %d libraries", LINK_MODULES_MAX);
	}
	if (one)
		*one = (struct link_module){
			.module = module,
			.path = request->found.path,
			.name = arena_strdup(&link->arena, request->name),
			.folder = request->found.folder,
			.reason = request->reason ? arena_strdup(&link->arena, request->reason) : NULL,
			.cause = request->cause,
			.by = request->by,
			.group = request->group,
		};
	if (!one || !one->name || (request->reason && !one->reason) || !VEC_PUSH(&link->arena, &link->modules, one)) {
		module_free(module);
		return fail_nomem(err);
	}
	return CALLGATE_OK;
}

int link_read_module(const struct link *link, const struct place *place, struct module **ret_module,
		     struct callgate_error *err)
{
	const char *host = place->host;
	int status;

	for (size_t i = 0; link->replaced && link->replaced[i]; i += 2)
		if (strcmp(link->replaced[i], place->path) == 0)
			host = link->replaced[i + 1];
	status = module_open(host, ret_module, err);
	if (status != CALLGATE_OK)
		return status;
	/* It stands for the file that is found by the path. */
	(*ret_module)->device = place->device;
	(*ret_module)->inode = place->inode;
	return CALLGATE_OK;
}

int link_load(struct link *link, const struct link_request *request, uint32_t *ret_module, struct callgate_error *err)
{
	uint32_t there = load_find_file(link, &request->found);
	struct module *module;
	int status;

	if (there == LINK_NOWHERE) {
		status = link_read_module(link, &request->found, &module, err);
		if (status == CALLGATE_OK)
			status = load_append(link, request, module, err);
		if (status != CALLGATE_OK)
			return status;
		there = (uint32_t)link->modules.length - 1;
	}
	*ret_module = there;
	return CALLGATE_OK;
}

int link_load_interpreter(struct link *link, struct link_load_state *state, struct callgate_error *err)
{
	int status;

	if (!state->held)
		return CALLGATE_OK;
	status = load_append(link, &state->interpreter, take_ptr(state->held), err);
	if (status == CALLGATE_OK)
		link->interpreter = (uint32_t)link->modules.length - 1;
	return status;
}

static int load_missing(struct link *link, const char *name, uint32_t by, struct callgate_error *err)
{
	struct link_missing missing = { arena_strdup(&link->arena, name), by };

	if (!missing.name || !VEC_PUSH(&link->arena, &link->missing, missing))
		return fail_nomem(err);
	error_set(err, CALLGATE_E_NOT_FOUND, "'%s' needs the library '%s', which the dynamic linker would not find",
		  link->modules.items[by]->path, name);
	error_hint(err, "a folder that LD_LIBRARY_PATH would name is given with --library-path");
	return CALLGATE_E_NOT_FOUND;
}

static int load_one_needed(struct link *link, struct link_load_state *state, const char *name, uint32_t by,
			   struct callgate_error *err)
{
	struct link_request request = { .name = name, .cause = LINK_NEEDED, .by = by };
	uint32_t index;
	int status;

	if (link_load_find(link, name) != LINK_NOWHERE)
		return CALLGATE_OK;
	if (state->held &&
	    (load_is_named(state->held, state->interpreter.name, name) || (link->is_musl && load_is_musl_itself(name))))
		return link_load_interpreter(link, state, err);
	if (link->is_musl && load_is_musl_itself(name))
		return CALLGATE_OK;
	request.group = link->modules.items[by]->group;
	status = link_search(link, by, name, &request.found, err);
	if (status == CALLGATE_OK && !request.found.host)
		return load_missing(link, name, by, err);
	if (status == CALLGATE_OK && state->held && request.found.device == state->held->device &&
	    request.found.inode == state->held->inode)
		return link_load_interpreter(link, state, err);
	return status == CALLGATE_OK ? link_load(link, &request, &index, err) : status;
}

int link_load_needed(struct link *link, struct link_load_state *state, uint32_t first, struct callgate_error *err)
{
	for (uint32_t i = first; i < link->modules.length; i++) {
		const struct module *module = link->modules.items[i]->module;

		for (size_t j = 0; j < module->needed.length; j++) {
			int status = load_one_needed(link, state, module->needed.items[j], i, err);

			if (status != CALLGATE_OK)
				return status;
		}
	}
	return CALLGATE_OK;
}

void link_forget(struct link *link, uint32_t first)
{
	while (link->modules.length > first)
		module_free(link->modules.items[--link->modules.length]->module);
	for (size_t i = 0; i < link->missing.length; i++)
		if (link->missing.items[i].by >= first)
			link->missing.items[i].by = LINK_NOWHERE;
}
