/*
 * Where a program is entered, and what it loads while it runs. What dlopen brings in is looked up by names that nobody
 * can foresee, so all that it exports is entered; what that needs in turn is entered by its calls, and by the constant
 * names that dlsym is given.
 */
#include "scan/reach.h"

#include "base/error.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* When what is entered runs. */
enum root_time {
	ROOT_LATE, /* after main, or at any time */
	ROOT_LOAD, /* when its module is loaded, which for most is before main */
};

static void root_function_at(struct reach *reach, uint32_t module, uint64_t address, enum root_time time,
			     const char *text)
{
	struct reach_cause cause = { .kind = CAUSE_ROOT,
				     .is_early = time == ROOT_LOAD && reach_is_early(reach, module),
				     .module = module,
				     .site = address,
				     .text = text };

	if (address)
		reach_address(reach, module, address, &cause);
}

void reach_root(struct reach *reach, uint32_t module, uint64_t address, const char *text)
{
	root_function_at(reach, module, address, ROOT_LATE, text);
}

/* Of a constructor that lies in another module, that one's loading counts. */
static void root_slot(struct reach *reach, uint32_t module, uint64_t slot, enum root_time time, const char *text)
{
	struct reach_target target = reach_slot(reach, module, slot);

	if (target.module < reach->modules.length)
		root_function_at(reach, target.module, target.address, reach_is_early(reach, module) ? time : ROOT_LATE,
				 text);
}

static void root_range(struct reach *reach, uint32_t module, uint64_t start, uint64_t end, enum root_time time,
		       const char *text)
{
	const struct pointers *pointers = &reach->modules.items[module]->pointers;

	for (size_t i = pointers_from(pointers, start); i < pointers->length && pointers->items[i].address < end; i++)
		root_slot(reach, module, pointers->items[i].address, time, text);
}

void reach_root_exports(struct reach *reach, uint32_t module)
{
	const struct module *file = reach->modules.items[module]->module;

	if (reach->modules.items[module]->is_opened)
		return;
	reach->modules.items[module]->is_opened = true;
	for (size_t i = 1; i < file->dynamic_symbols.length; i++) {
		const struct module_symbol *symbol = &file->dynamic_symbols.items[i];

		if (symbol->is_defined && !symbol->is_absolute && symbol->type != STT_TLS)
			reach_root(reach, module, symbol->value, "a symbol that may be looked up by its name");
	}
}

/* Resolvers of indirect functions are called by whoever relocates the module. */
static void root_resolvers(struct reach *reach, uint32_t module)
{
	const struct module *file = reach->modules.items[module]->module;

	for (size_t i = 0; i < file->relocations.length; i++)
		if (file->relocations.items[i].kind == RELOCATION_IRELATIVE)
			root_function_at(reach, module, (uint64_t)file->relocations.items[i].addend, ROOT_LOAD,
					 "it chooses a function for this processor");
}

static void root_known(struct reach *reach, uint32_t module)
{
	static const struct {
		enum root_time time;
		const char *symbol, *why;
	} rows[] = {
#define ROOT(symbol, why)	{ ROOT_LATE, symbol, why },
#define EARLY_ROOT(symbol, why) { ROOT_LOAD, symbol, why },
#include "scan/roots.def"
#undef ROOT
#undef EARLY_ROOT
	};
	const struct module *file = reach->modules.items[module]->module;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct link_definition definition;

		for (uint32_t at = 0; link_next_definition(reach->link, rows[i].symbol, &at, &definition);)
			if (definition.module == module)
				root_function_at(reach, module, file->dynamic_symbols.items[definition.symbol].value,
						 rows[i].time, rows[i].why);
	}
}

/* The program's entry is where its way to main begins. */
static void root_start(struct reach *reach, uint32_t module)
{
	const struct reach_module *all = reach->modules.items[module];
	uint32_t number = summary_function_for(all->summary, all->module, all->module->entry);

	if (reach->after_main && number != SUMMARY_NONE)
		all->functions[number].start = START_ENTRY;
}

