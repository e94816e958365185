/*
 * The family is found from both sides: downwards all that its functions call or hand on, then whatever others in the
 * module refer to is taken out again, with what only that leads to.
 */
#include "scan/start_family.h"

#include <string.h>

static const struct start_row start_rows[] = {
#define STARTS(name, argument, how) { name, argument, how },
#include "scan/starts.def"
#undef STARTS
};

enum { START_ROWS = sizeof(start_rows) / sizeof(*start_rows) };

/* The functions of one module that are still to be looked at. */
struct search {
	struct start_family *family;
	uint32_t module;
	bool *inner;
	struct {
		VEC(uint32_t);
	} queue;
	bool failed;
};

const struct start_row *start_row_named(const char *name)
{
	for (unsigned i = 0; i < START_ROWS; i++)
		if (name[0] == start_rows[i].name[0] && strcmp(name, start_rows[i].name) == 0)
			return &start_rows[i];
	return NULL;
}

static bool family_symbol(struct start_family *family, uint32_t module, const struct module_symbol *symbol)
{
	const struct start_row *row = symbol->is_defined ? start_row_named(symbol->name) : NULL;
	struct start_function function = { module, SUMMARY_NONE, row };

	if (!row)
		return true;
	function.number = summary_function_at(family->reach->modules.items[module]->summary, symbol->value);
	if (function.number == SUMMARY_NONE)
		return true;
	family->defines[module] = true;
	return VEC_PUSH(&family->arena, &family->functions, function);
}

static bool family_names(struct start_family *family, uint32_t module)
{
	const struct module *file = family->reach->modules.items[module]->module;

	for (size_t i = 1; i < file->dynamic_symbols.length; i++)
		if (!family_symbol(family, module, &file->dynamic_symbols.items[i]))
			return false;
	for (size_t i = 0; i < file->symbols.length; i++)
		if (!family_symbol(family, module, &file->symbols.items[i]))
			return false;
	return true;
}

const struct start_row *start_family_row(const struct start_family *family, uint32_t module, uint32_t number)
{
	if (number == SUMMARY_NONE || !family->defines[module])
		return NULL;
	for (size_t i = 0; i < family->functions.length; i++)
		if (family->functions.items[i].module == module && family->functions.items[i].number == number)
			return family->functions.items[i].row;
	return NULL;
}

const struct start_row *start_family_behind(const struct start_family *family, uint32_t module, uint32_t number)
{
	return number == SUMMARY_NONE ? NULL : family->behind[module][number];
}

const struct start_row *start_family_slot(const struct start_family *family, uint32_t module, uint64_t slot)
{
	struct reach_target target = reach_slot(family->reach, module, slot);
	const struct reach_module *into;

	if (target.module >= family->reach->modules.length || target.is_copy)
		return NULL;
	into = family->reach->modules.items[target.module];
	if (!module_is_code(into->module, target.address))
		return NULL;
	return start_family_behind(family, target.module, summary_function_at(into->summary, target.address));
}

static const struct start_row *row_behind(const struct start_family *family, uint32_t module, uint32_t number)
{
	const struct reach_module *all = family->reach->modules.items[module];
	const struct summary *summary = all->summary;
	struct reach_target target;

	if (!reach_is_stub(all, number))
		return start_family_row(family, module, number);
	target = reach_slot(family->reach, module,
			    summary->effects.items[summary->functions.items[number].first_effect].target);
	if (target.module >= family->reach->modules.length)
		return NULL;
	summary = family->reach->modules.items[target.module]->summary;
	return start_family_row(family, target.module, summary_function_at(summary, target.address));
}

/* Looks behind all functions once: effects name them over and over. */
static bool family_look_behind(struct start_family *family, uint32_t module)
{
	size_t count = family->reach->modules.items[module]->summary->functions.length;
	const struct start_row **rows = arena_array(&family->arena, count, sizeof(*rows));

	family->behind[module] = rows;
	for (uint32_t i = 0; rows && i < count; i++)
		rows[i] = row_behind(family, module, i);
	return rows;
}

/* Whether a module is the C library, or holds it. */
static bool is_libc(const struct reach *reach, uint32_t module)
{
	const char *soname = reach->modules.items[module]->module->soname;

	if (reach->link->interpreter == LINK_NOWHERE)
		return module == 0;
	if (reach->link->is_musl && module == reach->link->interpreter)
		return true;
	return soname && (strncmp(soname, "libc.", 5) == 0 || strncmp(soname, "libpthread.", 11) == 0);
}

static void search_queue(struct search *search, uint32_t number)
{
	if (!VEC_PUSH(&search->family->arena, &search->queue, number))
		search->failed = true;
}

