/*
 * Two queues: functions whose effects are to be followed, objects whose pointers are. Both are first in, first out, so
 * that what is found first is found by a shortest way.
 */
#include "scan/reach.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <elf.h>
#include <stdlib.h>

static void reach_queue(struct reach *reach, uint32_t module, uint32_t number)
{
	struct reach_function *function = reach_function(reach, module, number);
	struct reach_item item = { module, number };

	if (function->is_queued)
		return;
	function->is_queued = true;
	if (!VEC_PUSH(&reach->arena, &reach->queue, item))
		reach->failed = true;
}

/* A module's own call of what a model holds back waits; anybody else's does not. */
static bool reach_waits(const struct reach *reach, uint32_t module, struct reach_function *function,
			const struct reach_cause *cause)
{
	if (!function->model || cause->module != module || cause->kind == CAUSE_ROOT ||
	    reach->models_met >> (function->model - 1) & 1)
		return false;
	if (!function->is_waiting || (function->cause.is_early && !cause->is_early))
		function->cause = *cause;
	function->is_waiting = true;
	return true;
}

static void reach_enliven(struct reach *reach, uint32_t module, uint32_t number, const struct reach_cause *cause)
{
	struct reach_function *function = reach_function(reach, module, number);

	if (function->is_live && (function->is_late || cause->is_early))
		return;
	if (!function->is_live && reach_waits(reach, module, function, cause))
		return;
	if (!function->is_live)
		function->cause = *cause;
	function->is_live = true;
	if (!cause->is_early) {
		function->is_late = true;
		function->late_cause = *cause;
	}
	reach_queue(reach, module, number);
}

void reach_release(struct reach *reach, bool *ret_grew)
{
	for (uint32_t i = 0; i < reach->modules.length; i++)
		for (uint32_t j = 0; j < reach->modules.items[i]->summary->functions.length; j++) {
			struct reach_function *function = reach_function(reach, i, j);
			struct reach_cause cause = function->cause;

			if (!function->is_waiting || function->is_live ||
			    !(reach->models_met >> (function->model - 1) & 1))
				continue;
			reach_enliven(reach, i, j, &cause);
			*ret_grew = true;
		}
}

void reach_take(struct reach *reach, uint32_t module, uint32_t number, const struct reach_cause *cause)
{
	struct reach_function *function = reach_function(reach, module, number);

	if (function->is_taken && (cause->is_early || function->is_late))
		return;
	function->is_taken = function->is_entered = true;
	for (unsigned i = 0; i < VALUE_ARGUMENTS; i++)
		function->given[i] = UNKNOWN;
	reach_enliven(reach, module, number, cause);
	if (function->is_live)
		reach_queue(reach, module, number);
}

void reach_call(struct reach *reach, uint32_t module, uint32_t number, const uint32_t given[VALUE_ARGUMENTS],
		const struct reach_cause *cause)
{
	struct reach_function *function = reach_function(reach, module, number);
	uint32_t interest = reach->modules.items[module]->summary->functions.items[number].interest;
	bool changed = false;

	function->is_entered |= cause->module != module;
	for (unsigned i = 0; i < VALUE_ARGUMENTS; i++) {
		uint32_t joined;

		if (function->given[i] == UNKNOWN || function->given[i] == given[i])
			continue;
		joined = value_join(&reach->values, function->given[i], given[i]);
		if (joined == function->given[i])
			continue;
		function->given[i] = function->rounds > REACH_ROUNDS_MAX ? UNKNOWN : joined;
		changed |= (interest >> i & 1) || function->asked;
	}
	reach_enliven(reach, module, number, cause);
	if (changed && function->is_live)
		reach_queue(reach, module, number);
}

