/*
 * The public face of a scan: link, reach, collect, and what was found in words.
 */
#include "scan/scan.h"

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "lang/print.h"
#include "policy/terms.h"
#include "scan/names.h"

#include <stdlib.h>

void callgate_scan_free(struct callgate_scan *scan)
{
	if (!scan)
		return;
	start_list_fini(&scan->starts);
	call_list_fini(&scan->calls);
	call_list_fini(&scan->whole);
	reach_free(scan->reach);
	link_free(scan->link);
	arena_fini(&scan->arena);
	free(scan);
}

static void scan_free_pointer(struct callgate_scan **scan)
{
	callgate_scan_free(*scan);
}

const struct call_list *scan_whole(const struct callgate_scan *scan)
{
	return scan->after_main ? &scan->whole : &scan->calls;
}

size_t scan_numbers(const struct callgate_scan *scan, const struct call *call, unsigned argument,
		    const int64_t **ret_numbers)
{
	const struct values *values = &scan->reach->values;
	uint32_t given = call->given[argument];

	if (value_kind(values, given) != VALUE_NUMBERS)
		return 0;
	*ret_numbers = value_numbers(values, given);
	return value_at(values, given)->count;
}

/* The kernel's types for a call; count of them. */
static unsigned scan_types(const struct callgate_scan *scan, uint32_t nr, struct abi_arg types[CALL_ARGUMENTS])
{
	const struct abi_syscall *syscall = abi_syscall_by_nr(scan->abi, nr);

	return syscall && syscall->args_known ? abi_syscall_args(syscall, scan->abi, types) : 0;
}

static bool scan_text(struct callgate_scan *scan, const struct abi_arg *type, int64_t number, const char **ret_text)
{
	cleanup(buf_fini) struct buf text = { 0 };
	uint64_t low = type->bits >= 64 ? (uint64_t)number : (uint64_t)number & ((UINT64_C(1) << type->bits) - 1);
	const struct policy_value *value = term_value(&scan->arena, abi_arch(scan->abi), type, low);

	if (!value)
		return false;
	print_value(&text, value);
	*ret_text = text.failed ? NULL : arena_strdup(&scan->arena, buf_text(&text));
	return *ret_text;
}

static bool scan_argument_texts(struct callgate_scan *scan, size_t index, unsigned argument, const struct abi_arg *type)
{
	const int64_t *numbers;
	size_t count = scan_numbers(scan, &scan->calls.calls.items[index], argument, &numbers);
	const char **texts;

	if (count == 0 || type->kind == ABI_ARG_POINTER)
		return true;
	texts = arena_array(&scan->arena, count, sizeof(*texts));
	for (size_t i = 0; texts && i < count; i++)
		if (!scan_text(scan, type, numbers[i], &texts[i]))
			return false;
	scan->texts[index * CALL_ARGUMENTS + argument] = texts;
	return texts;
}

static bool scan_texts(struct callgate_scan *scan)
{
	size_t count = scan->calls.calls.length;

	scan->texts = arena_array(&scan->arena, count * CALL_ARGUMENTS, sizeof(*scan->texts));
	for (size_t i = 0; scan->texts && i < count; i++) {
		struct abi_arg types[CALL_ARGUMENTS];
		unsigned known = scan_types(scan, scan->calls.calls.items[i].nr, types);

		for (unsigned j = 0; j < known; j++)
			if (!scan_argument_texts(scan, i, j, &types[j]))
				return false;
	}
	return scan->texts;
}

int callgate_scan(const char *path, const struct callgate_scan_options *options, struct callgate_scan **ret_scan,
		  struct callgate_error *err)
{
	static const struct callgate_scan_options plain;
	cleanup(scan_free_pointer) struct callgate_scan *scan = calloc(1, sizeof(*scan));
	const struct callgate_scan_options *wanted = options ? options : &plain;
	struct link_options link = { wanted->root, wanted->preload, wanted->library_path, wanted->replaced };
	struct reach_options reach = { .after_main = wanted->after_main,
				       .cache = wanted->cache,
				       .opened = wanted->opened,
				       .no_hints = wanted->no_hints };
	int status;

	if (!scan)
		return fail_nomem(err);
	scan->after_main = wanted->after_main;
	status = link_program(path, &link, &scan->link, err);
	if (status == CALLGATE_OK)
		scan->abi = arch_of(scan->link->modules.items[0]->module)->abi;
	if (status == CALLGATE_OK)
		status = reach_program(scan->link, &reach, &scan->reach, err);
	if (status == CALLGATE_OK)
		status = call_list_collect(scan->reach, wanted->after_main, &scan->calls, err);
	if (status == CALLGATE_OK && wanted->after_main)
		status = call_list_collect(scan->reach, false, &scan->whole, err);
	if (status == CALLGATE_OK)
		status = start_list_collect(scan->reach, scan_whole(scan), &scan->starts, err);
	if (status != CALLGATE_OK)
		return status;
	scan->program = arena_strdup(&scan->arena, path);
	if (!scan->program || !scan_texts(scan))
		return fail_nomem(err);
	*ret_scan = take_ptr(scan);
	return CALLGATE_OK;
}