static void reach_roots(struct reach *reach, uint32_t module)
{
	const struct link_module *linked = reach->link->modules.items[module];
	const struct module *file = linked->module;

	if (linked->cause == LINK_PROGRAM)
		root_start(reach, module);
	if (linked->cause == LINK_PROGRAM || linked->cause == LINK_INTERPRETER)
		root_function_at(reach, module, file->entry, ROOT_LOAD, "the kernel starts it");
	if (module != reach->link->interpreter) {
		root_function_at(reach, module, file->init, ROOT_LOAD, "it is run when its file is loaded");
		reach_root(reach, module, file->fini, "it is run at the end");
		for (size_t i = 0; i < file->arrays.length; i++)
			root_range(reach, module, file->arrays.items[i].start, file->arrays.items[i].end,
				   file->arrays.items[i].is_fini ? ROOT_LATE : ROOT_LOAD,
				   "it is run when its file is loaded, or at the end");
	}
	for (size_t i = 0; i < file->segments.length; i++)
		if (file->segments.items[i].type == PT_TLS)
			root_range(reach, module, file->segments.items[i].address,
				   file->segments.items[i].address + file->segments.items[i].file_size, ROOT_LATE,
				   "a variable that each thread has");
	for (size_t i = 0; i < file->personalities.length; i++)
		reach_root(reach, module, file->personalities.items[i], "an exception unwinds through its frames");
	for (size_t i = 0; i < file->personality_slots.length; i++)
		root_slot(reach, module, file->personality_slots.items[i], ROOT_LATE,
			  "an exception unwinds through its frames");
	root_resolvers(reach, module);
	root_known(reach, module);
}

const char *reach_slot_name(const struct module *module, const struct pointers *pointers, uint64_t slot)
{
	const struct pointer *pointer = pointer_at(pointers, slot);
	uint32_t symbol;

	if (!pointer || pointer->relocation == POINTER_LOCAL)
		return "";
	symbol = module->relocations.items[pointer->relocation].symbol;
	return symbol < module->dynamic_symbols.length ? module->dynamic_symbols.items[symbol].name : "";
}

static bool is_open(const char *name)
{
	return strcmp(name, "dlopen") == 0 || strcmp(name, "dlmopen") == 0;
}

static bool is_looked_at(const char *name)
{
	return is_open(name) || strcmp(name, "dlsym") == 0 || strcmp(name, "dlvsym") == 0;
}

static bool is_open_slot(const struct reach_module *all, uint64_t slot)
{
	for (size_t i = 0; i < all->open_slots.length; i++)
		if (all->open_slots.items[i] == slot)
			return true;
	return false;
}

/* Finds the slots and stubs by which a module opens others, so that its calls are looked at only where they matter. */
static bool reach_find_opens(struct reach *reach, uint32_t module)
{
	struct reach_module *all = reach->modules.items[module];

	for (size_t i = 0; i < all->pointers.length; i++) {
		uint64_t slot = all->pointers.items[i].address;

		if (all->pointers.items[i].relocation != POINTER_LOCAL &&
		    is_looked_at(reach_slot_name(all->module, &all->pointers, slot)) &&
		    !VEC_PUSH(&reach->arena, &all->open_slots, slot))
			return false;
	}
	for (size_t i = 0; all->open_slots.length > 0 && i < all->summary->functions.length; i++) {
		const struct summary_function *function = &all->summary->functions.items[i];
		const struct effect *effect = &all->summary->effects.items[function->first_effect];

		all->opens[i] = reach_is_stub(all, (uint32_t)i) && is_open_slot(all, effect->target);
	}
	return true;
}

static int reach_add_module(struct reach *reach, struct callgate_error *err)
{
	struct reach_module *all = arena_alloc(&reach->arena, sizeof(*all));

	if (!all)
		return fail_nomem(err);
	all->module = reach->link->modules.items[reach->modules.length]->module;
	all->tried = model_is_tried(all->module) ? all->module->soname : NULL;
	return VEC_PUSH(&reach->arena, &reach->modules, all) ? CALLGATE_OK : fail_nomem(err);
}

/* Makes room for what will be known of a module that was read. */
static int reach_prepare(struct reach *reach, uint32_t number, struct callgate_error *err)
{
	struct reach_module *all = reach->modules.items[number];
	size_t functions = all->summary->functions.length, objects = all->summary->objects.length + 1;

	all->functions = arena_array(&reach->arena, functions, sizeof(*all->functions));
	all->opens = arena_array(&reach->arena, functions, sizeof(*all->opens));
	all->objects = arena_alloc(&reach->arena, objects);
	all->object_causes = arena_array(&reach->arena, objects, sizeof(*all->object_causes));
	all->values = arena_array(&reach->arena, all->summary->values.values.length, sizeof(*all->values));
	if (!all->functions || !all->opens || !all->objects || !all->object_causes || !all->values)
		return fail_nomem(err);
	for (size_t i = 0; i < functions; i++)
		for (unsigned j = 0; j < VALUE_ARGUMENTS; j++)
			all->functions[i].given[j] = NO_VALUE;
	return reach_hold(reach, number) && reach_find_opens(reach, number) ? CALLGATE_OK : fail_nomem(err);
}

