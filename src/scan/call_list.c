/*
 * A system call whose number is a constant where it is made is done. One whose number the function was given is carried
 * to whoever calls that function, a few times over: through the linkage table, a wrapper, a wrapper's wrapper. Its
 * other arguments are carried along, so that each caller's call stands for itself.
 */
#include "scan/call_list.h"

#include "abi/abi.h"
#include "base/error.h"
#include "scan/model.h"

enum { CARRY_DEPTH_MAX = 6, SYSCALL_NR_MAX = 4096 };

/* A value of some module, or (is_number) one of reach->values. */
struct carried {
	uint32_t value;
	bool is_number;
};

/* A call as a function makes it: its number and arguments in terms of what the function was given. */
struct pending {
	uint32_t module, number;
	const struct effect *effect; /* of that function */
	struct carried nr, given[CALL_ARGUMENTS];
	unsigned depth;
	bool by_pointer; /* the function is called by pointers of its own module only */
};

struct collector {
	struct reach *reach;
	struct call_list *calls;
	struct arena arena;
	struct {
		VEC(struct pending);
	} pending; /* to be carried to callers, from head on */
	size_t head;
	uint8_t **wanted;   /* by module and function: its callers are being looked for */
	bool wants_pointer; /* so are calls through pointers */
	bool only_late;	    /* look at functions that are live after main alone */
	bool failed;
};

static bool collector_wants(const struct collector *collector, uint32_t module, uint32_t number)
{
	const struct reach_function *function = reach_function(collector->reach, module, number);

	return collector->only_late ? function->is_late : function->is_live;
}

static struct call *collector_call(struct collector *collector, uint32_t nr)
{
	struct call_list *calls = collector->calls;
	const struct abi_syscall *syscall = abi_syscall_by_nr(reach_abi(collector->reach), nr);
	struct call call = { .nr = nr, .name = syscall ? syscall->name : NULL };

	for (size_t i = 0; i < calls->calls.length; i++)
		if (calls->calls.items[i].nr == nr)
			return &calls->calls.items[i];
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
		call.given[i] = NO_VALUE;
	if (!syscall)
		call.name = arena_printf(&calls->arena, "syscall_%u", nr);
	if (!call.name || !VEC_PUSH(&calls->arena, &calls->calls, call)) {
		collector->failed = true;
		return NULL;
	}
	return &calls->calls.items[calls->calls.length - 1];
}

/* Whether the interpreter would make the call only if it were the program. */
static bool is_never(const struct collector *collector, uint32_t module, uint32_t nr)
{
	const struct reach *reach = collector->reach;
	const char *soname = reach->modules.items[module]->tried;

	if (module != reach->link->interpreter || module == 0)
		return false;
	for (size_t i = model_find(soname, MODEL_IS_NEVER, 0); i < model_count;
	     i = model_find(soname, MODEL_IS_NEVER, i + 1))
		if (abi_syscall_by_name(models[i].prefix)->nr[reach_abi(reach)] == (int32_t)nr)
			return true;
	return false;
}

/* Whether the module makes the call only after functions that nobody outside it calls. */
static bool is_unmet(const struct collector *collector, uint32_t module, uint32_t nr)
{
	const struct reach *reach = collector->reach;
	const char *soname = reach->modules.items[module]->tried;
	const struct abi_syscall *syscall = abi_syscall_by_nr(reach_abi(reach), nr);
	struct model_request request;

	for (size_t i = model_find(soname, MODEL_IS_CALLS_WITH, 0); syscall && i < model_count;
	     i = model_find(soname, MODEL_IS_CALLS_WITH, i + 1)) {
		const char *at = models[i].words;
		bool is_met = false;

		if (!model_has_word(models[i].prefix, syscall->name) ||
		    (models[i].number != 0 && models[i].number != (int64_t)reach_abi(reach) + 1))
			continue;
		while (!is_met && model_next_request(&at, &request))
			is_met = reach_is_asked(reach, module, &request);
		return !is_met;
	}
	return false;
}

