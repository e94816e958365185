/*
 * The C library's name services: getpwnam() asks each service that nsswitch.conf names for its function "getpwnam_r",
 * which is found by putting the service's name before it. So of what a service exports only that is entered whose name
 * somebody who asks services refers to. Without that, whoever looks up one user could do all that a service can.
 */
#include "scan/reach.h"

#include <string.h>

#define SERVICE_FILE   "libnss_"
#define SERVICE_PREFIX "_nss_"

/* Texts that name a function, of live functions of those who ask services. */
struct service_words {
	VEC(const char *);
};

static bool asks_services(const struct module *module)
{
	for (size_t i = 1; i < module->dynamic_symbols.length; i++)
		if (strncmp(module->dynamic_symbols.items[i].name, "__nss_", strlen("__nss_")) == 0)
			return true;
	return false;
}

/* All that services are asked for begins so: "getpwnam_r", "setgrent", "endhostent", "initgroups_dyn". */
static bool may_name_function(const char *text)
{
	return text && (text[0] == 'g' || text[0] == 's' || text[0] == 'e' || text[0] == 'i');
}

static bool add_words_of(struct reach *reach, uint32_t module, uint32_t number, struct service_words *words)
{
	const struct reach_module *all = reach->modules.items[module];
	const struct summary_function *function = &all->summary->functions.items[number];

	for (uint32_t i = 0; i < function->effect_count; i++) {
		const struct effect *effect = &all->summary->effects.items[function->first_effect + i];
		const char *text = effect->kind == EFFECT_ESCAPE ? module_text(all->module, effect->target) : NULL;

		if (may_name_function(text) && reach_holds(reach, module, number, effect) &&
		    !VEC_PUSH(&reach->arena, words, text))
			return false;
	}
	return true;
}

static bool collect_words(struct reach *reach, struct service_words *words)
{
	for (uint32_t i = 0; i < reach->modules.length; i++) {
		const struct reach_module *all = reach->modules.items[i];

		if (!asks_services(all->module))
			continue;
		for (uint32_t j = 0; j < all->summary->functions.length; j++)
			if (all->functions[j].is_live && !add_words_of(reach, i, j, words))
				return false;
	}
	return true;
}

static bool has_word(const struct service_words *words, const char *name)
{
	for (size_t i = 0; i < words->length; i++)
		if (strcmp(words->items[i], name) == 0)
			return true;
	return false;
}

/* "files_getpwnam_r" of a service named "files" is "getpwnam_r"; NULL for what has another name before it. */
static const char *service_function(const char *service, const char *symbol)
{
	size_t length = strcspn(service, ".");

	if (strncmp(symbol, SERVICE_PREFIX, strlen(SERVICE_PREFIX)) != 0)
		return NULL;
	symbol += strlen(SERVICE_PREFIX);
	return strncmp(symbol, service, length) == 0 && symbol[length] == '_' ? symbol + length + 1 : NULL;
}

static void root_service(struct reach *reach, uint32_t module, const struct service_words *words)
{
	const struct module *file = reach->modules.items[module]->module;
	const char *service = reach->link->modules.items[module]->name + strlen(SERVICE_FILE);

	for (size_t i = 1; i < file->dynamic_symbols.length; i++) {
		const struct module_symbol *symbol = &file->dynamic_symbols.items[i];
		const char *function = service_function(service, symbol->name);

		if (symbol->is_defined && function && has_word(words, function))
			reach_root(reach, module, symbol->value, "a name service is asked by it");
	}
}

bool reach_services(struct reach *reach)
{
	struct service_words words = { 0 };
	bool is_collected = false;

	for (uint32_t i = 0; i < reach->modules.length; i++) {
		const struct link_module *linked = reach->link->modules.items[i];

		if (linked->cause != LINK_SERVICE)
			continue;
		if (!is_collected && !collect_words(reach, &words))
			return false;
		is_collected = true;
		root_service(reach, i, &words);
	}
	return true;
}
