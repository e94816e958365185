/*
 * Functions are found from what others can reach (exports, constructors, pointers in data) along calls and addresses
 * that are taken, so that what nobody refers to is never read. Whether a function comes back is known only when it has
 * been read, and those that call one that does not are read again then: few are.
 */
#include "scan/summary.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/sort.h"
#include "scan/flow.h"
#include "scan/objects.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BUCKETS_FIRST = 1024, ROUNDS_MAX = 6 };

/* Of a function FROM_ANYWHERE, in the table of those that are known. */
#define ANYWHERE_BIT ((uint64_t)1 << 63)

/* When a function was read, and since when it is known not to come back. */
struct reading {
	uint32_t read_at;
	uint32_t endless_at; /* 0: it comes back */
};

/* From the first on: it is a stub, which never_returns looks through. */
enum { ENDLESS_ALWAYS = 1 };

struct scanner {
	const struct module *module;
	const struct pointers *pointers;
	struct code_map map;
	struct summary *summary;
	struct flow flow;
	uint32_t *buckets; /* address (with ANYWHERE_BIT) → function plus one */
	size_t bucket_count;
	struct {
		VEC(uint64_t);
	} endless; /* slots of imports that do not come back, ascending */
	struct arena arena;
	struct {
		VEC(struct reading);
	} readings;	/* one a function */
	size_t next;	/* the first function that was not read yet */
	uint32_t clock; /* counts functions that were read */
	struct callgate_error *err;
};

static uint64_t function_key(const struct summary_function *function)
{
	return function->address | (function->flags & FUNCTION_FROM_ANYWHERE ? ANYWHERE_BIT : 0);
}

static uint32_t *scanner_bucket(const struct scanner *scanner, uint64_t key)
{
	size_t at = (key * 0x9e3779b97f4a7c15 >> 24) & (scanner->bucket_count - 1);

	while (scanner->buckets[at] &&
	       function_key(&scanner->summary->functions.items[scanner->buckets[at] - 1]) != key)
		at = (at + 1) & (scanner->bucket_count - 1);
	return &scanner->buckets[at];
}

static bool scanner_rehash(struct scanner *scanner, size_t count)
{
	scanner->buckets = arena_array(&scanner->arena, count, sizeof(*scanner->buckets));
	if (!scanner->buckets)
		return false;
	scanner->bucket_count = count;
	for (size_t i = 0; i < scanner->summary->functions.length; i++)
		*scanner_bucket(scanner, function_key(&scanner->summary->functions.items[i])) = (uint32_t)i + 1;
	return true;
}

/* The function at address, which is new where it was not known. */
static bool scanner_put(struct scanner *scanner, uint64_t address, uint32_t flags)
{
	struct summary *summary = scanner->summary;
	struct summary_function function = { .address = address, .flags = flags | FUNCTION_RETURNS };
	uint32_t *bucket;

	if (summary->functions.length * 2 >= scanner->bucket_count &&
	    !scanner_rehash(scanner, scanner->bucket_count ? scanner->bucket_count * 2 : BUCKETS_FIRST))
		return false;
	bucket = scanner_bucket(scanner, function_key(&function));
	if (*bucket)
		return true;
	if (!VEC_PUSH(&summary->arena, &summary->functions, function) ||
	    !VEC_PUSH(&scanner->arena, &scanner->readings, (struct reading){ 0 }))
		return false;
	*bucket = (uint32_t)summary->functions.length;
	return true;
}

static bool scanner_add(struct scanner *scanner, uint64_t address, uint32_t flags)
{
	return !module_is_code(scanner->module, address) || scanner_put(scanner, address, flags);
}

/* What is called is code, whatever a section says of it, where the kernel lets it run. */
static bool scanner_add_called(struct scanner *scanner, uint64_t address)
{
	const struct module_segment *segment = module_segment_of(scanner->module, address);

	if (!segment || !(segment->flags & PF_X) || address - segment->address >= segment->file_size)
		return true;
	return scanner_put(scanner, address, 0);
}