size_t reach_object_place(const struct summary *summary, uint64_t address)
{
	size_t low = 0, high = summary->objects.length;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (summary->objects.items[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void reach_touch(struct reach *reach, uint32_t module, uint64_t address, const struct reach_cause *cause)
{
	struct reach_module *all = reach->modules.items[module];
	size_t place = reach_object_place(all->summary, address);
	struct reach_item item = { module, (uint32_t)place };

	if (all->objects[place])
		return;
	all->objects[place] = 1;
	all->object_causes[place] = *cause;
	if (!VEC_PUSH(&reach->arena, &reach->objects, item))
		reach->failed = true;
}

/* Who knows where the program is entered does not enter it again: it stands in the file's header. */
static void reach_take_at(struct reach *reach, uint32_t module, uint32_t number, const struct reach_cause *cause)
{
	struct reach_cause known = *cause;

	known.is_early |= reach_function(reach, module, number)->start == START_ENTRY;
	reach_take(reach, module, number, &known);
}

void reach_address(struct reach *reach, uint32_t module, uint64_t address, const struct reach_cause *cause)
{
	struct reach_module *all = reach->modules.items[module];
	uint32_t number;

	if (!module_is_code(all->module, address)) {
		if (module_segment_of(all->module, address))
			reach_touch(reach, module, address, cause);
		return;
	}
	number = summary_function_for(all->summary, all->module, address);
	if (number != SUMMARY_NONE)
		reach_take_at(reach, module, number, cause);
}

static struct reach_target target_of_symbol(const struct reach *reach, uint32_t module, uint32_t symbol, int64_t addend)
{
	const struct link_module *from = reach->link->modules.items[module];
	struct link_definition definition = { LINK_NOWHERE, 0 };
	const struct module_symbol *found;

	if (symbol < from->module->dynamic_symbols.length)
		definition = from->definitions[symbol];
	if (definition.module == LINK_NOWHERE)
		return (struct reach_target){ .module = LINK_NOWHERE };
	found = &reach->link->modules.items[definition.module]->module->dynamic_symbols.items[definition.symbol];
	return (struct reach_target){ .module = definition.module,
				      .address = found->value + (uint64_t)addend,
				      .is_resolver = found->type == STT_GNU_IFUNC };
}

static struct reach_target target_of_copy(const struct reach *reach, uint64_t address)
{
	for (size_t i = 0; i < reach->link->copies.length; i++) {
		const struct link_copy *copy = &reach->link->copies.items[i];

		if (address - copy->address < copy->size && copy->from.module != LINK_NOWHERE)
			return (struct reach_target){
				.module = copy->from.module,
				.address = reach->link->modules.items[copy->from.module]
						   ->module->dynamic_symbols.items[copy->from.symbol]
						   .value +
					   (address - copy->address),
				.is_copy = true,
			};
	}
	return (struct reach_target){ .module = LINK_NOWHERE };
}

static struct reach_target target_of_pointer(const struct reach *reach, uint32_t module, const struct pointer *pointer)
{
	const struct module_relocation *relocation;

	if (pointer->relocation == POINTER_LOCAL)
		return (struct reach_target){ .module = module, .address = pointer->target };
	relocation = &reach->modules.items[module]->module->relocations.items[pointer->relocation];
	if (relocation->kind == RELOCATION_IRELATIVE)
		return (struct reach_target){ .module = module,
					      .address = (uint64_t)relocation->addend,
					      .is_resolver = true };
	if (relocation->kind == RELOCATION_COPY)
		return target_of_copy(reach, relocation->address);
	return target_of_symbol(reach, module, relocation->symbol, relocation->addend);
}

struct reach_target reach_slot(const struct reach *reach, uint32_t module, uint64_t slot)
{
	const struct pointer *pointer = pointer_at(&reach->modules.items[module]->pointers, slot);
	struct reach_target copied;

	if (pointer && !(module == 0 && reach->link->copies.length > 0))
		return target_of_pointer(reach, module, pointer);
	copied = module == 0 ? target_of_copy(reach, slot) : (struct reach_target){ .module = LINK_NOWHERE };
	if (copied.module != LINK_NOWHERE)
		return reach_slot(reach, copied.module, copied.address);
	return pointer ? target_of_pointer(reach, module, pointer) : copied;
}

bool reach_is_stub(const struct reach_module *all, uint32_t number)
{
	const struct summary_function *function = &all->summary->functions.items[number];
	const struct effect *effect = &all->summary->effects.items[function->first_effect];
	const struct values *values = &all->summary->values;

	if (function->effect_count != 1 || effect->kind != EFFECT_CALL_SLOT)
		return false;
	for (unsigned i = 0; i < VALUE_NUMBER; i++) {
		const struct value *value = value_at(values, values->arguments.items[effect->arguments].values[i]);

		if (value->kind != VALUE_PARAM || value->param != i || value->offset != 0 || value->width != 8)
			return false;
	}
	return true;
}

bool reach_callee(const struct reach *reach, uint32_t module, const struct effect *effect,
		  struct reach_item *ret_callee)
{
	struct reach_target target = { .module = LINK_NOWHERE };

	switch ((enum effect_kind)effect->kind) {
	case EFFECT_CALL:
		*ret_callee = (struct reach_item){ module, (uint32_t)effect->target };
		return true;
	case EFFECT_CALL_SLOT:
		target = reach_slot(reach, module, effect->target);
		break;
	case EFFECT_CALL_FIELD:
		target = reach_slot(reach, module, effect->target);
		if (target.module < reach->modules.length)
			target = reach_slot(reach, target.module, target.address + (uint64_t)(int64_t)effect->offset);
		break;
	default:
		return false;
	}
	if (target.module >= reach->modules.length)
		return false;
	ret_callee->module = target.module;
	ret_callee->number = summary_function_for(reach->modules.items[target.module]->summary,
						  reach->modules.items[target.module]->module, target.address);
	return ret_callee->number != SUMMARY_NONE;
}

static void reach_object_pointers(struct reach *reach, struct reach_item item)
{
	const struct reach_module *all = reach->modules.items[item.module];
	const struct summary *summary = all->summary;
	uint64_t start = item.number > 0 ? summary->objects.items[item.number - 1] : 0;
	uint64_t end = item.number < summary->objects.length ? summary->objects.items[item.number] : UINT64_MAX;

	for (size_t i = pointers_from(&all->pointers, start); i < all->pointers.length; i++) {
		const struct pointer *pointer = &all->pointers.items[i];
		struct reach_cause cause = { .kind = CAUSE_POINTER,
					     .is_early = reach_is_constructor(reach, item.module, pointer->address),
					     .module = item.module,
					     .site = pointer->address };
		struct reach_target target;

		if (pointer->address >= end)
			break;
		target = target_of_pointer(reach, item.module, pointer);
		if (target.module != LINK_NOWHERE && target.module < reach->modules.length)
			reach_address(reach, target.module, target.address, &cause);
	}
}

/* What made it live makes it live after main too. */
static void reach_make_late(struct reach *reach, struct reach_item item)
{
	struct reach_cause cause = reach_function(reach, item.module, item.number)->cause;

	cause.is_early = false;
	reach_enliven(reach, item.module, item.number, &cause);
}

static void reach_settle(struct reach *reach)
{
	while (!reach->failed &&
	       (reach->queue_head < reach->queue.length || reach->objects_head < reach->objects.length)) {
		if (reach->objects_head < reach->objects.length) {
			reach_object_pointers(reach, reach->objects.items[reach->objects_head++]);
		} else {
			struct reach_item item = reach->queue.items[reach->queue_head++];
			struct reach_function *function = reach_function(reach, item.module, item.number);

			function->is_queued = false;
			if (function->rounds <= REACH_ROUNDS_MAX)
				function->rounds++;
			if (reach_start_is_strange(reach, item))
				reach_make_late(reach, item);
			reach_follow(reach, item.module, item.number);
		}
	}
}

static int reach_run(struct reach *reach, const struct reach_options *options, struct callgate_error *err)
{
	bool grew = true;
	int status = options->no_hints ? CALLGATE_OK : link_follow_program_hints(reach->link, err);

	for (size_t i = 0; status == CALLGATE_OK && options->opened && options->opened[i]; i++)
		status = reach_open_named(reach, options->opened[i], err);
	while (status == CALLGATE_OK && grew) {
		status = reach_load(reach, options, err);
		if (status != CALLGATE_OK)
			break;
		reach_settle(reach);
		if (reach->failed || reach->values.failed)
			return fail_nomem(err);
		status = reach_open(reach, options, &grew, err);
	}
	if (status == CALLGATE_OK && reach->after_main && !reach->has_main) {
		status = fail(err, CALLGATE_E_UNSUPPORTED, "'%s' has no main that a C library is told of",
			      reach->link->modules.items[0]->path);
		error_hint(err, "programs of the C libraries glibc and musl have one, whatever they are written in");
	}
	return status;
}

static void reach_free_pointer(struct reach **reach)
{
	reach_free(*reach);
}

int reach_program(struct link *link, const struct reach_options *options, struct reach **ret_reach,
		  struct callgate_error *err)
{
	cleanup(reach_free_pointer) struct reach *reach = calloc(1, sizeof(*reach));
	int status;

	if (!reach)
		return fail_nomem(err);
	reach->link = link;
	reach->after_main = options->after_main;
	value_table_init(&reach->values);
	if (reach->values.failed)
		return fail_nomem(err);
	status = reach_run(reach, options, err);
	if (status == CALLGATE_OK)
		*ret_reach = take_ptr(reach);
	return status;
}

void reach_free(struct reach *reach)
{
	if (!reach)
		return;
	for (size_t i = 0; i < reach->modules.length; i++) {
		summary_free(reach->modules.items[i]->summary);
		pointers_fini(&reach->modules.items[i]->pointers);
	}
	value_table_fini(&reach->values);
	arena_fini(&reach->arena);
	free(reach);
}