static void collector_site(struct collector *collector, uint32_t nr, const struct call_site *site)
{
	struct call *call;

	if (is_never(collector, site->module, nr) || is_unmet(collector, site->module, nr))
		return;
	call = collector_call(collector, nr);
	if (!call)
		return;
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
		call->given[i] = value_join(&collector->reach->values, call->given[i], site->given[i]);
	for (size_t i = 0; i < call->sites.length; i++) {
		struct call_site *other = &call->sites.items[i];

		if (other->module != site->module || other->site != site->site || other->number != site->number)
			continue;
		for (unsigned j = 0; j < CALL_ARGUMENTS; j++)
			other->given[j] = value_join(&collector->reach->values, other->given[j], site->given[j]);
		return;
	}
	if (!VEC_PUSH(&collector->calls->arena, &call->sites, *site))
		collector->failed = true;
}

static void collector_unknown(struct collector *collector, struct call_unresolved item)
{
	struct call_list *calls = collector->calls;

	for (size_t i = 0; i < calls->unresolved.length; i++)
		if (calls->unresolved.items[i].module == item.module && calls->unresolved.items[i].site == item.site)
			return;
	if (!VEC_PUSH(&calls->arena, &calls->unresolved, item))
		collector->failed = true;
}

static void collector_unresolved(struct collector *collector, const struct pending *pending, const char *why)
{
	struct call_unresolved item = { pending->module, pending->number, pending->effect->site, why };

	collector_unknown(collector, item);
}

static uint32_t carried_number(struct collector *collector, const struct pending *pending, struct carried carried)
{
	if (carried.is_number)
		return carried.value;
	return reach_value(collector->reach, pending->module, pending->number, pending->effect, carried.value);
}

/* A filter takes x32's calls for those of another machine: what x86-64 calls one must not be let through for it. */
static bool is_x32(const struct collector *collector, int64_t nr)
{
	return reach_abi(collector->reach) == ABI_X86_64 && nr >= abi_arch(ABI_X32)->nr_base;
}

static void collector_numbers(struct collector *collector, const struct pending *pending, uint32_t numbers)
{
	struct call_site site = { pending->module, pending->number, pending->effect->site, { 0 } };
	struct values *values = &collector->reach->values;
	uint8_t count = value_at(values, numbers)->count;

	for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
		site.given[i] = carried_number(collector, pending, pending->given[i]);
	for (uint8_t i = 0; i < count; i++) {
		int64_t nr = (int32_t)value_numbers(values, numbers)[i];

		if (nr >= 0 && nr < SYSCALL_NR_MAX)
			collector_site(collector, (uint32_t)nr, &site);
		else if (is_x32(collector, nr))
			collector_unresolved(collector, pending, "it is made as a program for x32 makes it");
	}
}

/* Whether the call is made only where the first argument is this number. */
static bool is_handler_of(const struct collector *collector, const struct pending *pending, int64_t number)
{
	const struct values *values = &collector->reach->modules.items[pending->module]->summary->values;
	const struct facts *facts = &values->facts.items[pending->effect->facts];

	for (uint64_t i = 0; i < facts->count; i++)
		if (facts->items[i].param == 0 && facts->items[i].relation == FACT_EQUAL &&
		    facts->items[i].number - facts->items[i].offset == number)
			return true;
	return false;
}

/* A static program holds the C library under no name. */
static bool is_static(const struct reach *reach)
{
	return reach->link->interpreter == LINK_NOWHERE && reach->link->modules.length == 1;
}

/* The row of a kind that says what the call is, NULL. */
static const struct model *collector_model(const struct collector *collector, const struct pending *pending,
					   enum model_kind kind)
{
	const struct reach *reach = collector->reach;
	const char *soname = is_static(reach) ? "libc.so.6" : reach->modules.items[pending->module]->module->soname;
	size_t row = model_find(soname, kind, 0);