/* Data points into the middle of a function where a switch or a computed goto keeps its labels. A linkage table is one
 * frame of many functions. */
static bool scanner_add_pointee(struct scanner *scanner, uint64_t address)
{
	const struct module_frame *frame;

	if (code_is_plt(scanner->module, address))
		return scanner_add(scanner, address, 0);
	frame = code_frame(scanner->module, address);
	if (!frame || frame->start == address || code_is_function_symbol(&scanner->map, address))
		return scanner_add(scanner, address, 0);
	return scanner_add(scanner, frame->start, FUNCTION_FROM_ANYWHERE);
}

static bool is_endless(const char *name)
{
	static const char *const names[] = {
#define NORETURN(name) name,
#include "scan/noreturn.def"
#undef NORETURN
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i][0] == name[0] && strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Those that do not come back are read first, so that their callers are read once. */
static bool scanner_add_endless(struct scanner *scanner)
{
	const struct module *module = scanner->module;

	for (size_t i = 0; i < module->dynamic_symbols.length; i++) {
		const struct module_symbol *symbol = &module->dynamic_symbols.items[i];

		if (symbol->is_defined && is_endless(symbol->name) && !scanner_add(scanner, symbol->value, 0))
			return false;
	}
	return true;
}

static bool scanner_add_symbols(struct scanner *scanner)
{
	const struct module *module = scanner->module;

	for (size_t i = 0; i < module->dynamic_symbols.length; i++) {
		const struct module_symbol *symbol = &module->dynamic_symbols.items[i];

		if (symbol->is_defined && !symbol->is_absolute && symbol->type != STT_OBJECT &&
		    symbol->type != STT_TLS && !scanner_add(scanner, symbol->value, 0))
			return false;
	}
	return true;
}

static bool scanner_add_arrays(struct scanner *scanner)
{
	const struct module *module = scanner->module;

	for (size_t i = 0; i < module->arrays.length; i++) {
		const struct module_array *range = &module->arrays.items[i];
		uint64_t word;

		for (uint64_t at = range->start; at < range->end; at += 8)
			if (module_word(module, at, &word) && !scanner_add(scanner, word, 0))
				return false;
	}
	for (size_t i = 0; i < module->personalities.length; i++)
		if (!scanner_add(scanner, module->personalities.items[i], 0))
			return false;
	return true;
}

static bool scanner_add_roots(struct scanner *scanner)
{
	const struct module *module = scanner->module;

	if (!scanner_add_endless(scanner))
		return false;
	for (size_t i = 0; i < scanner->pointers->length; i++) {
		const struct pointer *pointer = &scanner->pointers->items[i];

		if (pointer->relocation == POINTER_LOCAL && !scanner_add_pointee(scanner, pointer->target))
			return false;
		if (pointer->relocation != POINTER_LOCAL &&
		    module->relocations.items[pointer->relocation].kind == RELOCATION_IRELATIVE &&
		    !scanner_add(scanner, (uint64_t)module->relocations.items[pointer->relocation].addend, 0))
			return false;
	}
	return (!module->entry || scanner_add(scanner, module->entry, 0)) &&
	       (!module->init || scanner_add(scanner, module->init, 0)) &&
	       (!module->fini || scanner_add(scanner, module->fini, 0)) && scanner_add_symbols(scanner) &&
	       scanner_add_arrays(scanner);
}

static int address_order(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static bool scanner_find_endless(struct scanner *scanner)
{
	const struct module *module = scanner->module;

	for (size_t i = 0; i < module->relocations.length; i++) {
		const struct module_relocation *relocation = &module->relocations.items[i];

		if ((relocation->kind != RELOCATION_GLOBAL && relocation->kind != RELOCATION_SLOT) ||
		    relocation->symbol >= module->dynamic_symbols.length ||
		    !is_endless(module->dynamic_symbols.items[relocation->symbol].name))
			continue;
		if (!VEC_PUSH(&scanner->arena, &scanner->endless, relocation->address))
			return false;
	}
	if (scanner->endless.length > 0)
		sort_by_key(scanner->endless.items, scanner->endless.length, sizeof(uint64_t));
	return true;
}

static bool slot_is_endless(const struct scanner *scanner, uint64_t slot)
{
	return scanner->endless.length > 0 &&
	       bsearch(&slot, scanner->endless.items, scanner->endless.length, sizeof(slot), address_order);
}

/* A function that was not read yet may be a stub that jumps through a slot: its first instructions tell. */
static bool stub_is_endless(const struct scanner *scanner, uint64_t address)
{
	uint64_t slot;

	return code_is_stub(&scanner->map, address, &slot) && slot_is_endless(scanner, slot);
}

static bool never_returns(const void *context, uint64_t target, bool is_slot)
{
	const struct scanner *scanner = context;
	uint32_t bucket;

	if (is_slot)
		return slot_is_endless(scanner, target);
	bucket = *scanner_bucket(scanner, target);
	if (bucket && bucket - 1 < scanner->next)
		return !(scanner->summary->functions.items[bucket - 1].flags & FUNCTION_RETURNS);
	return stub_is_endless(scanner, target);
}

/* What hand-written code keeps beside itself looks like code only by chance: where nothing says that a function begins
 * there, one that is not a program through and through is none. */
static bool scanner_is_code(const struct scanner *scanner, uint64_t address)
{
	const struct code_function *function = &scanner->flow.function;

	if (code_is_start(&scanner->map, address) || code_frame(scanner->module, address) ||
	    code_is_plt(scanner->module, address))
		return true;
	for (size_t i = 0; i < function->insns.length; i++)
		if (function->insns.items[i].insn.op == INSN_INVALID)
			return false;
	return true;
}

static bool scanner_follow(struct scanner *scanner, const struct effect *effect)
{
	if (effect->kind == EFFECT_CALL)
		return scanner_add_called(scanner, effect->target);
	if (effect->kind == EFFECT_ESCAPE)
		return scanner_add(scanner, effect->target, 0);
	return true;
}

static void scanner_note_endless(struct scanner *scanner, uint32_t number)
{
	const struct summary_function *function = &scanner->summary->functions.items[number];
	struct reading *reading = &scanner->readings.items[number];

	if (function->flags & FUNCTION_RETURNS)
		reading->endless_at = 0;
	else if (reading->endless_at == 0)
		reading->endless_at = stub_is_endless(scanner, function->address) ? ENDLESS_ALWAYS : scanner->clock + 1;
}

static int scanner_read(struct scanner *scanner, uint32_t number)
{
	struct summary *summary = scanner->summary;
	struct flow *flow = &scanner->flow;
	struct summary_function function = summary->functions.items[number];

	flow_function(flow, function.address, function.flags & FUNCTION_FROM_ANYWHERE);
	if (flow->failed && flow->function.insns.length >= CODE_INSNS_MAX)
		return fail(scanner->err, CALLGATE_E_LIMIT, "'%s' has a function of more than %zu instructions",
			    scanner->module->path, CODE_INSNS_MAX);
	if (flow->failed)
		return fail_nomem(scanner->err);
	scanner->readings.items[number].read_at = ++scanner->clock;
	function.first_effect = (uint32_t)summary->effects.length;
	function.effect_count = 0;
	function.flags &= ~(uint32_t)FUNCTION_RETURNS;
	if (flow->can_return)
		function.flags |= FUNCTION_RETURNS;
	if (!scanner_is_code(scanner, function.address))
		function.flags |= FUNCTION_NO_CODE | FUNCTION_RETURNS;
	for (size_t i = 0; i < flow->effects.length && !(function.flags & FUNCTION_NO_CODE); i++) {
		if (!VEC_PUSH(&summary->arena, &summary->effects, flow->effects.items[i]) ||
		    !scanner_follow(scanner, &flow->effects.items[i]))
			return fail_nomem(scanner->err);
		function.effect_count++;
	}
	summary->functions.items[number] = function;
	scanner_note_endless(scanner, number);
	return CALLGATE_OK;
}

static int scanner_read_new(struct scanner *scanner)
{
	int status = CALLGATE_OK;

	while (status == CALLGATE_OK && scanner->next < scanner->summary->functions.length) {
		status = scanner_read(scanner, (uint32_t)scanner->next);
		scanner->next++;
	}
	return status;
}

/* Whether it was read before it was known that one that it calls does not come back. */
static bool is_stale(const struct scanner *scanner, size_t number)
{
	const struct summary_function *function = &scanner->summary->functions.items[number];

	for (uint32_t i = 0; i < function->effect_count; i++) {
		const struct effect *effect = &scanner->summary->effects.items[function->first_effect + i];
		uint32_t bucket = effect->kind == EFFECT_CALL ? *scanner_bucket(scanner, effect->target) : 0;

		if (bucket && scanner->readings.items[bucket - 1].endless_at > scanner->readings.items[number].read_at)
			return true;
	}
	return false;
}

/* Reads those again that call what turned out not to come back. ret_changed: some did. */
static int scanner_read_again(struct scanner *scanner, bool *ret_changed)
{
	size_t count = scanner->summary->functions.length;
	cleanup_free bool *stale = calloc(count + 1, sizeof(*stale));
	int status = CALLGATE_OK;

	if (!stale)
		return fail_nomem(scanner->err);
	for (size_t i = 0; i < count; i++)
		stale[i] = is_stale(scanner, i);
	*ret_changed = false;
	for (size_t i = 0; status == CALLGATE_OK && i < count; i++)
		if (stale[i]) {
			*ret_changed = true;
			status = scanner_read(scanner, (uint32_t)i);
		}
	return status == CALLGATE_OK ? scanner_read_new(scanner) : status;
}

static int scanner_settle(struct scanner *scanner)
{
	bool changed = true;
	int status = scanner_read_new(scanner);

	for (unsigned round = 0; status == CALLGATE_OK && changed && round < ROUNDS_MAX; round++)
		status = scanner_read_again(scanner, &changed);
	return status;
}

/* By address, those FROM_ANYWHERE behind the others. */
static void scanner_order(struct summary *summary)
{
	for (size_t i = 0; i < summary->functions.length; i++)
		summary->functions.items[i].address = function_key(&summary->functions.items[i]);
	sort_by_key(summary->functions.items, summary->functions.length, sizeof(*summary->functions.items));
	for (size_t i = 0; i < summary->functions.length; i++)
		summary->functions.items[i].address &= ~ANYWHERE_BIT;
}

/* Effects name functions by number from here on, and addresses of data as they are. */
static void scanner_number(struct scanner *scanner)
{
	struct summary *summary = scanner->summary;

	scanner_order(summary);
	summary->exact = summary->functions.length;
	while (summary->exact > 0 && summary->functions.items[summary->exact - 1].flags & FUNCTION_FROM_ANYWHERE)
		summary->exact--;
	for (size_t i = 0; i < summary->effects.length; i++) {
		struct effect *effect = &summary->effects.items[i];
		uint32_t number;

		if (effect->kind != EFFECT_CALL && effect->kind != EFFECT_ESCAPE)
			continue;
		number = summary_function_at(summary, effect->target);
		if (number == SUMMARY_NONE) {
			if (effect->kind == EFFECT_CALL)
				effect->kind = EFFECT_CALL_UNKNOWN;
			continue;
		}
		if (effect->kind == EFFECT_ESCAPE)
			effect->kind = EFFECT_ESCAPE_CODE;
		effect->target = number;
	}
}

static uint32_t value_interest(const struct values *values, uint32_t value)
{
	const struct value *all = value_at(values, value);

	return all->kind == VALUE_PARAM || all->kind == VALUE_POINTEE ? 1u << all->param : 0;
}

static uint32_t arguments_interest(const struct values *values, const struct value_arguments *arguments)
{
	uint32_t interest = 0;

	for (unsigned i = 0; i < VALUE_ARGUMENTS; i++)
		interest |= value_interest(values, arguments->values[i]);
	return interest;
}

/* Which arguments a function hands on, tells the kernel, or decides by; interests has those of each list. */
static void function_interest(struct summary *summary, struct summary_function *function, const uint32_t *interests)
{
	for (uint32_t i = 0; i < function->effect_count; i++) {
		const struct effect *effect = &summary->effects.items[function->first_effect + i];
		const struct facts *facts = &summary->values.facts.items[effect->facts];

		function->interest |= interests[effect->arguments];
		for (uint64_t j = 0; j < facts->count; j++)
			function->interest |= 1u << facts->items[j].param;
	}
}

static bool scanner_interest(struct summary *summary)
{
	const struct values *values = &summary->values;
	cleanup_free uint32_t *interests = calloc(values->arguments.length, sizeof(*interests));

	if (!interests)
		return false;
	for (size_t i = 0; i < values->arguments.length; i++)
		interests[i] = arguments_interest(values, &values->arguments.items[i]);
	for (size_t i = 0; i < summary->functions.length; i++)
		function_interest(summary, &summary->functions.items[i], interests);
	return true;
}

static int scanner_run(struct scanner *scanner)
{
	int status;

	value_table_init(&scanner->summary->values);
	scanner->flow = (struct flow){
		.module = scanner->module,
		.arch = arch_of(scanner->module),
		.pointers = scanner->pointers,
		.values = &scanner->summary->values,
		.function = { .map = &scanner->map, .never_returns = never_returns, .context = scanner },
	};
	if (scanner->summary->values.failed || !code_map_init(&scanner->map, scanner->module) ||
	    !scanner_rehash(scanner, BUCKETS_FIRST) || !scanner_find_endless(scanner) || !scanner_add_roots(scanner))
		return fail_nomem(scanner->err);
	status = scanner_settle(scanner);
	if (status != CALLGATE_OK)
		return status;
	if (!objects_find(scanner->module, scanner->pointers, scanner->summary))
		return fail_nomem(scanner->err);
	scanner_number(scanner);
	return scanner_interest(scanner->summary) ? CALLGATE_OK : fail_nomem(scanner->err);
}

static void summary_free_pointer(struct summary **summary)
{
	summary_free(*summary);
}

int summary_make(const struct module *module, const struct pointers *pointers, struct summary **ret_summary,
		 struct callgate_error *err)
{
	cleanup(summary_free_pointer) struct summary *summary = calloc(1, sizeof(*summary));
	struct scanner scanner = { .module = module, .pointers = pointers, .summary = summary, .err = err };
	int status;

	if (!summary)
		return fail_nomem(err);
	status = scanner_run(&scanner);
	flow_fini(&scanner.flow);
	code_map_fini(&scanner.map);
	arena_fini(&scanner.arena);
	if (status == CALLGATE_OK)
		*ret_summary = take_ptr(summary);
	return status;
}

void summary_free(struct summary *summary)
{
	if (!summary)
		return;
	value_table_fini(&summary->values);
	arena_fini(&summary->arena);
	if (summary->kept_mapped)
		munmap(summary->kept, summary->kept_mapped);
	else
		free(summary->kept);
	free(summary);
}

static uint32_t summary_search(const struct summary *summary, size_t low, size_t high, uint64_t address)
{
	size_t end = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (summary->functions.items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && summary->functions.items[low].address == address ? (uint32_t)low : SUMMARY_NONE;
}

uint32_t summary_function_at(const struct summary *summary, uint64_t address)
{
	return summary_search(summary, 0, summary->exact, address);
}

uint32_t summary_function_for(const struct summary *summary, const struct module *module, uint64_t address)
{
	uint32_t number = summary_function_at(summary, address);
	const struct module_frame *frame;

	if (number != SUMMARY_NONE)
		return number;
	frame = code_frame(module, address);
	return frame ? summary_search(summary, summary->exact, summary->functions.length, frame->start) : SUMMARY_NONE;
}