size_t callgate_scan_count(const struct callgate_scan *scan)
{
	return scan->calls.calls.length;
}

void callgate_scan_call(const struct callgate_scan *scan, size_t index, struct callgate_scan_call *ret_call)
{
	const struct call *call = &scan->calls.calls.items[index];

	*ret_call = (struct callgate_scan_call){ scan->program, call->name, call->nr, call->sites.length };
}

size_t callgate_scan_argument(const struct callgate_scan *scan, size_t index, unsigned argument, const char **ret_name,
			      const char *const **ret_values)
{
	struct abi_arg types[CALL_ARGUMENTS];
	const int64_t *numbers;

	if (argument >= scan_types(scan, scan->calls.calls.items[index].nr, types) ||
	    !scan->texts[index * CALL_ARGUMENTS + argument])
		return 0;
	*ret_name = types[argument].name;
	*ret_values = scan->texts[index * CALL_ARGUMENTS + argument];
	return scan_numbers(scan, &scan->calls.calls.items[index], argument, &numbers);
}

static struct callgate_scan_site scan_place(const struct callgate_scan *scan, uint32_t module, uint64_t address)
{
	return (struct callgate_scan_site){
		.module = scan->link->modules.items[module]->path,
		.function = name_at(scan->reach->modules.items[module]->module, address),
		.address = address,
	};
}

void callgate_scan_site(const struct callgate_scan *scan, size_t index, size_t site,
			struct callgate_scan_site *ret_site)
{
	const struct call_site *place = &scan->calls.calls.items[index].sites.items[site];

	*ret_site = scan_place(scan, place->module, place->site);
}

size_t callgate_scan_unresolved_count(const struct callgate_scan *scan)
{
	return scan->calls.unresolved.length;
}

void callgate_scan_unresolved(const struct callgate_scan *scan, size_t index,
			      struct callgate_scan_unresolved *ret_unresolved)
{
	const struct call_unresolved *item = &scan->calls.unresolved.items[index];

	ret_unresolved->site = scan_place(scan, item->module, item->site);
	ret_unresolved->why = item->why;
}

size_t callgate_scan_opens_count(const struct callgate_scan *scan)
{
	return scan->reach->opens.length;
}

void callgate_scan_opens(const struct callgate_scan *scan, size_t index, struct callgate_scan_site *ret_site)
{
	const struct reach_open *open = &scan->reach->opens.items[index];

	*ret_site = scan_place(scan, open->module, open->site);
}

/* A handle that comes from memory is mostly one of a library that was opened, and what that exports counts; but it may
 * be RTLD_DEFAULT as well. Those of which that is known are unresolved. */
static bool is_doubtful(const struct reach_open *lookup)
{
	return !lookup->is_everywhere;
}

size_t callgate_scan_lookups_count(const struct callgate_scan *scan)
{
	size_t count = 0;

	for (size_t i = 0; i < scan->reach->lookups.length; i++)
		count += is_doubtful(&scan->reach->lookups.items[i]);
	return count;
}

void callgate_scan_lookups(const struct callgate_scan *scan, size_t index, struct callgate_scan_site *ret_site)
{
	const struct reach_open *lookup = scan->reach->lookups.items;

	for (;; lookup++)
		if (is_doubtful(lookup) && index-- == 0)
			break;
	*ret_site = scan_place(scan, lookup->module, lookup->site);
}

size_t callgate_scan_starts_count(const struct callgate_scan *scan)
{
	return scan->starts.starts.length;
}

void callgate_scan_starts(const struct callgate_scan *scan, size_t index, struct callgate_scan_start *ret_start)
{
	const struct start *start = &scan->starts.starts.items[index];

	*ret_start = (struct callgate_scan_start){ start->path, start->is_searched,
						   scan_place(scan, start->module, start->site) };
}

/* The first module from number on of which rows are not believed, the count of them for none. */
static size_t untried_from(const struct callgate_scan *scan, size_t number)
{
	const struct reach *reach = scan->reach;

	while (number < reach->modules.length &&
	       (reach->modules.items[number]->tried || model_is_tried(reach->modules.items[number]->module)))
		number++;
	return number;
}

size_t callgate_scan_untried_count(const struct callgate_scan *scan)
{
	size_t count = 0, end = scan->reach->modules.length;

	for (size_t i = untried_from(scan, 0); i < end; i = untried_from(scan, i + 1))
		count++;
	return count;
}

const char *callgate_scan_untried(const struct callgate_scan *scan, size_t index)
{
	size_t number = untried_from(scan, 0);

	while (index-- > 0)
		number = untried_from(scan, number + 1);
	return scan->link->modules.items[number]->path;
}