	if (row == model_count || (kind == MODEL_IS_HANDLER && !is_handler_of(collector, pending, models[row].number)))
		return NULL;
	return &models[row];
}

/* The call of that name, if the machine has it. */
static void collector_named(struct collector *collector, const char *name, const struct call_site *site)
{
	int32_t nr = abi_syscall_by_name(name)->nr[reach_abi(collector->reach)];

	if (nr >= 0)
		collector_site(collector, (uint32_t)nr, site);
}

/* A number gets into the handler's variable only by the function of its name, in a version that is known. */
static void collector_modelled(struct collector *collector, const struct pending *pending, const struct model *model)
{
	struct call_site site = { pending->module, pending->number, pending->effect->site, { 0 } };
	bool has_all = model->kind == MODEL_IS_NUMBERS || !collector->reach->modules.items[pending->module]->tried;
	const char *at = model->words;
	char name[32];

	while (model_word(&at, name, sizeof(name)))
		if (has_all || is_static(collector->reach) || reach_has_live(collector->reach, pending->module, name))
			collector_named(collector, name, &site);
}

/* Whether the number is something that callers say. */
static bool is_carried(const struct collector *collector, const struct pending *pending)
{
	const struct value *value;

	if (pending->nr.is_number)
		return false;
	value = value_at(&collector->reach->modules.items[pending->module]->summary->values, pending->nr.value);
	return (value->kind == VALUE_PARAM || value->kind == VALUE_POINTEE) && value->offset == 0;
}

/* Numbers now, or to be carried on, or nobody knows. */
static void collector_add(struct collector *collector, struct pending *pending)
{
	const struct reach_function *function = reach_function(collector->reach, pending->module, pending->number);
	const struct model *model = collector_model(collector, pending, MODEL_IS_HANDLER);
	uint32_t numbers;

	if (!model)
		model = collector_model(collector, pending, MODEL_IS_NUMBERS);
	if (is_carried(collector, pending)) {
		pending->by_pointer = function->is_taken && collector_model(collector, pending, MODEL_IS_POINTERS);
		if (function->is_taken && !pending->by_pointer)
			collector_unresolved(collector, pending,
					     "its number is an argument of a function that anybody "
					     "may call, since its address is known");
		if (pending->depth >= CARRY_DEPTH_MAX)
			collector_unresolved(collector, pending, "its number comes through too many functions");
		else if (!VEC_PUSH(&collector->arena, &collector->pending, *pending))
			collector->failed = true;
		return;
	}
	numbers = carried_number(collector, pending, pending->nr);
	if (value_kind(&collector->reach->values, numbers) == VALUE_NUMBERS)
		collector_numbers(collector, pending, numbers);
	else if (model)
		collector_modelled(collector, pending, model);
	else
		collector_unresolved(collector, pending, "its number is not a constant");
}

/* What a value of the called function is where it is called. */
static struct carried carry(struct collector *collector, const struct pending *callee, struct carried carried,
			    uint32_t module, const struct effect *call)
{
	struct reach *reach = collector->reach;
	const struct value *value;
	const struct values *values = &reach->modules.items[module]->summary->values;
	uint32_t given;

	if (carried.is_number)
		return carried;
	value = value_at(&reach->modules.items[callee->module]->summary->values, carried.value);
	if ((value->kind != VALUE_PARAM && value->kind != VALUE_POINTEE) || value->offset != 0)
		return (struct carried){ carried_number(collector, callee, carried), true };
	given = values->arguments.items[call->arguments].values[value->param];
	if (value->kind == VALUE_PARAM)
		return (struct carried){ given, false };
	if (value_kind(values, given) == VALUE_CELL)
		return (struct carried){ (uint32_t)value_at(values, given)->number, false };
	return (struct carried){ UNKNOWN, true };
}

static void collector_carry(struct collector *collector, const struct pending *callee, uint32_t module, uint32_t number,
			    const struct effect *call)
{
	struct pending pending = { module, number, call, .depth = callee->depth + 1 };

	pending.nr = carry(collector, callee, callee->nr, module, call);
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
		pending.given[i] = carry(collector, callee, callee->given[i], module, call);
	collector_add(collector, &pending);
}