int reach_load(struct reach *reach, const struct reach_options *options, struct callgate_error *err)
{
	uint32_t before = (uint32_t)reach->modules.length;
	int status = CALLGATE_OK;

	while (status == CALLGATE_OK && reach->modules.length < reach->link->modules.length)
		status = reach_add_module(reach, err);
	if (status == CALLGATE_OK)
		status = reach_read(reach, options, before, err);
	for (uint32_t i = before; status == CALLGATE_OK && i < reach->modules.length; i++)
		status = reach_prepare(reach, i, err);
	for (uint32_t i = before; status == CALLGATE_OK && i < reach->modules.length; i++)
		reach_roots(reach, i);
	return status;
}

/* The number of the argument that names the file. */
static unsigned open_argument(const char *name)
{
	return strcmp(name, "dlmopen") == 0;
}

/* The name that a call of dlopen gives, NULL where it is no constant. */
static const char *open_text(const struct reach *reach, uint32_t module, const struct effect *effect, unsigned argument)
{
	const struct reach_module *all = reach->modules.items[module];
	const struct values *values = &all->summary->values;
	const struct value *value = value_at(values, values->arguments.items[effect->arguments].values[argument]);

	return value->kind == VALUE_ADDRESS ? module_text(all->module, (uint64_t)value->number) : NULL;
}

static bool open_is_null(const struct reach *reach, uint32_t module, const struct effect *effect, unsigned argument)
{
	const struct values *values = &reach->modules.items[module]->summary->values;
	const struct value *value = value_at(values, values->arguments.items[effect->arguments].values[argument]);

	return value->kind == VALUE_NUMBERS && value->count == 1 && value->number == 0;
}

static bool open_unknown(struct reach *reach, struct reach_open place)
{
	for (size_t i = 0; i < reach->opens.length; i++)
		if (reach->opens.items[i].module == place.module && reach->opens.items[i].site == place.site)
			return true;
	return VEC_PUSH(&reach->arena, &reach->opens, place);
}

static int open_effect(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect,
		       const char *name, struct callgate_error *err)
{
	struct reach_open open = { module, number, effect->site, false };
	const char *text = open_text(reach, module, effect, open_argument(name));
	uint32_t opened;

	if (text) {
		int status = link_open(reach->link, module, text, "a constant name is opened", &opened, err);

		if (status == CALLGATE_OK && opened < reach->modules.length)
			reach->modules.items[opened]->is_named = true;
		return status;
	}
	if (open_is_null(reach, module, effect, open_argument(name))) {
		reach->looks_everywhere = true;
		return CALLGATE_OK;
	}
	return open_unknown(reach, open) ? CALLGATE_OK : fail_nomem(err);
}

/* The name by which an effect opens something, "" for none. */
static const char *open_name(const struct reach_module *all, const struct effect *effect)
{
	uint64_t slot = effect->target;

	if (effect->kind == EFFECT_CALL && all->opens[effect->target]) {
		const struct summary_function *stub = &all->summary->functions.items[effect->target];

		slot = all->summary->effects.items[stub->first_effect].target;
	} else if (effect->kind != EFFECT_CALL_SLOT || !is_open_slot(all, slot)) {
		return "";
	}
	return reach_slot_name(all->module, &all->pointers, slot);
}

/* Whoever has the address of dlopen or dlsym gives it names that nobody knows. */
static bool open_handed_on(struct reach *reach, const char *name, struct reach_open place)
{
	return is_open(name) ? open_unknown(reach, place) : reach_look_up_unknown(reach, place);
}

static int open_function_effect(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect,
				struct callgate_error *err)
{
	const struct reach_module *all = reach->modules.items[module];
	const char *name = open_name(all, effect);
	bool is_handed_on = effect->kind == EFFECT_ESCAPE_SLOT && is_open_slot(all, effect->target);
	bool done = true;

	if ((!*name && !is_handed_on) || !reach_holds(reach, module, number, effect))
		return CALLGATE_OK;
	if (is_handed_on)
		done = open_handed_on(reach, reach_slot_name(all->module, &all->pointers, effect->target),
				      (struct reach_open){ module, number, effect->site, false });
	else if (is_open(name))
		return open_effect(reach, module, number, effect, name, err);
	else if (is_looked_at(name))
		done = reach_look_up(reach, module, number, effect);
	return done ? CALLGATE_OK : fail_nomem(err);
}