/* Turns what a function calls or hands on, in its module, into what is wanted, and queues it. */
static void search_function(struct search *search, uint32_t number, bool wanted)
{
	const struct summary *summary = search->family->reach->modules.items[search->module]->summary;
	const struct summary_function *function = &summary->functions.items[number];

	for (uint32_t i = 0; i < function->effect_count; i++) {
		const struct effect *effect = &summary->effects.items[function->first_effect + i];
		uint32_t target = (uint32_t)effect->target;

		if ((effect->kind != EFFECT_CALL && effect->kind != EFFECT_ESCAPE_CODE) ||
		    search->inner[target] == wanted || start_family_row(search->family, search->module, target))
			continue;
		search->inner[target] = wanted;
		search_queue(search, target);
	}
}

static void search_queued(struct search *search, bool wanted)
{
	for (size_t i = 0; i < search->queue.length && !search->failed; i++)
		search_function(search, search->queue.items[i], wanted);
	search->queue.length = 0;
}

/* Takes a function out that others know, and have it do what it does. */
static void search_known(struct search *search, uint32_t number)
{
	if (number == SUMMARY_NONE || !search->inner[number] ||
	    start_family_row(search->family, search->module, number))
		return;
	search->inner[number] = false;
	search_queue(search, number);
}

static void search_target(struct search *search, struct reach_target target)
{
	if (target.module == search->module)
		search_known(search, summary_function_at(search->family->reach->modules.items[search->module]->summary,
							 target.address));
}

/* What data of the module points to. */
static void search_pointers(struct search *search)
{
	const struct reach *reach = search->family->reach;
	const struct reach_module *all = reach->modules.items[search->module];

	for (size_t i = 0; i < all->pointers.length; i++)
		search_target(search, reach_slot(reach, search->module, all->pointers.items[i].address));
}

/* What other modules refer to: all that they call or take of this one, they do so through slots. */
static void search_others(struct search *search)
{
	const struct reach *reach = search->family->reach;
	struct link_definition definition;

	for (uint32_t i = 0; i < reach->modules.length; i++)
		for (size_t j = 0; i != search->module && j < reach->modules.items[i]->pointers.length; j++)
			search_target(search, reach_slot(reach, i, reach->modules.items[i]->pointers.items[j].address));
	for (size_t i = 0; i < reach->named.length; i++)
		for (uint32_t at = 0; link_next_definition(reach->link, reach->named.items[i].name, &at, &definition);)
			if (definition.module == search->module)
				search_target(search, (struct reach_target){
							      definition.module,
							      reach->modules.items[definition.module]
								      ->module->dynamic_symbols.items[definition.symbol]
								      .value });
}

static bool family_inner(struct start_family *family, uint32_t module)
{
	const struct reach_module *all = family->reach->modules.items[module];
	struct search search = { .family = family, .module = module };
	size_t count = all->summary->functions.length;

	search.inner = arena_array(&family->arena, count, sizeof(*search.inner));
	if (!search.inner)
		return false;
	family->inner[module] = search.inner;
	for (size_t i = 0; i < family->functions.length; i++) {
		if (family->functions.items[i].module != module)
			continue;
		search.inner[family->functions.items[i].number] = true;
		search_queue(&search, family->functions.items[i].number);
	}
	search_queued(&search, true);
	search_pointers(&search);
	search_others(&search);
	for (uint32_t i = 0; i < count; i++)
		if (all->functions[i].is_live && !search.inner[i])
			search_function(&search, i, false);
	search_queued(&search, false);
	return !search.failed;
}

bool start_family_find(const struct reach *reach, struct start_family *ret_family)
{
	*ret_family = (struct start_family){ .reach = reach };
	ret_family->inner = arena_array(&ret_family->arena, reach->modules.length, sizeof(*ret_family->inner));
	ret_family->defines = arena_array(&ret_family->arena, reach->modules.length, sizeof(*ret_family->defines));
	ret_family->behind = arena_array(&ret_family->arena, reach->modules.length, sizeof(*ret_family->behind));
	if (!ret_family->inner || !ret_family->defines || !ret_family->behind)
		return false;
	for (uint32_t i = 0; i < reach->modules.length; i++)
		if (!family_names(ret_family, i))
			return false;
	for (uint32_t i = 0; i < reach->modules.length; i++)
		if (!family_look_behind(ret_family, i))
			return false;
	for (uint32_t i = 0; i < reach->modules.length; i++)
		if (is_libc(reach, i) && ret_family->defines[i] && !family_inner(ret_family, i))
			return false;
	return true;
}

void start_family_fini(struct start_family *family)
{
	arena_fini(&family->arena);
	*family = (struct start_family){ 0 };
}