/* Whether a call through a pointer names a number for the wrapper. */
static bool names_number(const struct collector *collector, const struct pending *pending, uint32_t module,
			 const struct effect *effect)
{
	const struct values *values = &collector->reach->modules.items[module]->summary->values;
	const struct value *nr;

	/* The number's value is one of the pending module's own. */
	if (effect->kind != EFFECT_CALL_UNKNOWN || !pending->by_pointer || pending->module != module)
		return false;
	nr = value_at(values, pending->nr.value);
	return value_kind(values, values->arguments.items[effect->arguments].values[nr->param]) == VALUE_NUMBERS;
}

/* Whether an effect calls something of which the callers are being looked for; ret_callee is that. */
static bool collector_seeks(const struct collector *collector, uint32_t module, const struct effect *effect,
			    struct reach_item *ret_callee)
{
	switch ((enum effect_kind)effect->kind) {
	case EFFECT_CALL:
	case EFFECT_CALL_SLOT:
	case EFFECT_CALL_FIELD:
		return reach_callee(collector->reach, module, effect, ret_callee) &&
		       collector->wanted[ret_callee->module][ret_callee->number];
	case EFFECT_CALL_UNKNOWN:
		*ret_callee = (struct reach_item){ LINK_NOWHERE, 0 };
		return collector->wants_pointer;
	default:
		return false;
	}
}

static void collector_callers_in(struct collector *collector, uint32_t module, uint32_t number, size_t from, size_t to)
{
	struct reach *reach = collector->reach;
	const struct summary *summary = reach->modules.items[module]->summary;
	const struct summary_function *function = &summary->functions.items[number];

	for (uint32_t i = 0; i < function->effect_count; i++) {
		const struct effect *effect = &summary->effects.items[function->first_effect + i];
		struct reach_item callee;

		if (!collector_seeks(collector, module, effect, &callee))
			continue;
		for (size_t j = from; j < to; j++) {
			struct pending pending = collector->pending.items[j];

			if (((pending.module == callee.module && pending.number == callee.number) ||
			     names_number(collector, &pending, module, effect)) &&
			    reach_holds(reach, module, number, effect))
				collector_carry(collector, &pending, module, number, effect);
		}
	}
}

/* Marks what is pending, or takes the marks off. */
static void collector_mark(struct collector *collector, size_t from, size_t to, bool is_wanted)
{
	collector->wants_pointer = false;
	for (size_t i = from; i < to; i++) {
		const struct pending *pending = &collector->pending.items[i];

		collector->wanted[pending->module][pending->number] = is_wanted;
		collector->wants_pointer |= is_wanted && pending->by_pointer;
	}
}

/* Carries all that is pending to its callers, which are looked for once for all of it. */
static void collector_callers(struct collector *collector)
{
	struct reach *reach = collector->reach;
	size_t from = collector->head, to = collector->pending.length;

	collector->head = to;
	collector_mark(collector, from, to, true);
	for (uint32_t i = 0; i < reach->modules.length && !collector->failed; i++)
		for (uint32_t j = 0; j < reach->modules.items[i]->summary->functions.length; j++)
			if (collector_wants(collector, i, j))
				collector_callers_in(collector, i, j, from, to);
	collector_mark(collector, from, to, false);
}

static bool collector_prepare(struct collector *collector)
{
	const struct reach *reach = collector->reach;

	collector->wanted = arena_array(&collector->arena, reach->modules.length, sizeof(*collector->wanted));
	for (size_t i = 0; collector->wanted && i < reach->modules.length; i++) {
		collector->wanted[i] =
			arena_alloc(&collector->arena, reach->modules.items[i]->summary->functions.length);
		if (!collector->wanted[i])
			return false;
	}
	return collector->wanted;
}