/* What a stub is given is known where it is called, unless anybody may call it. */
static int open_function(struct reach *reach, uint32_t module, uint32_t number, struct callgate_error *err)
{
	const struct reach_module *all = reach->modules.items[module];
	const struct summary_function *function = &all->summary->functions.items[number];
	int status = CALLGATE_OK;

	if (all->opens[number] && !all->functions[number].is_taken)
		return CALLGATE_OK;
	for (uint32_t i = 0; status == CALLGATE_OK && i < function->effect_count; i++)
		status = open_function_effect(reach, module, number,
					      &all->summary->effects.items[function->first_effect + i], err);
	return status;
}

/* Pointers to dlopen and its like in data that is in reach. */
static bool open_pointers(struct reach *reach, uint32_t module)
{
	const struct reach_module *all = reach->modules.items[module];

	for (size_t i = 0; i < all->open_slots.length; i++) {
		uint64_t slot = all->open_slots.items[i];

		if (all->objects[reach_object_place(all->summary, slot)] &&
		    !open_handed_on(reach, reach_slot_name(all->module, &all->pointers, slot),
				    (struct reach_open){ module, SUMMARY_NONE, slot, false }))
			return false;
	}
	return true;
}

/* Whether what a hint is about is live. */
static bool is_live_hint(const struct reach *reach, const struct link_hint *hint)
{
	struct model_request request = { .bits = 0 };

	if (!hint->symbol)
		return false;
	snprintf(request.name, sizeof(request.name), "%s", hint->symbol);
	return hint->is_asked ? reach_is_asked(reach, LINK_NOWHERE, &request)
			      : reach_has_live(reach, LINK_NOWHERE, hint->symbol);
}

/* All that opened libraries export; one of a name service is asked for less, unless somebody else opens it too. */
static bool open_exports(struct reach *reach)
{
	for (uint32_t i = 0; i < reach->modules.length; i++)
		if (reach->link->modules.items[i]->cause == LINK_OPENED)
			reach_root_exports(reach, i);
	return reach_services(reach);
}

static int open_hints(struct reach *reach, const struct reach_options *options, struct callgate_error *err)
{
	size_t count;
	const struct link_hint *hints = link_hints(&count);
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < count && i < 64; i++) {
		if (reach->hints_followed >> i & 1 || !is_live_hint(reach, &hints[i]) ||
		    (options->no_hints && link_hint_is_configured(&hints[i])))
			continue;
		reach->hints_followed |= (uint64_t)1 << i;
		status = link_follow_hint(reach->link, &hints[i], err);
	}
	return status;
}

int reach_open(struct reach *reach, const struct reach_options *options, bool *ret_grew, struct callgate_error *err)
{
	size_t before = reach->link->modules.length, queued = reach->queue.length, touched = reach->objects.length;
	int status = open_exports(reach) ? open_hints(reach, options, err) : fail_nomem(err);

	for (uint32_t i = 0; status == CALLGATE_OK && i < reach->modules.length; i++) {
		const struct reach_module *all = reach->modules.items[i];

		for (uint32_t j = 0;
		     status == CALLGATE_OK && all->open_slots.length > 0 && j < all->summary->functions.length; j++)
			if (all->functions[j].is_live)
				status = open_function(reach, i, j, err);
		if (status == CALLGATE_OK && !open_pointers(reach, i))
			status = fail_nomem(err);
	}
	reach_settle_lookups(reach);
	*ret_grew =
		reach->link->modules.length > before || reach->queue.length > queued || reach->objects.length > touched;
	reach_meet(reach, ret_grew);
	return status;
}

int reach_open_named(struct reach *reach, const char *name, struct callgate_error *err)
{
	uint32_t opened;
	bool is_folder = false;
	int result = strchr(name, '/') ? link_is_folder(reach->link, name, &is_folder, err) : CALLGATE_OK;

	if (result != CALLGATE_OK)
		return result;
	if (is_folder)
		return link_open_folder(reach->link, name, "the user named its folder", err);
	result = link_open(reach->link, LINK_NOWHERE, name, "the user named it", &opened, err);
	if (result == CALLGATE_OK && opened == LINK_NOWHERE)
		return fail(err, CALLGATE_E_NOT_FOUND, "there is no library '%s' to open", name);
	return result;
}