static void collector_effect(struct collector *collector, uint32_t module, uint32_t number, const struct effect *effect)
{
	const struct value_arguments *arguments =
		&collector->reach->modules.items[module]->summary->values.arguments.items[effect->arguments];
	struct pending pending = { module, number, effect, .depth = 0 };

	if (effect->kind == EFFECT_FOREIGN_SYSCALL) {
		collector_unresolved(collector, &pending, "it is made as a program for i386 makes it");
		return;
	}
	pending.nr = (struct carried){ arguments->values[VALUE_NUMBER], false };
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
		pending.given[i] = (struct carried){ arguments->values[i], false };
	collector_add(collector, &pending);
}

static void collector_function(struct collector *collector, uint32_t module, uint32_t number)
{
	const struct summary *summary = collector->reach->modules.items[module]->summary;
	const struct summary_function *function = &summary->functions.items[number];

	for (uint32_t i = 0; i < function->effect_count && !collector->failed; i++) {
		const struct effect *effect = &summary->effects.items[function->first_effect + i];

		if ((effect->kind == EFFECT_SYSCALL || effect->kind == EFFECT_FOREIGN_SYSCALL) &&
		    reach_holds(collector->reach, module, number, effect))
			collector_effect(collector, module, number, effect);
	}
}

static void collector_always(struct collector *collector)
{
	static const char *const names[] = {
#define ALWAYS(name) name,
#include "scan/always.def"
#undef ALWAYS
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int32_t nr = abi_syscall_by_name(names[i])->nr[reach_abi(collector->reach)];
		struct call *call = nr < 0 ? NULL : collector_call(collector, (uint32_t)nr);

		for (unsigned j = 0; call && j < CALL_ARGUMENTS; j++)
			call->given[j] = UNKNOWN;
	}
}

static void call_list_sort(struct call_list *calls)
{
	for (size_t i = 1; i < calls->calls.length; i++) {
		struct call call = calls->calls.items[i];
		size_t at = i;

		for (; at > 0 && calls->calls.items[at - 1].nr > call.nr; at--)
			calls->calls.items[at] = calls->calls.items[at - 1];
		calls->calls.items[at] = call;
	}
}

/* A name that is looked up among all that was loaded may be that of any function there. */
static void collector_lookups(struct collector *collector)
{
	const struct reach *reach = collector->reach;

	for (size_t i = 0; i < reach->lookups.length; i++) {
		const struct reach_open *place = &reach->lookups.items[i];
		struct call_unresolved item = { place->module, place->number, place->site,
						"it looks a function up by a name that is not known, among all that "
						"was loaded" };

		if (place->is_everywhere && collector_wants(collector, place->module, place->number))
			collector_unknown(collector, item);
	}
}

int call_list_collect(struct reach *reach, bool only_late, struct call_list *ret_calls, struct callgate_error *err)
{
	struct collector collector = { .reach = reach, .calls = ret_calls, .only_late = only_late };

	collector.failed = !collector_prepare(&collector);
	for (uint32_t i = 0; i < reach->modules.length && !collector.failed; i++)
		for (uint32_t j = 0; j < reach->modules.items[i]->summary->functions.length; j++)
			if (collector_wants(&collector, i, j))
				collector_function(&collector, i, j);
	while (!collector.failed && collector.head < collector.pending.length)
		collector_callers(&collector);
	collector_always(&collector);
	collector_lookups(&collector);
	call_list_sort(ret_calls);
	arena_fini(&collector.arena);
	return collector.failed || reach->values.failed ? fail_nomem(err) : CALLGATE_OK;
}

void call_list_fini(struct call_list *calls)
{
	arena_fini(&calls->arena);
	*calls = (struct call_list){ 0 };
}

const struct call *call_list_find(const struct call_list *calls, uint32_t nr)
{
	for (size_t i = 0; i < calls->calls.length; i++)
		if (calls->calls.items[i].nr == nr)
			return &calls->calls.items[i];
	return NULL;
}
